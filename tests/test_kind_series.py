"""Series of numbers as inputs: how they are recognised and read, and a signal told by its shape."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from every_kind import plan
from pellucid import learn
from pellucid.errors import Mends
from pellucid.kinds import recognise
from pellucid.kinds.series import Series, numbers_of


@pytest.mark.parametrize(
    "cells",
    [
        ["[1, 2.5, 3]", "[]", "[-4e-3, null, NaN]", None],
        ["1 2 3", "4.5 -6 7 8", "0 0 1"],
        ["1;2;3", "(4, 5, 6)", "7,8,9.25"],
        ["[48.1, 11.5]", "[50.0, 8.25]"],
    ],
)
def test_lists_of_numbers_are_recognised_with_a_reason(cells):
    kind, reason = recognise(pl.Series("signal", cells, pl.String))
    assert kind is Series
    assert reason.startswith("it holds lists of about")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1 234 567", "12 345 678", "1 000 000"], "number"),
        (["2021-03-01 10:00", "2021-03-02 11:30", "2021-03-05 12:00"], "date"),
        (["7 red 3", "5 red 2", "7 red 3"], "category"),
        (["3, 5", "2, 8", "3, 5"], "category"),
    ],
)
def test_what_only_looks_like_a_list_keeps_its_kind(cells, expected):
    assert recognise(pl.Series("x", cells * 5, pl.String))[0].kind == expected


def test_numbers_are_read_as_they_stand_and_gaps_stay_gaps():
    lists, wrong = numbers_of(pl.Series("x", ["[1, null, 3]", "1,,2", "a 5", "none", None, "x y"]))
    nan = float("nan")
    np.testing.assert_equal(lists[0].to_list(), [1, nan, 3])
    np.testing.assert_equal(lists[1].to_list(), [1, nan, 2])
    np.testing.assert_equal(lists[2].to_list(), [nan, 5])
    assert lists[3:].to_list() == [None, None, None]
    assert wrong.to_list() == [0, 0, 1, 0, 0, 2]


def test_what_is_no_number_and_what_is_too_long_are_counted():
    fitted = Series.fit(pl.DataFrame({"x": ["1 2 3 4", "5 6 7"]}))
    mends = Mends()
    encoded = fitted.encode(pl.DataFrame({"x": ["1 two 3", "1 2 3 4 5 6"]}), mends)
    np.testing.assert_equal(encoded["series"][:, 0], [[1, np.nan, 3, np.nan], [1, 2, 3, 4]])
    assert {mend.fault for mend in mends.found} == {
        "not a list of numbers",
        "a series of more than 4 numbers",
    }


def signals(rows=240):
    """Sines of two frequencies, of any phase, level and length; the frequency decides."""
    rng = np.random.default_rng(0)
    quick = rng.random(rows) < 0.5
    waves = [
        rng.normal(0, 3) + np.sin(np.arange(rng.integers(40, 60)) / (2 if fast else 3) + shift)
        for fast, shift in zip(quick, rng.uniform(0, 6, rows), strict=True)
    ]
    return pl.DataFrame(
        {
            "signal": [json.dumps([round(float(v), 4) for v in wave]) for wave in waves],
            "state": ["ill" if fast else "well" for fast in quick],
        }
    )


def test_a_signal_is_told_by_its_shape_and_lists_in_frames_are_signals_too():
    frame = signals()
    lists = frame.with_columns(pl.col("signal").str.json_decode(pl.List(pl.Float64)))
    model = learn(lists, "state", plan=plan(steps=80), verbose=False)
    (kind,) = model.schema.inputs
    assert kind.kind == "series"
    performance = model.evidence["targets"]["state"]["performance"]
    assert performance["value"] > 0.9
    assert (model.predict(frame) == model.predict(lists)).all()
