"""A step as JSON and back: values keep their kind, and every check is made again on reading."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any, cast

from pellucid.errors import DataError
from pellucid.working import formula as tree
from pellucid.working.agreement import Samples, Value
from pellucid.working.formula import Comparison, Formula
from pellucid.working.picture import Mark, Path, Picture, Tinted
from pellucid.working.step import Check, NumberTable, Step

FORMAT = "pellucid step 1"


def write_step(step: Step) -> str:
    """One line of JSON without NaN."""
    return json.dumps({"format": FORMAT, "step": _step(step)}, ensure_ascii=False, allow_nan=False)


def read_step(text: str) -> Step:
    """Read a step; refuse what is not one."""
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise DataError(f'This is not a step: it lacks "format": "{FORMAT}".')
        return _read_step(found["step"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as fault:
        raise DataError(f"This is not a readable step: {type(fault).__name__}: {fault}.") from None


def _step(step: Step) -> dict[str, Any]:
    check = step.check
    written: dict[str, Any] = {
        "rule": step.rule,
        "given": {name: write_value(value) for name, value in step.given.items()},
        "result": write_value(step.result),
        "check": {
            "way": check.way,
            "value": write_value(check.value),
            "tolerance": check.tolerance,
            "difference": step.difference,
        },
        "reason": step.reason,
        "of": write_value(step.of),
        "working": [write_value(form) for form in step.working],
        "steps": [_step(finer) for finer in step.steps],
        "shown": step.shown,
        "table": _table(step.table) if step.table else None,
        "picture": _picture(step.picture) if step.picture else None,
        "decimal": step.decimal,
    }
    return written


def _read_step(found: Mapping[str, Any]) -> Step:
    check = found["check"]
    return Step(
        rule=str(found["rule"]),
        given={str(name): read_value(value) for name, value in found["given"].items()},
        result=read_value(found["result"]),
        check=Check(str(check["way"]), read_value(check["value"]), float(check["tolerance"])),
        reason=str(found["reason"]),
        of=cast("Formula | None", read_value(found["of"])),
        working=tuple(cast(Formula, read_value(form)) for form in found["working"]),
        steps=tuple(_read_step(finer) for finer in found["steps"]),
        shown=None if found["shown"] is None else int(found["shown"]),
        table=_read_table(found["table"]) if found["table"] else None,
        picture=_read_picture(found["picture"]) if found["picture"] else None,
        decimal=bool(found["decimal"]),
    )


def write_value(value: Value) -> Any:
    """A value as JSON; whatever JSON has no kind for becomes an object with one key."""
    if isinstance(value, tuple):
        return [write_value(item) for item in value]
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, Formula):
        return {"formula": _formula(value)}
    if isinstance(value, Samples):
        return {"samples": [write_value(value.points), write_value(value.values)]}
    return value


def read_value(found: Any) -> Value:
    """The value that `write_value` wrote."""
    if isinstance(found, list):
        return tuple(read_value(item) for item in found)
    if not isinstance(found, dict):
        return cast(Value, found)
    ((kind, inside),) = found.items()
    return _READERS[kind](inside)


def _samples(inside: Any) -> Samples:
    found_points, values = (read_value(part) for part in inside)
    return Samples(cast(Any, found_points), cast(Any, values))


_READERS: dict[str, Callable[[Any], Value]] = {
    "fraction": Fraction,
    "complex": lambda inside: complex(*inside),
    # One object for all NaN: it differs from itself, but a tuple finds it the same.
    "float": lambda inside: math.nan if inside == "nan" else float(inside),
    "samples": _samples,
    "formula": lambda inside: _read_formula(inside),  # noqa: PLW0108 - defined below
}


def _formula(node: Formula) -> list[Any]:
    """A node as its name followed by its fields."""
    written: list[Any] = [type(node).__name__]
    for part in fields(node):
        value = getattr(node, part.name)
        if isinstance(value, Formula):
            written.append(_formula(value))
        elif isinstance(value, tuple):
            written.append([_formula(item) for item in value])
        else:
            written.append(write_value(value))
    return written


def _read_formula(found: list[Any]) -> Formula:
    kind = tree.NODES[found[0]]
    values: list[Any] = []
    for part, written in zip(fields(kind), found[1:], strict=True):
        if part.type in ("Formula", "Comparison"):
            values.append(_read_formula(written))
        elif part.type == "tuple[Formula, ...]":
            values.append(tuple(_read_formula(item) for item in written))
        else:
            values.append(_read_plain(str(part.type), written))
    node = kind(*values)
    if isinstance(node, tree.Choice) and not isinstance(node.condition, Comparison):
        raise DataError("The condition of a choice must be a comparison.")
    return node


def _read_plain(kind: str, written: Any) -> Any:
    value = read_value(written)
    allowed = {"str": str, "bool": bool}.get(kind, (int, Fraction, float, complex))
    if not isinstance(value, cast(Any, allowed)):
        raise DataError(f"Expected {kind}, found {value!r}.")
    return value


def _table(table: NumberTable) -> dict[str, Any]:
    return {
        "title": table.title,
        "headings": [write_value(heading) for heading in table.headings],
        "rows": [[write_value(cell) for cell in row] for row in table.rows],
    }


def _read_table(found: Mapping[str, Any]) -> NumberTable:
    headings = tuple(cast("str | Formula", read_value(item)) for item in found["headings"])
    rows = tuple(tuple(read_value(cell) for cell in row) for row in found["rows"])
    return NumberTable(str(found["title"]), headings, rows)


def _picture(picture: Picture | Tinted) -> dict[str, Any]:
    plain = {part.name: getattr(picture, part.name) for part in fields(picture)}
    if isinstance(picture, Tinted):
        return {**plain, "numbers": write_value(picture.numbers)}
    plain["paths"] = [
        {part.name: write_value(getattr(path, part.name)) for part in fields(path)}
        for path in picture.paths
    ]
    plain["marks"] = [
        {part.name: write_value(getattr(mark, part.name)) for part in fields(mark)}
        for mark in picture.marks
    ]
    return plain


def _read_picture(found: Mapping[str, Any]) -> Picture | Tinted:
    if "image" in found:
        return _read_tinted(found)
    kinds: dict[str, Callable[..., Any]] = {"paths": Path, "marks": Mark}
    parts = dict(found)
    for name, kind in kinds.items():
        parts[name] = tuple(
            kind(**{key: read_value(value) for key, value in item.items()}) for item in found[name]
        )
    return Picture(**parts)


def _read_tinted(found: Mapping[str, Any]) -> Tinted:
    numbers = tuple(tuple(float(cast(Any, n)) for n in row) for row in found["numbers"])
    names = tuple(tuple(map(str, row)) for row in found["names"])
    title, description, image = (str(found[part]) for part in ("title", "description", "image"))
    return Tinted(title, description, image, names, numbers, float(found["aspect"]))
