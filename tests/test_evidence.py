"""The parts of the evidence: intervals, gaps, calibration, verdicts, each with known answers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.evidence.curve import curve_sizes
from pellucid.evidence.intervals import gap, interval
from pellucid.evidence.verdict import verdict
from pellucid.kinds.calibration import class_calibration, number_calibration
from pellucid.kinds.category import Category
from pellucid.kinds.number import Number

CLASS = Category.fit_target(pl.Series("t", ["a", "b", "c"]))
NUMBER = Number.fit_target(pl.Series("t", [0.0, 1.0, 2.0]))


# ---- how sure a performance is -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "rows", "low", "high"),
    [  # Newcombe 1998, table I, method 5; 0 and all of 10 from Clopper and Pearson 1934
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
        (0, 10, 0.0, 0.3085),
        (10, 10, 0.6915, 1.0),
    ],
)
def test_the_interval_of_a_share_is_the_published_one(right, rows, low, high):
    losses = np.repeat([1.0, 0.0], [right, rows - right])
    measured = interval(CLASS, losses, seed=0)
    assert measured["value"] == pytest.approx(right / rows)
    assert measured["low"] == pytest.approx(low, abs=5e-5)
    assert measured["high"] == pytest.approx(high, abs=5e-5)


def test_the_interval_of_an_error_agrees_with_theory():
    """The mean of n squares of normal errors has a standard deviation of sqrt(2 / n)."""
    rows, rng = 2_000, np.random.default_rng(0)
    widths = []
    for seed in range(5):
        measured = interval(NUMBER, np.square(rng.normal(size=rows)), seed)
        assert measured["low"] < measured["value"] < measured["high"]
        widths.append(measured["high"] - measured["low"])
    theory = 2 * 1.96 * np.sqrt(2 / rows) / 2  # the root halves it
    assert np.mean(widths) == pytest.approx(theory, rel=0.1)


def test_an_interval_holds_the_truth_in_about_95_of_100_cases():
    rng, held = np.random.default_rng(1), 0
    for seed in range(80):
        measured = interval(NUMBER, np.square(rng.normal(size=150)), seed)
        held += measured["low"] <= 1 <= measured["high"]
    assert 70 <= held <= 79


@pytest.mark.parametrize("kind", [CLASS, NUMBER], ids=["class", "number"])
def test_the_gap_between_equal_ways_is_exactly_zero(kind):
    losses = (np.random.default_rng(0).random(500) < 0.7).astype(float)
    assert gap(kind, losses, losses.copy(), seed=0) == {"value": 0, "low": 0, "high": 0}


def test_a_gap_is_positive_when_ours_is_better_and_excludes_zero_when_it_is_clear():
    rng = np.random.default_rng(0)
    right = (rng.random(500) < 0.9).astype(float)
    worse = right * (rng.random(500) < 0.8)
    for ours, theirs, sign in ((right, worse, 1), (worse, right, -1)):
        found = gap(CLASS, ours, theirs, seed=0)
        assert found["value"] == pytest.approx(sign * (right.mean() - worse.mean()))
        assert min(sign * found["low"], sign * found["high"]) > 0
    errors = rng.normal(size=500)
    found = gap(NUMBER, np.square(errors), np.square(1.5 * errors), seed=0)
    assert found["value"] == pytest.approx(0.5 * np.sqrt(np.square(errors).mean()))
    assert found["low"] > 0


def test_pairing_finds_a_small_gap_that_two_intervals_would_hide():
    rng = np.random.default_rng(0)
    hard = rng.random(1_000) < 0.3
    ours = (~hard).astype(float)
    theirs = ours.copy()
    theirs[np.flatnonzero(~hard)[:10]] = 0  # wrong on ten rows more
    one, other = (interval(CLASS, losses, 0) for losses in (ours, theirs))
    assert one["low"] < other["high"]
    assert gap(CLASS, ours, theirs, 0)["low"] > 0


def test_very_many_rows_are_bootstrapped_in_blocks_with_the_same_answer():
    rng = np.random.default_rng(0)
    losses = np.square(rng.normal(size=200_000))
    measured = interval(NUMBER, losses, 0)
    assert measured["value"] == pytest.approx(np.sqrt(losses.mean()))
    theory = 1.96 * np.sqrt(2 / len(losses))
    assert measured["high"] - measured["low"] == pytest.approx(theory, rel=0.15)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_an_interval_always_holds_its_value(right):
    measured = interval(CLASS, np.array(right, float), 0)
    assert 0 <= measured["low"] <= measured["value"] <= measured["high"] <= 1


# ---- whether confidence can be believed --------------------------------------------------------


def logs(confidence, right, target):
    """Log-probabilities over three levels, the target's first where right."""
    others = (1 - confidence) / 2
    probability = np.tile(others[:, None], (1, 3))
    said = np.where(right, target, (target + 1) % 3)
    probability[np.arange(len(target)), said] = confidence
    return np.log(probability)


