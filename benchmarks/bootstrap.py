"""The paired bootstrap: how sure is it that one model beats another on the same rows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Gap:
    """Our score less theirs, its 95 % interval, and what that says of us."""

    value: float
    low: float
    high: float
    verdict: str  # better, equal or worse


def row_losses(true: NDArray[np.generic], predicted: NDArray[np.generic], number: bool) -> Array:
    """Squared errors for a number, 0 or 1 for a class, one for each row."""
    if number:
        errors = np.asarray(predicted, np.float64) - np.asarray(true, np.float64)
        return np.asarray(errors**2, np.float64)
    wrong = np.not_equal(np.asarray(predicted).astype(str), np.asarray(true).astype(str))
    return np.asarray(wrong, np.float64)


def score(losses: Array, number: bool) -> float:
    """RMSE for a number, accuracy for a class."""
    mean = float(losses.mean())
    return mean**0.5 if number else 1.0 - mean


def paired_gap(ours: Array, theirs: Array, number: bool, draws: int = 2000, seed: int = 0) -> Gap:
    """Resample rows, the same rows for both, and compare the scores of each draw."""
    if ours.shape != theirs.shape:
        raise ValueError(f"{len(ours)} rows of ours against {len(theirs)} of theirs")
    generator = np.random.default_rng(seed)
    gaps = np.empty(draws)
    for draw in range(draws):
        rows = generator.integers(0, len(ours), len(ours))
        gaps[draw] = score(ours[rows], number) - score(theirs[rows], number)
    low, high = np.quantile(gaps, [0.025, 0.975])
    value = score(ours, number) - score(theirs, number)
    return Gap(value, float(low), float(high), _verdict(low, high, number))


def _verdict(low: float, high: float, number: bool) -> str:
    """A gap is real when its whole interval lies on one side of zero."""
    if low <= 0.0 <= high:
        return "equal"
    return "better" if (low > 0.0) != number else "worse"
