"""The fields of a request: what a model asks for, as forms and OpenAPI describe it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.kinds import Kind, TargetKind

MEDIA = {"image": "image/*", "audio": "audio/*", "video": "video/*"}  # kinds whose cells are files
FEW = 200  # levels that a form lists


@dataclass(frozen=True)
class Field:
    """One column."""

    name: str
    kind: str
    about: str  # a few words on what the model learnt from
    example: Any = None  # a typical value; None where there is none
    levels: tuple[str, ...] = ()  # the most frequent first
    low: float | None = None
    high: float | None = None
    clock: bool = False  # a date that has hours
    written: Any = None  # how the column writes numbers or dates: a style, a format

    @property
    def media(self) -> bool:
        """Whether its value is a file."""
        return self.kind in MEDIA


def fields_of(kinds: Sequence[Kind | TargetKind]) -> tuple[Field, ...]:
    """One field for each column, kind by kind."""
    return tuple(
        DESCRIBED.get(kind.kind, _plain)(kind, column) for kind in kinds for column in kind.columns
    )


def _plain(kind: Kind | TargetKind, column: str) -> Field:
    return Field(column, kind.kind, kind.summary(column))


def _number(kind: Any, column: str) -> Field:
    position = kind.columns.index(column)
    low, high = (float(limit) for limit in kind.limits[position])
    example = float(f"{min(max(kind.centre[position], low), high):.6g}")
    about, style = kind.summary(column), kind.styles[position]
    return Field(column, "number", about, example, low=low, high=high, written=style)


def _category(kind: Any, column: str) -> Field:
    levels = kind.levels[kind.columns.index(column)]
    example = levels[0] if levels else None
    return Field(column, "category", kind.summary(column), example, tuple(levels[:FEW]))


def _date(kind: Any, column: str) -> Field:
    position = kind.columns.index(column)
    low, high = float(kind.first[position]), float(kind.last[position])
    moment = str(np.datetime64(int((low + high) / 2), "s"))
    clock = bool(kind.varies[position][-2:].any())  # its hours or minutes differ between rows
    example = moment if clock else moment[:10]
    about, form = kind.summary(column), kind.formats[position]
    return Field(column, "date", about, example, (), low, high, clock, form)


def _text(kind: Any, column: str) -> Field:
    return Field(column, "text", kind.summary(column), "")


DESCRIBED: Mapping[str, Callable[[Any, str], Field]] = {
    "number": _number,
    "category": _category,
    "date": _date,
    "text": _text,
}
