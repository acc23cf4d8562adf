"""Splits rows into those to learn from, to choose on and to prove with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pellucid.counts import counted, verb
from pellucid.data.drawing import MANY_ROWS, Rows, as_blocks, draw, thinned
from pellucid.data.identifiers import identifier_reason
from pellucid.data.table import Table
from pellucid.errors import DataError
from pellucid.media.recognition import medium_of

LEARN, CHOOSE, PROVE = 0, 1, 2
NAMES = ("learn", "choose", "prove")
SHARE = 0.15  # of all rows, for each of the two sides that are drawn
MOST_PROVE = 50_000  # more rows narrow no interval that anyone would notice
# To choose on, 5,000 are enough, and the others rather learn; but of the rarest classes of
# millions of rows a few must be there.
ENOUGH_CHOOSE, SHARE_OF_MANY, MOST_CHOOSE = 5_000, 0.02, 20_000
DRAWN = ((PROVE, 2), (CHOOSE, 1))  # the sides that are drawn in turn, and the blocks they leave
FEWEST_ROWS = 5
QUANTILES = 10
NATURAL_REPEATS = 20  # rows for each distinct one; more, and repeats are how such data is
FEW_AGAIN = 0.01  # of the rows to prove on: so few that are learnt from change no figure
FEW_DIFFERENT = 50  # were so few different rows kept together, a side would lack whole sorts

WORDS = {
    LEARN: ("learn", "learning", "train", "training"),
    CHOOSE: ("choose", "choosing", "valid", "validation", "val", "dev", "development"),
    PROVE: ("prove", "proving", "test", "testing", "holdout"),
}


@dataclass(frozen=True)
class Split:
    """Row numbers, ascending, of each side, and how they were found."""

    learn: Rows
    choose: Rows
    prove: Rows
    how: str
    repeats: int = 0  # rows to prove on with the cells of one that is learnt from


def split(
    strata: pl.Series,
    *,
    blocks: Rows,
    order: NDArray[np.float64] | None = None,
    own: pl.Series | None = None,
    seed: int = 0,
    prove: bool = True,
) -> Split:
    """By the user's column, else by time, else at random with equal parts of all strata.

    Rows with the same number in `blocks` stay on one side. `strata` holds the target; each class
    comes to each side if it has three blocks, numbers are cut at their quantiles. `order` is the
    time of each row, NaN if unknown. With `prove=False` the rows to prove with lie elsewhere.
    """
    if len(strata) < FEWEST_ROWS:
        raise DataError(
            f"{counted(len(strata), 'row')} {verb(len(strata), 'is', 'are')} too few to learn "
            f"from; {FEWEST_ROWS} is the least"
        )
    if order is not None and own is None:
        _codes(strata)  # which checks them
        return _by_time(order, prove)
    sides = np.full(len(strata), LEARN) if own is None else _sides(own)
    codes = np.zeros(len(strata), np.int64)
    seen = sides != PROVE  # answers of the user's own proving rows must not move any other row
    codes[seen] = _codes(strata.filter(pl.Series(seen)))
    how = "at random, stratified by the target" if own is None else f"by the column {own.name!r}"
    generator = np.random.default_rng(seed)
    drawn = held_back(int((sides == LEARN).sum()))
    for side, leave in DRAWN:
        if (sides == side).any() or (side == PROVE and not prove):
            continue
        learn = thinned(np.flatnonzero(sides == LEARN), codes, blocks, generator)
        made = as_blocks(codes[learn], blocks[learn])
        sides[learn[draw(made, drawn[side], leave, generator)]] = side
        how += "" if own is None else f", the rows to {NAMES[side]} drawn from those to learn"
    learn, choose, held = (np.flatnonzero(sides == side) for side in (LEARN, CHOOSE, PROVE))
    return Split(learn, choose, held, how)


def folds(
    rows: Rows, strata: pl.Series, blocks: Rows, count: int, seed: int
) -> list[tuple[Rows, Rows]]:
    """`count` times the rows to learn from and those to choose on, each row chosen on once."""
    made = as_blocks(_codes(strata), blocks)
    if len(made.sizes) < 2:
        raise DataError("all rows belong to one group; at least 2 groups are needed")
    count = min(count, len(made.sizes))
    shuffled = np.random.default_rng(seed).permutation(len(made.sizes))
    filled = np.zeros((made.strata.max() + 1, count))  # rows of each stratum in each fold
    fold_of = np.empty(len(made.sizes), np.int64)
    for block in shuffled[np.argsort(-made.sizes[shuffled], kind="stable")]:
        # The fold with the fewest rows of this stratum, among equals the one with fewest rows.
        stratum = made.strata[block]
        fold = np.lexsort((filled.sum(0), filled[stratum]))[0]
        filled[stratum, fold] += made.sizes[block]
        fold_of[block] = fold
    chosen = fold_of[made.of_row]
    return [(rows[chosen != fold], rows[chosen == fold]) for fold in range(count)]


def duplicate_blocks(table: Table, columns: Sequence[str]) -> Rows:
    """For each row the number of the first row with equal cells in these columns, ids aside.

    Where the table holds few different rows, repeats are natural and each row stands for itself.
    """
    columns = _telling(table, columns)
    if not columns:
        return np.arange(table.height)
    hashes = _hashes(table, columns)
    order = np.argsort(hashes, kind="stable")
    sorted_hashes = hashes[order]
    new = np.append(True, sorted_hashes[1:] != sorted_hashes[:-1])
    if _natural(int(new.sum()), table.height):
        return np.arange(table.height)
    start = np.maximum.accumulate(np.where(new, np.arange(table.height), 0))
    blocks = np.empty(table.height, np.int64)
    blocks[order] = order[start]
    return blocks


def repeated(tables: Sequence[Table], columns: Sequence[str], split: Split) -> int:
    """How many rows to prove on have the same cells as a row that is learnt from, ids aside."""
    known = [c for c in columns if all(c in table.columns for table in tables)]
    known = _telling(tables[0], known)
    if not known or not len(split.prove):
        return 0
    hashes = np.concatenate([_hashes(table, known) for table in tables])
    if _natural(len(np.unique(hashes)), len(hashes)):
        return 0
    seen = np.concatenate([split.learn, split.choose])
    return int(np.isin(hashes[split.prove], hashes[seen]).sum())


def told_of_repeats(split: Split) -> str | None:
    """A warning where so many rows to prove on repeat learnt ones that performance may be less."""
    again, rows = split.repeats, len(split.prove)
    if again <= FEW_AGAIN * rows:
        return None
    return (
        f"{again:,} of {counted(rows, 'row')} to prove on {verb(again, 'has', 'have')} the same "
        "inputs as a row that is learnt from: performance may be less on rows that are new"
    )


def _telling(table: Table, columns: Sequence[str]) -> list[str]:
    """The columns that hold no ids."""
    contents = [name for name in columns if table.weight([name])]  # a slice of them has few rows
    others = [name for name in columns if name not in contents]
    frames = [next(table.batches(names), pl.DataFrame()) for names in (others, contents) if names]
    telling = {
        column.name
        for frame in frames
        for column in frame
        if medium_of(column) is not None or identifier_reason(column) is None
    }
    return [name for name in columns if name in telling]


def _hashes(table: Table, columns: Sequence[str]) -> NDArray[np.uint64]:
    batches = table.batches(columns)
    return np.concatenate([frame.hash_rows(seed=0).to_numpy() for frame in batches])


def _natural(distinct: int, rows: int) -> bool:
    """Whether there are few different rows, so that repeats are how such data is."""
    return distinct * (NATURAL_REPEATS if distinct > FEW_DIFFERENT else 2) < rows


def latest_chosen(own: pl.Series, blocks: Rows) -> pl.Series | None:
    """The user's split with the last of the learning blocks to choose on, where rows are in order.

    They are where each block's rows follow one another and all rows to prove on come last: frames
    of a film, seconds of a drive. Blocks drawn at random lie between others of the same moment and
    are answered too well, so that what is chosen on them fails on what comes later. None elsewhere,
    and where the user says which rows to choose on.
    """
    sides = _sides(own)
    learn, prove = (np.flatnonzero(sides == side) for side in (LEARN, PROVE))
    if (sides == CHOOSE).any() or not len(prove) or prove[0] < learn[-1]:
        return None
    begins = np.append(True, blocks[1:] != blocks[:-1])
    if begins.sum() > len(np.unique(blocks)):
        return None
    begin = np.flatnonzero(begins[: learn[-round(SHARE * len(learn)) or -1] + 1])[-1]
    if begin < len(learn) / 2:
        return None
    chosen = pl.Series((sides == LEARN) & (np.arange(len(own)) >= begin))
    words = pl.select(pl.when(chosen).then(pl.lit("choose")).otherwise(own.cast(pl.String)))
    return words.to_series().alias(own.name)


def _sides(own: pl.Series) -> Rows:
    """The side that each cell of the user's column names."""
    known = {word: side for side, words in WORDS.items() for word in words}
    cells = own.cast(pl.String).str.strip_chars().str.to_lowercase()
    sides = cells.replace_strict(known, default=None, return_dtype=pl.Int64)
    if sides.null_count():
        bad = own.filter(sides.is_null())
        raise DataError(
            f"column {own.name!r} should say train, valid or test in every row, but {len(bad):,} "
            f"hold something else, such as {bad[0]!r}"
        )
    if not (sides == LEARN).any():
        raise DataError(
            f"column {own.name!r} marks no row as train; there is nothing to learn from"
        )
    return sides.to_numpy().copy()


