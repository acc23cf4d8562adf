"""Gradient descent on any function, by any of the optimizers, step by step."""

from __future__ import annotations

from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working.agreement import Value
from pellucid.working.arguments import (
    Given,
    read_array,
    read_choice,
    read_count,
    read_number,
    read_numbers,
    read_point,
)
from pellucid.working.arithmetic import Scalar, Undefined, flat, shape
from pellucid.working.differentiation import differentiate
from pellucid.working.formula import Formula, Symbol, symbols
from pellucid.working.iteration import Point, Problem, advance, beginning, shortened
from pellucid.working.lessons.derivative import read_function
from pellucid.working.lessons.descent_picture import picture
from pellucid.working.lessons.descent_verdict import Visit, verdict
from pellucid.working.optimizers import MUON_SETTINGS, OPTIMIZERS
from pellucid.working.printing.linear import one_line
from pellucid.working.step import Check, NumberTable, Step

METHODS = (*OPTIMIZERS, "muon")
MOST_STEPS = 500
MOST_VARIABLES = 9
LARGEST_STEP = 1_000_000
FAR = 1e30  # beyond it the path has left
SHOWN = 3  # iterations in full; the table has them all


def descent(
    function: Given = "x**2",
    start: Given = 6,
    step: Given = "0.1",
    steps: Given = 10,
    method: str = "plain",
    settings: Given = None,
) -> Step:
    """Walk downhill: again and again a step against the gradient."""
    read = read_function(function)
    slopes = tuple(differentiate(read, name) for name in _variables(read))
    problem, point = _problem(read, slopes, (start, step, method, settings))
    count = read_count(steps, "steps", 1, MOST_STEPS)
    walked, visits = _walk(problem, point, count)
    last = walked[-1]
    return Step(
        rule=f"Gradient descent on {one_line(problem.function, True)}, {problem.method}",
        given={"start": _single(visits[0].point), **problem.settings},
        of=last.of,
        result=last.result,
        check=Check("the last update in plain arithmetic", last.check.value),
        reason=problem.reason,
        steps=(*slopes, verdict(problem, visits), *walked),
        shown=len(slopes) + 1 + SHOWN,
        table=_table(problem.names, visits),
        picture=picture(problem, visits),
        decimal=True,
    )


def _variables(function: Formula) -> tuple[str, ...]:
    names = symbols(function)
    if not 1 <= len(names) <= MOST_VARIABLES:
        raise UsageError(
            f"The function must have 1 to {MOST_VARIABLES} variables; {one_line(function)} has "
            f"{len(names)}."
        )
    return names


def _problem(
    function: Formula, slopes: tuple[Step, ...], given: tuple[Given, Given, str, Given]
) -> tuple[Problem, Point]:
    start, step, method, settings = given
    h = read_number(step, "step")
    if not 0 < h <= LARGEST_STEP:
        raise UsageError(
            f"step must lie between 0 and {LARGEST_STEP:,}; {float(h):g} would leave at once. "
            "Try 0.1, and smaller ones if it leaves."
        )
    names = symbols(function)
    name = read_choice(method, "method", METHODS)
    point, layout = _start(start, names)
    gradient = tuple(cast(Formula, slope.result) for slope in slopes)
    found = _settings(name, h, settings)
    problem = Problem(function, names, gradient, name, found, layout)
    return problem, shortened(problem, point)


def _start(start: Given, names: tuple[str, ...]) -> tuple[Point, tuple[int, int]]:
    """The point, and the rows and columns in which it was written."""
    text = isinstance(start, str) and "=" in start
    found: Any = None if text or isinstance(start, dict) else read_array(start, "start")
    if found is not None and len(shape(found)) == 2:
        numbers = flat(read_numbers(found, "start"))
        point = read_point(numbers, names, "start")
        return tuple(point[name] for name in names), (len(found), len(found[0]))
    point = read_point(start, names, "start")
    return tuple(point[name] for name in names), (1, len(names))


def _settings(method: str, h: Scalar, given: Given) -> dict[str, Scalar]:
    """The method's settings with the user's in their place."""
    found: dict[str, Scalar] = {"h": h}
    found |= MUON_SETTINGS if method == "muon" else OPTIMIZERS[method].settings
    if given is None:
        return found
    pairs = given if isinstance(given, dict) else _pairs(str(given))
    for name, value in pairs.items():
        if name not in found or name == "h":
            known = ", ".join(part for part in found if part != "h") or "none"
            raise UsageError(f"{method} has no setting {name!r}; it has {known}.")
        number = read_number(value, name)
        if not 0 <= number < 1:
            raise UsageError(f"{name} must be at least 0 and below 1; found {value}.")
        found[name] = number
    return found


def _pairs(text: str) -> dict[str, str]:
    parts = [part.split("=", 1) for part in text.split(",")]
    if any(len(part) != 2 for part in parts):
        raise UsageError(f'settings must read like "mu=0.9"; found {text!r}.')
    return {name.strip(): value for name, value in parts}


def _walk(problem: Problem, point: Point, count: int) -> tuple[list[Step], list[Visit]]:
    """Go on until the steps are done, the path has left, or the function ends."""
    steps: list[Step] = []
    visits = [_visit(problem, point)]
    state = beginning(problem)
    for k in range(1, count + 1):
        try:
            step, after, state = advance(problem, point, state, k)
            point = shortened(problem, after)
            visit = _visit(problem, point)
        except Undefined as fault:
            if not steps:
                raise UsageError(f"The first step leads nowhere: {fault}") from None
            break
        steps.append(step)
        visits.append(visit)
        if max(abs(float(x)) for x in point) > FAR:
            break
    return steps, visits


def _visit(problem: Problem, point: Point) -> Visit:
    try:
        return Visit(point, problem.height(point))
    except Undefined as fault:
        where = ", ".join(f"{name} = {float(x):g}" for name, x in problem.at(point).items())
        raise Undefined(f"{one_line(problem.function)} has no value at {where}: {fault}") from None


def _single(point: Point) -> Value:
    return point[0] if len(point) == 1 else point


def _table(names: tuple[str, ...], visits: list[Visit]) -> NumberTable:
    rows = tuple((k, *visit.point, visit.height) for k, visit in enumerate(visits))
    return NumberTable("The path", ("step", *map(Symbol, names), Symbol("f")), rows)
