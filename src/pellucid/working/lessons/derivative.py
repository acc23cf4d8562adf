"""The derivative of an expression by rules, at a point, by the secant, and at its corners."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pellucid.errors import UsageError
from pellucid.working.arguments import Given, has_decimals, read_expression, read_number
from pellucid.working.arithmetic import Scalar, Undefined, is_exact
from pellucid.working.corners import corner_steps
from pellucid.working.differentiation import TOLERANCE, differentiate, slopes
from pellucid.working.evaluation import evaluate_number, real_number, slope_at
from pellucid.working.formula import (
    Array,
    Derivative,
    Formula,
    Symbol,
    call,
    children,
    formula,
    substitute,
    symbols,
)
from pellucid.working.picture import Path, Picture, Place
from pellucid.working.printing.linear import one_line
from pellucid.working.simplification import simplify
from pellucid.working.step import Check, NumberTable, Step

SECANT_TOLERANCE = 1e-3  # relative; float64 leaves about 1e-8 for calm functions
WIDTHS = tuple(10.0**-k for k in range(0, 15, 2))


@dataclass(frozen=True)
class Curve:
    """A function of one variable with its slope, at a point."""

    function: Formula
    slope: Formula
    by: str
    at: Scalar


def derivative(expression: Given = "2*x", at: Given = None, by: str | None = None) -> Step:
    """How fast a function grows at a point: the slope of its graph."""
    function = read_function(expression)
    name = variable(function, by)
    rules = differentiate(function, name)
    slope = rules.result
    assert isinstance(slope, Formula)
    steps = [rules]
    point = _point(function, name, at)
    if point is not None:
        steps += _at_point(Curve(function, slope, name, point))
    corners = corner_steps(function, slope, name)
    return Step(
        rule=f"Derivative of {one_line(function, has_decimals(expression))}",
        given={},
        of=Derivative(function, name, len(symbols(function)) > 1),
        result=slope,
        check=Check("the complex step", slopes(function, name), TOLERANCE),
        reason="The derivative is the slope that the secant through two points of the graph tends "
        "to as the points draw together.",
        steps=(*steps, *corners),
        picture=_picture(Curve(function, slope, name, point))
        if point is not None and len(steps) > 1
        else None,
    )


def read_function(expression: Given) -> Formula:
    """An expression whose value is a number."""
    function = read_expression(expression)
    parts = [function]
    while parts:
        part = parts.pop()
        if isinstance(part, Array):
            raise UsageError(
                "The expression must be a number, not an array; `lesson jacobian` takes several "
                "expressions, `lesson gradient` with shapes takes vectors and matrices."
            )
        parts.extend(children(part))
    return function


def variable(function: Formula, by: str | None) -> str:
    """The variable to differentiate by."""
    names = symbols(function)
    if by is not None:
        return one_name(by)
    if len(names) > 1:
        raise UsageError(
            f"{one_line(function)} has the variables {', '.join(names)}; say by which, as in "
            f"by={names[0]}, or take `lesson gradient` for all of them."
        )
    return names[0] if names else "x"


def one_name(by: str) -> str:
    """A variable's name, checked."""
    name = read_expression(by)
    if not isinstance(name, Symbol):
        raise UsageError(f"by must be the name of a variable; found {by!r}.")
    return name.name


def _point(function: Formula, name: str, at: Given) -> Scalar | None:
    """The point asked for; else a small number at which the function has a value and a slope."""
    if set(symbols(function)) - {name}:
        return None
    if at is not None:
        value = read_number(at, "at")
        try:
            evaluate_number(function, {name: value})
        except Undefined as problem:
            shown = f"{name} = {one_line(formula(value))}"
            raise UsageError(f"{one_line(function)} has no value at {shown}: {problem}") from None
        return value
    for candidate in (1, 2, -1):
        try:
            evaluate_number(function, {name: candidate})
            slope_at(function, name, {name: candidate})
        except Undefined:
            continue
        return candidate
    return None


def _at_point(curve: Curve) -> list[Step]:
    """The slope's value, rounded if it must be, and the secants."""
    corner = corner_steps(curve.function, curve.slope, curve.by, curve.at)
    if corner:
        return []  # shown among the corners
    exact = slope_value(curve)
    steps = [exact]
    if isinstance(exact.result, Formula):
        steps.append(_rounded(curve, exact))
    secant = _secant(curve)
    return [*steps, secant] if secant is not None else steps


