"""The activation functions: formula, a second formula, slope, range."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from pellucid.working.arithmetic import Scalar, is_exact, magnitude
from pellucid.working.differentiation import derivative_of
from pellucid.working.evaluation import evaluate_number, slope_at
from pellucid.working.formula import (
    ONE,
    Formula,
    Negative,
    Symbol,
    call,
    formula,
    minus,
    over,
    plus,
    substitute,
    times,
)
from pellucid.working.functions import apply
from pellucid.working.step import Check, Step

X = Symbol("x")


@dataclass(frozen=True)
class Activation:
    """One activation function of one number."""

    form: Formula  # in the symbol x
    way: str  # another formula for the same
    other: Callable[[float], float]
    low: float
    high: float
    about: str


def _half_tanh(x: float) -> float:
    return (1 + math.tanh(x / 2)) / 2


def _tanh_by_exp(x: float) -> float:
    small = math.exp(-2 * abs(x))
    return math.copysign((1 - small) / (1 + small), x)


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation(
        call("max", 0, X),
        "(x + |x|)/2",
        lambda x: (x + abs(x)) / 2,
        0.0,
        math.inf,
        "Positive numbers pass unchanged, negative ones become 0: they are not turned positive.",
    ),
    "tanh": Activation(
        over(
            minus(call("exp", X), call("exp", Negative(X))),
            plus(call("exp", X), call("exp", Negative(X))),
        ),
        "(1 − exp(−2|x|))/(1 + exp(−2|x|)) with the sign of x",
        _tanh_by_exp,
        -1.0,
        1.0,
        "Squeezes all numbers between −1 and 1; 0 stays 0.",
    ),
    "sigmoid": Activation(
        over(ONE, plus(1, call("exp", Negative(X)))),
        "(1 + tanh(x/2))/2",
        _half_tanh,
        0.0,
        1.0,
        "Squeezes all numbers between 0 and 1, which may then be read as a probability.",
    ),
    "gelu": Activation(
        over(times(X, plus(1, call("erf", over(X, call("sqrt", 2))))), 2),
        "x·(1 − erfc(x/√2)/2)",
        lambda x: x * (1 - math.erfc(x / math.sqrt(2)) / 2),
        -0.16997120747990369,
        math.inf,
        "x times the chance that a standard normal number is smaller: ReLU with a round corner, "
        "slightly below 0 for small negative x.",
    ),
    "silu": Activation(
        over(X, plus(1, call("exp", Negative(X)))),
        "x·(1 + tanh(x/2))/2",
        lambda x: x * _half_tanh(x),
        -0.27846454276107380,
        math.inf,
        "x times its sigmoid: ReLU with a round corner.",
    ),
    "softplus": Activation(
        call("log", plus(1, call("exp", X))),
        "max(x, 0) + ln(1 + exp(−|x|))",
        lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
        0.0,
        math.inf,
        "A smooth ReLU; its slope is the sigmoid.",
    ),
}
LARGEST_FORM = 30.0  # beyond it exp in the written form would only show its size


def activation_step(
    name: str, x: Scalar, of: Formula | None = None, z: Symbol | None = None
) -> Step:
    """The value at a number, with the formula filled in."""
    about = ACTIVATIONS[name]
    value = apply(name, x)
    filled = (substitute(about.form, {"x": formula(x)}),) if magnitude(x) <= LARGEST_FORM else ()
    given: dict[str, Scalar] = {z.name: x} if z is not None else {"x": x}
    inside = Symbol(z.name) if z is not None else formula(x)
    return Step(
        rule="ReLU" if name == "relu" else f"Activation {name}",
        given=given if z is not None else {},
        of=of if of is not None else call(name, x),
        working=(call(name, inside), *filled) if z is not None else filled,
        result=value,
        check=Check(about.way, about.other(float(x))),
        reason=about.about,
    )


def slope_step(name: str, x: Scalar) -> Step:
    """The slope at a number."""
    node = call(name, X)
    derivative = derivative_of(node, "x")
    filled = substitute(derivative, {"x": formula(x)})
    value = evaluate_number(filled)
    return Step(
        rule="Its slope",
        given={},
        of=call(f"{name}'", x),
        working=(filled,),
        result=value if is_exact(value) else float(value),
        check=Check("the complex step", slope_at(node, "x", {"x": x}), 1e-9),
        reason=_corner(name, x),
    )


def _corner(name: str, x: Scalar) -> str:
    if name == "relu" and x == 0:
        return "At 0 ReLU has a corner: slope 0 on the left, 1 on the right; torch takes 0."
    return "" if name != "relu" else "ReLU′ is 1 for positive numbers and 0 for negative ones."


def range_step(name: str) -> Step:
    """The smallest and the largest value, reached or only approached."""
    about = ACTIVATIONS[name]
    lowest = min(_value(name, x / 50) for x in range(-2_500, 2_501))
    far = _value(name, 1e6)
    highest = math.inf if far > 1e5 else far
    return Step(
        rule="Its range",
        given={},
        of=Symbol("range"),
        result=(about.low, about.high),
        check=Check("the values from −50 to 50 and far out", (lowest, highest), 1e-4),
        reason="Neither 0 to 1 nor −1 to 1: it has no upper limit."
        if math.isinf(about.high)
        else "",
    )


def _value(name: str, x: float) -> float:
    return float(apply(name, x))


def curve(name: str, low: float, high: float) -> tuple[tuple[float, float], ...]:
    """Places of the graph."""
    return tuple((x, _value(name, x)) for x in (low + (high - low) * k / 120 for k in range(121)))
