"""Where a piecewise function has a corner, and the slopes on its two sides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import cast

from pellucid.errors import UsageError
from pellucid.working.arithmetic import Scalar, Undefined, is_exact
from pellucid.working.evaluation import real_number, slope_at
from pellucid.working.formula import (
    Call,
    Choice,
    Formula,
    Number,
    Symbol,
    children,
    formula,
    minus,
    symbols,
)
from pellucid.working.polynomial import coefficients, numeric
from pellucid.working.printing.linear import one_line
from pellucid.working.roots import roots
from pellucid.working.step import Check, Step

MOST_CORNERS = 3
HALF_AWAY = "the values half as far away"
TORCH = {"relu": "0", "abs": "0", "sign": "0"}  # the slope that torch takes at the corner


def corner_steps(
    function: Formula, slope: Formula, by: str, only: Scalar | None = None
) -> tuple[Step, ...]:
    """A step for each corner found; for the one at a point, if there is one, given `only`."""
    if set(symbols(function)) - {by}:
        return ()
    found: dict[Scalar, str] = {}
    for name, boundary in _boundaries(function):
        for place in _zeros(boundary, by) if only is None else (only,):
            found.setdefault(place, name)
    steps = [_corner(function, slope, by, place, name) for place, name in found.items()]
    return tuple(step for step in steps if step is not None)[:MOST_CORNERS]


def measured_slope(
    function: Formula, by: str, point: Mapping[str, Scalar], claimed: Scalar
) -> float:
    """The slope by the complex step; at a corner the claimed one, if it lies between the sides."""
    found = slope_at(function, by, dict(point))
    if _is_near(found, claimed) or next(_boundaries(function), None) is None:
        return found
    width = 1e-9 * max(1.0, abs(float(point[by])))
    sides = [
        slope_at(function, by, {**point, by: float(point[by]) + side * width}) for side in (-1, 1)
    ]
    low, high = min(found, *sides), max(found, *sides)
    return float(claimed) if low - 1e-6 <= claimed <= high + 1e-6 else found


def _is_near(found: float, claimed: Scalar) -> bool:
    return abs(found - float(claimed)) <= 1e-6 * max(1.0, abs(found))


def _boundaries(node: Formula) -> Iterator[tuple[str, Formula]]:
    """The expressions whose zeros separate the pieces."""
    if isinstance(node, Call) and node.function in TORCH:
        yield node.function, node.arguments[0]
    if isinstance(node, Call) and node.function in ("max", "min"):
        for other in node.arguments[1:]:
            yield node.function, minus(node.arguments[0], other)
    if isinstance(node, Choice):
        yield "pieces", minus(node.condition.left, node.condition.right)
    for child in children(node):
        yield from _boundaries(child)


def _zeros(boundary: Formula, by: str) -> list[Scalar]:
    """The real zeros of a boundary that is a polynomial of low degree."""
    try:
        exact = numeric(coefficients(boundary, by))
    except UsageError:  # not a polynomial: its corners are not searched for
        return []
    if exact is None or not 2 <= len(exact) <= 5:
        return []
    found: list[Scalar] = []
    for root in roots(exact):
        if isinstance(root.value, Number) and is_exact(root.value.value):
            found.append(cast(Scalar, root.value.value))
        elif not root.number.imag:
            found.append(root.number.real)
    return found


def _corner(function: Formula, slope: Formula, by: str, place: Scalar, name: str) -> Step | None:
    """The slopes on both sides; None where they agree, so that there is no corner."""
    width = 1e-6 * max(1.0, abs(float(place)))
    try:
        sides = tuple(_near(slope, by, float(place) + side * width) for side in (-1, 1))
        values = [_near(function, by, float(place) + side * width) for side in (-1, 0, 1)]
    except Undefined:
        return None
    size = max(1.0, *map(abs, sides))
    rough = 1e-2 + 10 * width * size  # what the values may change over the width
    if max(abs(values[1] - values[0]), abs(values[2] - values[1])) > 10 * width * size:
        nearer = tuple(_near(function, by, float(place) + side * width / 2) for side in (-1, 1))
        return _jump(by, place, (values[0], values[2]), Check(HALF_AWAY, nearer, rough))
    nearer = tuple(_near(slope, by, float(place) + side * width / 100) for side in (-1, 1))
    if abs(nearer[0] - nearer[1]) <= 1e-3 * size:  # at a corner the two stay apart
        return None
    if max(abs(a - b) for a, b in zip(sides, nearer, strict=True)) > 1e-3 * size:
        mean = (values[0] + values[2]) / 2
        return _steep(by, place, values[1], Check("the mean of both sides", mean, rough))
    secants = ((values[1] - values[0]) / width, (values[2] - values[1]) / width)
    chosen = f" torch takes {TORCH[name]} there." if name in TORCH else ""
    shown = one_line(formula(place))
    return Step(
        rule=f"Corner at {by} = {shown}",
        given={by: place},
        of=Symbol("slopes"),
        result=tuple(_short(side) for side in sides),
        check=Check("secants to the left and to the right", secants, 3e-3 * size),
        reason=f"From the left the slope is the first number, from the right the second. They "
        f"differ, so there is no derivative at {by} = {shown}.{chosen}",
    )


def _jump(by: str, place: Scalar, values: tuple[float, float], check: Check) -> Step:
    shown = one_line(formula(place))
    return Step(
        rule=f"Jump at {by} = {shown}",
        given={by: place},
        of=Symbol("values"),
        result=values,
        check=check,
        reason="The function jumps here: it has no derivative at this place.",
    )


def _steep(by: str, place: Scalar, value: float, check: Check) -> Step:
    shown = one_line(formula(place))
    return Step(
        rule=f"No slope at {by} = {shown}",
        given={by: place},
        of=Symbol("value"),
        result=value,
        check=check,
        reason="The function is continuous here, but beside this place its slope does not settle: "
        "it grows beyond all bounds.",
    )


def _near(node: Formula, by: str, at: float) -> float:
    value = real_number(node, {by: at})
    if not math.isfinite(value):
        raise Undefined(f"no value at {at}")
    return value


def _short(value: float) -> Scalar:
    """A slope measured beside the corner, as the whole number that it nearly is."""
    return round(value) if abs(value - round(value)) < 1e-4 else value
