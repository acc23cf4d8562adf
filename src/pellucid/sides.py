"""Which rows learn, which choose and which prove: what was asked, what time and file names say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from pellucid.data.file_names import file_groups
from pellucid.data.splitting import Split, duplicate_blocks, latest_chosen, repeated, split
from pellucid.data.table import Table
from pellucid.errors import DataError, Mends, UsageError
from pellucid.kinds import Array, Kind, recognise
from pellucid.kinds.cells import texts
from pellucid.kinds.date import Date
from pellucid.kinds.number import Number
from pellucid.media.recognition import medium_of
from pellucid.settings import Settings


def sides_of(
    tables: tuple[Table, ...],
    answers: pl.DataFrame,
    usable: Array,
    settings: Settings,
    own: str | None,
    prove: bool,
) -> tuple[Split, Array]:
    """The split over usable rows, and the block of every row."""
    _check_asked(settings, own)
    inputs = [c for c in tables[0].columns if c not in answers.columns and c != own]
    blocks = _blocks(tables, inputs, settings.group)
    named = None
    if settings.group is None and settings.time is None and len(tables) == 1:
        named, blocks = _named_groups(tables[0], inputs, answers, blocks, own)
    strata = answers.to_series(0)[usable]
    order = _order(tables[0], settings.time)
    column = None if own is None else tables[0].column(own)
    if column is not None and named:
        latest = latest_chosen(column, blocks)
        named += "" if latest is None else "; they are in order, and the latest before those choose"
        column = column if latest is None else latest
    test = np.zeros(0, np.int64)
    if len(tables) > 1:
        test = usable[usable >= tables[0].height]
        usable = usable[usable < tables[0].height]
        strata = strata[: len(usable)]
    made = split(
        strata,
        blocks=blocks[usable],
        order=None if order is None else order[usable],
        own=None if column is None else column[usable],
        seed=settings.seed,
        prove=prove and len(test) == 0,
    )
    how = tables[0].how or made.how
    how += f"; {named}" if named else ""
    how += f"; rows of one {settings.group!r} stay together" if settings.group else ""
    how += "; your own test rows prove" if len(tables) > 1 else ""
    made = replace(made, how=how)
    held = np.concatenate([usable[made.prove], test])
    made = replace(made, learn=usable[made.learn], choose=usable[made.choose], prove=held)
    if (own is not None or len(tables) > 1) and tables[0].windows is None:
        made = replace(made, repeats=repeated(tables, inputs, made))
    return made, blocks


def _check_asked(settings: Settings, own: str | None) -> None:
    """UsageError where two splits are asked for that exclude each other."""
    if settings.group is not None and settings.time is not None:
        raise UsageError(
            "group and time ask for different splits, and rows of one group can lie in past and "
            "future alike; give only one of them."
        )
    if own is not None and settings.time is not None:
        raise UsageError(
            f"{own!r} says how the rows are split, and so does time; give only one of them."
        )


def _blocks(tables: tuple[Table, ...], inputs: list[str], group: str | None) -> Array:
    """Rows of the user's own test table are on a side of their own: each is a block by itself."""
    blocks = np.arange(sum(table.height for table in tables))
    if group is None:
        blocks[: tables[0].height] = duplicate_blocks(tables[0], inputs)
        return blocks
    names = texts(tables[0].column(group)).fill_null("")
    blocks[: tables[0].height] = names.rank("dense").to_numpy() - 1
    return blocks


def _named_groups(
    table: Table, inputs: list[str], answers: pl.DataFrame, blocks: Array, own: str | None
) -> tuple[str | None, Array]:
    """What is told of groups that file names mark, and the blocks that they make.

    If the user's own split has parted the groups they stay together in choosing too; if it has
    them on both sides, that is how it wants to be judged.
    """
    for name in inputs:
        paths = table.column(name)
        if paths.dtype != pl.String or medium_of(paths) is None:
            continue
        groups = file_groups(paths, answers.to_series(0))
        if groups and (own is None or _parted(groups.of_row, table.column(own))):
            words = ", ".join(repr(word) for word in groups.some)
            told = f"files of one group by their names ({words}, … {groups.count:,} in all) stay"
            return f"{told} together", groups.of_row
    return None, blocks


def _parted(groups: Array, sides: pl.Series) -> bool:
    """Whether hardly any group lies on two sides."""
    pairs = pl.DataFrame({"group": groups, "side": sides.cast(pl.String)}).unique()
    return pairs.height <= 1.05 * pairs["group"].n_unique() + 1


def _order(table: Table, column: str | None) -> Array | None:
    if column is None:
        return None
    cells = table.column(column)
    kind: Kind
    for made in (Date, Number):
        if made.matches(cells):
            kind = made.fit(cells.to_frame())
            values = kind.encode(cells.to_frame(), Mends())[kind.kind]
            assert isinstance(values, np.ndarray)
            return values[:, 0].astype(np.float64)
    raise DataError(
        f"The time column {column!r} holds neither dates nor numbers: {recognise(cells)[1]}. "
        "Name a column of dates, or leave --time out."
    )
