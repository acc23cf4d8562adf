"""What is remembered of a column of numbers: its centre, its spread and the knots of its ramps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pellucid.kinds.contract import Array

PIECES = 48  # between the knots of the piecewise-linear embedding (Gorishniy et al. 2022)
FURTHEST = 1e18  # standard units to which ramps reach
LARGEST = 3e38  # what float32 holds


@dataclass(frozen=True)
class Knots:
    """One column: ramps begin at `start`, in standard units, and are `1 / slope` long."""

    centre: float
    scale: float
    start: Array  # (pieces,)
    slope: Array  # (pieces,)
    limits: tuple[float, float]
    gaps: float  # share of the cells that are missing
    precise: bool  # float32 would blur its values


def knots_of(values: pl.Series) -> Knots:
    """The median, the spread of the middle half and the quantiles of what is there."""
    present = values.filter(values.is_finite().fill_null(False)).to_numpy()
    gaps = 1 - len(present) / max(len(values), 1)
    if not len(present):
        return Knots(0.0, 1.0, np.zeros(1), np.zeros(1), (0.0, 0.0), gaps, False)
    present = np.sort(present.clip(-1e300, 1e300))
    centre, scale = _centre_and_scale(present)
    with np.errstate(over="ignore"):  # what is beyond float64 is beyond the last knot as well
        rounded = present.clip(-LARGEST, LARGEST).astype(np.float32)
        blurred = np.abs(rounded - present).max() / scale
        standard = ((present - centre) / scale).clip(-FURTHEST, FURTHEST)
    edges = _edges(standard)
    start, length = edges[:-1], np.diff(edges)
    limits = (float(present[0]), float(present[-1]))
    return Knots(centre, scale, start, 1 / length, limits, gaps, bool(blurred > 1e-3))


def _centre_and_scale(ordered: Array) -> tuple[float, float]:
    centre = float(np.median(ordered))
    low, high = np.quantile(ordered, [0.25, 0.75])
    scale = float(high / 1.349 - low / 1.349)
    if scale <= 0:  # most values are the same: the others decide
        others = ordered[ordered != centre]
        scale = float(np.abs(others - centre).mean()) if len(others) else 1.0
    return centre, max(scale, 1e-300)


def _edges(ordered: Array) -> Array:
    """Where pieces meet: quantiles, or the values themselves where there are few."""
    distinct = np.unique(ordered)
    if len(distinct) > PIECES:
        distinct = np.unique(np.quantile(ordered, np.linspace(0, 1, PIECES + 1)))
    edges = distinct[np.concatenate([[True], np.diff(distinct) > 1e-6])]
    return edges if len(edges) > 1 else np.array([edges[0] - 1, edges[0]])


def filled_up(row: Array, pieces: int) -> Array:
    """(pieces,): ramps of slope 0 behind those of a column of few values."""
    return np.pad(row, (0, pieces - len(row)))
