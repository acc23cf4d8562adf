"""Forecasts: steps of time, seasons, windows, classical ways, and what a network makes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from every_kind import plan
from pellucid import DataError, UsageError, learn, load
from pellucid.data.seasons import seasons_of
from pellucid.data.steps import Steps, steps_of
from pellucid.data.table import Table
from pellucid.errors import Mends
from pellucid.evidence.figures import forecast_beside_truth
from pellucid.kinds.forecast import Forecast
from pellucid.kinds.pasts import lately
from pellucid.kinds.settling import Came, settled
from pellucid.kinds.smoothing import exponential_smoothing, seasonal_naive
from pellucid.networks.layers import Bands, Smoothings
from pellucid.networks.layers.forecaster import (
    HIGHEST,
    LATELY,
    LOWEST,
    MIDDLE,
    MIXTURE,
    SMOOTHED,
)
from pellucid.origins import windows_of
from pellucid.settings import Settings

DAY = 86_400.0
GRIDS = [
    Steps("month", 1, 15.0),
    Steps("month", 3, 31.0),
    Steps("workday", 1.0, 0.0),
    Steps("second", 900.0, 17.0),
    Steps("number", 0.25, 3.0),
]


# ---- time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", GRIDS, ids=str)
@settings(deadline=None, max_examples=25)
@given(st.integers(0, 3_000))
def test_each_step_has_a_moment_and_each_moment_of_it_the_step(steps, first):
    index = np.arange(first, first + 40)
    assert (steps.index(steps.moment(index)) == index).all()
    assert (np.diff(steps.moment(index)) > 0).all()


def jittered(hours, usual=True):
    """Hourly stamps, up to three minutes late; `usual`: every second one is on the hour."""
    late = np.random.default_rng(0).integers(-180, 180, hours)
    late[1::2] *= not usual
    begin = datetime(2024, 1, 1, 12)
    return [begin + timedelta(hours=h, seconds=int(late[h])) for h in range(hours)]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([date(2020 + m // 12, m % 12 + 1, 1) for m in range(30)], "a month"),
        ([date(2020 + q // 4, q % 4 * 3 + 1, 1) for q in range(20)], "a quarter"),
        ([date(1900 + y, 1, 1) for y in range(20)], "a year"),
        ([date(2024, 1, 1) + timedelta(days=7 * w) for w in range(20)], "a week"),
        ([date(2024, 1, 1) + timedelta(days=d) for d in range(60) if d % 7 < 5], "a workday"),
        ([datetime(2024, 1, 1) + timedelta(minutes=15 * i) for i in range(20)], "15 minutes"),
        (jittered(60), "an hour"),
    ],
)
def test_the_step_of_time_is_found(stamps, expected):
    moments = pl.Series(stamps).cast(pl.Datetime("us")).dt.epoch("us").to_numpy() / 1e6
    assert str(steps_of(moments, np.zeros(len(moments)), dates=True)) == expected


@pytest.mark.parametrize("usual", [True, False])
def test_stamps_that_are_late_are_continued_on_the_grid_that_most_lie_on(usual):
    stamps = pl.Series(jittered(61, usual)).cast(pl.Datetime("us"))
    moments = stamps.dt.epoch("us").to_numpy() / 1e6
    steps = steps_of(moments, np.zeros(len(moments)), dates=True)
    assert (steps.moment(steps.index(moments)) % 3_600 == 0).all()


def hours(weeks=8):
    return np.arange(24 * 7 * weeks)


@pytest.mark.parametrize(
    ("values", "seconds", "expected"),
    [
        (np.sin(np.arange(120) * np.pi / 6), 30.44 * DAY, (12,)),
        (np.sin(hours() * np.pi / 12) + 2 * (hours() // 24 % 7 >= 5), 3_600.0, (24, 168)),
        (np.sin(np.arange(300) * 2 * np.pi / 11), None, (11,)),
        (np.zeros(200), DAY, ()),
        (np.cumsum(np.random.default_rng(0).normal(size=400)), DAY, ()),
    ],
)
def test_seasons_are_found_and_none_where_there_is_none(values, seconds, expected):
    noisy = values + np.random.default_rng(1).normal(0, 0.1, len(values))
    assert tuple(sorted(seasons_of([noisy], seconds))) == expected


def test_a_season_that_is_weak_in_each_of_many_series_is_found():
    rng = np.random.default_rng(0)
    weekend = 1 + 0.5 * (np.arange(150) % 7 > 4)
    series = [rng.gamma(2, 5, 150) * weekend for _ in range(100)]
    assert seasons_of(series, DAY) == (7,)
    assert seasons_of(series[:2], DAY) == ()
    walks = [np.cumsum(rng.normal(size=150)) for _ in range(100)]
    assert seasons_of(walks, DAY) == ()


# ---- windows -----------------------------------------------------------------------------------


def sales(days=150, shops=2):
    """Shops with a weekly season, one far larger than the other, whose promotions sell."""
    rng = np.random.default_rng(0)
    rows = []
    for shop in range(shops):
        promoted = rng.random(days) < 0.2
        week = np.array([0, 1, 2, 3, 5, 9, 8])[np.arange(days) % 7]
        sold = (20 + week + 8 * promoted + rng.normal(0, 1, days)) * 10**shop
        rows += [
            {"shop": f"s{shop}", "day": date(2024, 1, 1) + timedelta(days=d),
             "sold": round(float(sold[d]), 2), "promoted": int(promoted[d])}
            for d in range(days)
        ]  # fmt: skip
    return pl.DataFrame(rows)


def windowed(frame, mends=None, **changes):
    asked = {"time": "day", "horizon": 7, "series": "shop", "known": ("promoted",), **changes}
    table = Table("sales.csv", frame.lazy(), frame.height)
    return windows_of(table, ["sold"], Settings(**asked), mends or Mends())


@pytest.mark.parametrize(
    ("form", "zone"),
    [("%Y-%m-%d %H:%M:%S", ""), ("%Y-%m-%dT%H:%M:%SZ", "Z"), ("%Y-%m-%d %H:%M%:z", "+00:00"),
     ("%Y-%m-%dT%H:%M:%S+0530", "+05:30"), (None, "+02:00")],
)  # fmt: skip
def test_predictions_carry_the_zone_of_the_time_column(form, zone):
    begin = datetime(2024, 5, 1)
    stamps = pl.Series([begin + timedelta(hours=h) for h in range(150)])
    stamps = stamps.dt.replace_time_zone("Europe/Berlin" if form is None else "UTC")
    when = stamps if form is None else stamps.dt.strftime(form)
    frame = pl.DataFrame({"day": when, "sold": np.arange(150.0)})
    made = windowed(frame, series=None, known=())
    nothing = pl.DataFrame({"sold": ["[1, 2, 3, 4, 5, 6, 7]"] * made.height})
    told = made.windows.unrolled(nothing, made, 0)["day"]
    assert told[0].endswith(zone) and told[0][:19].count(":") == 2
    last = made.windows.of(Table("new.csv", frame.lazy(), frame.height), Mends())
    ahead = last.windows.unrolled(nothing.head(1), last, 0)["day"]
    assert ahead[0] == f"2024-05-07 06:00:00{zone}" and ahead[6] == f"2024-05-07 12:00:00{zone}"


def test_no_value_that_is_proved_or_chosen_on_is_learnt_from():
    frame = windowed(sales()).lazy.collect()
    first = pl.col("day").str.to_date()
    spans = frame.group_by("side of the split").agg(
        (first + timedelta(days=1)).min().alias("first"),
        (first + timedelta(days=7)).max().alias("last"),
    )
    of = {side: (first, last) for side, first, last in spans.iter_rows()}
    assert of["train"][1] < of["valid"][0] <= of["valid"][1] < of["test"][0]


def test_a_window_holds_the_past_what_came_and_what_is_known_of_it():
    frame = sales(shops=1)
    row = windowed(frame).lazy.collect().filter(pl.col("day") == "2024-02-20").row(0, named=True)
    place = frame["day"].to_list().index(date(2024, 2, 20))
    sold, promoted = frame["sold"].to_list(), frame["promoted"].to_list()
    assert eval(row["sold"]) == sold[place + 1 : place + 8]
    past = eval(row["sold before"])
    assert past == sold[place + 1 - len(past) : place + 1]
    assert eval(row["promoted ahead"]) == promoted[place + 1 : place + 8]


def test_what_is_wrong_with_the_times_is_mended_and_counted():
    frame = sales(shops=1)
    rows = frame.with_row_index().filter(~pl.col("index").is_in([40, 41])).drop("index")
    twice = rows[20].with_columns(pl.col("sold") + 2)
    lost = rows[:1].with_columns(pl.lit(None, pl.Date).alias("day"))
    mends = Mends()
    made = windowed(pl.concat([rows[100:], rows[:100], twice, lost]), mends).lazy.collect()
    found = {mend.fault: mend.count for mend in mends.found}
    assert found == {
        "no moment that can be read": 1,
        "row before an earlier one": 2,
        "row of a step that has one already": 1,
        "step without a row": 2,
    }
    row = made.filter(pl.col("day") == "2024-02-12").row(0, named=True)
    assert "24.52, null, null, 19.53]" in row["sold before"]
    assert repr(frame["sold"][20] + 1)[:5] in row["sold before"]


def test_series_that_nobody_parted_are_averaged_and_the_remedy_is_named():
    mends = Mends()
    windowed(sales(shops=2), mends, series=None)
    told = {mend.fault: mend.action for mend in mends.found}["row of a step that has one already"]
    assert told == "averaged into one (are they several series? then name theirs: --series)"
    windowed(pl.concat([sales(shops=1)] * 2), mends := Mends())
    assert [m.action for m in mends.found if m.fault.startswith("row of")] == ["averaged into one"]


def test_a_series_that_is_too_short_is_counted_and_all_of_them_an_error():
    short = sales(days=12, shops=1).with_columns(pl.lit("short").alias("shop"))
    mends = Mends()
    windowed(pl.concat([sales(), short]), mends)
    assert [(m.count, m.where) for m in mends.found if "too short" in m.fault] == [(1, ("short",))]
    with pytest.raises(DataError, match="too short to learn 7 steps ahead"):
        windowed(short)


# ---- classical ways ----------------------------------------------------------------------------


def test_classical_ways_move_with_level_and_scale():
    layer = Smoothings(40, 6, (7,))
    x = torch.randn(3, 40, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(layer(5 + 2 * x), 5 + 2 * layer(x), atol=1e-4, rtol=1e-4)


def test_exponential_smoothing_goes_on_with_trend_and_season():
    t = np.arange(60)
    x = 50 + 0.5 * t + np.array([0, 3, -2, 4])[t % 4]
    past, true = x[None, :48], x[None, 48:]
    np.testing.assert_allclose(exponential_smoothing(past, 12, 4), true, atol=0.5)
    assert (seasonal_naive(past, 6, 4)[0] == x[[44, 45, 46, 47, 44, 45]]).all()


def test_exponential_smoothing_is_as_good_as_that_of_a_kept_library():
    from statsmodels.datasets import co2
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    series = co2.load_pandas().data["co2"].resample("MS").mean().interpolate().to_numpy()
    ours, theirs = [], []
    for origin in range(240, 480, 40):
        past, true = series[origin - 74 : origin], series[origin : origin + 12]
        ours.append(np.abs(exponential_smoothing(past[None], 12, 12)[0] - true).mean())
        fitted = ExponentialSmoothing(past, trend="add", seasonal="add", seasonal_periods=12).fit()
        theirs.append(np.abs(fitted.forecast(12) - true).mean())
    assert np.mean(ours) < 1.15 * np.mean(theirs)


# ---- the kind ----------------------------------------------------------------------------------


def kind_of_x():
    return Forecast(
        ("x",), "x before", "when", (), 6, 2, (), 1.0, np.zeros(0), np.ones(0), np.zeros(1),
        np.ones((2, 2)),
    )  # fmt: skip


def test_mase_is_the_error_in_units_of_the_change_of_the_past():
    kind = kind_of_x()
    target = kind.encode_target(
        pl.Series("x", ["[8, null]", "[1, 1]"]),
        inputs={
            "x before": pl.Series(["[0, 2, 4, 6, 8, 10]", "[5, 5, 5, 5, 5, 5]"]),
            "when": pl.Series(["2024-01-01", "2024-01-02"]),
        }.get,
    )
    output = np.zeros((2, 2, 5))
    output[0, :, MIDDLE] = 12
    losses = kind.row_losses(output, target)
    np.testing.assert_allclose(
        losses[:, 0], [4 / 2, 1 / 1.0]
    )  # a constant past: the usual change, 1
    assert kind.metrics(output, target)["MASE"] == 1.5


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("forecast") / "sales.pellucid"
    return learn(
        sales(), "sold", time="day", horizon=7, series="shop", known=["promoted"],
        plan=plan(steps=150), output=path, verbose=False,
    ), path  # fmt: skip


def test_a_forecast_beats_the_season_before_and_its_bands_cover_what_they_promise(model):
    target = model[0].evidence["targets"]["sold"]
    ways = {way["name"]: way["value"] for way in target["baselines"]}
    assert target["performance"]["value"] < 0.75 * ways["seasonal naive (7 steps)"]
    assert target["performance"]["value"] < 0.9 * ways["exponential smoothing"]
    assert 0.65 < target["calibration"]["coverage"] < 0.95
    assert target["verdict"]["learned"]
    assert len(target["forecasts"]) == 6
    assert " windows it never saw" in target["verdict"]["sentences"][0]
    data = model[0].evidence["data"]  # a reader knows the rows, not the windows made of them
    assert (data["rows"], data["split"]["how"][:7]) == (300, "windows")
    assert "Forecast from s0, 2024-05" in (model[1] / "report.html").read_text()


def test_predict_gives_the_next_steps_of_every_series_with_bands_that_hold_the_median(model):
    frame = sales().filter(pl.col("day") < date(2024, 5, 20))
    with pytest.warns(UserWarning, match="'promoted': 14 × a step to come for which nothing is"):
        found = model[0].predict(frame)
    assert found.columns == ["shop", "day", "sold", "sold low", "sold high"]
    assert found["shop"].to_list() == ["s0"] * 7 + ["s1"] * 7
    assert found["day"][:7].to_list() == [f"2024-05-{d}" for d in range(20, 27)]
    assert ((found["sold low"] <= found["sold"]) & (found["sold"] <= found["sold high"])).all()
    assert found["sold"][7:].mean() > 5 * found["sold"][:7].mean()
    with pytest.warns(UserWarning, match="nothing is known ahead"):
        again = load(model[1]).predict(frame.to_pandas())
    np.testing.assert_allclose(again["sold"], found["sold"])


def test_a_series_of_which_nothing_is_known_is_counted_and_not_forecast(model):
    empty = sales(shops=1).with_columns(pl.lit(None, pl.Float64).alias("sold"), shop=pl.lit("new"))
    ahead = pl.when(pl.col("day") < date(2024, 5, 20)).then(pl.col("sold")).alias("sold")
    with pytest.warns(UserWarning, match=r"1 × series without a value of 'sold', not.*\(new\)"):
        found = model[0].predict(pl.concat([sales().with_columns(ahead), empty]))
    assert found["shop"].unique().sort().to_list() == ["s0", "s1"]


def test_a_series_of_one_value_is_forecast_with_bands_as_wide_as_usual(model):
    with pytest.warns(UserWarning):
        one, many = (model[0].predict(sales(shops=1)[:rows]) for rows in (1, 140))
    widths = [float((each["sold high"] - each["sold low"]).mean()) for each in (one, many)]
    assert len(one) == 7
    assert widths[0] > widths[1]


def test_what_is_known_ahead_moves_the_forecast(model):
    frame = sales(shops=1).filter(pl.col("day") < date(2024, 5, 27))
    late = pl.col("day") >= date(2024, 5, 20)
    gone = frame.with_columns(pl.when(late).then(None).otherwise(pl.col("sold")).alias("sold"))
    told = [
        gone.with_columns(pl.when(late).then(flag).otherwise(pl.col("promoted")).alias("promoted"))
        for flag in (0, 1)
    ]
    without, with_ = (model[0].predict(each)["sold"] for each in told)
    assert (with_ - without).mean() > 4  # 8 in truth


def test_new_rows_are_judged_from_their_past_on(model):
    found = model[0].evaluate(sales())["sold"]
    assert found["performance"]["metric"] == "MASE"
    assert found["performance"]["rows"] > 200


def test_of_very_many_windows_those_at_regular_steps_are_judged(model, monkeypatch):
    monkeypatch.setattr("pellucid.windows.MOST_JUDGED", 100)
    with pytest.warns(UserWarning, match="passed over"):
        found = model[0].evaluate(sales())["sold"]
    assert 80 <= found["performance"]["rows"] <= 100


def test_a_constant_series_is_no_task_alone_but_one_among_others():
    still = sales(shops=1).with_columns(pl.lit(5.0).alias("sold"), pl.lit("still").alias("shop"))
    with pytest.raises(DataError, match="'sold' is 5 at every step"):
        windowed(still)
    both = pl.concat([sales(shops=1), still])
    made = learn(
        both, "sold", time="day", series="shop", horizon=5, plan=plan(steps=20), verbose=False
    ).predict(both)
    np.testing.assert_allclose(made.filter(pl.col("shop") == "still")["sold"], 5.0, atol=0.5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": None}, "needs the time column"),
        ({"horizon": 0}, "whole number from 1"),
        ({"horizon": None}, "say how far"),
        ({"test": sales(shops=1)}, "neither test nor group"),
        ({"group": "shop"}, "neither test nor group"),
        ({"known": ["promotet"]}, "did you mean 'promoted'"),
        ({"kinds": {"promotet": "number"}}, "did you mean 'promoted'"),
        ({"kinds": {"promoted": "number"}, "known": ["promoted"]}, "no column in use"),
    ],
)
def test_a_request_that_cannot_be_met_says_what_to_do(changes, message):
    asked = {"time": "day", "horizon": 7, "series": "shop", **changes}
    with pytest.raises((UsageError, DataError), match=message):
        learn(sales(), "sold", verbose=False, **asked)


def test_the_picture_of_a_forecast_says_how_many_values_lie_in_its_band():
    figure = forecast_beside_truth(
        {
            "row": "s0, 2024-05-01", "window": 0, "past": [1.0, None, 3.0, 4.0],
            "true": [5.0, None, 9.0], "middle": [5.0, 6.0, 7.0], "low": [4.0, 5.0, 6.0],
            "high": [6.0, 7.0, 8.0],
        },
        "sold",
    )  # fmt: skip
    assert "From s0, 2024-05-01 on: 1 of the 2 values" in figure.caption
    assert figure.table.rows[1][1] == "missing"
    assert figure.drawing.count("<circle") == 2 * 2  # each known value, wide and narrow


# ---- how far to leave the classical ways, and how wide the bands are ----------------------------


def windows_like(rows=240, horizon=2):
    """What came, and outputs that are off by 5 while their grounds are nearly right."""
    rng = np.random.default_rng(0)
    true, scale = rng.normal(size=(rows, horizon)), np.exp(rng.normal(size=(rows, 1)))
    came = Came(true, np.ones(rows), np.arange(rows))
    errors = scale[..., None] * rng.normal(size=(rows, horizon, 2))
    learnt = true[..., None] + 5 + np.array([-2, -1, 0, 1, 2])
    lately = np.broadcast_to(scale[..., None], (rows, horizon, 1))
    return came, np.concatenate([learnt, true[..., None] + errors, lately], 2)


def bands(state, output):
    layer = Bands(output.shape[1])
    layer.load_state_dict(state)
    return layer(None, None, None, torch.tensor(output).float()).numpy()


def test_what_is_learnt_is_left_where_the_classical_ways_do_better():
    came, output = windows_like()
    output[..., SMOOTHED] += 3
    state = settled(output, came, np.ones((2, 2)))
    assert state["share"].item() == 0
    assert state["grounds"].tolist() == [1, 0]
    output[..., MIXTURE] += 6
    output[..., SMOOTHED] -= 3
    assert settled(output, came, np.ones((2, 2)))["grounds"].tolist() == [0, 1]


def test_what_many_series_say_at_few_moments_is_little_evidence():
    came, output = windows_like()
    output[..., MIXTURE] = output[..., SMOOTHED] = came.true
    first = came.moment < 180
    output[first, :, SMOOTHED] += 3
    output[~first, :, MIXTURE] += 3
    apart = settled(output, came, np.ones((2, 2)))  # 240 moments, most of them for the mixture
    assert apart["grounds"].tolist() == [1, 0]
    two = replace(came, moment=first.astype(float))  # the same rows, all seen at two moments
    state = settled(output, two, np.ones((2, 2)))
    assert state["share"].item() == 0
    assert state["grounds"].tolist() == [0.5, 0.5]


def test_bands_are_as_wide_as_the_past_changed_lately():
    came, output = windows_like()
    half = output[..., MIXTURE : SMOOTHED + 1].mean(-1)
    scores = np.abs(came.true - half) / output[..., LATELY]
    spread = np.quantile(scores, [0.5, 0.8], axis=0).T
    answer = bands(settled(output, came, spread), output)
    inside = (answer[..., LOWEST] <= came.true) & (came.true <= answer[..., HIGHEST])
    wide = output[:, 0, LATELY] > np.median(output[:, 0, LATELY])
    assert 0.74 < inside[wide].mean() < 0.86
    assert 0.74 < inside[~wide].mean() < 0.86
    assert (np.diff(answer, axis=-1) >= 0).all()


def test_learnt_bands_are_taken_where_they_are_clearly_better():
    came, output = windows_like()
    rng = np.random.default_rng(1)
    own = np.exp(2 * rng.normal(size=came.true.shape))  # known to the network alone
    output[..., MIXTURE] = output[..., SMOOTHED] = came.true + own * rng.normal(size=own.shape)
    output[..., :5] = output[..., [MIXTURE]] + own[..., None] * np.array([-2, -1, 0, 1, 2])
    state = settled(output, came, np.full((2, 2), 5.0))
    assert state["learnt"].item() == 1
    answer = bands(state, output)
    inside = (answer[..., LOWEST] <= came.true) & (came.true <= answer[..., HIGHEST])
    assert 0.79 < inside.mean() < 0.82


def test_the_last_changes_count_most_and_those_of_the_season_before_are_no_change():
    calm, wild = np.tile([0.0, 1.0], 20), np.tile([0.0, 9.0], 20)
    rows = np.stack([np.concatenate([wild, calm]), np.concatenate([calm, wild])])
    found = lately(rows, (), 4, 1.0)
    assert found[1] > 8 * found[0]
    week = np.tile([0.0, 3, 1, 4, 1, 5, 9], 6)[None]
    np.testing.assert_allclose(lately(week + np.arange(42), (7,), 4, 2.0), 0.2)  # the least
    one = np.full((1, 40), np.nan)
    one[0, -1] = 7.0
    np.testing.assert_allclose(lately(one, (7,), 4, 2.0), 2.0)  # nothing is known of it


def test_windows_of_one_moment_are_drawn_together():
    kind = kind_of_x()
    losses = np.stack([np.zeros(60), np.repeat(np.arange(20), 3)], 1)  # 20 moments of 3 series
    drawn = kind.drawn(losses, np.random.default_rng(0))
    assert len(drawn) == 60
    counts = np.bincount(drawn, minlength=60).reshape(20, 3)
    assert (counts == counts[:, :1]).all()
    assert counts.max() > 1


def test_moments_are_ranked_as_numbers_or_as_dates():
    kind = kind_of_x()
    for times in (["9", "10", "9"], ["2024-01-09", "2024-01-10", "2024-01-09"]):
        columns = {"x before": pl.Series(["[1]"] * 3), "when": pl.Series(times)}
        answer = kind.encode_target(pl.Series("x", ["[1, 2]"] * 3), inputs=columns.get)
        assert answer[:, -1].tolist() == [1, 2, 1]
