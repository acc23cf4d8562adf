"""The grid of time: a long table of values as series with one value a step, without holes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pellucid.data.checking import require_column
from pellucid.data.steps import YEAR, Steps
from pellucid.data.table import Table
from pellucid.errors import Mend, Mends
from pellucid.kinds.cells import number_style, numbers, texts
from pellucid.kinds.contract import Array
from pellucid.kinds.date import moments

TIMES = ("time of the year (cosine)", "time of the year (sine)")


# A zone stands behind a time of day: without one "-01" would be a day.
ZONE = re.compile(r":\d\d(?:\.\d+)? ?(Z|[+-]\d\d(?::?\d\d)?)$")


@dataclass(frozen=True)
class Line:
    """One series on its grid, without holes: NaN where nothing is known."""

    name: str
    index: Array
    columns: Mapping[str, Array]
    fixed: Mapping[str, object]


@dataclass(frozen=True)
class Grid:
    """Which columns hold time, series and values, and the steps that they go in."""

    target: str
    time: str
    series: str | None
    steps: Steps
    dates: bool
    known: tuple[str, ...]  # columns whose values are known ahead
    seen: tuple[str, ...]  # columns that are known up to now only
    fixed: tuple[str, ...]  # columns with one value a series
    levels: Mapping[str, tuple[str, ...]]  # of the known columns that hold names
    yearly: bool  # whether the time of the year is told

    def __post_init__(self) -> None:
        if not self.steps.size > 0:
            raise ValueError(f"steps of {self.steps.size} cannot be")

    def read(self, table: Table, mends: Mends, ahead: int) -> list[Line]:
        """Every series on its grid; the time of the year is told for `ahead` steps more."""
        columns = [self.time, *([self.series] if self.series else []), *self.known, *self.seen]
        for name in (self.time, self.target, *([self.series] if self.series else [])):
            require_column(table, name)
        wanted = [c for c in (*columns, self.target, *self.fixed) if c in table.columns]
        cells = table.lazy.select(list(dict.fromkeys(wanted))).collect()
        for name in (c for c in (*columns, *self.fixed) if c not in cells.columns):
            fault = "the column is absent"
            mends.add(Mend(fault, "taken as missing", cells.height, name))
            cells = cells.with_columns(pl.lit(None, pl.String).alias(name))
        return list(self._gridded(cells, table, mends, ahead))

    def _columns(self, cells: pl.DataFrame) -> dict[str, Array]:
        """Every column that goes on in time as numbers, NaN where missing."""
        found = {}
        for name in (self.target, *self.known, *self.seen):
            if name in self.levels:
                text = texts(cells[name])
                for level in self.levels[name]:
                    found[f"{name} = {level}"] = (text == level).cast(pl.Float64).to_numpy()
                continue
            read = numbers(cells[name], number_style(cells[name])[0])
            found[name] = read.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
            found[name][~np.isfinite(found[name])] = np.nan
        return found

    def _gridded(
        self, cells: pl.DataFrame, table: Table, mends: Mends, ahead: int
    ) -> Iterator[Line]:
        """Each series in the order of time, one value a step."""
        when = moments_of(cells[self.time], self.dates)
        lost = when.is_null() | when.is_nan().fill_null(True)
        where = tuple(table.place(int(row)) for row in lost.arg_true().head(3))
        mends.add(
            Mend("no moment that can be read", "row skipped", int(lost.sum()), self.time, where)
        )
        order = np.flatnonzero(~lost.to_numpy())
        moment = when.to_numpy()[order]
        names = texts(cells[self.series]).fill_null("") if self.series else None
        code = np.zeros(len(order)) if names is None else names.rank("dense").to_numpy()[order]
        unsorted = int((np.diff(moment)[np.diff(code) == 0] < 0).sum())
        mends.add(Mend("row before an earlier one", "sorted by time", unsorted, self.time))
        sort = np.lexsort((moment, code))
        order, moment, code = order[sort], moment[sort], code[sort]
        off = int(self.steps.moved(moment).sum())
        mends.add(
            Mend(f"moment off the steps of {self.steps}", "moved to the nearest", off, self.time)
        )
        columns = {name: values[order] for name, values in self._columns(cells).items()}
        index = self.steps.index(moment)
        bounds = np.flatnonzero(np.diff(code)) + 1
        twice = gaps = 0
        for part in np.split(np.arange(len(order)), bounds):
            own = {name: values[part] for name, values in columns.items()}
            made, repeated, empty = _filled(index[part], own)
            twice, gaps = twice + repeated, gaps + empty
            row = int(order[part[0]])
            name = "" if names is None else names[row]
            fixed = {column: cells[column][row] for column in self.fixed}
            yield self.with_year(replace(made, name=name, fixed=fixed), ahead)
        several = "" if self.series else " (are they several series? then name theirs: --series)"
        averaged = f"averaged into one{several}"
        mends.add(Mend("row of a step that has one already", averaged, twice, self.time))
        mends.add(Mend("step without a row", "left as a gap", gaps, self.time))

    def with_year(self, line: Line, ahead: int) -> Line:
        """The series with the time of the year beside it, where that is told, and room to come."""
        index = np.arange(line.index[0], line.index[-1] + ahead + 1)
        columns = dict(line.columns)
        if self.yearly:
            turn = self.steps.moment(index) / YEAR * 2 * np.pi
            columns |= dict(zip(TIMES, (np.cos(turn), np.sin(turn)), strict=True))
        return replace(line, columns=columns)

    def moments(self, cells: pl.Series) -> Array:
        """Cells of the time column as seconds since 1970 or as numbers; NaN where unreadable."""
        read = moments_of(cells, self.dates).cast(pl.Float64)
        return np.asarray(read.fill_null(float("nan")).to_numpy())

    def index_of(self, cells: pl.Series) -> Array:
        """The steps of moments."""
        return self.steps.index(moments_of(cells, self.dates).to_numpy())

    def written(self, index: Array, zone: str = "") -> pl.Series:
        """The moments of steps as a person writes them, in the zone "Z" or "+02:00" if given."""
        when = self.steps.moment(index)
        if not self.dates:
            whole = np.allclose(when, np.round(when))
            return pl.Series(when).cast(pl.Int64) if whole else pl.Series(when)
        stamps = pl.Series(((when + _ahead_of_utc(zone)) * 1e6).astype("datetime64[us]"))
        days = not zone and bool((np.mod(when, 86_400) == 0).all())
        return stamps.dt.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M:%S") + zone


def zone_of(cells: pl.Series) -> str:
    """The zone that the last moment is written in, "Z" or "+02:00"; "" where it has none."""
    last = cells.drop_nulls().tail(1)
    if isinstance(last.dtype, pl.Datetime) and last.dtype.time_zone is not None:
        last = last.dt.strftime("%H:%M:%S%:z")
    if last.dtype != pl.String or not len(last):
        return ""
    found = ZONE.search(last[0].strip())
    if found is None or found[1] == "Z":
        return "" if found is None else "Z"
    digits = found[1].replace(":", "").ljust(5, "0")
    return f"{digits[:3]}:{digits[3:]}"


def _ahead_of_utc(zone: str) -> int:
    """Seconds by which a clock there is ahead."""
    if zone in ("", "Z"):
        return 0
    minutes = 60 * int(zone[1:3]) + int(zone[4:6])
    return 60 * (-minutes if zone[0] == "-" else minutes)


def moments_of(cells: pl.Series, dates: bool) -> pl.Series:
    """Seconds since 1970, or the numbers that tell the time; null where there is none."""
    if dates:
        return moments(cells, None)
    return numbers(cells, number_style(cells)[0])


def _filled(index: Array, columns: Mapping[str, Array]) -> tuple[Line, int, int]:
    """One value for each step from the first to the last; how many were averaged, and are empty."""
    steps, place = np.unique(index, return_inverse=True)
    whole = np.arange(steps[0], steps[-1] + 1)
    made = {}
    for name, values in columns.items():
        known = np.isfinite(values)
        sums = np.bincount(place[known], values[known], len(steps))
        counts = np.bincount(place[known], minlength=len(steps))
        full = np.full(len(whole), np.nan)
        full[steps - steps[0]] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        made[name] = full
    return Line("", whole, made, {}), len(index) - len(steps), len(whole) - len(steps)