def test_calibrated_confidence_has_bins_on_the_diagonal_and_no_error():
    rng = np.random.default_rng(0)
    confidence, target = rng.uniform(0.4, 1, 20_000), rng.integers(0, 3, 20_000)
    output = logs(confidence, rng.random(20_000) < confidence, target)
    found = class_calibration(output, output, target)
    assert len(found["bins"]) == 10
    assert sum(each["rows"] for each in found["bins"]) == 20_000
    for each in found["bins"]:
        assert each["accuracy"] == pytest.approx(each["confidence"], abs=0.03)
    assert found["after"] < 0.02


def test_confidence_that_is_too_great_shows_as_that_error():
    rng = np.random.default_rng(0)
    target = rng.integers(0, 3, 10_000)
    right = rng.random(10_000) < 0.7
    output = logs(np.full(10_000, 0.95), right, target)
    better = logs(np.full(10_000, 0.70), right, target)
    found = class_calibration(better, output, target)
    assert found["before"] == pytest.approx(0.25, abs=0.02)
    assert found["after"] == pytest.approx(0, abs=0.02)


def test_few_rows_give_few_bins_and_none_is_lost():
    rng = np.random.default_rng(0)
    target = rng.integers(0, 3, 7)
    found = class_calibration(*[logs(np.full(7, 0.5), target == 0, target)] * 2, target)
    assert [each["rows"] for each in found["bins"]] == [7]


def test_coverage_counts_the_true_values_inside_and_width_is_in_units():
    target = np.array([0.0, 1.0, -1.0, 3.0])
    output = np.array([[0.0, 0.5, 0.5], [0.0, 0.5, 2.0], [0.0, 0.5, 0.5], [0.0, 2.0, 2.0]])
    found = number_calibration(output, target, scale=10.0)
    assert found == {"coverage": 0.5, "nominal": 0.9, "width": pytest.approx(10 * 8.5 / 4)}


def test_sizes_of_the_curve_double_up_to_all_rows_and_none_is_too_small():
    assert curve_sizes(8_000) == (1_000, 2_000, 4_000, 8_000)
    assert curve_sizes(100) == (25, 50, 100)
    assert curve_sizes(30) == (30,)


# ---- the verdict -------------------------------------------------------------------------------

ACCURACY = {
    "metric": "accuracy", "rows": 7_232, "higher_is_better": True,
    "value": 0.871, "low": 0.863, "high": 0.879,
}  # fmt: skip
RMSE = {
    "metric": "RMSE", "rows": 500, "higher_is_better": False,
    "value": 12.5, "low": 11.5, "high": 13.5,
}  # fmt: skip
MAJORITY, MEAN = {"name": "majority class", "value": 0.312}, {"name": "mean", "value": 20.0}
LINEAR = {"name": "TF-IDF + linear model", "value": 0.849, "low": 0.84, "high": 0.858, "seconds": 2}
TREES = {"name": "gradient-boosted trees", "value": 12.0, "low": 11.2, "high": 12.9, "seconds": 1}


def between(value, low, high):
    return {"value": value, "low": low, "high": high}


def said(*arguments):
    """The verdict, its sentences with plain spaces."""
    found = verdict(*arguments)
    found["sentences"] = [sentence.replace("\u00a0", " ") for sentence in found["sentences"]]
    return found


