"""The activation functions: value, slope, range, and where float32 ends."""

from __future__ import annotations

import math
import struct

from pellucid.errors import UsageError
from pellucid.working.activations import ACTIVATIONS, activation_step, curve, range_step, slope_step
from pellucid.working.arguments import Given, read_choice, read_number
from pellucid.working.arithmetic import Scalar, magnitude
from pellucid.working.formula import Symbol, call, times
from pellucid.working.functions import apply, slope
from pellucid.working.lessons.softmax import softmax
from pellucid.working.picture import Path, Picture
from pellucid.working.step import Check, Step

# Where the true value, rounded to float32, becomes the limit: a whole number times ln 2, because
# the difference must fall below half the last place, 2^-25 below 1 and 2^-150 above 0.
LIMITS: dict[str, tuple[tuple[int, int], ...]] = {
    "sigmoid": ((1, 25), (0, -150)),
    "tanh": ((1, 13), (-1, -13)),
    "softplus": ((0, -150),),
}


def activation(name: str = "relu", x: Given = -3) -> Step:
    """What a neuron answers to its weighted sum: ReLU, tanh, sigmoid, GELU, SiLU, softmax."""
    chosen = read_choice(name, "name", (*ACTIVATIONS, "softmax"))
    if chosen == "softmax":
        return softmax("[1, 2, 3]" if x == -3 else x)
    value = read_number(x, "x")
    if magnitude(value) > 1e30:
        raise UsageError(f"x must lie between −10³⁰ and 10³⁰; found {float(value):g}.")
    worked = activation_step(chosen, value)
    return Step(
        rule=f"Activation function {call_name(chosen)}",
        given={"x": value},
        of=call(chosen, value),
        result=worked.result,
        check=Check(ACTIVATIONS[chosen].way, worked.check.value),
        reason=ACTIVATIONS[chosen].about,
        steps=(worked, slope_step(chosen, value), range_step(chosen), *_float32(chosen, value)),
        picture=_picture(chosen, float(value)),
    )


def call_name(name: str) -> str:
    """As it is spelled in prose."""
    return {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU"}.get(name, name)


def single(value: float) -> float:
    """Rounded to float32."""
    found: float = struct.unpack("f", struct.pack("f", value))[0]
    return found


def _float32(name: str, x: Scalar) -> list[Step]:
    """Where the function's float32 value is exactly its limit, and what it is at x."""
    steps = [_limit(name, limit, factor) for limit, factor in LIMITS.get(name, ())]
    value = float(apply(name, x))
    if abs(value) < 3.4e38:
        steps.append(_rounded(value))
    return steps


def _limit(name: str, limit: int, factor: int) -> Step:
    low, high = (0.0, 200.0) if factor > 0 else (-200.0, 0.0)
    for _ in range(60):  # bisection; the limit holds on the far side
        middle = (low + high) / 2
        reached = single(float(apply(name, middle))) == limit
        if reached == (factor > 0):
            high = middle
        else:
            low = middle
    where = "above" if factor > 0 else "below"
    shown = str(limit).replace("-", "−")
    return Step(
        rule=f"Where float32 can only write {shown}",
        given={},
        of=Symbol("x"),
        working=(times(factor, call("log", 2)),),
        result=factor * math.log(2),
        check=Check("bisection with the numbers rounded to float32", (low + high) / 2, 1e-3),
        reason=f"In mathematics {call_name(name)} never reaches {shown}; {where} this x the "
        f"nearest float32 number is {shown} itself, and the slope is lost.",
    )


def _rounded(value: float) -> Step:
    import numpy

    return Step(
        rule="The value as float32",
        given={},
        of=Symbol("float32"),
        result=single(value),
        check=Check("numpy.float32", float(numpy.float32(value))),
        reason="The nearest number with 24 binary digits, as a network usually computes.",
    )


def _picture(name: str, x: float) -> Picture:
    reach = max(4.0, min(abs(x) * 1.3, 50.0))
    places = curve(name, -reach, reach)
    slopes = tuple((place, slope(name, place)) for place, _ in places)
    shown = min(max(x, -reach), reach)
    return Picture(
        title=f"{call_name(name)} and its slope",
        description=f"The graph of {call_name(name)} from {-reach:g} to {reach:g}, its slope, and "
        f"the value {float(apply(name, x)):.4g} at x = {x:g}.",
        paths=(
            Path(call_name(name), places, "first"),
            Path("slope", slopes, "second", dashed=True),
            Path("x", ((shown, float(apply(name, shown))),), "third", dots=True),
        ),
        up="value",
    )
