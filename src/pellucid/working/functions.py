"""The elementary functions: value, slope on the complex step, corners, spelling."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pellucid.working.arithmetic import Scalar, Undefined, divide, is_exact, raise_to


@dataclass(frozen=True)
class Function:
    """One function of one real variable."""

    real: Callable[[float], float]
    imaginary: Callable[[complex], complex]  # the same function, for the complex step
    exact: Mapping[Scalar, Scalar] = field(default_factory=dict)  # where it has exact values
    piecewise: Callable[[Scalar], Scalar] | None = None  # when it keeps fractions fractions
    corners: tuple[Scalar, ...] = ()


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _gelu(x: float) -> float:
    return x / 2 * math.erfc(-x / math.sqrt(2))


def _complex_erf(z: complex) -> complex:
    # First order in the imaginary part, all that a complex step of 1e-30 can see.
    slope = 2 / math.sqrt(math.pi) * math.exp(-(z.real**2))
    return complex(math.erf(z.real), slope * z.imag)


def _complex_sigmoid(z: complex) -> complex:
    # Through exp of a number with a negative real part, which cannot overflow.
    return 1 / (1 + cmath.exp(-z)) if z.real >= 0 else cmath.exp(z) / (1 + cmath.exp(z))


def _complex_tanh(z: complex) -> complex:
    return 2 * _complex_sigmoid(2 * z) - 1


def _complex_softplus(z: complex) -> complex:
    return (z if z.real > 0 else 0) + cmath.log(1 + cmath.exp(-z if z.real > 0 else z))


def _relu(x: Any) -> Any:
    return x if x > 0 else 0 * x


def _absolute(x: Any) -> Any:
    return x if x > 0 else -x


def _sign(x: Scalar) -> int:
    return (x > 0) - (x < 0)


def _square_root(x: float) -> float:
    return float(raise_to(x, Fraction(1, 2)))


FUNCTIONS: dict[str, Function] = {
    "exp": Function(math.exp, cmath.exp, {0: 1}),
    "log": Function(math.log, cmath.log, {1: 0}),
    "sqrt": Function(_square_root, cmath.sqrt),
    "sin": Function(math.sin, cmath.sin, {0: 0}),
    "cos": Function(math.cos, cmath.cos, {0: 1}),
    "tan": Function(math.tan, cmath.tan, {0: 0}),
    "asin": Function(math.asin, cmath.asin, {0: 0}),
    "acos": Function(math.acos, cmath.acos, {1: 0}),
    "atan": Function(math.atan, cmath.atan, {0: 0}),
    "sinh": Function(math.sinh, cmath.sinh, {0: 0}),
    "cosh": Function(math.cosh, cmath.cosh, {0: 1}),
    "tanh": Function(math.tanh, _complex_tanh, {0: 0}),
    "sigmoid": Function(_sigmoid, _complex_sigmoid, {0: Fraction(1, 2)}),
    "softplus": Function(_softplus, _complex_softplus),
    "erf": Function(math.erf, _complex_erf, {0: 0}),
    "gelu": Function(_gelu, lambda z: z * (1 + _complex_erf(z / math.sqrt(2))) / 2, {0: 0}),
    "silu": Function(lambda x: x * _sigmoid(x), lambda z: z * _complex_sigmoid(z), {0: 0}),
    "relu": Function(_relu, lambda z: z if z.real > 0 else 0 * z, piecewise=_relu, corners=(0,)),
    "abs": Function(abs, lambda z: -z if z.real < 0 else z, piecewise=_absolute, corners=(0,)),
    "sign": Function(_sign, lambda z: complex(_sign(z.real)), piecewise=_sign, corners=(0,)),
}
SEVERAL: dict[str, Callable[..., Scalar]] = {"max": max, "min": min}
SPELLINGS = {"ln": "log", "logistic": "sigmoid", "swish": "silu", "arctan": "atan"} | {
    "arcsin": "asin",
    "arccos": "acos",
    "sgn": "sign",
}


def apply(name: str, value: Scalar) -> Scalar:
    """The value of a function: exact where it has an exact value, else float64."""
    function = FUNCTIONS[name]
    if is_exact(value):
        if function.piecewise is not None:
            return function.piecewise(value)
        if value in function.exact:
            return function.exact[value]
        if name == "sqrt" and value >= 0:
            return raise_to(value, Fraction(1, 2))
    try:
        return function.real(float(value))
    except ValueError:
        raise Undefined(f"{name}({value}) is not a real number.") from None
    except OverflowError:
        raise Undefined(f"{name}({float(value):.6g}) is too large for a float64.") from None


def apply_complex(name: str, value: complex) -> complex:
    """The function continued to complex numbers near the real line."""
    try:
        return FUNCTIONS[name].imaginary(value)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise Undefined(f"{name}({value.real:.6g}) has no value.") from None


def slope(name: str, value: Scalar) -> float:
    """The slope of a function by the complex step (Squire and Trapp, 1998)."""
    step = 1e-30
    return float(divide(apply_complex(name, complex(float(value), step)).imag, step))