def test_it_learned_and_beats_the_conventional_way():
    best = (LINEAR, between(0.022, 0.014, 0.030))
    doubled = between(0.008, 0.002, 0.014)
    assert said(CLASS, ACCURACY, MAJORITY, between(0.559, 0.54, 0.57), best, doubled) == {
        "learned": True,
        "beats_baseline": True,
        "sentences": [
            "It learned: accuracy 87.1 % (86.3 to 87.9) on 7,232 rows it never saw "
            "(always the majority class: 31.2 %).",
            "It beats the conventional way (TF-IDF + linear model, 84.9 %) by 2.2 points "
            "(1.4 to 3.0).",
            "With twice the rows expect about 0.8 points more (0.2 to 1.4).",
        ],
    }


@pytest.mark.parametrize(
    ("rows", "repeats", "told"),
    [
        (1, 0, "1 row it never saw"),
        (90, 0, "90 rows it never saw"),
        (90, 30, "90 test rows, 30 of which repeat rows that it learned from"),
        (90, 1, "90 test rows, 1 of which repeats a row that it learned from"),
        (90, 90, "90 test rows, all of which repeat rows that it learned from"),
        (1, 1, "1 test row, which repeats a row that it learned from"),
    ],
)
def test_the_rows_to_prove_on_are_called_what_they_are(rows, repeats, told):
    performance = {**ACCURACY, "rows": rows, "repeats": repeats}
    for sure in (0.1, -0.1):  # it learned, or it did not
        found = said(CLASS, performance, MAJORITY, between(0.2, sure, 0.4), None, None)
        assert f" on {told}" in found["sentences"][0]


def test_when_the_conventional_way_wins_the_first_line_says_so():
    best = (TREES, between(-0.5, -0.9, -0.1))
    found = said(NUMBER, RMSE, MEAN, between(7.5, 6.4, 8.6), best, None)
    assert found["learned"]
    assert found["beats_baseline"] is False
    assert found["sentences"] == [
        "The conventional way does better (gradient-boosted trees, 12.0), by 0.50 (0.10 to 0.90): "
        "use that.",
        "It learned: RMSE 12.5 (11.5 to 13.5) on 500 rows it never saw (always the mean: 20.0).",
    ]


def test_when_both_are_level_the_simpler_way_is_named():
    best = (LINEAR, between(0.004, -0.002, 0.010))
    found = said(CLASS, ACCURACY, MAJORITY, between(0.559, 0.54, 0.57), best, None)
    assert found["beats_baseline"] is None
    assert found["sentences"][1] == (
        "It is level with the conventional way (TF-IDF + linear model, 84.9 %): 0.4 points better, "
        "which chance explains (−0.2 to 1.0). That way is the simpler one."
    )


def test_when_nothing_was_learned_the_first_line_says_so():
    weak = {**ACCURACY, "value": 0.32, "low": 0.29, "high": 0.35}
    best = (LINEAR, between(-0.01, -0.03, 0.01))
    found = said(CLASS, weak, MAJORITY, between(0.008, -0.02, 0.03), best, between(0.1, 0, 0.2))
    assert not found["learned"]
    assert found["sentences"][0] == (
        "It did not learn: accuracy 32.0 % (29.0 to 35.0) on 7,232 rows it never saw is not "
        "clearly better than always the majority class (31.2 %)."
    )
    assert len(found["sentences"]) == 2  # nothing is promised of more rows
    same = said(CLASS, weak, MAJORITY, between(0, -0.02, 0.02), None, None)
    assert "is no better than always the majority class" in same["sentences"][0]
    worse = said(CLASS, weak, MAJORITY, between(-0.1, -0.2, -0.05), None, None)
    assert "is worse than always the majority class" in worse["sentences"][0]
    assert len(worse["sentences"]) == 1


def test_nothing_is_advised_where_nothing_is_left_to_gain():
    flawless = {**ACCURACY, "value": 1.0, "low": 0.99, "high": 1.0}
    found = said(CLASS, flawless, MAJORITY, between(0.6, 0.5, 0.7), None, between(0.001, 0, 0.002))
    assert len(found["sentences"]) == 1


def test_a_small_gain_of_more_rows_is_called_small():
    found = said(CLASS, ACCURACY, MAJORITY, between(0.5, 0.4, 0.6), None, between(0.001, 0, 0.002))
    assert found["sentences"][-1].startswith("More rows of the same sort will hardly help")
    found = said(NUMBER, RMSE, MEAN, between(7, 6, 8), None, between(1.0, 0.5, 1.5))
    assert found["sentences"][-1] == (
        "With twice the rows expect about an error 1.0 smaller (0.5 to 1.5)."
    )
