"""Gradient of a scalar by several variables, and the Jacobian of several scalars."""

from __future__ import annotations

import math
from typing import Any

from pellucid.errors import UsageError
from pellucid.working.agreement import Samples, points
from pellucid.working.arguments import Given, has_decimals, read_expression, read_point
from pellucid.working.arithmetic import Scalar, Undefined, is_exact, matrix_vector
from pellucid.working.corners import measured_slope
from pellucid.working.differentiation import POINTS, TOLERANCE, differentiate
from pellucid.working.evaluation import evaluate_number, slope_at
from pellucid.working.formula import Array, Formula, Symbol, formula, substitute, symbols
from pellucid.working.lessons.derivative import one_name, read_function
from pellucid.working.lessons.shape_algebra import gradient_by_shapes, jacobian_by_shapes
from pellucid.working.printing.linear import one_line
from pellucid.working.simplification import simplify
from pellucid.working.step import Check, Step

MOST_VARIABLES = 12
MOST_ENTRIES = 36  # of a Jacobian


def gradient(
    expression: Given = "x**2 + 3*x*y", at: Given = None, by: Given = None, shapes: Given = None
) -> Step:
    """All partial derivatives of a scalar; with shapes, by a vector or a matrix."""
    if shapes is not None:
        return gradient_by_shapes(expression, shapes, by)
    function = read_function(expression)
    names = _names(function, by)
    partials = tuple(differentiate(function, name) for name in names)
    result = tuple(_formula(step) for step in partials)
    steps = list(partials)
    if at is not None:
        steps.append(_at(function, result, read_point(at, names, "at")))
    return Step(
        rule=f"Gradient of {one_line(function, has_decimals(expression))}",
        given={"variables": ", ".join(names)},
        of=Symbol("∇f"),
        result=result,
        check=Check("the complex step", _samples((function,), names, single=True), TOLERANCE),
        reason="The gradient of a scalar holds its slope along every variable, the others held "
        "still. It points where the function rises fastest.",
        steps=tuple(steps),
    )


def jacobian(
    expressions: Given = "[x**2*y, 5*x + sin(y)]",
    at: Given = None,
    by: Given = None,
    shapes: Given = None,
) -> Step:
    """The derivative of several functions by several variables: one row a function."""
    if shapes is not None:
        return jacobian_by_shapes(expressions, shapes, by)
    found = read_expression(expressions)
    functions = found.items if isinstance(found, Array) else (found,)
    functions = tuple(read_function(function) for function in functions)
    names = _names(Array(functions), by)
    if len(functions) * len(names) > MOST_ENTRIES:
        raise UsageError(
            f"The Jacobian has {len(functions)} × {len(names)} entries; at most {MOST_ENTRIES} are "
            "worked."
        )
    rows = [tuple(differentiate(function, name) for name in names) for function in functions]
    result = tuple(tuple(map(_formula, row)) for row in rows)
    steps = [step for row in rows for step in row]
    if at is not None:
        steps.append(_jacobian_at(functions, result, read_point(at, names, "at")))
    return Step(
        rule="Jacobian",
        given={"f": functions, "variables": ", ".join(names)},
        of=Symbol("J"),
        result=result,
        check=Check("the complex step", _samples(functions, names), TOLERANCE),
        reason="Several outputs have no gradient but a Jacobian: the gradient of each output is "
        f"one of its {len(functions)} rows, each variable one of its {len(names)} columns.",
        steps=tuple(steps),
    )


def _names(function: Formula, by: Given) -> tuple[str, ...]:
    if by is not None:
        parts = by.split(",") if isinstance(by, str) else by
        return tuple(one_name(str(part)) for part in parts)
    names = symbols(function)
    if not names:
        raise UsageError(f"{one_line(function)} has no variable to differentiate by.")
    if len(names) > MOST_VARIABLES:
        raise UsageError(f"There are {len(names)} variables; at most {MOST_VARIABLES} are worked.")
    return names


def _formula(step: Step) -> Formula:
    assert isinstance(step.result, Formula)
    return step.result


def _samples(
    functions: tuple[Formula, ...], names: tuple[str, ...], single: bool = False
) -> Samples:
    """Slopes at points by the complex step."""
    every = sorted({*names, *(name for f in functions for name in symbols(f))})
    found: list[Any] = []
    for point in points(every, functions, 4 * POINTS):
        try:
            rows = tuple(tuple(slope_at(f, name, dict(point)) for name in names) for f in functions)
        except Undefined:
            continue
        found.append((point, rows[0] if single else rows))
        if len(found) == POINTS:
            return Samples(tuple(p for p, _ in found), tuple(rows for _, rows in found))
    raise UsageError("The expression has slopes at none of the points that were tried.")


def _at(function: Formula, result: tuple[Formula, ...], point: dict[str, Scalar]) -> Step:
    """The gradient's numbers at a point, and how steep it is there."""
    inserted = {name: formula(value) for name, value in point.items()}
    forms = tuple(substitute(part, inserted) for part in result)
    values = tuple(_settled(form) for form in forms)
    known = tuple(
        measured_slope(function, name, point, evaluate_number(form))
        for name, form in zip(point, forms, strict=True)
    )
    length = math.hypot(*(float(evaluate_number(form)) for form in forms))
    return Step(
        rule="At the point",
        given=point,
        of=Symbol("∇f"),
        working=(formula(forms),) if forms != result else (),
        result=values,
        check=Check("the complex step", known, TOLERANCE),
        reason=f"Here the function rises by {length:.6g} a unit of length in the direction of the "
        "gradient, and falls as fast against it.",
    )


def _settled(form: Formula) -> Any:
    value = evaluate_number(form)
    return value if is_exact(value) else simplify(form)


def _jacobian_at(
    functions: tuple[Formula, ...],
    result: tuple[tuple[Formula, ...], ...],
    point: dict[str, Scalar],
) -> Step:
    """The matrix at a point, and what it does to a small move."""
    inserted = {name: formula(value) for name, value in point.items()}
    values = tuple(tuple(_settled(substitute(part, inserted)) for part in row) for row in result)
    known = tuple(
        tuple(
            measured_slope(f, name, point, evaluate_number(formula(value)))
            for name, value in zip(point, row, strict=True)
        )
        for f, row in zip(functions, values, strict=True)
    )
    move = tuple(0.01 for _ in point)
    floats = tuple(tuple(float(evaluate_number(formula(v))) for v in row) for row in values)
    change = matrix_vector(floats, move)
    shown = ", ".join(f"{float(part):.4g}" for part in change)
    return Step(
        rule="At the point",
        given=point,
        of=Symbol("J"),
        result=values,
        check=Check("the complex step", known, TOLERANCE),
        reason="Near this point the outputs change by J times the move of the inputs; a move by "
        f"0.01 along every variable changes them by about ({shown}).".replace("-", "−"),
    )
