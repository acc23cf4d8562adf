"""Slopes by every entry of an array, measured by the complex step with one part cut out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pellucid.working.agreement import Samples
from pellucid.working.arithmetic import Tensor, shape
from pellucid.working.differentiation import TOLERANCE
from pellucid.working.evaluation import evaluate, evaluate_complex
from pellucid.working.formula import Formula, Product, Symbol
from pellucid.working.step import Check

STEP = 1e-30


def by_complex_step(whole: Formula, part: Formula, values: Mapping[str, Tensor]) -> Check:
    point = tuple(sorted(values.items()))
    slopes = measured_slopes(whole, part, values)
    return Check("the complex step on every entry", Samples((point,), (slopes,)), TOLERANCE)


def measured_slopes(whole: Formula, part: Formula, values: Mapping[str, Tensor]) -> Any:
    """The slope of every output by every entry of one part, with that part cut out."""
    hole = Symbol("the_part")
    cut = replaced(whole, part, hole)
    base = evaluate(part, values)

    def slope(path: tuple[int, ...]) -> Any:
        moved = {**values, hole.name: _moved(base, path)}
        return _imaginary(evaluate_complex(cut, moved))

    def along(sizes: tuple[int, ...], path: tuple[int, ...]) -> Any:
        if not sizes:
            return slope(path)
        return tuple(along(sizes[1:], (*path, place)) for place in range(sizes[0]))

    found = along(shape(base), ())
    return tuple(zip(*found, strict=True)) if shape(evaluate(whole, values)) else found


def _moved(value: Any, path: tuple[int, ...]) -> Any:
    if not path:
        return complex(float(value), STEP)
    place = path[0]
    return (*value[:place], _moved(value[place], path[1:]), *value[place + 1 :])


def _imaginary(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_imaginary(item) for item in value)
    return complex(value).imag / STEP


def replaced(node: Formula, part: Formula, by: Formula) -> Formula:
    """Put `by` wherever `part` stands, also at the front of a longer product."""
    if node == part:
        return by
    if isinstance(node, Product) and isinstance(part, Product):
        size = len(part.factors)
        if node.factors[:size] == part.factors:
            rest = tuple(replaced(factor, part, by) for factor in node.factors[size:])
            return Product((by, *rest))
    changed: dict[str, Any] = {}
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Formula):
            value = replaced(value, part, by)
        elif isinstance(value, tuple):
            value = tuple(replaced(item, part, by) for item in value)
        changed[field.name] = value
    return type(node)(**changed)
