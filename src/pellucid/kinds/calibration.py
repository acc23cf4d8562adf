"""Whether confidence can be believed: reliability of probabilities, coverage of intervals."""

from __future__ import annotations

from typing import NotRequired, TypedDict

import numpy as np

from pellucid.kinds.contract import Array

BINS = 10
NOMINAL = 0.9


class CalibrationBin(TypedDict):
    """Rows with about the same confidence, and how often they were right."""

    confidence: float
    accuracy: float
    rows: int


class Calibration(TypedDict):
    """A category's bins and calibration error, or the coverage of a number's intervals."""

    bins: NotRequired[list[CalibrationBin]]
    before: NotRequired[float]  # expected calibration error, 0 to 1, before calibrating
    after: NotRequired[float]
    coverage: NotRequired[float]  # share of the true values inside their intervals
    nominal: NotRequired[float]  # the share that was asked for
    width: NotRequired[float]  # mean width of the intervals, in the target's unit


def class_calibration(output: Array, deep: Array, target: Array) -> Calibration:
    """Expected calibration error of the answer, and of the deep path before it was blended."""
    return {
        "bins": _bins(output, target),
        "before": _error(_bins(deep, target)),
        "after": _error(_bins(output, target)),
    }


def reliability(confidence: Array, right: Array) -> Calibration:
    """Expected calibration error of rows that are wholly right or not."""
    bins = _binned(confidence, right)
    return {"bins": bins, "before": _error(bins), "after": _error(bins)}


def number_calibration(output: Array, target: Array, scale: float) -> Calibration:
    """The share of true values inside the 90 % interval, and its mean width."""
    mean, below, above = output.T
    inside = (target >= mean - below) & (target <= mean + above)
    width = float((below + above).mean() * scale)
    return {"coverage": float(inside.mean()), "nominal": NOMINAL, "width": width}


def _bins(logs: Array, target: Array) -> list[CalibrationBin]:
    return _binned(np.exp(logs.max(1)), logs.argmax(1) == target)


def _binned(confidence: Array, right: Array) -> list[CalibrationBin]:
    """Bins of equal numbers of rows (Naeini et al. 2015), fewer when rows are few."""
    order = np.argsort(confidence, kind="stable")
    count = max(1, min(BINS, len(order) // 20))
    return [
        {
            "confidence": float(confidence[part].mean()),
            "accuracy": float(right[part].mean()),
            "rows": len(part),
        }
        for part in np.array_split(order, count)
        if len(part)
    ]


def _error(bins: list[CalibrationBin]) -> float:
    rows = sum(b["rows"] for b in bins)
    return sum(abs(b["confidence"] - b["accuracy"]) * b["rows"] for b in bins) / max(rows, 1)
