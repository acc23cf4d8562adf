"""The LSTM cell: three gates, a memory, an answer."""

from __future__ import annotations

import math
from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working.activations import ACTIVATIONS, activation_step
from pellucid.working.arguments import Given, read_numbers, read_vector
from pellucid.working.arithmetic import Matrix, Scalar, Vector, dot, shape
from pellucid.working.formula import Elementwise, Symbol, call, column, plus
from pellucid.working.step import Check, Step
from pellucid.working.weighted import weighted_sum

LARGEST = 64
GATES = (
    ("i", "sigmoid", "Input gate: how much of the new goes into the memory."),
    ("f", "sigmoid", "Forget gate: how much of the old memory stays."),
    ("g", "tanh", "New content, between −1 and 1."),
    ("o", "sigmoid", "Output gate: how much of the memory is shown."),
)
WEIGHTS = "[[0.5, 1], [-1, 0.5], [1, -0.5], [0.25, 0.75]]"


def lstm(
    inputs: Given = "[1]",
    hidden: Given = "[0.5]",
    cell: Given = "[0.25]",
    weights: Given = WEIGHTS,
    biases: Given = "[0, 1, 0, 0]",
) -> Step:
    """One step of a long short-term memory (Hochreiter and Schmidhuber, 1997)."""
    x, h, c = (
        read_vector(v, n) for v, n in ((inputs, "inputs"), (hidden, "hidden"), (cell, "cell"))
    )
    w, b = cast(Matrix, read_numbers(weights, "weights")), read_vector(biases, "biases")
    _fit(x, h, c, w, b)
    gates = tuple(_gate(k, (*x, *h), w, b) for k in range(4))
    i, f, g, o = (cast(Vector, gate.result) for gate in gates)
    memory = _memory(f, c, i, g)
    answer = _answer(o, cast(Vector, memory.result))
    again = _in_plain_arithmetic((*x, *h), c, w, b)
    return Step(
        rule="LSTM cell",
        given={"x": x, "h_old": h, "c_old": c, "W": w, "b": b},
        of=Symbol("h"),
        result=answer.result,
        check=Check("the cell in float64, sigmoid by tanh", again),
        reason="W acts on the input and the old answer, one after the other in one vector; its "
        "rows are the gates i, f, g, o, in PyTorch's order. The memory c is only scaled and added "
        "to, so its gradient survives many steps.",
        steps=(*gates, memory, answer),
    )


def _fit(x: Vector, h: Vector, c: Vector, w: Matrix, b: Vector) -> None:
    size = len(h)
    if len(c) != size:
        raise UsageError(f"hidden has {size} numbers and cell {len(c)}; they must agree.")
    if shape(w) != (4 * size, len(x) + size) or len(b) != 4 * size or size > LARGEST:
        raise UsageError(
            f"For {len(x)} inputs and {size} hidden numbers weights must be {4 * size} × "
            f"{len(x) + size} and biases {4 * size} long; found {shape(w)} and {len(b)}."
        )


def _gate(number: int, joined: Vector, w: Matrix, b: Vector) -> Step:
    """One gate, neuron by neuron."""
    name, activation, reason = GATES[number]
    size = len(w) // 4
    steps: list[Step] = []
    known = []
    for k in range(size):
        row = number * size + k
        place = f"_{k + 1}" if size > 1 else ""
        z = Symbol(f"z_{name}{k + 1 if size > 1 else ''}")
        summed = weighted_sum(joined, w[row], b[row], z)
        answer = activation_step(
            activation, cast(Scalar, summed.result), Symbol(f"{name}{place}"), z
        )
        steps += [summed, answer]
        known.append(answer.check.value)
    return Step(
        rule=reason.split(":")[0].split(",")[0],
        given={},
        of=Symbol(name),
        result=tuple(step.result for step in steps[1::2]),
        check=Check("the activation's other formula", tuple(known)),
        reason=reason,
        steps=tuple(steps),
        shown=8,
    )


def _memory(f: Vector, c: Vector, i: Vector, g: Vector) -> Step:
    form = plus(Elementwise((column(f), column(c))), Elementwise((column(i), column(g))))
    again = tuple(float(dot((a, p), (b, q))) for a, b, p, q in zip(f, c, i, g, strict=True))
    return Step(
        rule="New memory",
        given={"f": f, "c_old": c, "i": i, "g": g},
        of=Symbol("c"),
        working=(_symbols(), form) if len(f) <= 8 else (_symbols(),),
        result=tuple(a * b + p * q for a, b, p, q in zip(f, c, i, g, strict=True)),
        check=Check("a dot product an entry", again),
        reason="What stays of the old, plus what comes in of the new; ⊙ multiplies entry by entry.",
    )


def _symbols() -> Any:
    old, new = Elementwise((Symbol("f"), Symbol("c_old"))), Elementwise((Symbol("i"), Symbol("g")))
    return plus(old, new)


def _answer(o: Vector, c: Vector) -> Step:
    form = Elementwise((column(o), call("tanh", column(c))))
    again = tuple(a * ACTIVATIONS["tanh"].other(float(b)) for a, b in zip(o, c, strict=True))
    return Step(
        rule="New answer",
        given={"o": o, "c": c},
        of=Symbol("h"),
        working=(Elementwise((Symbol("o"), call("tanh", "c"))), *((form,) if len(o) <= 8 else ())),
        result=tuple(a * math.tanh(b) for a, b in zip(o, c, strict=True)),
        check=Check("tanh by exp", again),
    )


def _in_plain_arithmetic(joined: Vector, c: Vector, w: Matrix, b: Vector) -> Vector:
    size = len(c)
    sums = [
        float(bias) + sum(float(p * q) for p, q in zip(row, joined, strict=True))
        for row, bias in zip(w, b, strict=True)
    ]

    def sigmoid(z: float) -> float:
        return (1 + math.tanh(z / 2)) / 2

    answer = []
    for k in range(size):
        i, f, g, o = (sums[number * size + k] for number in range(4))
        memory = sigmoid(f) * float(c[k]) + sigmoid(i) * math.tanh(g)
        answer.append(sigmoid(o) * math.tanh(memory))
    return tuple(answer)
