"""What a path of gradient descent does: it converges, swings, bounces or leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from pellucid.working.arithmetic import Scalar, Undefined, divide, is_exact, magnitude, simplest
from pellucid.working.differentiation import derivative_of
from pellucid.working.evaluation import evaluate_number
from pellucid.working.formula import Formula, Symbol, minus, symbols, times
from pellucid.working.iteration import Point, Problem
from pellucid.working.printing.numbers import terminating
from pellucid.working.step import Check, Step

SMALL = 1e-6
CALM = 0.5  # the last move over the first, from where a path counts as settling


@dataclass(frozen=True)
class Visit:
    """A place on the path and the function's value there."""

    point: Point
    height: Scalar


def verdict(problem: Problem, visits: list[Visit]) -> Step:
    """Say it in a word, with the number behind it."""
    curvature = _curvature(problem)
    if curvature is not None and problem.method == "plain":
        return _by_factor(problem, visits, curvature)
    word = classified(visits)
    first, last = (_length(visits[k], visits[k + 1]) for k in (0, len(visits) - 2))
    ratio = last / first if first else 0.0
    return Step(
        rule=f"What the step size does: it {word}",
        given={"first_move": first, "last_move": last},
        of=Symbol("ratio"),
        result=ratio,
        check=Check(
            "logarithms", math.exp(math.log(last) - math.log(first)) if first and last else 0.0
        ),
        reason="The last move over the first: below 1 the path settles, above 1 it runs away.",
    )


def classified(visits: list[Visit]) -> str:
    """The word for a path, from its moves and heights."""
    moves = [_length(a, b) for a, b in pairwise(visits)]
    rises = visits[-1].height > visits[0].height
    if moves[0] == 0:
        return "stands still, for the slope is 0 here"
    if len(moves) > 1 and moves[1] == 0:
        return "lands at once"
    if not math.isfinite(moves[-1]) or (rises and moves[-1] > moves[0]):
        return "leaves"
    if len(visits) > 2 and _length(visits[-3], visits[-1]) <= SMALL * moves[-1]:
        return "bounces between two places"
    if not rises and moves[-1] < CALM * moves[0]:
        swings = len(visits) > 2 and _turns(visits)
        return "converges, swinging from side to side" if swings else "converges"
    return "is still on its way"


def _by_sign(factor: Scalar) -> str:
    """The word for a parabola, on which every move is the one before times the factor."""
    if factor == 0:
        return "lands at once"
    if magnitude(factor) == 1:
        return "bounces between two places"
    if magnitude(factor) > 1:
        return "leaves"
    return "converges" if factor > 0 else "converges, swinging from side to side"


def _length(start: Visit, end: Visit) -> float:
    return math.dist(tuple(map(float, start.point)), tuple(map(float, end.point)))


def _turns(visits: list[Visit]) -> bool:
    """Whether the last two moves point against each other."""
    a, b, c = (tuple(map(float, visit.point)) for visit in visits[-3:])
    return sum((q - p) * (r - q) for p, q, r in zip(a, b, c, strict=True)) < 0


def _curvature(problem: Problem) -> Scalar | None:
    """The second derivative of a function of one variable, when it is a constant."""
    if len(problem.names) != 1:
        return None
    second: Formula = derivative_of(problem.gradient[0], problem.names[0])
    if symbols(second):
        return None
    try:
        value = evaluate_number(second)
    except Undefined:
        return None
    return value if is_exact(value) and value > 0 else None


def _by_factor(problem: Problem, visits: list[Visit], curvature: Scalar) -> Step:
    """For a parabola each move is the one before times 1 - h f''."""
    h = problem.settings["h"]
    factor = simplest(1 - h * curvature)
    moves = visits[0].point != visits[1].point
    word = _by_sign(factor) if moves else classified(visits)
    best, last = (_decimal(divide(k, curvature)) for k in (1, 2))
    return Step(
        rule=f"What the step size does: it {word}",
        given={"h": h, "f''": curvature},
        of=Symbol("factor"),
        working=(minus(1, times("h", "f''")), minus(1, times(h, curvature))),
        result=factor,
        check=Check("the second move over the first", _measured(visits, factor)),
        reason=f"On a parabola every step multiplies the distance to the bottom by 1 − h·f″. It "
        f"converges for h below {last}, lands at once for h = {best}, bounces for h = {last} and "
        "leaves above.",
        decimal=True,
    )


def _measured(visits: list[Visit], factor: Scalar) -> Scalar:
    if len(visits) < 3 or visits[0].point == visits[1].point:
        return factor
    (a,), (b,), (c,) = (visit.point for visit in visits[:3])
    return divide(c - b, b - a)


def _decimal(value: Scalar) -> str:
    from fractions import Fraction

    return terminating(Fraction(value)) or str(value)
