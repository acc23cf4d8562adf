"""Draws rows at random: whole blocks of them, in equal parts of all strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import DataError

Rows = NDArray[np.int64]

MANY_ROWS, RARE_ROWS = 1_000_000, 1_000


@dataclass(frozen=True)
class Blocks:
    """Rows that stay together, numbered from 0."""

    of_row: Rows
    sizes: Rows
    strata: Rows  # of each block: the rarest among its rows


def as_blocks(codes: Rows, blocks: Rows) -> Blocks:
    """Number the blocks and find the stratum of each."""
    counts = np.bincount(blocks)
    of_row = (np.cumsum(counts > 0) - 1)[blocks]
    sizes = counts[counts > 0]
    common_first = np.argsort(-np.bincount(codes)[codes], kind="stable")
    strata = np.empty(len(sizes), np.int64)
    strata[of_row[common_first]] = codes[common_first]  # what is written last stays
    return Blocks(of_row, sizes, strata)


def thinned(rows: Rows, codes: Rows, blocks: Rows, generator: np.random.Generator) -> Rows:
    """Of many rows some whole blocks, among them all with a rare class: plenty to draw from."""
    if len(rows) <= MANY_ROWS:
        return rows
    kept = generator.random(blocks.max() + 1) < MANY_ROWS / len(rows)
    kept[blocks[rows[np.bincount(codes[rows])[codes[rows]] < RARE_ROWS]]] = True
    some: Rows = rows[kept[blocks[rows]]]
    return some


def draw(
    blocks: Blocks, wanted: float, leave: int, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """The rows of whole blocks, about `wanted`, in equal parts of all strata."""
    if len(blocks.sizes) <= leave:
        raise DataError(
            f"the rows form only {len(blocks.sizes)} groups that must stay together; at least "
            f"{leave + 1} are needed to learn, to choose and to prove"
        )
    taken = _take(blocks.sizes, blocks.strata, wanted, leave, generator)
    if blocks.sizes[taken].sum() < wanted / 2:  # few large blocks: equal parts cannot be had
        taken = _take(blocks.sizes, np.zeros_like(blocks.strata), wanted, leave, generator)
    if not taken.any():
        taken[blocks.sizes.argmin()] = True
    return taken[blocks.of_row]


def _take(
    sizes: Rows, strata: Rows, wanted: float, leave: int, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Which blocks to take: in random order while they fit into their stratum's part.

    A stratum with more than `leave` blocks gives at least one and keeps at least `leave`.
    """
    shuffled = generator.permutation(len(sizes))
    shuffled = shuffled[sizes[shuffled] <= max(wanted, 1) * 1.5]
    small = shuffled[sizes[shuffled] <= max(wanted / 4, 1)]
    usable = small if sizes[small].sum() > 2 * wanted else shuffled
    ordered = usable[np.argsort(strata[usable], kind="stable")]
    size, stratum = sizes[ordered], strata[ordered]
    rows, count = np.bincount(stratum, size), np.bincount(stratum)
    ideal = np.cumsum(rows) * min(wanted / max(rows.sum(), 1), 0.5)
    part = np.diff(np.floor(ideal + generator.random()), prepend=0.0)
    part[count <= leave] = 0
    if (count > leave).sum() < 1.5 * wanted:
        part = np.where(count > leave, np.maximum(part, 1), 0)
    before, position = _running(size, stratum), _running(np.ones_like(size), stratum)
    inside = (before + size / 2 <= part[stratum]) & (position < count[stratum] - leave)
    taken = np.zeros(len(sizes), bool)
    taken[ordered[inside]] = True
    return taken


def _running(values: Rows, groups: Rows) -> Rows:
    """The sum of the values before each one in its group; groups lie together."""
    before = np.cumsum(values) - values
    first = np.append(True, groups[1:] != groups[:-1]) if groups.size else np.zeros(0, bool)
    start = np.maximum.accumulate(np.where(first, np.arange(groups.size), 0))
    return np.asarray(before - before[start], np.int64)
