"""Windows: from series that go on in time, rows of what came before and what came next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends
from pellucid.grid import TIMES, Grid, Line, zone_of
from pellucid.kinds.contract import Array
from pellucid.kinds.forecast import FURTHEST, LONGEST, ahead, before

FEWEST = 10  # windows to learn from, and steps of the past
MOST_JUDGED = 20_000  # windows of a table that is evaluated
SPLIT = "side of the split"


@dataclass(frozen=True)
class Row:
    """A window: a series, and the last of its places that is known."""

    series: Line
    origin: int


@dataclass(frozen=True)
class Windows(Grid):
    """How windows are made: found while learning, the same ever after."""

    horizon: int
    length: int  # steps of the past in a window
    seasons: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.horizon <= FURTHEST or not 0 < self.length <= LONGEST:
            raise ValueError(f"windows of {self.length} and {self.horizon} steps cannot be")

    def of(self, table: Table, mends: Mends) -> Table:
        """One window for each series: its latest past, and what is known of the steps to come."""
        if before(self.target) in table.columns:
            return table
        series = self.read(table, mends, self.horizon)
        rows = [row for each in series if (row := self._latest(each)) is not None]
        if not rows:
            raise DataError(f"{table.name} has no value of {self.target!r} to forecast from.")
        found = {row.series.name for row in rows}
        empty = [each.name for each in series if each.name not in found]
        fault = f"series without a value of {self.target!r}"
        mends.add(Mend(fault, "not forecast", len(empty), self.series, tuple(empty[:3])))
        self._mend_unknown(rows, [c for c in self.known if c in table.columns], mends)
        return self.table(rows, table, ())

    def _mend_unknown(self, rows: Sequence[Row], columns: Sequence[str], mends: Mends) -> None:
        """Count the steps to come of which a column that is known ahead says nothing."""
        for column in columns:
            values = [_known_ahead(row, column, self.horizon) for row in rows]
            unknown = sum(self.horizon - int(np.isfinite(each).sum()) for each in values)
            fault = "a step to come for which nothing is known ahead"
            mends.add(Mend(fault, "the column is taken to be as usual there", unknown, column))

    def rolling(self, table: Table, mends: Mends) -> Table:
        """Every window of every series with what came next; at regular steps if they are many."""
        if before(self.target) in table.columns:
            return table
        series = self.read(table, mends, self.horizon)
        every = -(-sum(len(each.index) for each in series) // MOST_JUDGED)
        origins = [np.flatnonzero(each.index % every == 0) for each in series]
        rows = [
            row
            for each, own in zip(series, origins, strict=True)
            for row in self.rolled(each, own[own >= FEWEST - 1])
        ]
        passed = sum(len(each.index) for each in series) - sum(map(len, origins))
        fault = f"step from which nothing is forecast, for {MOST_JUDGED:,} windows say enough"
        mends.add(Mend(fault, "passed over", passed, self.time))
        if not rows:
            raise DataError(
                f"No series of {table.name} has {FEWEST} steps and {self.horizon} more after them, "
                "so nothing can be evaluated."
            )
        return self.table(rows, table, ())

    def until(self, table: Table, position: int, mends: Mends) -> Table:
        """The window whose past ends with a row of the table, with what came next if it is there.

        Of values that the table does not hold the target is missing.
        """
        if before(self.target) in table.columns:
            return table
        names = [self.time, *([self.series] if self.series else [])]
        cells = table.take([position], names)
        name = str(cells[self.series][0]) if self.series else None
        step = int(self.index_of(cells[self.time])[0])
        for series in self.read(table, mends, self.horizon):
            place = int(np.searchsorted(series.index, step))
            here = place < len(series.index) and series.index[place] == step
            if here and name in (None, series.name):
                return self._ending(series, place, table)
        raise DataError(f"{table.place(position)} of {table.name} is in no series to forecast.")

    def _ending(self, series: Line, place: int, table: Table) -> Table:
        row = Row(series, place)
        past = series.columns[self.target][max(0, place + 1 - self.length) : place + 1]
        if not np.isfinite(past).any():
            raise DataError(f"{table.name} has no value of {self.target!r} up to that row.")
        found = self.table([row], table, ())
        if next(self.rolled(series, [place]), None) is None:
            unknown = pl.lit(None, pl.String).alias(self.target)
            found = replace(found, lazy=found.lazy.with_columns(unknown))
        return found

    def unrolled(self, frame: pl.DataFrame, table: Table, first: int) -> pl.DataFrame:
        """Predictions of windows as one row a step: series, time, value, low, high."""
        names = table.lazy.slice(first, frame.height).select(
            *([self.series] if self.series else []), pl.col(self.time)
        ).collect()  # fmt: skip
        lists = [_unlisted(frame[column]) for column in frame.columns]
        origin = self.index_of(names[self.time])
        ahead = np.repeat(origin, self.horizon) + np.tile(
            np.arange(1, self.horizon + 1), len(origin)
        )
        columns = [pl.Series(self.time, self.written(ahead, zone_of(names[self.time])))]
        if self.series:
            each = np.repeat(np.arange(frame.height), self.horizon)
            columns.insert(0, names[self.series].gather(each))
        return pl.DataFrame([*columns, *lists])

    def rolled(self, series: Line, origins: Sequence[int] | Array) -> Iterator[Row]:
        """Windows whose past ends at the given places of a series, if enough came next."""
        values = series.columns[self.target]
        for origin in origins:
            next_ = values[origin + 1 : origin + 1 + self.horizon]
            past = values[max(0, origin + 1 - self.length) : origin + 1]
            if len(next_) < self.horizon or 2 * np.isfinite(next_).sum() < self.horizon:
                continue
            if np.isfinite(past).any():
                yield Row(series, int(origin))

    def _latest(self, series: Line) -> Row | None:
        known = np.flatnonzero(np.isfinite(series.columns[self.target]))
        return Row(series, int(known[-1])) if len(known) else None

    def table(self, rows: Sequence[Row], table: Table, sides: Sequence[str]) -> Table:
        """The windows as a table: time, fixed columns, pasts, what is known ahead, what came."""
        target = [_window(r, self.target, 1, self.horizon) for r in rows]
        columns: dict[str, object] = {}
        if self.series:
            columns[self.series] = [row.series.name for row in rows]
        when = np.array([row.series.index[row.origin] for row in rows])
        columns[self.time] = self.written(when, zone_of(table.column(self.time)))
        for name in self.fixed:
            columns[name] = [row.series.fixed[name] for row in rows]
        going = [name for name in (rows[0].series.columns if rows else ()) if name != self.target]
        ahead_too = {name for name in going if name.partition(" = ")[0] in (*self.known, *TIMES)}
        past = 1 - self.length
        columns[before(self.target)] = [_window(r, self.target, past, self.length) for r in rows]
        for name in going:
            columns[before(name)] = [_window(row, name, past, self.length) for row in rows]
            if name in ahead_too:
                columns[ahead(name)] = [_window(row, name, 1, self.horizon) for row in rows]
        columns[self.target] = target
        if sides:
            columns[SPLIT] = list(sides)
        frame = pl.DataFrame(columns, strict=False)
        whens = frame[self.time].cast(pl.String).to_list()
        named = [f"{row.series.name}, " if self.series else "" for row in rows]
        places = [name + when_ for name, when_ in zip(named, whens, strict=True)]
        return replace(
            table, lazy=frame.lazy(), height=frame.height, lines=None, windows=self,
            made_of=table.height, places=places,
        )  # fmt: skip


def _window(row: Row, column: str, first: int, count: int) -> str:
    """`count` values of a column from `first` steps after the origin on, as a list."""
    values = row.series.columns[column]
    start = row.origin + first
    part = values[max(0, start) : max(0, start + count)]
    whole = np.full(count, np.nan)
    whole[max(0, -start) : max(0, -start) + len(part)] = part
    written = ("null" if value != value else repr(value) for value in whole.tolist())
    return f"[{', '.join(written)}]"


def _known_ahead(row: Row, column: str, horizon: int) -> Array:
    """What is known of the steps to come; of names, whether it is the first of them."""
    own = (name for name in row.series.columns if name.partition(" = ")[0] == column)
    return row.series.columns[next(own)][row.origin + 1 : row.origin + 1 + horizon]


def _unlisted(cells: pl.Series) -> pl.Series:
    """Texts "[1, 2]" as one number a row."""
    parts = cells.str.strip_chars("[]").str.split(", ")
    return parts.list.explode().cast(pl.Float64, strict=False).alias(cells.name)
