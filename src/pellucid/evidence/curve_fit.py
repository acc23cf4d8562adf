"""The power law of learning curves, error = a + b·n^-c, and what twice the rows would bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.evidence.document import CurvePoint

Array: TypeAlias = NDArray[np.float64]

EXPONENTS = np.linspace(0.02, 1.0, 99)  # steps of 0.01
FURTHEST = 4.0  # times the rows: beyond that a forecast from a few points misses by 5 to 16 %
FEWEST_POINTS = 3
DRAWS = 1000
MODEL_ERROR = 0.015  # of the error: doubling is missed by 0.6 to 6 %, also from noiseless points
WORST_MISFIT = 0.1  # of the error, root mean square, beyond which the points are no power law


def expected_gain(
    points: Sequence[CurvePoint], factor: float = 2.0, higher_is_better: bool = True
) -> tuple[float, float, float] | None:
    """The gain of `factor` times the last point's rows, with a 95 % band, in the metric's units.

    A gain is positive when performance gets better. None with fewer than three sizes, beyond
    four times the rows, or when the points do not fall along a power law.
    """
    ordered = sorted(points, key=lambda point: point["rows"])
    rows = np.array([point["rows"] for point in ordered], dtype=float)
    if len(set(rows)) < FEWEST_POINTS or not 1.0 < factor <= FURTHEST or rows[0] <= 0:
        return None
    values = np.array([[point["value"], point["low"], point["high"]] for point in ordered])
    errors = 1.0 - values if higher_is_better else values
    if not np.all(np.isfinite(errors)) or np.any(errors[:, 0] <= 0):
        return None
    return _gain_with_band(rows, errors, factor)


def _gain_with_band(rows: Array, errors: Array, factor: float) -> tuple[float, float, float] | None:
    """Fit the points, then fit them again many times, each drawn from its own interval."""
    _, b, c, misfit = fit_curves(rows, errors[:, 0][None, :])
    spread = np.abs(errors[:, 2] - errors[:, 1]) / (2 * 1.96)
    if misfit[0] > max(WORST_MISFIT, 2 * float(np.mean(spread / errors[:, 0]))):
        return None
    generator = np.random.default_rng(0)
    noise = generator.standard_normal((DRAWS, len(rows)))
    drawn = np.maximum(errors[:, 0] + noise * spread, 0.05 * errors[:, 0])
    _, b_drawn, c_drawn, _ = fit_curves(rows, drawn)
    gain = float(_gains(b, c, factor)[0])
    low, high = np.quantile(_gains(b_drawn, c_drawn, factor), [0.025, 0.975])
    # The law itself is only nearly true, which no bootstrap of the points can see.
    model = 1.96 * MODEL_ERROR * float(errors[-1, 0]) * np.log2(factor)
    below = float(np.hypot(gain - min(float(low), gain), model))
    above = float(np.hypot(max(float(high), gain) - gain, model))
    return gain, max(gain - below, 0.0), gain + above


def _gains(b: Array, c: Array, factor: float) -> Array:
    """How far a + b·n^-c falls from n = 1 to n = factor."""
    gains: Array = b * (1.0 - factor**-c)
    return gains


def fit_curves(rows: Array, errors: Array) -> tuple[Array, Array, Array, Array]:
    """error = a + b·n^-c with a, b >= 0, so that it never rises, for each line (draws, points).

    Least squares of the relative residuals: each c of a grid, a and b in closed form. It gives a,
    b, c and the relative misfit, each (draws,); n is in units of the last point's rows.
    """
    power = (rows / rows[-1])[None, :] ** -EXPONENTS[:, None]  # (exponents, points)
    a, b = _nonnegative_least_squares(power, errors)  # (draws, exponents)
    fitted = a[:, :, None] + b[:, :, None] * power[None, :, :]
    misfits = np.sqrt(np.mean((fitted / errors[:, None, :] - 1.0) ** 2, axis=2))
    best = np.argmin(misfits, axis=1)
    line = np.arange(len(errors))
    return a[line, best], b[line, best], EXPONENTS[best], misfits[line, best]


def _nonnegative_least_squares(power: Array, errors: Array) -> tuple[Array, Array]:
    """The a, b >= 0 that minimise the sum of ((a + b·power)/error - 1)²: (draws, exponents)."""
    weight = 1.0 / errors**2  # (draws, points)
    ones = weight.sum(axis=1)[:, None]
    first = weight @ power.T
    second = weight @ (power**2).T
    right = weight * errors
    total = right.sum(axis=1)[:, None]
    against = right @ power.T
    determinant = np.maximum(ones * second - first**2, 1e-300)
    a = (second * total - first * against) / determinant
    b = (ones * against - first * total) / determinant
    # Where one is negative, the best point lies on that edge of the quarter plane.
    without_a, without_b = against / second, np.broadcast_to(total / ones, a.shape)
    b = np.where(a < 0, without_a, b)
    a = np.where(a < 0, 0.0, a)
    a = np.where(b < 0, without_b, a)
    b = np.where(b < 0, 0.0, b)
    return a, b
