"""What figures ask for: a lesson worked on their numbers, and a typed function as a tree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working import lesson
from pellucid.working.agreement import Value
from pellucid.working.differentiation import differentiate
from pellucid.working.formula import Formula, Symbol, symbols
from pellucid.working.lessons.derivative import read_function
from pellucid.working.printing.html import fragment
from pellucid.working.printing.json import write_value
from pellucid.working.printing.linear import one_line
from pellucid.working.step import Step

MOST_VARIABLES = 2


def worked(question: Mapping[str, Any]) -> dict[str, Any]:
    """A lesson worked: its page, its result, its table and its picture's numbers as plain data."""
    name, arguments, options = _call(question)
    step = lesson(name, *arguments, **options)
    return {
        "html": fragment(step),
        "result": numeric(step.result),
        "table": None if step.table is None else _table(step),
        "results": [
            {"rule": part.rule, "result": numeric(part.result)} for part in step.steps[:200]
        ],
    }


def function(question: Mapping[str, Any]) -> dict[str, Any]:
    """A function that was typed, and its slopes by each variable, as trees for the page."""
    text = str(question.get("expression", ""))
    read = read_function(text)
    names = symbols(read)
    if not 1 <= len(names) <= MOST_VARIABLES:
        raise UsageError(
            f"The function must have one or two variables; {one_line(read)} has {len(names)}."
        )
    slopes = {name: cast(Formula, differentiate(read, name).result) for name in names}
    return {
        "source": text,
        "text": one_line(read),
        "variables": list(names),
        "tree": write_value(read),
        "slopes": {name: write_value(slope) for name, slope in slopes.items()},
        "written": {name: one_line(slope) for name, slope in slopes.items()},
    }


def numeric(value: Value) -> Any:
    """A value as the page's numbers; a formula as text, what is not finite as null."""
    if isinstance(value, tuple):
        return [numeric(item) for item in value]
    if isinstance(value, Formula):
        return one_line(value)
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, complex):
        return {"re": value.real, "im": value.imag}
    try:
        number = float(cast(float, value))
    except (TypeError, OverflowError):
        return str(value)
    return number if math.isfinite(number) else None


def _table(step: Step) -> dict[str, Any]:
    assert step.table is not None
    headings = [h.name if isinstance(h, Symbol) else numeric(h) for h in step.table.headings]
    rows = [[numeric(cell) for cell in row] for row in step.table.rows]
    return {"headings": headings, "rows": rows}


def _call(question: Mapping[str, Any]) -> tuple[str, list[str], dict[str, str]]:
    """The name, the arguments and the options, all texts as on the command line."""
    arguments, options = question.get("arguments", []), question.get("options", {})
    if not isinstance(arguments, list) or not isinstance(options, dict):
        raise UsageError('A question reads {"lesson": NAME, "arguments": […], "options": {…}}.')
    texts = {str(name): str(value) for name, value in options.items()}
    return str(question.get("lesson", "")), [str(a) for a in arguments], texts
