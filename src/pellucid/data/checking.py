"""Looks for columns that should not be learnt from, and for what a user ought to know."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pellucid.counts import verb
from pellucid.data.identifiers import group_count, identifier_reason
from pellucid.data.leaks import find_leaks
from pellucid.data.numbers import is_number
from pellucid.data.table import Table
from pellucid.errors import DataError
from pellucid.media.recognition import medium_of
from pellucid.settings import Settings

FEW_ROWS = 10  # of a class
COMMON_SHARE = 0.95
MOST_NAMES = 20  # of several words each


@dataclass(frozen=True)
class Ignored:
    """A column that is not learnt from, and why."""

    column: str
    reason: str


@dataclass(frozen=True)
class Findings:
    """What a look at some learning rows found."""

    ignored: tuple[Ignored, ...]
    warnings: tuple[str, ...]


def left_out(
    frame: pl.DataFrame, targets: Sequence[str], settings: Settings
) -> tuple[Ignored, ...]:
    """Find ids, constants, empty and copied columns."""
    inputs = [name for name in frame.columns if name not in targets]
    return tuple(_ignored(frame, inputs, settings))


def beware(
    frame: pl.DataFrame,
    ignored: Sequence[Ignored],
    targets: Mapping[str, Sequence[str] | None],
    settings: Settings,
) -> tuple[str, ...]:
    """Find leaks, groups, repeats and rare classes.

    `targets` names the columns that a target reads piece by piece, for its answer has pieces: no
    class is rare there and nothing gives it away, nor can those columns be left out; neither can
    the only input. None: the answer is one value.
    """
    single = [name for name, reads in targets.items() if reads is None]
    read = {name for reads in targets.values() for name in reads or ()}
    gone = {*targets, *(found.column for found in ignored)}
    kept = [name for name in frame.columns if name not in gone]
    told = [name for name in kept if name not in read and medium_of(frame[name]) is None]
    told = told if len(kept) > 1 else []
    return (
        *(warning for target in single for warning in find_leaks(frame, told, target)),
        *_groups(frame, kept, settings),
        *_repeats(frame, kept, list(targets)),
        *(warning for target in single for warning in _rare_classes(frame[target])),
    )


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that a misspelt one was probably meant to be."""
    by_lower = {other.lower(): other for other in names}
    close = difflib.get_close_matches(name.lower().strip(), by_lower, 1)
    return by_lower[close[0]] if close else None


def require_columns(table: Table, targets: Sequence[str], settings: Settings) -> None:
    """Raise an error that helps for the first column asked for that the table lacks."""
    roles = (settings.group, settings.time, settings.series)
    told = [name for name in roles if name is not None]
    for name in (*targets, *told, *settings.known, *settings.ignore, *settings.kinds):
        require_column(table, name)


def require_column(table: Table, name: str) -> None:
    """Raise an error that helps if the table has no such column."""
    if name in table.columns:
        return
    close = nearest(name, table.columns)
    shown = ", ".join(map(repr, table.columns[:10])) + (", …" if len(table.columns) > 10 else "")
    raise DataError(
        f"{table.name} has no column {name!r}; "
        + (f"did you mean {close!r}?" if close else f"its columns are {shown}")
    )


def _ignored(frame: pl.DataFrame, inputs: list[str], settings: Settings) -> Iterator[Ignored]:
    """Each column at most once, the plainest reason first; who gives a kind wants the column."""
    seen: dict[int, list[str]] = {}
    only = len(inputs) == 1
    for name in inputs:
        column = frame[name]
        if name in settings.ignore:  # of a forecast, what was asked for is left out before
            yield Ignored(name, "as you asked" if settings.horizon is None else "the windows' time")
        elif reason := _empty_reason(column):
            yield Ignored(name, reason)
        elif twin := _twin(frame, column, seen):
            yield Ignored(name, f"an exact copy of {twin!r}")
        elif medium_of(column):
            continue
        elif not only and name not in (*settings.kinds, settings.group, settings.time):
            if reason := identifier_reason(column):
                yield Ignored(name, reason)


def _empty_reason(column: pl.Series) -> str | None:
    if column.null_count() == len(column):
        return "no value in any row"
    if column.null_count() == 0 and column.n_unique() == 1:
        return f"the same in every row: {_short(column[0])}"
    return None


def _twin(frame: pl.DataFrame, column: pl.Series, seen: dict[int, list[str]]) -> str | None:
    """An earlier column with the same cells; `seen` gathers columns by a checksum."""
    hashes = column.hash(0).to_numpy()
    weights = np.arange(1, 2 * len(hashes), 2, dtype=np.uint64)
    same = seen.setdefault(int((hashes * weights).sum()), [])
    twin = next((name for name in same if frame[name].equals(column, null_equal=True)), None)
    same.append(column.name)
    return twin


def _groups(frame: pl.DataFrame, kept: list[str], settings: Settings) -> Iterator[str]:
    if settings.group is not None:
        return
    for name in kept:
        if groups := group_count(frame[name]):
            yield (
                f"{name!r} seems to name groups: {groups:,} values in {frame.height:,} rows. To be "
                f"judged on groups never seen, keep each on one side: --group {shlex.quote(name)}"
            )


def _repeats(frame: pl.DataFrame, kept: list[str], targets: list[str]) -> Iterator[str]:
    """Rows with the same inputs, unless the table holds few different ones anyway."""
    distinct = frame.select(kept).unique().height if kept else frame.height
    repeats = frame.height - distinct
    if not repeats or distinct * 20 < frame.height:
        return
    contrary = frame.select([*kept, *targets]).unique().height - distinct
    yield (
        f"{repeats:,} of {frame.height:,} rows {verb(repeats, 'repeats', 'repeat')} the inputs of "
        "another row" + (f", {contrary:,} of them with another target" if contrary else "")
    )


def _are_sentences(target: pl.Series) -> bool:
    """Cells of many words, hardly any like another: they are no names of classes."""
    words = target.cast(pl.String).str.count_matches(r"\S+").mean()
    return float(words or 0) > 2 and target.n_unique() > MOST_NAMES  # type: ignore[arg-type]


def _rare_classes(target: pl.Series) -> Iterator[str]:
    if is_number(target) or _are_sentences(target):
        return
    counts = target.alias("level").drop_nulls().value_counts(sort=True)
    rare = counts.filter(pl.col("count") < FEW_ROWS)
    height, (common, most) = len(target), counts.row(0)
    if most > COMMON_SHARE * height:
        yield (
            f"{most / height:.1%} of the rows have {target.name!r} = {_short(common)}: always to "
            "say so is right that often"
        )
    if rare.height:
        value, fewest = rare.row(-1)
        yield (
            f"{rare.height:,} of the {counts.height:,} values of {target.name!r} "
            f"{verb(rare.height, 'has', 'have')} fewer than {FEW_ROWS} rows, such as "
            f"{_short(value)} ({fewest}): too few to learn or to prove them"
        )


def _short(value: object) -> str:
    return repr(str(value)[:40])
