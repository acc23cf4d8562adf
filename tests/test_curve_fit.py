"""The power law of learning curves: known constants come back, forecasts keep their promises."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.evidence.curve_fit import expected_gain, fit_curves

ROWS = [500, 1000, 2000, 4000]


def points(rows, errors, around=0.0, higher_is_better=True):
    """Curve points of known errors, as accuracy or as the error itself."""
    values = [1 - error if higher_is_better else error for error in errors]
    return [
        {"rows": row, "value": value, "low": value - around * error, "high": value + around * error}
        for row, value, error in zip(rows, values, errors, strict=True)
    ]


def law(a, b, c, rows):
    return [a + b * row**-c for row in rows]


@dataclass(frozen=True)
class Fit:
    a: float
    b: float
    c: float
    misfit: float

    def at(self, rows):
        return self.a + self.b * rows**-self.c


def fit_of(rows, errors):
    """The one fit, rows counted one by one."""
    found = fit_curves(np.array(rows, float), np.array([errors], float))
    a, b, c, misfit = (float(each[0]) for each in found)
    return Fit(a, b * rows[-1] ** c, c, misfit)


def test_known_constants_come_back_from_noiseless_points():
    fit = fit_of([100, 400, 1600, 6400, 25600], law(0.1, 2.0, 0.5, [100, 400, 1600, 6400, 25600]))
    assert fit.a == pytest.approx(0.1, abs=0.004)
    assert fit.c == pytest.approx(0.5, rel=0.05)
    assert fit.b == pytest.approx(2.0, rel=0.1)
    assert fit.misfit < 0.005


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 0.2), st.floats(0.3, 3.0), st.floats(0.05, 0.9))
def test_twice_the_rows_are_foretold_from_noiseless_points(a, b, c):
    fit = fit_of(ROWS, law(a, b, c, ROWS))
    assert fit.at(8000) == pytest.approx(a + b * 8000**-c, rel=0.02)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=6))
def test_a_fit_never_rises_and_never_falls_below_its_floor(errors):
    fit = fit_of([100 * 2**place for place in range(len(errors))], errors)
    assert fit.a >= 0
    assert fit.b >= 0
    assert 0.02 <= fit.c <= 1
    at = [fit.at(rows) for rows in (10, 100, 1000, 10_000, 1_000_000)]
    assert all(later <= earlier for earlier, later in pairwise(at))
    assert at[-1] >= fit.a


def test_gain_is_positive_when_better_for_accuracy_and_for_errors():
    errors = law(0.1, 2.0, 0.5, ROWS)
    truth = errors[-1] - (0.1 + 2.0 * 8000**-0.5)
    for higher_is_better in (True, False):
        curve = points(ROWS, errors, 0.02, higher_is_better)
        value, low, high = expected_gain(curve, 2, higher_is_better)
        assert value == pytest.approx(truth, rel=0.03)
        assert 0 <= low < value < high


def test_gain_does_not_depend_on_the_order_or_the_unit_of_the_points():
    curve = points(ROWS, law(0.1, 2.0, 0.5, ROWS), 0.02, higher_is_better=False)
    larger = [
        {key: value if key == "rows" else 1000 * value for key, value in point.items()}
        for point in curve
    ]
    gain = expected_gain(curve, 2, False)
    assert expected_gain(curve[::-1], 2, False) == gain
    assert expected_gain(larger, 2, False) == pytest.approx([1000 * end for end in gain])


@pytest.mark.parametrize("around", [0.02, 0.06])
def test_the_band_holds_the_truth_about_as_often_as_it_says(around):
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(30):
        a, b, c = rng.uniform(0, 0.15), rng.uniform(0.5, 4), rng.uniform(0.2, 0.6)
        errors = np.array(law(a, b, c, ROWS))
        noisy = np.maximum(errors * (1 + rng.normal(0, around / 1.96, 4)), 1e-3)
        gain = expected_gain(points(ROWS, noisy, around))
        truth = errors[-1] - (a + b * 8000**-c)
        held += gain is not None and gain[1] <= truth <= gain[2]
    assert held >= 26  # 95 % of 30 are 28


def test_a_wider_interval_of_the_points_gives_a_wider_band():
    errors = law(0.05, 2.0, 0.4, ROWS)
    narrow, wide = (expected_gain(points(ROWS, errors, around)) for around in (0.01, 0.2))
    assert wide[2] - wide[1] > 1.5 * (narrow[2] - narrow[1])


def test_a_flat_curve_promises_nothing():
    value, low, high = expected_gain(points(ROWS, [0.3] * 4, 0.02))
    assert value == pytest.approx(0, abs=1e-9)
    assert low == 0
    assert 0 < high < 0.03


@pytest.mark.parametrize(
    ("rows", "errors"),
    [
        (ROWS[:2], [0.3, 0.2]),  # two points lie on any law
        ([500, 500, 500], [0.3, 0.3, 0.3]),
        (ROWS, [0.3, 0.2, 0.1, 0.0]),  # no error is left to learn from
        (ROWS, [0.3, 0.2, float("nan"), 0.1]),
        (ROWS, [0.1, 0.2, 0.3, 0.4]),  # it gets worse with every row
        (ROWS, [0.1, 0.5, 0.1, 0.5]),
    ],
)
def test_no_forecast_without_a_sensible_fit(rows, errors):
    assert expected_gain(points(rows, errors, 0.01)) is None


def test_no_forecast_beyond_four_times_the_rows():
    curve = points(ROWS, law(0.1, 2.0, 0.5, ROWS), 0.02)
    assert expected_gain(curve, 4.0) is not None
    assert expected_gain(curve, 4.1) is None
    assert expected_gain(curve, 1.0) is None
