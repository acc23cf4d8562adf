"""What the past of each window says: its values, its usual change, and how it changed lately."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import torch

from pellucid.kinds.contract import Array
from pellucid.kinds.series import numbers_of
from pellucid.kinds.smoothing import in_season
from pellucid.networks.layers.smoothing import filled

FEW = 5  # values
LEAST = 0.1  # of the mean change in a window: so calm nothing lately is taken to be


def values_of(cells: pl.Series, length: int | None = None) -> Array:
    """(rows, length) float64, NaN where there is no number."""
    lists, _ = numbers_of(cells)
    sizes = lists.list.len().fill_null(0).to_numpy()
    width = length or int(sizes.max(initial=1))
    values = np.full((len(lists), width), np.nan)
    inside = np.arange(width) < sizes[:, None]
    cut = lists.list.head(width).drop_nulls()
    values[inside] = cut.list.explode().to_numpy().clip(-1e37, 1e37)
    return values


def changes_of(past: Array, seasons: Sequence[int]) -> Array:
    """The mean absolute change from one season to the next, in each row's past."""
    season = in_season(seasons, past.shape[1])
    return _mean(np.abs(past[:, season:] - past[:, :-season]))


def units_of(past: Array, seasons: Sequence[int], usual: float) -> Array:
    """The changes; what never changes, or is not known to, counts as usual."""
    changes = changes_of(past, seasons)
    return np.where(changes > 1e-6 * usual, changes, usual)


def lately(past: Array, seasons: Sequence[int], horizon: int, usual: float) -> Array:
    """How much each row changed lately from step to step, less what it did a season before.

    A mean that forgets: a change counts half as much as one half a horizon later. Errors to come
    are as large as the last were, not as those of all times. Of a past of a few values nothing is
    known: it changes as usual.
    """
    whole = filled(torch.tensor(past), seasons).numpy()
    steps = np.diff(whole, axis=1)
    season = max((season for season in seasons if 3 * season <= whole.shape[1]), default=0)
    steps = np.abs(steps[:, season:] - steps[:, :-season] if season else steps)
    age = np.arange(steps.shape[1])[::-1]
    weights = 0.5 ** (age / max(2.0, horizon / 2))
    mean = steps.mean(1)
    mean = np.where(mean > 1e-6 * usual, mean, usual)
    found = np.maximum(steps @ weights / weights.sum(), LEAST * mean)
    few = np.isfinite(past).sum(1) < FEW
    return np.where(few, np.maximum(found, usual), found)


def step_size(past: Array) -> Array:
    """The root of the mean squared change from step to step."""
    return np.sqrt(_mean(np.square(np.diff(past, axis=1))))


def _mean(values: Array) -> Array:
    """Along rows, NaN left out; 0 where there is nothing else."""
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(1) / np.maximum(known.sum(1), 1)
