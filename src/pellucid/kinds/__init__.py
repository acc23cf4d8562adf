"""The kinds of data, and which of them a column is."""

from __future__ import annotations

import difflib
from typing import Any, Final

import polars as pl

from pellucid.errors import DataError, UsageError
from pellucid.kinds.audio import Audio
from pellucid.kinds.category import Category
from pellucid.kinds.cells import number_style, numbers, texts
from pellucid.kinds.contract import Array, Beside, Encoded, Kind, MediaKind, Ragged, TargetKind
from pellucid.kinds.date import Date
from pellucid.kinds.forecast import Forecast
from pellucid.kinds.hearing import Sounds
from pellucid.kinds.image import Image
from pellucid.kinds.number import Number
from pellucid.kinds.series import Series
from pellucid.kinds.tags import Tags
from pellucid.kinds.terms import Vocabulary
from pellucid.kinds.text import Text
from pellucid.kinds.video import Video
from pellucid.kinds.wording import Wording

__all__ = [
    "KINDS",
    "TARGETS",
    "Array",
    "Beside",
    "Encoded",
    "Kind",
    "MediaKind",
    "Ragged",
    "Sounds",
    "TargetKind",
    "Vocabulary",
    "kind_named",
    "recognise",
    "recognise_target",
]

# The order is a decision: a path would pass as a text, a date as a name, a number as a name,
# a name as a text; a list of numbers as a text too.
KINDS: Final = (Image, Audio, Video, Date, Series, Number, Category, Text)
TARGETS: Final = (Category, Number, Tags, Wording, Forecast)

MOST_CLASSES = 1_000
FEW_WHOLE_NUMBERS = 20


def recognise(cells: pl.Series) -> tuple[type[Kind], str]:
    """The first kind that the column matches, and why."""
    readable = not cells.dtype.is_nested() and cells.dtype not in (pl.Duration, pl.Object)
    for kind in KINDS if readable else ():
        if reason := kind.matches(cells):
            return kind, reason
    raise DataError(
        f"Column {cells.name!r} holds {cells.dtype}, which no kind of data reads; "
        f"leave it out with ignore (--ignore)."
    )


def recognise_target(cells: pl.Series) -> tuple[type[TargetKind], str]:
    """Whether a target is a class or a number, and why."""
    if reason := Tags.matches_target(cells):
        return Tags, reason
    present = texts(cells).drop_nulls()
    distinct = present.n_unique()
    share = number_style(cells)[1] if cells.dtype != pl.Boolean else 0.0
    if share < 0.95:
        if distinct > min(MOST_CLASSES, len(present) / 2):
            if reason := Wording.matches_target(present):
                return Wording, reason
            raise DataError(
                f"The target {cells.name!r} holds {distinct:,} different texts in {len(present):,} "
                f"rows; a class needs at most {MOST_CLASSES:,} levels that repeat. "
                "Choose another target, or group its levels."
            )
        return Category, f"it holds {distinct:,} levels"
    values = numbers(cells).drop_nulls()
    whole = bool(len(values)) and bool((values == values.round()).all())
    if whole and distinct <= FEW_WHOLE_NUMBERS and distinct <= len(present) / 10:
        return Category, f"it holds {distinct} whole numbers"
    return Number, f"it holds {distinct:,} different numbers"


def kind_named(name: str, target: bool = False) -> type[Any]:
    """The kind of that name; UsageError with the nearest name otherwise."""
    kinds: dict[str, type[Any]] = {kind.kind: kind for kind in (TARGETS if target else KINDS)}
    if name in kinds:
        return kinds[name]
    close = difflib.get_close_matches(name, kinds, 1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    what = "target's kind" if target else "kind"
    raise UsageError(f"{name!r} is no {what}; there are {', '.join(kinds)}.{meant}")
