"""A sample of rows in which the contents of files are kept whole for a few rows only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pellucid.data.table import BATCH_BYTES, Table
from pellucid.media.recognition import EXTENSIONS, medium_of

Rows = NDArray[np.int64]
HEAD = 256  # bytes that a medium is known by
SHORT = 1_024  # bytes of a cell up to which it is its own gist
KEPT_BYTES, FEWEST = 256 * 2**20, 400  # of whole contents; rows of each column at least
MOST = 2_000  # rows of each column whose contents are kept whole: no kind looks at more


@dataclass(frozen=True)
class Sample:
    """Some rows of a table.

    The contents of pictures, sounds and films are there by their gist, which tells their medium
    and which of them are the same.
    """

    cells: pl.DataFrame
    contents: pl.DataFrame = field(default_factory=pl.DataFrame)  # whole, of a few rows
    rows: Rows = field(default_factory=lambda: np.zeros(0, np.int64))  # the places of these

    def whole(self, columns: Sequence[str]) -> pl.DataFrame:
        """The columns as they are; of those with contents the few rows that have them whole."""
        heavy = [name for name in columns if name in self.contents.columns]
        if not heavy:
            return self.cells.select(columns)
        return self.cells.select(columns)[self.rows].with_columns(self.contents.select(heavy))


def sampled(
    table: Table, rows: Rows, columns: Sequence[str], kinds: Mapping[str, str], first: int
) -> Sample:
    """The given rows of a table; `kinds` are those that the user gave.

    A medium is recognised in the `first` rows.
    """
    heavy = [name for name in columns if table.weight([name]) > SHORT]
    if not heavy:
        return Sample(table.take(rows, columns))
    gists = _gists(table, rows, heavy)
    media = [
        name
        for name in heavy
        if (kinds[name] in EXTENSIONS if name in kinds else medium_of(gists[name].head(first)))
    ]
    others = table.take(rows, [name for name in columns if name not in media])
    cells = others.with_columns(gists.select(media)) if others.width else gists
    few = _few(gists.select(media), table.weight(media))
    contents = table.take(rows[few], media) if media else pl.DataFrame()
    return Sample(cells.select(columns), contents, few)


def _gists(table: Table, rows: Rows, heavy: Sequence[str]) -> pl.DataFrame:
    """The gists of all cells, no more of which are in memory at once than a slice holds."""
    most = max(1, BATCH_BYTES // table.weight(heavy))
    parts = []
    for start in range(0, len(rows), most):
        frame = table.take(rows[start : start + most], heavy)
        parts.append(frame.select(pl.Series(c.name, map(_gist, c), pl.Binary) for c in frame))
    return pl.concat(parts)


def _gist(cell: bytes | None) -> bytes | None:
    if cell is None or len(cell) <= SHORT:
        return cell
    return cell[:HEAD] + hashlib.sha256(cell).digest()


def _few(gists: pl.DataFrame, weight: int) -> Rows:
    """Places from all over in which each column has something, as many as are not too heavy."""
    most = int(np.clip(KEPT_BYTES // max(1, weight), FEWEST, MOST))
    found = [np.zeros(0, np.int64)]
    for column in gists:
        there = np.flatnonzero(column.is_not_null().to_numpy())
        found.append(there[:: -(-len(there) // most) or 1])
    return np.unique(np.concatenate(found))
