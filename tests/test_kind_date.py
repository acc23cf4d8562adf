"""Dates: formats, zones, the calendar, and the waves the layer makes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import Mends
from pellucid.kinds import recognise
from pellucid.kinds.date import PARTS, Date, calendar, date_format

EPOCH = datetime(1970, 1, 1)
MOMENTS = [datetime(2020, 1, 1, 0, 30) + timedelta(days=37 * i, minutes=431 * i) for i in range(40)]


def seconds(moment):
    return (moment - EPOCH).total_seconds()


def in_seconds(moments):
    return torch.tensor([seconds(moment) for moment in moments], dtype=torch.float64)


def read(cells, strict=True):
    frame = pl.DataFrame({"d": cells})
    return Date.fit(frame).encode(frame, Mends(strict))["date"][:, 0]


@settings(max_examples=400, deadline=None)
@given(st.datetimes(datetime(1583, 1, 1), datetime(2500, 12, 31)))
def test_the_calendar_agrees_with_pythons(moment):
    moment = moment.replace(microsecond=0)
    parts = dict(zip(PARTS, calendar(in_seconds([moment]))[0], strict=True))
    assert parts["year"] == moment.year
    assert parts["month"] == moment.month - 1
    assert parts["day of month"] == moment.day - 1
    assert parts["weekday"] == moment.weekday()
    assert parts["hour"] == moment.hour
    assert parts["minute"] == moment.minute
    # The day of the year is a place on a circle: in leap years it may be a day off.
    off = abs(float(parts["day of year"]) - (moment.timetuple().tm_yday - 1))
    assert min(off, 365.2425 - off) <= 1.3


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(1583, 1, 1), datetime(2500, 12, 31)), st.integers(1, 59))
def test_seconds_and_fractions_do_not_move_the_calendar(moment, second):
    start = moment.replace(second=0, microsecond=0)
    later = start.replace(second=second, microsecond=999_999)
    a, b = calendar(in_seconds([start, later]))
    assert a.equal(b)


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d",
        "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y",
    ],
)  # fmt: skip
@pytest.mark.parametrize("time", ["", " %H:%M:%S", "T%H:%M", " %I:%M %p"])
def test_every_common_format_is_recognised_and_read(form, time):
    cells = pl.Series("d", [moment.strftime(form + time) for moment in MOMENTS])
    kind, reason = recognise(cells)
    assert kind is Date
    assert reason == f"it holds dates written as {form + time}"
    meant = [seconds(datetime.strptime(cell, form + time)) for cell in cells]
    np.testing.assert_array_equal(read(cells), meant)


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2024-03-01T12:00:00Z", "2024-03-01 12:00"),
        ("2024-03-01T12:00:00+02:00", "2024-03-01 10:00"),
        ("2024-03-01 12:00:00 -0530", "2024-03-01 17:30"),
        ("2024-03-01T12:00:00.250+00:00", "2024-03-01 12:00"),
        ("2024-03-01T00:30+01:00", "2024-02-29 23:30"),
    ],
)
def test_times_with_a_zone_are_told_in_utc(written, utc):
    value = read([written] * 25)[0]
    assert datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M") == utc


def test_zones_may_differ_from_row_to_row():
    cells = ["2020-01-01T10:00:00+02:00", "2020-01-01T10:00:00Z", "2020-01-01T10:00:00-05:30"] * 9
    assert (np.diff(read(cells)[:3]) / 3600).tolist() == [2, 5.5]


def test_typed_dates_of_any_unit_and_zone_give_the_same_moment():
    naive = pl.Series(MOMENTS)
    want = [seconds(moment) for moment in MOMENTS]
    for unit in ("ms", "us", "ns"):
        np.testing.assert_array_equal(read(naive.dt.cast_time_unit(unit)), want)
    aware = naive.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")
    np.testing.assert_array_equal(read(aware), want)
    days = pl.Series([moment.date() for moment in MOMENTS])
    np.testing.assert_array_equal(read(days), [86_400 * (m // 86_400) for m in want])


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M"])
def test_dates_learnt_from_a_date_type_are_read_from_texts_too(form):
    kind = Date.fit(pl.DataFrame({"d": MOMENTS}))
    written = pl.DataFrame({"d": [moment.strftime(form) for moment in MOMENTS]})
    got = kind.encode(written, Mends(strict=True))["date"][:, 0]
    np.testing.assert_array_equal(got, [seconds(moment) for moment in MOMENTS])


@pytest.mark.parametrize("form", ["%m/%d/%y", "%d.%m.%y", "%d-%b-%y"])
def test_a_year_of_two_digits_is_none_of_the_first_century(form):
    days = [datetime(1970, 1, 1) + timedelta(days=301 * i) for i in range(60)]
    got = read([day.strftime(form) for day in days])
    np.testing.assert_array_equal(got, [seconds(day) for day in days])


def test_day_and_month_are_told_apart_by_the_days_beyond_twelve():
    assert date_format(pl.Series(["03/04/2021", "25/12/2021"] * 10)) == "%d/%m/%Y"
    assert date_format(pl.Series(["03/04/2021", "12/25/2021"] * 10)) == "%m/%d/%Y"


@pytest.mark.parametrize(
    "cells",
    [["1.5", "2.25"], ["12345678", "20211399"], ["2021", "2022"], ["20-40", "41-60"],
     ["10:30", "9:15"], ["v1.2.3", "v1.3.0"], ["192.168.0.1", "10.0.0.1"], ["3-4", "5-6"],
     ["+49 30 123456", "+49 89 5550"], ["2020-01-01", "hello"]],
)  # fmt: skip
def test_what_only_looks_like_a_date_is_none(cells):
    assert recognise(pl.Series("c", cells * 15))[0] is not Date


@pytest.mark.parametrize("cell", ["0.125", "-3,5", "1e-3", "12"])
def test_numbers_are_no_dates_without_a_try_of_every_format(cell, monkeypatch):
    tried = []
    monkeypatch.setattr("pellucid.kinds.date._reads", lambda form, _: tried.append(form) or 0.0)
    assert date_format(pl.Series([cell] * 20)) is None
    assert not tried
    date_format(pl.Series(["page 3, line 7"] * 20))  # without a colon there is no time to read
    assert 0 < len(tried) < 20


def test_cells_that_are_no_dates_are_counted_and_missing():
    cells = ["2020-02-30", "2020-13-01", "n/a", None, "soon"] + ["2020-01-02"] * 80
    frame, mends = pl.DataFrame({"d": cells}), Mends()
    values = Date.fit(frame).encode(frame, mends)["date"][:, 0]
    assert np.isnan(values[:5]).all()
    assert not np.isnan(values[5:]).any()
    (mend,) = mends.found
    assert (mend.fault, mend.count) == ("not a date", 3)
    assert mend.where == ("row 1: '2020-02-30'", "row 2: '2020-13-01'", "row 5: 'soon'")


def test_only_the_parts_that_vary_reach_the_network():
    kind = Date.fit(
        pl.DataFrame({"d": [date(2024, 1, 1) + timedelta(days=7 * i) for i in range(99)]})
    )
    varies = dict(zip(PARTS, kind.varies[0].tolist(), strict=True))
    assert not varies["weekday"]
    assert not varies["hour"]
    assert varies["month"]
    layer = kind.input_layer(4, torch.Generator().manual_seed(0)).eval()
    monday, tuesday = (
        {"date": in_seconds([datetime(2025, 6, day)]).unsqueeze(1)} for day in (2, 3)
    )
    waves = [layer.waves(raw)[0][0, 0] for raw in (monday, tuesday)]
    assert waves[0][4] == waves[1][4] == 0  # the weekday's sine


def test_a_period_closes_its_circle():
    hours = [datetime(2024, 5, 1) + timedelta(hours=i) for i in range(24 * 40)]
    kind = Date.fit(pl.DataFrame({"d": hours}))
    layer = kind.input_layer(4, torch.Generator().manual_seed(0))
    waves, _ = layer.waves({"date": in_seconds(hours).unsqueeze(1)})
    of_hour = waves[:, 0, [5, 11]]  # sine and cosine of the hour
    torch.testing.assert_close(of_hour[:24], of_hour[24:48])
    steps = (of_hour[1:25] - of_hour[:24]).norm(dim=1)
    assert steps.max() - steps.min() < 1e-5  # also from 23 to 0


def test_dates_far_outside_the_range_stay_bounded():
    kind = Date.fit(pl.DataFrame({"d": [date(2024, 1, day) for day in range(1, 29)]}))
    layer = kind.input_layer(4, torch.Generator().manual_seed(0)).eval()
    frame = pl.DataFrame({"d": [date(1, 1, 1), date(9999, 12, 31), None]})
    raw = {"date": torch.as_tensor(kind.encode(frame, Mends())["date"])}
    assert layer(raw).abs().max() < 100
    index, value = layer.terms(raw)
    assert value[:, -1].tolist() == [0, 0, 1]
    assert (value[2, :-1] == 0).all()
    assert index.shape == value.shape


def test_trees_see_the_moment_and_its_parts():
    kind = Date.fit(pl.DataFrame({"d": MOMENTS}))
    moment = datetime(2021, 3, 14, 15, 9)
    layer = kind.input_layer(4, torch.Generator().manual_seed(0))
    cells = torch.tensor([[seconds(moment)], [np.nan]], dtype=torch.float64)
    seen = layer.measurements({"date": cells})
    assert seen[0].tolist() == [seconds(moment), 2021, 2, 72, 13, 6, 15, 9]
    assert seen[1].isnan().all()


def test_the_summary_gives_first_and_last_day():
    assert Date.fit(pl.DataFrame({"d": MOMENTS})).summary("d") == "2020-01-01 to 2023-12-25"
