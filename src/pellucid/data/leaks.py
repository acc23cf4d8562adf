"""Finds columns that alone give the target away."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pellucid.data.numbers import CLASSES, Numbers, as_numbers, is_number

Codes = NDArray[np.int64]

MOST_ROWS = 5_000
FEWEST_ROWS = 50  # in fewer rows some column fits by chance
BINS, BIN_ROWS = 256, 8
CORRELATION, ACCURACY = 0.98, 0.99


def find_leaks(frame: pl.DataFrame, columns: list[str], target: str) -> Iterator[str]:
    """One warning for each column that on its own nearly determines the target."""
    known = frame.filter(pl.col(target).is_not_null())
    some = known.gather_every(max(1, -(-known.height // MOST_ROWS)))
    if some.height < FEWEST_ROWS:
        return
    quantity = as_numbers(some[target]) if is_number(some[target]) else None
    classes = _codes(some[target])
    for name in columns:
        how = (
            _class_leak(some[name], classes)
            if quantity is None
            else _number_leak(some[name], quantity)
        )
        if how:
            yield (
                f"{name!r} alone gives {target!r} away ({how}). Unless it is known before "
                f"{target!r} is, leave it out: --ignore {shlex.quote(name)}"
            )


def _number_leak(column: pl.Series, target: Numbers) -> str | None:
    """By Spearman's rank correlation over the rows where both are known."""
    values = as_numbers(column)
    if values is None:
        return None
    both = ~np.isnan(values) & ~np.isnan(target)
    if both.sum() < FEWEST_ROWS or np.ptp(values[both]) == 0:
        return None
    ranks = [pl.Series(side[both]).rank().to_numpy() for side in (values, target)]
    correlation = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return f"rank correlation {correlation:.3f}" if abs(correlation) > CORRELATION else None


def _class_leak(column: pl.Series, target: Codes) -> str | None:
    """By the accuracy, on rows not looked at, of the usual class for each value or range."""
    usual = np.bincount(target).max() / len(target)
    values = as_numbers(column)
    binned = _codes(column) if values is None else _bins(values)
    accuracy = _lone_accuracy(binned, target)
    if values is not None and accuracy > 0.9 and len(np.unique(values)) > CLASSES:
        accuracy = _tree_accuracy(values, target)
    leak = accuracy >= ACCURACY and 1 - accuracy <= 0.2 * (1 - usual)
    guessed = f"always the majority class: {usual:.1%}"
    return f"{accuracy:.1%} right on its own; {guessed}" if leak else None


def _lone_accuracy(binned: Codes, target: Codes) -> float:
    """Each half predicted by the most frequent class of each bin in the other half."""
    half = np.random.default_rng(0).permutation(len(target)) % 2 == 0
    right = 0
    for learn in (half, ~half):
        counts = np.zeros((binned.max() + 1, target.max() + 1), np.int64)
        np.add.at(counts, (binned[learn], target[learn]), 1)
        guess = np.where(counts.any(1), counts.argmax(1), np.bincount(target[learn]).argmax())
        right += int((guess[binned[~learn]] == target[~learn]).sum())
    return right / len(target)


def _tree_accuracy(values: Numbers, target: Codes) -> float:
    """Of a small decision tree, which finds the thresholds that bins only come near."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.tree import DecisionTreeClassifier

    classes = np.bincount(target)
    kept = classes[target] >= 3  # cross-validation in three parts needs as many
    tree = DecisionTreeClassifier(max_leaf_nodes=max(8, 2 * len(classes)), random_state=0)
    parts = StratifiedKFold(3, shuffle=True, random_state=0)
    finite = np.nan_to_num(values[kept], nan=np.nanmin(values) - 1, posinf=1e300, neginf=-1e300)
    right = cross_val_score(tree, finite[:, None], target[kept], cv=parts).mean()
    return float(right * kept.mean())  # the others are not told


def _bins(values: Numbers) -> Codes:
    """Each distinct number for itself, or many of them in ranges of equal counts; 0 is missing."""
    values = np.where(np.isinf(values), np.nan, values)
    known = values[~np.isnan(values)]
    edges = np.unique(known)
    bins = min(BINS, max(CLASSES, len(values) // BIN_ROWS))
    if len(edges) > bins:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, bins)))
    return np.where(np.isnan(values), 0, np.searchsorted(edges, values, side="right"))


def _codes(column: pl.Series) -> Codes:
    return column.cast(pl.String).rank("dense").fill_null(0).to_numpy().astype(np.int64)
