"""A neuron and a layer of neurons: weighted sum, bias, activation."""

from __future__ import annotations

from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working.activations import ACTIVATIONS, activation_step
from pellucid.working.arguments import Given, read_choice, read_numbers, read_vector
from pellucid.working.arithmetic import (
    Matrix,
    Scalar,
    Vector,
    matrix_product,
    matrix_vector,
    shape,
    subtract,
)
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import Symbol, call, column, formula, minus, plus, times
from pellucid.working.functions import apply
from pellucid.working.step import Check, Step
from pellucid.working.weighted import weighted_sum

SHOWN = 4
NAMES = ("none", *ACTIVATIONS)


def neuron(
    inputs: Given = "[1, 2, 3]",
    weights: Given = "[0.5, -1, 0.75]",
    bias: Given = "0.5",
    activation: str = "relu",
) -> Step:
    """A weighted sum of the inputs plus a bias, sent through an activation function."""
    x, w = read_vector(inputs, "inputs"), read_vector(weights, "weights")
    if len(x) != len(w):
        raise UsageError(f"There are {len(x)} inputs but {len(w)} weights; they go in pairs.")
    b = read_numbers(bias, "bias")
    if isinstance(b, tuple):
        raise UsageError("A neuron has one bias; found several numbers.")
    name = read_choice(activation, "activation", NAMES)
    return neuron_step(x, w, b, name)


def neuron_step(x: Vector, w: Vector, b: Scalar, activation: str, place: str = "") -> Step:
    """A neuron as a step, with an index for one of a layer."""
    z, a = (Symbol(f"{name}{place and '_' + place}") for name in ("z", "a"))
    summed = weighted_sum(x, w, b, z)
    value = cast(Scalar, summed.result)
    steps = (
        (summed,) if activation == "none" else (summed, activation_step(activation, value, a, z))
    )
    return Step(
        rule=f"Neuron {place}".strip(),
        given={"x": x, "w": w, "b": b} if not place else {"w": w, "b": b},
        of=a,
        result=steps[-1].result,
        check=Check("both second ways in turn", _again(summed.check.value, activation)),
        reason=""
        if place
        else "The artificial neuron keeps two things of the living one: it adds "
        "up what arrives, each input with its own strength, and answers in a way that is not a "
        "straight line. Without the bias its answer to zero could not be shifted.",
        steps=steps,
    )


def _again(value: Any, activation: str) -> Any:
    if activation == "none":
        return value
    return ACTIVATIONS[activation].other(float(value))


def layer(
    inputs: Given = "[1, 2]",
    weights: Given = "[[0.5, -1], [1, 0.25], [-0.75, 2]]",
    biases: Given = "[0.5, -1, 0]",
    activation: str = "relu",
) -> Step:
    """Several neurons that see the same inputs: one row of weights each."""
    x = read_vector(inputs, "inputs")
    w = read_numbers(weights, "weights")
    if len(shape(w)) != 2 or shape(w)[1] != len(x):
        raise UsageError(
            f"weights must hold one row a neuron and one column an input, here {len(x)} columns; "
            f"found shape {shape(w)}."
        )
    b = read_vector(biases, "biases")
    if len(b) != len(w):
        raise UsageError(f"There are {len(w)} neurons but {len(b)} biases.")
    name = read_choice(activation, "activation", NAMES)
    return layer_step(x, w, b, name, with_collapse=True)


def layer_step(
    x: Vector, w: Matrix, b: Vector, activation: str, with_collapse: bool = False
) -> Step:
    """A layer as a step."""
    rows = enumerate(zip(w, b, strict=True), start=1)
    neurons = tuple(neuron_step(x, row, bias, activation, str(k)) for k, (row, bias) in rows)
    summed = evaluate(plus(times("W", "x"), "b"), {"W": w, "x": x, "b": b})
    known = tuple(_of(activation, value) for value in cast(Vector, summed))
    inside = plus(times(formula(w), column(x)), column(b))
    form = inside if activation == "none" else call(activation, inside)
    collapse = (_collapse(x, w, b),) if with_collapse else ()
    return Step(
        rule="Layer",
        given={"x": x, "W": w, "b": b},
        of=Symbol("a"),
        working=(form,) if len(w) * len(x) <= 36 else (),
        result=tuple(step.result for step in neurons),
        check=Check("matrix times vector", known),
        reason="A layer is its neurons side by side: a = f(W·x + b). Row k of W holds the weights "
        "of neuron k.",
        steps=(*collapse, *neurons),
        shown=len(collapse) + SHOWN,
    )


def _of(activation: str, value: Scalar) -> Scalar:
    return value if activation == "none" else apply(activation, value)


def _collapse(x: Vector, w: Matrix, b: Vector) -> Step:
    """Two layers without an activation are one, shown with a second layer of ones."""
    second: Matrix = tuple(tuple(1 for _ in w) for _ in range(2))
    one = evaluate(
        plus(times("V", plus(times("W", "x"), "b"))), {"V": second, "W": w, "x": x, "b": b}
    )
    joined = matrix_product(second, w)
    shifted = matrix_vector(second, b)
    again = evaluate(plus(times("U", "x"), "c"), {"U": joined, "x": x, "c": shifted})
    nothing = Step(
        rule="Two layers minus one",
        given={},
        of=minus(times("V", plus(times("W", "x"), "b")), plus(times("U", "x"), "c")),
        result=subtract(one, again),
        check=Check("zeros", (0, 0)),
        reason="U is V·W and c is V·b.",
    )
    return Step(
        rule="Why a hidden layer needs its activation",
        given={"V": second},
        of=times("V", plus(times("W", "x"), "b")),
        result=cast(Any, one),
        check=Check("one single layer (V·W)·x + V·b", cast(Any, again)),
        reason="Without an activation in between, a second layer V on top gives nothing new: "
        "V·(W·x + b) equals (V·W)·x + V·b, which is one layer again.",
        steps=(nothing,),
    )