def held_back(rows: int) -> dict[int, float]:
    """How many of so many rows are drawn to prove with and to choose on."""
    choose = min(max(ENOUGH_CHOOSE, SHARE_OF_MANY * rows), MOST_CHOOSE)
    return {PROVE: min(SHARE * rows, MOST_PROVE), CHOOSE: min(SHARE * rows, choose)}


def _by_time(order: NDArray[np.float64], prove: bool) -> Split:
    """The latest rows prove, those before them choose; rows of the same time are not parted."""
    known = np.where(np.isnan(order), -np.inf, order)
    rows = np.argsort(known, kind="stable")
    times, drawn = known[rows], held_back(len(rows))
    end = _cut(times, len(rows) - round(drawn[PROVE])) if prove else len(rows)
    begin = _cut(times[:end], end - round(drawn[CHOOSE]))
    unknown = int(np.isnan(order).sum())
    how = f"by time: the past learns, the latest rows {'prove' if prove else 'choose'}" + (
        f"; {counted(unknown, 'row')} without a time {verb(unknown, 'learns', 'learn')}"
        if unknown
        else ""
    )
    return Split(np.sort(rows[:begin]), np.sort(rows[begin:end]), np.sort(rows[end:]), how)


def _cut(times: NDArray[np.float64], at: int) -> int:
    """The change of time nearest to a position."""
    changes = np.flatnonzero(times[1:] != times[:-1]) + 1
    if not changes.size:
        raise DataError(
            "the time column has too few different values to part past from future; leave it out"
        )
    return int(changes[np.abs(changes - at).argmin()])


