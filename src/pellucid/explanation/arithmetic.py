"""Arithmetic number by number, worked at the place of the output's largest number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pellucid.explanation.numbers import Place, entry, largest
from pellucid.explanation.recorder import Held, Operation
from pellucid.working.arithmetic import Scalar
from pellucid.working.formula import Formula, call, minus, over, plus, power, times
from pellucid.working.step import FLOAT_TOLERANCE, Check, Step

Write = Callable[..., Formula]
ARITHMETIC: dict[str, tuple[Write, Callable[..., float]]] = {
    "add": (plus, lambda a, b: a + b),
    "__add__": (plus, lambda a, b: a + b),
    "__radd__": (plus, lambda a, b: a + b),
    "sub": (minus, lambda a, b: a - b),
    "__sub__": (minus, lambda a, b: a - b),
    "__rsub__": (lambda a, b: minus(b, a), lambda a, b: b - a),
    "mul": (times, lambda a, b: a * b),
    "__mul__": (times, lambda a, b: a * b),
    "__rmul__": (times, lambda a, b: a * b),
    "div": (over, lambda a, b: a / b),
    "__div__": (over, lambda a, b: a / b),
    "__truediv__": (over, lambda a, b: a / b),
    "__rdiv__": (lambda a, b: over(b, a), lambda a, b: b / a),
    "addcmul": (lambda a, b, c: plus(a, times(b, c)), lambda a, b, c: a + b * c),
    "square": (lambda a: power(a, 2), lambda a: a * a),
    "exp": (lambda a: call("exp", a), math.exp),
    "log": (lambda a: call("log", a), math.log),
    "sqrt": (lambda a: call("sqrt", a), math.sqrt),
    "rsqrt": (lambda a: over(1, call("sqrt", a)), lambda a: a**-0.5),
    "abs": (lambda a: call("abs", a), abs),
    "neg": (lambda a: times(-1, a), lambda a: -a),
    "sin": (lambda a: call("sin", a), math.sin),
    "cos": (lambda a: call("cos", a), math.cos),
}
SPREAD = 40.0  # beyond it exp is written, but not worked in formulas


def arithmetic(operation: Operation, y: Tensor) -> tuple[Step, ...]:
    """The same arithmetic on the numbers at one place."""
    write, compute = ARITHMETIC[operation.name]
    place = largest(y)
    if not y.is_floating_point() or set(operation.kwargs) - {"other"}:
        return ()
    given = [*operation.args, *operation.kwargs.values()]
    values = [number_at(value, place, y) for value in given]
    if any(value is None for value in values) or len(values) > _arity(operation.name):
        return ()
    numbers: list[Any] = [float(value) for value in values]  # type: ignore[arg-type]
    if operation.name == "exp" and abs(numbers[0]) > SPREAD:
        return ()
    tolerance = _tolerance(numbers, y, place)
    return (in_full(write(*numbers), compute(*numbers), y, place, tolerance),)


def in_full(
    form: Formula, known: float, y: Tensor, place: Place, tolerance: float = FLOAT_TOLERANCE
) -> Step:
    """The number at one place by a formula of the numbers that it is made of."""
    return Step(
        rule="One number in full",
        given={},
        of=entry("y", place),
        working=(form,),
        result=float(y[place]),
        check=Check("plain arithmetic", known, tolerance),
    )


def _arity(name: str) -> int:
    """How many numbers an arithmetic operation takes."""
    return ARITHMETIC[name][1].__code__.co_argcount if name not in _MATH else 1


_MATH = ("exp", "log", "sqrt", "abs", "sin", "cos")


def number_at(value: Any, place: Place, y: Tensor) -> Scalar | None:
    if isinstance(value, Held):
        value = value.value
    if isinstance(value, Tensor):
        if value.dtype == torch.bool or value.is_complex():
            return float(value.expand(y.shape)[place]) if value.dtype == torch.bool else None
        return float(value.expand(y.shape)[place])
    return value if isinstance(value, int | float) else None


def _tolerance(numbers: list[Any], y: Tensor, place: Place) -> float:
    """Rounding of float64 where large numbers cancel."""
    return max(1e-12, 1e-15 * max(map(abs, numbers)) / max(1.0, abs(float(y[place]))))