def slope_value(curve: Curve) -> Step:
    """The derivative with the point put in, exact."""
    inserted = substitute(curve.slope, {curve.by: formula(curve.at)})
    shown = f"{curve.by} = {one_line(formula(curve.at))}"
    try:
        value = evaluate_number(inserted)
    except Undefined as problem:
        raise UsageError(f"{one_line(curve.function)} has no slope at {shown}: {problem}") from None
    point = {curve.by: curve.at}
    return Step(
        rule=f"At the point {shown}",
        given=point,
        of=call("f'", curve.at),
        working=(inserted,) if curve.slope != inserted else (),
        result=value if is_exact(value) else simplify(inserted),
        check=Check("the complex step", slope_at(curve.function, curve.by, dict(point)), TOLERANCE),
    )


def _rounded(curve: Curve, exact: Step) -> Step:
    assert isinstance(exact.result, Formula)
    slope = slope_at(curve.function, curve.by, {curve.by: curve.at})
    return Step(
        rule="As a decimal number",
        given={},
        of=call("f'", curve.at),
        working=(exact.result,),
        result=real_number(exact.result),
        check=Check("the complex step", slope, TOLERANCE),
        reason="The exact value is irrational; here it is rounded to float64.",
    )


def _secant(curve: Curve) -> Step | None:
    """Secants of smaller and smaller width; None where float64 cannot see the slope."""
    slope = slope_at(curve.function, curve.by, {curve.by: curve.at})
    size = max(1.0, abs(float(curve.at)))
    rows = [row for width in WIDTHS if (row := _row(curve, width * size, slope)) is not None]
    if not rows:
        return None
    best = min(rows, key=lambda row: row[2])
    if not best[2] <= SECANT_TOLERANCE * max(1.0, abs(slope)):
        return None
    return Step(
        rule="By the secant, in float64",
        given={"x": curve.at, "h": best[0]},
        of=Symbol("slope"),
        result=best[1],
        check=Check("the complex step", slope, SECANT_TOLERANCE),
        reason="(f(x + h) − f(x))/h comes closer as h shrinks, until rounding takes over: two "
        "nearly equal numbers are subtracted and few digits are left.",
        table=NumberTable("", ("h", "slope of the secant", "error"), tuple(rows)),
    )


def _row(curve: Curve, width: float, slope: float) -> tuple[float, float, float] | None:
    at = float(curve.at)
    try:
        there, here = (real_number(curve.function, {curve.by: x}) for x in (at + width, at))
        secant = (there - here) / width
    except Undefined:
        return None
    return (width, secant, abs(secant - slope)) if math.isfinite(secant) else None


def _picture(curve: Curve) -> Picture | None:
    """The graph, the tangent and one secant."""
    at = float(curve.at)
    reach = max(2.0, abs(at) / 2)
    places = graph(curve.function, curve.by, at - reach, at + reach)
    try:
        height = real_number(curve.function, {curve.by: at})
        slope = slope_at(curve.function, curve.by, {curve.by: at})
        other = at + reach / 2
        end = real_number(curve.function, {curve.by: other})
    except Undefined:
        return None
    tangent = tuple((at + d, height + slope * d) for d in (-reach / 2, reach / 2))
    secant = ((at, height), (other, end))
    point = f"{curve.by} = {one_line(formula(curve.at))}"
    return Picture(
        title=f"{one_line(curve.function)} with its tangent at {point}",
        description=f"The graph, the tangent of slope {slope:g} and a secant of slope "
        f"{(end - height) / (other - at):g}.",
        paths=(
            Path("graph", places, "first"),
            Path("tangent", tangent, "second"),
            Path("secant", secant, "third", dots=True, dashed=True),
        ),
        across=curve.by,
        up="f",
    )


def graph(function: Formula, by: str, low: float, high: float) -> tuple[Place, ...]:
    """Places of a graph; where there is no value the place is not finite and the line breaks."""
    places = []
    for step in range(81):
        x = low + (high - low) * step / 80
        try:
            y = real_number(function, {by: x})
        except Undefined:
            y = math.nan
        places.append((x, y if abs(y) < 1e12 else math.nan))
    return tuple(places)