def _codes(strata: pl.Series) -> Rows:
    """Classes as numbers from 0; many different numbers as the tenth in which they lie."""
    distinct = strata.n_unique()
    if distinct < 2:
        raise DataError(
            f"every row has the same {strata.name!r}: {strata[0]!r}; there is nothing to learn, "
            "name another target"
        )
    if strata.dtype == pl.String and distinct > QUANTILES:
        numbers = strata.str.strip_chars().str.replace(",", ".").cast(pl.Float64, strict=False)
        strata = strata if numbers.null_count() > strata.null_count() else numbers
    rows_of_each = 2 if strata.dtype.is_integer() else QUANTILES
    if strata.dtype.is_numeric() and distinct * rows_of_each > len(strata):
        values = strata.cast(pl.Float64).fill_null(np.nan).to_numpy()
        parts = int(np.clip(len(strata) // 20, 1, QUANTILES))
        some = values[:: len(values) // MANY_ROWS + 1]
        edges = np.nanquantile(some, np.arange(1, parts) / parts)
        return np.searchsorted(edges, values, side="right").astype(np.int64)
    values_of = strata.unique(maintain_order=True)
    codes = strata.replace_strict(values_of, np.arange(len(values_of)), return_dtype=pl.Int64)
    return codes.to_numpy()
