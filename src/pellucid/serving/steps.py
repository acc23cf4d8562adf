"""The fields of a forecast's request: the columns of the long table that it is made from."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.kinds.forecast import before
from pellucid.kinds.series import Series
from pellucid.schema import Schema
from pellucid.serving.fields import Field, fields_of
from pellucid.windows import FEWEST, Windows

FURTHEST = 1e15  # seconds or units from 0: beyond it steps are no whole numbers any more
AGO = 2 * FEWEST  # records of the example


def long_fields(schema: Schema, windows: Windows) -> tuple[Field, ...]:
    """The columns of the table that a forecast is made from: a record is one step of a series."""
    known = {field.name: field for field in fields_of(schema.inputs)}
    kind = "date" if windows.dates else "number"
    last = first_moments(windows)[-1]
    fields = [Field(windows.time, kind, f"when; steps are of {windows.steps}", last)]
    if windows.series:
        example = known[windows.series].example if windows.series in known else "one"
        fields.append(Field(windows.series, "category", "which series the step is of", example))
    usual = _usual(schema, windows.target)
    to_come = "its past values; empty in steps to come"
    fields.append(Field(windows.target, "number", to_come, usual))
    for name in windows.known:
        levels = windows.levels.get(name, ())
        about = "known ahead: also in steps to come"
        example = levels[0] if levels else _usual(schema, name)
        fields.append(Field(name, "category" if levels else "number", about, example, levels))
    for name in windows.seen:
        fields.append(Field(name, "number", "its past values", _usual(schema, name)))
    fixed = [known[name] for name in windows.fixed if name in known]
    return (*fields, *(each for each in fixed if each.name != windows.series))


def first_moments(windows: Windows) -> list[Any]:
    """Moments that follow each other, as many as the example of a request has."""
    return list(windows.written(np.arange(AGO)).to_list())


def _usual(schema: Schema, name: str) -> float:
    """About what a column that goes on in time holds."""
    for kind in schema.inputs:
        if isinstance(kind, Series) and before(name) in kind.columns:
            return float(f"{kind.centre[kind.columns.index(before(name))]:.4g}")
    return 1.0
