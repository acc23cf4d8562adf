"""A table: named columns of raw cells, in memory or on disk, read in slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pellucid.data.lines import Lines
from pellucid.errors import DataError
from pellucid.media.files import ANYWHERE, Files

if TYPE_CHECKING:
    from pellucid.windows import Windows

BATCH_ROWS = 65_536
BATCH_CELLS = 4_000_000  # a slice of a wide table holds fewer rows: 64 MB of string views
BATCH_BYTES = 128 * 2**20  # and so does one of whole files, such as pictures
WEIGHED = 32  # cells at the beginning and in the middle, from which it is known how heavy they are


@dataclass(frozen=True)
class Table:
    """Rows of raw cells; `lazy` stands over a frame in memory or Parquet files on disk.

    Cells of text files are strings just as they were written, an empty field is null; kinds give
    them meaning. Typed sources keep their types.
    """

    name: str
    lazy: pl.LazyFrame
    height: int
    lines: Lines | None = field(default=None, repr=False, compare=False)
    keep_alive: object = field(default=None, repr=False, compare=False)  # a temporary folder
    files: Files = ANYWHERE  # where the files lie that cells name
    target: str | None = None  # what is predicted if nobody says
    listed: str | None = None  # the column of files that were found in a folder, not named by rows
    split: str | None = None  # the column that says which rows are to learn from, likewise
    windows: Windows | None = None  # how its rows were made of a longer table's
    made_of: int | None = None  # rows of that table
    places: Sequence[str] | None = field(default=None, repr=False)  # of rows that stand nowhere
    told: str | None = None  # of how it was made
    how: str | None = None  # of how it was split

    @property
    def rows_given(self) -> int:
        """The rows that the user brought, though windows were made of them."""
        return self.height if self.made_of is None else self.made_of

    @cached_property
    def columns(self) -> list[str]:
        """The column names in order."""
        return self.lazy.collect_schema().names()

    def place(self, row: int) -> str:
        """Where a row stands for a person: "line 17" in a text file, else "row 16", from 1."""
        if self.places is not None:
            return self.places[row]
        return f"row {row + 1:,}" if self.lines is None else f"line {self.lines.of(row):,}"

    def column(self, name: str) -> pl.Series:
        """All cells of one column."""
        return self._collect(self.lazy.select(name)).to_series()

    def batches(
        self, columns: Sequence[str] | None = None, size: int | None = None
    ) -> Iterator[pl.DataFrame]:
        """Slices of `size` rows in order, or fewer where cells hold whole files; one at a time."""
        chosen = self.lazy if columns is None else self.lazy.select(columns)
        size = min(size or BATCH_ROWS, self._slice_rows(columns))
        for start in range(0, self.height, size):
            yield self._collect(chosen.slice(start, size))

    def take(
        self, rows: Sequence[int] | NDArray[np.int64], columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """The given rows in the given order, decoding only the slices that hold them."""
        chosen = self.lazy if columns is None else self.lazy.select(columns)
        wanted = np.asarray(rows, dtype=np.int64)
        if not wanted.size:
            return self._collect(chosen.head(0))
        order = np.argsort(wanted, kind="stable")
        ascending = wanted[order]
        slices = ascending // self._slice_rows(columns)
        frames = []
        for part in np.split(ascending, np.flatnonzero(np.diff(slices)) + 1):
            frame = self._collect(chosen.slice(int(part[0]), int(part[-1] - part[0]) + 1))
            frames.append(frame[part - part[0]])
        back = np.empty_like(order)
        back[order] = np.arange(order.size)
        gathered: pl.DataFrame = pl.concat(frames)[back]
        return gathered

    def _slice_rows(self, columns: Sequence[str] | None) -> int:
        names = self.columns if columns is None else columns
        rows = int(np.clip(BATCH_CELLS // max(len(names), 1), 256, BATCH_ROWS))
        return max(1, min(rows, BATCH_BYTES // max(1, self.weight(names))))

    def weight(self, columns: Sequence[str]) -> int:
        """Bytes of a row in those of the columns that hold the contents of files, about."""
        return sum(self._weights.get(name, 0) for name in columns)

    @cached_property
    def _weights(self) -> dict[str, int]:
        """The mean bytes of a cell of each column of contents."""
        types = self.lazy.collect_schema()
        names = [name for name, dtype in types.items() if dtype == pl.Binary]
        if not names or not self.height:
            return {}
        heavy = self.lazy.select(names)
        places = {0, self.height // 2}
        some = pl.concat([self._collect(heavy.slice(start, WEIGHED)) for start in places])
        sizes = {name: some[name].bin.size().mean() for name in names}
        return {name: int(size) for name, size in sizes.items() if isinstance(size, float)}

    def _collect(self, lazy: pl.LazyFrame) -> pl.DataFrame:
        try:
            return lazy.collect()
        except (pl.exceptions.ComputeError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{self.name} can no longer be read: {reason}") from error
