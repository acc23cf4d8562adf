"""Windows: from a long table of values in time, rows of what came before and what came next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pellucid.data.checking import require_column
from pellucid.data.seasons import seasons_of
from pellucid.data.steps import YEAR, Steps, steps_of
from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends, UsageError
from pellucid.kinds.cells import number_style, numbers, texts
from pellucid.kinds.contract import Array
from pellucid.kinds.date import Date, moments
from pellucid.kinds.forecast import FURTHEST, LONGEST, ahead, before
from pellucid.settings import Settings

SEASONS_SEEN = 6  # in a window, if the series are that long
FEWEST = 10  # windows to learn from, and steps of the past
MOST = {"train": 12_000, "valid": 1_500, "test": 1_500}  # windows of each side
MOST_NUMBERS = 3_000_000  # in the windows to learn from
SHARE = 0.15  # of the steps from which windows are proved, and of those chosen on
MOST_LEVELS = 8  # of a column of names that is known ahead
SPLIT = "side of the split"


@dataclass(frozen=True)
class Windows:
    """How windows are made: found while learning, the same ever after."""

    target: str
    time: str
    series: str | None
    horizon: int
    length: int  # steps of the past in a window
    steps: Steps
    dates: bool
    seasons: tuple[int, ...]
    known: tuple[str, ...]  # columns whose values are known ahead
    seen: tuple[str, ...]  # columns that are known up to now only
    fixed: tuple[str, ...]  # columns with one value a series
    levels: Mapping[str, tuple[str, ...]]  # of the known columns that hold names
    yearly: bool  # whether the time of the year is told

    def __post_init__(self) -> None:
        if not 0 < self.horizon <= FURTHEST or not 0 < self.length <= LONGEST:
            raise ValueError(f"windows of {self.length} and {self.horizon} steps cannot be")
        if not self.steps.size > 0:
            raise ValueError(f"steps of {self.steps.size} cannot be")

    def of(self, table: Table, mends: Mends) -> Table:
        """One window for each series: its latest past, and what is known of the steps to come."""
        if before(self.target) in table.columns:
            return table
        rows = [row for each in self._read(table, mends) if (row := self._latest(each)) is not None]
        if not rows:
            raise DataError(f"{table.name} has no value of {self.target!r} to forecast from.")
        return self._table(rows, table, ())

    def rolling(self, table: Table, mends: Mends) -> Table:
        """Every window of every series with what came next."""
        if before(self.target) in table.columns:
            return table
        series = self._read(table, mends)
        rows = [
            row for each in series for row in self._rolled(each, range(FEWEST - 1, len(each.index)))
        ]
        if not rows:
            raise DataError(
                f"No series of {table.name} has {FEWEST} steps and {self.horizon} more after them, "
                "so nothing can be evaluated."
            )
        return self._table(rows, table, ())

    def unrolled(self, frame: pl.DataFrame, table: Table, first: int) -> pl.DataFrame:
        """Predictions of windows as one row a step: series, time, value, low, high."""
        names = table.lazy.slice(first, frame.height).select(
            *([self.series] if self.series else []), pl.col(self.time)
        ).collect()  # fmt: skip
        lists = [_unlisted(frame[column]) for column in frame.columns]
        origin = self._index_of(names[self.time])
        ahead = np.repeat(origin, self.horizon) + np.tile(
            np.arange(1, self.horizon + 1), len(origin)
        )
        columns = [pl.Series(self.time, self.written(ahead))]
        if self.series:
            each = np.repeat(np.arange(frame.height), self.horizon)
            columns.insert(0, names[self.series].gather(each))
        return pl.DataFrame([*columns, *lists])

    def moments(self, cells: pl.Series) -> Array:
        """Cells of the time column as seconds since 1970 or as numbers; NaN where unreadable."""
        read = _moments(cells, self.dates).cast(pl.Float64)
        return np.asarray(read.fill_null(float("nan")).to_numpy())

    def _index_of(self, cells: pl.Series) -> Array:
        return self.steps.index(_moments(cells, self.dates).to_numpy())

    def written(self, index: Array) -> pl.Series:
        """The moments of steps as a person writes them."""
        when = self.steps.moment(index)
        if not self.dates:
            whole = np.allclose(when, np.round(when))
            return pl.Series(when).cast(pl.Int64) if whole else pl.Series(when)
        stamps = pl.Series((when * 1e6).astype("datetime64[us]"))
        days = bool((np.mod(when, 86_400) == 0).all())
        return stamps.dt.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M:%S")

    # ---- reading -------------------------------------------------------------------------------

    def _read(self, table: Table, mends: Mends) -> list[_Series]:
        columns = [self.time, *([self.series] if self.series else []), *self.known, *self.seen]
        for name in (self.time, self.target, *([self.series] if self.series else [])):
            require_column(table, name)
        wanted = [c for c in (*columns, self.target, *self.fixed) if c in table.columns]
        cells = table.lazy.select(list(dict.fromkeys(wanted))).collect()
        for name in (c for c in (*columns, *self.fixed) if c not in cells.columns):
            fault = "the column is absent"
            mends.add(Mend(fault, "taken as missing", cells.height, name))
            cells = cells.with_columns(pl.lit(None, pl.String).alias(name))
        return list(_gridded(self, cells, table, mends))

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

    # ---- windows -------------------------------------------------------------------------------

    def _rolled(self, series: _Series, origins: Sequence[int] | Array) -> Iterator[_Row]:
        """Windows whose past ends at the given places of a series, if enough came next."""
        values = series.columns[self.target]
        for origin in origins:
            next_ = values[origin + 1 : origin + 1 + self.horizon]
            past = values[max(0, origin + 1 - self.length) : origin + 1]
            if len(next_) < self.horizon or 2 * np.isfinite(next_).sum() < self.horizon:
                continue
            if np.isfinite(past).any():
                yield _Row(series, int(origin))

    def _latest(self, series: _Series) -> _Row | None:
        known = np.flatnonzero(np.isfinite(series.columns[self.target]))
        return _Row(series, int(known[-1])) if len(known) else None

    def _table(self, rows: Sequence[_Row], table: Table, sides: Sequence[str]) -> Table:
        target = [_window(r, self.target, 1, self.horizon) for r in rows]
        columns: dict[str, object] = {}
        if self.series:
            columns[self.series] = [row.series.name for row in rows]
        when = np.array([row.series.index[row.origin] for row in rows])
        columns[self.time] = self.written(when)
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
            table, lazy=frame.lazy(), height=frame.height, lines=None, windows=self, places=places
        )


@dataclass(frozen=True)
class _Series:
    """One series on its grid, without holes: NaN where nothing is known."""

    name: str
    index: Array
    columns: Mapping[str, Array]
    fixed: Mapping[str, object]


@dataclass(frozen=True)
class _Row:
    series: _Series
    origin: int  # the last place that is known


TIMES = ("time of the year (cosine)", "time of the year (sine)")


def windows_of(table: Table, target: Sequence[str], settings: Settings, mends: Mends) -> Table:
    """The table of windows to learn from, each with its side of the split: a rolling origin.

    The latest windows prove, those before them choose, the others learn; windows whose next values
    would reach into those of a later side are left out.
    """
    windows, series = _found(table, target, settings, mends)
    cuts = _cuts(windows, series)
    rng = np.random.default_rng(settings.seed)
    rows: list[_Row] = []
    sides: list[str] = []
    for side, (first, last) in cuts.items():
        ranges = [np.searchsorted(each.index, [first, last + 1]) for each in series]
        origins = [np.arange(max(FEWEST - 1, start), end) for start, end in ranges]
        most = min(MOST[side], MOST_NUMBERS // windows.length)
        share = most / max(1, sum(map(len, origins)))
        found = [
            row
            for each, own in zip(series, origins, strict=True)
            for row in windows._rolled(each, own[rng.random(len(own)) < share])
        ]
        rows += found
        sides += [side] * len(found)
    _enough(windows, sides, table)
    used = {id(row.series) for row in rows}
    short = [each.name for each in series if id(each) not in used]
    fault = f"series too short for {FEWEST} steps of the past and {windows.horizon:,} to come"
    mends.add(Mend(fault, "not learnt from", len(short), windows.series, tuple(short[:3])))
    made = windows._table(rows, table, sides)
    how = (
        f"rolling origin: the last {cuts['test'][1] - cuts['test'][0] + 1:,} steps prove, those "
        "before them choose; no value is in two sides"
    )
    many = f"{len(series):,} series" if windows.series else "one series"
    seasons = " and ".join(f"{season:,}" for season in windows.seasons)
    told = (
        f"{many} in steps of {windows.steps} · "
        + (f"repeats itself after {seasons} steps" if seasons else "no season found")
        + f" · windows of {windows.length:,} steps to predict {windows.horizon:,}"
    )
    return replace(made, split=SPLIT, how=how, told=told)


def _found(
    table: Table, target: Sequence[str], settings: Settings, mends: Mends
) -> tuple[Windows, list[_Series]]:
    """The windows without their length first, for the series tell it."""
    horizon, time = settings.horizon, settings.time
    if len(target) != 1 or time is None or horizon is None:
        raise UsageError(
            "A forecast needs one target, its time column and a horizon: time=, horizon=."
        )
    for name in (target[0], time, *([settings.series] if settings.series else []), *settings.known):
        require_column(table, name)
    others = [c for c in table.columns
              if c not in (target[0], time, settings.series, *settings.ignore)]  # fmt: skip
    named = [settings.series] if settings.series else []
    cells = table.lazy.select(list(dict.fromkeys([*others, *named]))).collect()
    fixed = _fixed(cells, others, settings.series)
    levels = {c: _levels(cells[c], c) for c in settings.known if number_style(cells[c])[1] < 0.95}
    seen = tuple(c for c in others if c not in (*fixed, *settings.known)
                 and number_style(cells[c])[1] >= 0.95)  # fmt: skip
    draft = Windows(
        target[0], time, settings.series, horizon, FEWEST, Steps("number", 1.0, 0.0),
        _dated(table.column(time)), (), tuple(settings.known), seen, fixed, levels, False,
    )  # fmt: skip
    draft = replace(draft, steps=_steps(draft, table))
    left = [c for c in others if c not in (*fixed, *settings.known, *seen)]
    for name in left:
        fault = "a column of names that goes on in time and is not known ahead"
        mends.add(Mend(fault, "left out", 1, name))
    seconds = draft.steps.seconds
    series = draft._read(table, mends)
    values = [each.columns[target[0]] for each in series]
    _changing(values, target[0], table)
    longest = max(len(each) for each in values)
    cut = longest - round(2 * SHARE * longest)  # the sides that prove and choose stay unseen
    seasons = seasons_of([each[:cut] for each in values], seconds)
    yearly = seconds is not None and seconds < YEAR / 24 and longest * seconds > 1.5 * YEAR
    length = _length(horizon, seasons, longest)
    made = replace(draft, seasons=seasons, length=length, yearly=yearly)
    return made, [_with_year(made, each) for each in series]


def _changing(values: Sequence[Array], target: str, table: Table) -> None:
    known = np.concatenate([each[np.isfinite(each)] for each in values])
    if not len(known):
        raise DataError(f"{table.name} has no number in {target!r}, so nothing can be forecast.")
    if np.ptp(known) == 0:
        raise DataError(
            f"{target!r} is {known[0]:g} at every step of {table.name}: there is nothing to "
            "forecast. Name another target."
        )


def _length(horizon: int, seasons: Sequence[int], longest: int) -> int:
    """Some seasons and some horizons of the past, but little enough to leave windows."""
    wanted = max(3 * horizon, SEASONS_SEEN * max(seasons, default=8) + 2, 24)
    return int(np.clip(min(wanted, longest // 2), FEWEST, LONGEST))


def _dated(cells: pl.Series) -> bool:
    if cells.dtype == pl.String and number_style(cells)[1] > 0.95 and Date.matches(cells) is None:
        return False
    if cells.dtype.is_numeric():
        return False
    if Date.matches(cells) is None:
        raise DataError(
            f"The time column {cells.name!r} holds neither dates nor numbers, such as "
            f"{cells.drop_nulls()[:1].to_list()}; name a column of dates with --time."
        )
    return True


def _moments(cells: pl.Series, dates: bool) -> pl.Series:
    if dates:
        return moments(cells, None)
    return numbers(cells, number_style(cells)[0])


def _steps(draft: Windows, table: Table) -> Steps:
    when = _moments(table.column(draft.time), draft.dates).to_numpy()
    names = _names(table, draft.series)
    known = np.isfinite(when)
    if known.sum() < 2:
        raise DataError(f"The time column {draft.time!r} holds fewer than two moments.")
    order = np.lexsort((when[known], names[known]))
    return steps_of(when[known][order], names[known][order], draft.dates)


def _names(table: Table, series: str | None) -> Array:
    if series is None:
        return np.zeros(table.height, np.int64)
    return texts(table.column(series)).fill_null("").rank("dense").to_numpy().astype(np.int64)


def _fixed(cells: pl.DataFrame, others: Sequence[str], series: str | None) -> tuple[str, ...]:
    """Columns with one value in each series."""
    if series is None or not others:
        return ()
    counts = cells.group_by(series).agg(pl.col(c).drop_nulls().n_unique() for c in others)
    return tuple(c for c in others if (counts[c].max() or 0) <= 1)  # type: ignore[operator]


def _levels(cells: pl.Series, column: str) -> tuple[str, ...]:
    """The most frequent names of a column that is known ahead."""
    counts = texts(cells).drop_nulls().alias("level").value_counts(sort=True)
    return tuple(sorted(counts["level"].head(MOST_LEVELS).to_list()))


def _gridded(w: Windows, cells: pl.DataFrame, table: Table, mends: Mends) -> Iterator[_Series]:
    """Each series in the order of time, one value a step."""
    when = _moments(cells[w.time], w.dates)
    lost = when.is_null() | when.is_nan().fill_null(True)
    where = tuple(table.place(int(row)) for row in lost.arg_true().head(3))
    mends.add(Mend("no moment that can be read", "row skipped", int(lost.sum()), w.time, where))
    order = np.flatnonzero(~lost.to_numpy())
    moment = when.to_numpy()[order]
    names = texts(cells[w.series]).fill_null("") if w.series else None
    code = np.zeros(len(order)) if names is None else names.rank("dense").to_numpy()[order]
    unsorted = int((np.diff(moment)[np.diff(code) == 0] < 0).sum())
    mends.add(Mend("row before an earlier one", "sorted by time", unsorted, w.time))
    sort = np.lexsort((moment, code))
    order, moment, code = order[sort], moment[sort], code[sort]
    off = int(w.steps.moved(moment).sum())
    mends.add(Mend(f"moment off the steps of {w.steps}", "moved to the nearest", off, w.time))
    columns = {name: values[order] for name, values in w._columns(cells).items()}
    index = w.steps.index(moment)
    bounds = np.flatnonzero(np.diff(code)) + 1
    twice = gaps = 0
    for part in np.split(np.arange(len(order)), bounds):
        own = {name: values[part] for name, values in columns.items()}
        made, repeated, empty = _filled(index[part], own)
        twice, gaps = twice + repeated, gaps + empty
        row = int(order[part[0]])
        name = "" if names is None else names[row]
        fixed = {column: cells[column][row] for column in w.fixed}
        yield _with_year(w, replace(made, name=name, fixed=fixed))
    mends.add(Mend("row of a step that has one already", "averaged into one", twice, w.time))
    mends.add(Mend("step without a row", "left as a gap", gaps, w.time))


def _filled(index: Array, columns: Mapping[str, Array]) -> tuple[_Series, int, int]:
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
    return _Series("", whole, made, {}), len(index) - len(steps), len(whole) - len(steps)


def _with_year(w: Windows, series: _Series) -> _Series:
    """The series with the time of the year beside it, where that is told, and room to come."""
    index = np.arange(series.index[0], series.index[-1] + w.horizon + 1)
    columns = dict(series.columns)
    if w.yearly:
        turn = w.steps.moment(index) / YEAR * 2 * np.pi
        columns |= dict(zip(TIMES, (np.cos(turn), np.sin(turn)), strict=True))
    return replace(series, columns=columns)


def _cuts(w: Windows, series: Sequence[_Series]) -> dict[str, tuple[int, int]]:
    """The first and the last origin of each side."""
    first = min(int(each.index[0]) for each in series)
    last = max(int(each.index[-1]) for each in series) - w.horizon
    origins = last - first + 1
    proved = int(np.clip(4 * w.horizon, SHARE * origins, max(1, 0.2 * origins)))
    test = last - proved + 1
    valid_end = test - w.horizon
    valid = valid_end - proved + 1
    return {
        "train": (first, valid - w.horizon),
        "valid": (valid, valid_end),
        "test": (test, last),
    }


def _enough(w: Windows, sides: Sequence[str], table: Table) -> None:
    for side, fewest in (("train", FEWEST), ("valid", 1), ("test", 1)):
        if sides.count(side) < fewest:
            raise DataError(
                f"The series of {table.name} are too short to learn {w.horizon} steps ahead of "
                f"{w.target!r} and to prove it: about {FEWEST + 5 * w.horizon} steps of "
                f"{w.steps} are needed. Ask for a smaller horizon, or bring a longer past."
            )


def _window(row: _Row, column: str, first: int, count: int) -> str:
    """`count` values of a column from `first` steps after the origin on, as a list."""
    values = row.series.columns[column]
    start = row.origin + first
    part = values[max(0, start) : max(0, start + count)]
    whole = np.full(count, np.nan)
    whole[max(0, -start) : max(0, -start) + len(part)] = part
    written = ("null" if value != value else repr(value) for value in whole.tolist())
    return f"[{', '.join(written)}]"


def _unlisted(cells: pl.Series) -> pl.Series:
    """Texts "[1, 2]" as one number a row."""
    parts = cells.str.strip_chars("[]").str.split(", ")
    return parts.list.explode().cast(pl.Float64, strict=False).alias(cells.name)
