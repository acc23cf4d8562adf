"""How far two values differ, be they numbers, arrays or formulas."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, cast

from pellucid.errors import UsageError
from pellucid.working.arithmetic import Scalar, Tensor, Undefined, is_exact
from pellucid.working.evaluation import evaluate, evaluate_complex
from pellucid.working.formula import Formula, symbols

Point: TypeAlias = tuple[tuple[str, Tensor], ...]
ENOUGH = 3  # points at which two formulas are compared
TRIES = 200  # points looked at before giving up on finding so many


@dataclass(frozen=True)
class Samples:
    """What is known of a function at points; agrees with any formula that goes through them."""

    points: tuple[Point, ...]
    values: tuple[Any, ...]


Value: TypeAlias = (
    "int | Fraction | float | complex | str | bool | Formula | Samples | tuple[Value, ...] | None"
)


def difference(left: Value, right: Value) -> float:
    """The largest relative difference; 0 for equal exact values, infinity for different kinds."""
    if isinstance(left, Samples) or isinstance(right, Samples):
        return _from_samples(left, right)
    if isinstance(left, tuple) or isinstance(right, tuple):
        return _of_arrays(left, right)
    if isinstance(left, Formula) or isinstance(right, Formula):
        return _of_formulas(left, right)
    if isinstance(left, (str, bool, type(None))) or isinstance(right, (str, bool, type(None))):
        return 0.0 if left == right and type(left) is type(right) else math.inf
    return _of_numbers(left, right)


def _of_numbers(left: complex | Fraction, right: complex | Fraction) -> float:
    if left == right:
        return 0.0
    if is_exact(left) and is_exact(right):
        return math.inf
    gap = abs(complex(left) - complex(right))
    size = max(1.0, abs(complex(left)), abs(complex(right)))
    return gap / size if math.isfinite(gap) else math.inf


def _of_arrays(left: Value, right: Value) -> float:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Formula) and isinstance(other, tuple) and not symbols(one):
            return difference(_at(one, ()), other)
    if not (isinstance(left, tuple) and isinstance(right, tuple)) or len(left) != len(right):
        return math.inf
    return max((difference(a, b) for a, b in zip(left, right, strict=True)), default=0.0)


def _of_formulas(left: Value, right: Value) -> float:
    if left == right:
        return 0.0
    names = sorted({*_names(left), *_names(right)})
    if not names:
        return difference(_at(left, ()), _at(right, ()))
    found = list(points(names, (left, right), ENOUGH))
    if len(found) < ENOUGH:  # somewhere off the real line, perhaps
        found = list(points(names, (), ENOUGH))
    return max(difference(_at(left, point), _at(right, point)) for point in found)


def _from_samples(left: Value, right: Value) -> float:
    samples, other = (left, right) if isinstance(left, Samples) else (right, left)
    if not isinstance(samples, Samples) or not samples.points:
        return math.inf
    if isinstance(other, Samples):
        return 0.0 if other == samples else math.inf
    pairs = zip(samples.points, samples.values, strict=True)
    return max(difference(_at(other, point), value) for point, value in pairs)


def _names(value: Value) -> tuple[str, ...]:
    return symbols(value) if isinstance(value, Formula) else ()


def _at(value: Value, point: Point) -> Value:
    if isinstance(value, tuple):
        return tuple(_at(item, point) for item in value)
    if not isinstance(value, Formula):
        return value
    try:
        return cast(Value, evaluate(value, dict(point)))
    except Undefined:
        return cast(Value, evaluate_complex(value, cast("dict[str, complex]", dict(point))))


def points(names: list[str], where: tuple[Value, ...], count: int) -> Iterator[Point]:
    """Give up to `count` points, always the same ones, at which all the values are defined."""
    generator = random.Random(20)
    for _ in range(TRIES):
        point = tuple((name, _coordinate(generator)) for name in names)
        if all(_is_defined(value, point) for value in where):
            yield point
            count -= 1
        if not count:
            return


def _coordinate(generator: random.Random) -> Scalar:
    # Away from whole and half numbers, where corners, poles and accidental zeros live.
    return Fraction(generator.randrange(-250, 250) * 4 + 1, 311)


def _is_defined(value: Value, point: Point) -> bool:
    if not isinstance(value, Formula):
        return True
    try:
        found = evaluate(value, dict(point))
    except Undefined:
        return False
    except UsageError:
        return False
    return not isinstance(found, float) or (math.isfinite(found) and abs(found) < 1e100)
