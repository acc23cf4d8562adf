"""A rolling origin: how a table of series is cut into windows to learn, choose and prove on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from pellucid.counts import counted, verb
from pellucid.data.checking import require_columns
from pellucid.data.seasons import seasons_of
from pellucid.data.steps import YEAR, Steps, steps_of
from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends, UsageError
from pellucid.grid import Line, moments_of
from pellucid.kinds.cells import number_style, texts
from pellucid.kinds.contract import Array
from pellucid.kinds.date import Date
from pellucid.kinds.forecast import LONGEST
from pellucid.settings import Settings
from pellucid.windows import FEWEST, SPLIT, Row, Windows

SEASONS_SEEN = 6  # in a window, if the series are that long
MOST = {"train": 12_000, "valid": 1_500, "test": 1_500}  # windows of each side
MOST_NUMBERS = 3_000_000  # in the windows to learn from
SHARE = 0.15  # of the steps from which windows are proved, and of those chosen on
MOST_LEVELS = 8  # of a column of names that is known ahead


def windows_of(table: Table, target: Sequence[str], settings: Settings, mends: Mends) -> Table:
    """The table of windows to learn from, each with its side of the split: a rolling origin.

    The latest windows prove, those before them choose, the others learn; windows whose next values
    would reach into those of a later side are left out.
    """
    windows, series = _found(table, target, settings, mends)
    cuts = _cuts(windows, series)
    rng = np.random.default_rng(settings.seed)
    rows: list[Row] = []
    sides: list[str] = []
    for side, (first, last) in cuts.items():
        ranges = [np.searchsorted(each.index, [first, last + 1]) for each in series]
        origins = [np.arange(max(FEWEST - 1, start), end) for start, end in ranges]
        most = min(MOST[side], MOST_NUMBERS // windows.length)
        share = most / max(1, sum(map(len, origins)))
        found = [
            row
            for each, own in zip(series, origins, strict=True)
            for row in windows.rolled(each, own[rng.random(len(own)) < share])
        ]
        rows += found
        sides += [side] * len(found)
    _enough(windows, sides, table)
    used = {id(row.series) for row in rows}
    short = [each.name for each in series if id(each) not in used]
    fault = f"series too short for {FEWEST} steps of the past and {windows.horizon:,} to come"
    mends.add(Mend(fault, "not learnt from", len(short), windows.series, tuple(short[:3])))
    made = windows.table(rows, table, sides)
    first, last = cuts["test"]
    how = (
        f"windows by rolling origin: the last {counted(last - first + 1, 'step')} "
        f"{verb(last - first + 1, 'proves', 'prove')}, those before them "
        "choose; no value is in two sides"
    )
    many = f"{len(series):,} series" if windows.series else "one series"
    seasons = " and ".join(f"{season:,}" for season in windows.seasons)
    told = (
        f"{many} in steps of {windows.steps} · "
        + (f"repeats itself after {seasons} steps" if seasons else "no season found")
        + f" · {len(rows):,} windows of {windows.length:,} steps to predict {windows.horizon:,}"
    )
    return replace(made, split=SPLIT, how=how, told=told)


def _found(
    table: Table, target: Sequence[str], settings: Settings, mends: Mends
) -> tuple[Windows, list[Line]]:
    """The windows without their length first, for the series tell it."""
    horizon, time = settings.horizon, settings.time
    if len(target) != 1 or time is None or horizon is None:
        raise UsageError(
            "A forecast needs one target, its time column and a horizon (--time, --horizon)."
        )
    require_columns(table, target, settings)
    others = [c for c in table.columns
              if c not in (target[0], time, settings.series, *settings.ignore)]  # fmt: skip
    named = [settings.series] if settings.series else []
    cells = table.lazy.select(list(dict.fromkeys([*others, *named]))).collect()
    fixed = _fixed(cells, others, settings.series)
    levels = {c: _levels(cells[c], c) for c in settings.known if number_style(cells[c])[1] < 0.95}
    seen = tuple(c for c in others if c not in (*fixed, *settings.known)
                 and number_style(cells[c])[1] >= 0.95)  # fmt: skip
    draft = Windows(
        target[0], time, settings.series, Steps("number", 1.0, 0.0), _dated(table.column(time)),
        tuple(settings.known), seen, fixed, levels, yearly=False,
        horizon=horizon, length=FEWEST, seasons=(),
    )  # fmt: skip
    draft = replace(draft, steps=_steps(draft, table))
    left = [c for c in others if c not in (*fixed, *settings.known, *seen)]
    for name in left:
        fault = "a column of names that goes on in time and is not known ahead"
        mends.add(Mend(fault, "left out", 1, name))
    seconds = draft.steps.seconds
    series = draft.read(table, mends, horizon)
    values = [each.columns[target[0]] for each in series]
    _changing(values, target[0], table)
    longest = max(len(each) for each in values)
    cut = longest - round(2 * SHARE * longest)  # the sides that prove and choose stay unseen
    seasons = seasons_of([each[:cut] for each in values], seconds)
    yearly = seconds is not None and seconds < YEAR / 24 and longest * seconds > 1.5 * YEAR
    length = _length(horizon, seasons, longest)
    made = replace(draft, seasons=seasons, length=length, yearly=yearly)
    return made, [made.with_year(each, horizon) for each in series]


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


def _steps(draft: Windows, table: Table) -> Steps:
    when = moments_of(table.column(draft.time), draft.dates).to_numpy()
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


def _cuts(w: Windows, series: Sequence[Line]) -> dict[str, tuple[int, int]]:
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
                f"The series of {table.name} are too short to learn {counted(w.horizon, 'step')} "
                f"ahead of {w.target!r} and to prove it: about {FEWEST + 5 * w.horizon} steps of "
                f"{w.steps} are needed. Ask for a smaller horizon, or bring a longer past."
            )
