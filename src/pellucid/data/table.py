"""A table: named columns of raw cells, in memory or on disk, read in slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from pellucid.errors import Mend

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Table:
    """Rows of raw cells; `lazy` stands over a frame in memory or a Parquet file on disk.

    Cells of text files are strings just as they were written; kinds give them meaning.
    `rows` numbers the rows for messages: `place(i)` is "line 17" in a text file, else "row 16".
    """

    name: str
    lazy: pl.LazyFrame
    height: int
    mends: tuple[Mend, ...] = ()
    keep_alive: object = field(default=None, repr=False, compare=False)  # a temporary folder

    @property
    def columns(self) -> list[str]:
        """The column names in order."""
        return self.lazy.collect_schema().names()

    def column(self, name: str) -> pl.Series:
        """All cells of one column."""
        return self.lazy.select(name).collect().to_series()

    def batches(
        self, columns: Sequence[str] | None = None, size: int = BATCH_ROWS
    ) -> Iterator[pl.DataFrame]:
        """Slices of `size` rows in order, holding one slice in memory at a time."""
        chosen = self.lazy if columns is None else self.lazy.select(columns)
        for start in range(0, self.height, size):
            yield chosen.slice(start, size).collect()

    def take(self, rows: Sequence[int], columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The given rows (few of them), in the given order."""
        chosen = self.lazy if columns is None else self.lazy.select(columns)
        frames = [chosen.slice(row, 1).collect() for row in rows]
        return pl.concat(frames) if frames else chosen.head(0).collect()
