"""Arithmetic on numbers and nested tuples of numbers that keeps exact numbers exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

from pellucid.errors import UsageError

Scalar: TypeAlias = int | Fraction | float
Vector: TypeAlias = tuple[Scalar, ...]
Matrix: TypeAlias = tuple[Vector, ...]
Tensor: TypeAlias = "Scalar | tuple[Tensor, ...]"
Item = TypeVar("Item")

LARGEST_DIGITS = 4000  # bits of an exact power: far above any lesson, far below a hang


class Undefined(UsageError):  # noqa: N818 - what a mathematician calls it
    """A formula has no value at the given numbers."""


def magnitude(value: Scalar) -> Scalar:
    """The absolute value."""
    return value if value >= 0 else -value


def is_exact(value: object) -> bool:
    """Say whether a number is an int or a Fraction."""
    return isinstance(value, (int, Fraction)) and not isinstance(value, bool)


def simplest(value: Scalar) -> Scalar:
    """Turn a whole Fraction into an int."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    return value


def divide(above: Scalar, below: Scalar) -> Scalar:
    """above / below, exact when both are."""
    if below == 0:
        raise Undefined(f"Division by zero: {above} / 0 has no value.")
    if is_exact(above) and is_exact(below):
        return simplest(Fraction(above) / Fraction(below))
    return float(above) / float(below)


def raise_to(base: Scalar, exponent: Scalar) -> Scalar:
    """base ** exponent over the real numbers, exact for whole exponents and perfect roots."""
    if base == 0 and exponent < 0:
        raise Undefined(f"Division by zero: 0 to the power {exponent} has no value.")
    if is_exact(base) and is_exact(exponent):
        exact = _exact_power(Fraction(base), Fraction(exponent))
        if exact is not None:
            return exact
    if base < 0 and exponent != int(exponent):
        raise Undefined(f"({base}) to the power {exponent} is not a real number.")
    try:
        return math.pow(base, exponent)
    except OverflowError:
        raise Undefined(f"({base}) to the power {exponent} is too large for a float64.") from None


def _exact_power(base: Fraction, exponent: Fraction) -> Scalar | None:
    if exponent.denominator == 1:
        whole = exponent.numerator
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if bits * abs(whole) > LARGEST_DIGITS and abs(base) != 1:
            return None
        return simplest(base**whole)
    if exponent.denominator == 2 and base >= 0:
        above, below = math.isqrt(base.numerator), math.isqrt(base.denominator)
        if above * above == base.numerator and below * below == base.denominator:
            return _exact_power(Fraction(above, below), Fraction(exponent.numerator))
    return None


def shape(value: object) -> tuple[int, ...]:
    """Give the shape of nested tuples; refuse rows of unequal length."""
    if not isinstance(value, tuple):
        return ()
    inner = {shape(item) for item in value}
    if len(inner) > 1:
        raise UsageError(f"The parts of an array must have one shape; found {sorted(inner)}.")
    return (len(value), *next(iter(inner), ()))


def each(function: Callable[..., Any], *values: Any) -> Any:
    """Apply a function to the entries of arrays of one shape; a plain number goes with each."""
    lengths = {len(value) for value in values if isinstance(value, tuple)}
    if not lengths:
        return function(*values)
    if len(lengths) > 1:
        raise UsageError(f"Arrays must have one shape; found lengths {sorted(lengths)}.")
    columns = [v if isinstance(v, tuple) else (v,) * max(lengths) for v in values]
    return tuple(each(function, *items) for items in zip(*columns, strict=True))


def dot(left: Sequence[Scalar], right: Sequence[Scalar]) -> Scalar:
    """Sum of the products of the entries."""
    total: Scalar = 0
    for first, second in zip(left, right, strict=True):
        total = total + first * second
    return simplest(total)


def matrix_product(left: Matrix, right: Matrix) -> Matrix:
    """(n, k) times (k, m) gives (n, m)."""
    columns = transpose(right)
    return tuple(tuple(dot(row, column) for column in columns) for row in left)


def matrix_vector(left: Matrix, right: Vector) -> Vector:
    """(n, k) times (k) gives (n)."""
    return tuple(dot(row, right) for row in left)


def transpose(matrix: Sequence[Sequence[Item]]) -> tuple[tuple[Item, ...], ...]:
    """Exchange rows and columns."""
    return tuple(zip(*matrix, strict=True))


def identity(size: int) -> Matrix:
    """Ones on the diagonal, zeros elsewhere."""
    return tuple(tuple(int(row == column) for column in range(size)) for row in range(size))


def add(left: Tensor, right: Tensor) -> Any:
    """left + right, entry by entry."""
    return each(lambda a, b: simplest(a + b), left, right)


def subtract(left: Tensor, right: Tensor) -> Any:
    """left - right, entry by entry."""
    return each(lambda a, b: simplest(a - b), left, right)


def scale(factor: Scalar, value: Tensor) -> Any:
    """Factor times every entry."""
    return each(lambda a: simplest(factor * a), value)


def total(values: Iterable[Scalar]) -> Scalar:
    """The sum: exact for exact numbers, correctly rounded for floats."""
    numbers = tuple(values)
    if all(map(is_exact, numbers)):
        return simplest(sum((Fraction(number) for number in numbers), Fraction(0)))
    return math.fsum(numbers)


def flat(value: Tensor) -> Vector:
    """All entries in reading order."""
    if not isinstance(value, tuple):
        return (value,)
    return tuple(entry for item in value for entry in flat(item))
