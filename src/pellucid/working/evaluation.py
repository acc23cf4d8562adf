"""The value of a formula at given numbers: exact when it can be, and slopes by the complex step."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce, singledispatch
from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working import formula as tree
from pellucid.working.arithmetic import (
    Matrix,
    Scalar,
    Tensor,
    Undefined,
    divide,
    dot,
    each,
    matrix_product,
    matrix_vector,
    raise_to,
    shape,
    simplest,
    transpose,
)
from pellucid.working.array_functions import ARRAY_FUNCTIONS
from pellucid.working.formula import Formula
from pellucid.working.functions import SEVERAL, apply, apply_complex


class _Row(tuple[Any, ...]):
    """A vector laid down: a matrix of one row that makes an outer product with a column."""


@dataclass(frozen=True)
class _Numbers:
    """The numbers that a formula is evaluated in."""

    divide: Callable[[Any, Any], Any]
    power: Callable[[Any, Any], Any]
    apply: Callable[[str, Any], Any]


_STEP = 1e-30


def _divide_complex(above: complex, below: complex) -> complex:
    if below == 0:
        raise Undefined("Division by zero has no value.")
    return complex(above) / complex(below)


def _raise_complex(base: complex, exponent: complex) -> complex:
    exponent = complex(exponent)
    whole = not exponent.imag and exponent.real == int(exponent.real)
    try:
        return complex(base) ** (int(exponent.real) if whole else exponent)
    except (ZeroDivisionError, OverflowError):
        raise Undefined("A power has no value here.") from None


def _either(real: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """The real operation, or the complex one when a number in it is complex."""
    return lambda *numbers: (
        other(*numbers) if any(isinstance(n, complex) for n in numbers) else real(*numbers)
    )


def _apply_complex(name: str, value: Any) -> complex:
    return apply_complex(name, complex(value))


_REAL = _Numbers(
    _either(divide, _divide_complex),
    _either(raise_to, _raise_complex),
    _either(apply, _apply_complex),
)
_COMPLEX = _Numbers(_divide_complex, _raise_complex, _apply_complex)


def evaluate(node: Formula, values: Mapping[str, Tensor] | None = None) -> Tensor:
    """The value in real numbers; raises Undefined where there is none."""
    try:
        return cast(Tensor, _value(node, values or {}, _REAL))
    except OverflowError:
        raise Undefined("A number on the way is too large for a float64.") from None


def evaluate_number(node: Formula, values: Mapping[str, Tensor] | None = None) -> Scalar:
    """The value of a formula that is one number."""
    value = evaluate(node, values)
    if isinstance(value, tuple):
        raise UsageError(f"A number is needed here, not an array of shape {shape(value)}.")
    return value


def real_number(node: Formula, values: Mapping[str, Tensor] | None = None) -> float:
    """The value as a float; raises Undefined where there is none."""
    try:
        return float(evaluate_number(node, values))
    except OverflowError:
        raise Undefined("A number on the way is too large for a float64.") from None


def evaluate_complex(node: Formula, values: Mapping[str, complex] | None = None) -> Any:
    """The value in complex numbers."""
    try:
        return _value(node, values or {}, _COMPLEX)
    except OverflowError:
        raise Undefined("A number on the way is too large for a float64.") from None


def slope_at(node: Formula, by: str, values: Mapping[str, Tensor]) -> float:
    """The derivative at a point without any rule of differentiation: by the complex step.

    f(x + ih) = f(x) + ih f'(x) + ..., so the imaginary part over h is f'(x), with no difference
    of nearly equal numbers (Squire and Trapp, SIAM Review 1998).
    """
    evaluate(node, values)  # where the function has no real value it has no slope
    point = {name: complex(cast(float, value)) for name, value in values.items()}
    point[by] = complex(point[by].real, _STEP)
    found = complex(evaluate_complex(node, point)).imag / _STEP
    if not math.isfinite(found):
        raise Undefined("The slope is not a finite number here.")
    return found


def multiply(left: Any, right: Any) -> Any:
    """The product of numbers, vectors and matrices, as their shapes say."""
    ranks = len(shape(left)), len(shape(right))
    if 0 in ranks:
        return each(lambda a, b: simplest(a * b), left, right)
    if shape(left)[-1] != shape(right)[0] and shape(right)[0] != 1:
        raise UsageError(
            f"Shapes {shape(left)} and {shape(right)} cannot be multiplied: "
            f"{shape(left)[-1]} columns meet {shape(right)[0]} rows."
        )
    products: dict[tuple[int, int], Callable[[Any, Any], Any]] = {
        (1, 1): dot,
        (2, 1): matrix_vector,
        (2, 2): matrix_product,
        (1, 2): _row_times_matrix,
    }
    if ranks not in products:
        raise UsageError(f"No product is defined for shapes {shape(left)} and {shape(right)}.")
    return products[ranks](left, right)


def _row_times_matrix(left: Any, right: Matrix) -> Any:
    if isinstance(right, _Row):  # a column times a row: the outer product
        return tuple(tuple(simplest(a * b) for b in right[0]) for a in left)
    return matrix_vector(transpose(right), left)


@singledispatch
def _value(node: Formula, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    raise UsageError(f"{type(node).__name__} has no value of its own.")


@_value.register
def _(node: tree.Number, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    return simplest(node.value) if not isinstance(node.value, complex) else node.value


@_value.register
def _(node: tree.Symbol, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    if node.name in values:
        return values[node.name]
    if node.name in tree.CONSTANTS:
        return {"pi": math.pi, "e": math.e}[node.name]
    raise UsageError(f"No number is given for {node.name!r}.")


@_value.register
def _(node: tree.Negative, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    return each(lambda a: -a, _value(node.of, values, numbers))


@_value.register
def _(node: tree.Sum, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    terms = [_value(term, values, numbers) for term in node.terms]
    return reduce(lambda left, right: each(lambda a, b: simplest(a + b), left, right), terms)


@_value.register
def _(node: tree.Product, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    return reduce(multiply, [_value(factor, values, numbers) for factor in node.factors])


@_value.register
def _(node: tree.Elementwise, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    factors = [_value(factor, values, numbers) for factor in node.factors]
    return reduce(lambda left, right: each(lambda a, b: simplest(a * b), left, right), factors)


@_value.register
def _(node: tree.Quotient, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    above, below = (_value(part, values, numbers) for part in (node.above, node.below))
    return each(numbers.divide, above, below)


@_value.register
def _(node: tree.Power, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    if node.base == tree.Symbol("e") and "e" not in values:
        return _value(tree.call("exp", node.exponent), values, numbers)
    base, exponent = (_value(part, values, numbers) for part in (node.base, node.exponent))
    return each(numbers.power, base, exponent)


@_value.register
def _(node: tree.Call, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    arguments = [_value(argument, values, numbers) for argument in node.arguments]
    if node.function in SEVERAL:
        key = (lambda z: z.real) if numbers is _COMPLEX else None
        return each(lambda *items: SEVERAL[node.function](items, key=key), *arguments)
    if node.function in ARRAY_FUNCTIONS:
        return ARRAY_FUNCTIONS[node.function](*arguments)
    return each(lambda item: numbers.apply(node.function, item), *arguments)


@_value.register
def _(node: tree.Transpose, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    value = _value(node.of, values, numbers)
    return transpose(value) if len(shape(value)) == 2 else _Row((value,))


@_value.register
def _(node: tree.Array, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    return tuple(_value(item, values, numbers) for item in node.items)


@_value.register
def _(node: tree.Derivative, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    return slope_at(node.of, node.by, values) if node.by in tree.symbols(node.of) else 0


@_value.register
def _(node: tree.Choice, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    holds = _value(node.condition, values, numbers)
    if not isinstance(holds, tuple):  # only the branch that holds need have a value
        return _value(node.then if holds else node.otherwise, values, numbers)
    branches = [_value(part, values, numbers) for part in (node.then, node.otherwise)]
    return each(lambda first, a, b: a if first else b, holds, *branches)


@_value.register
def _(node: tree.Comparison, values: Mapping[str, Any], numbers: _Numbers) -> Any:
    sides = (_value(part, values, numbers) for part in (node.left, node.right))
    return each(lambda a, b: _COMPARISONS[node.sign](_real(a), _real(b)), *sides)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


def _real(value: Any) -> Any:
    return value.real if isinstance(value, complex) else value
