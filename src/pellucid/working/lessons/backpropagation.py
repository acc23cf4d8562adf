"""Backpropagation through a small network: forward, every path to one weight, all gradients."""

from __future__ import annotations

from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working.arguments import (
    Given,
    read_choice,
    read_layers,
    read_number,
    read_numbers,
    read_vector,
)
from pellucid.working.arithmetic import Scalar, Vector, flat, simplest, total
from pellucid.working.formula import (
    Elementwise,
    Symbol,
    Transpose,
    column,
    formula,
    minus,
    over,
    plus,
    power,
    times,
)
from pellucid.working.lessons.neuron import NAMES, layer_step
from pellucid.working.lessons.paths import Example, Place, paths_step, weight_name
from pellucid.working.network import Network, forward, loss, measured_gradient, measured_loss
from pellucid.working.step import Check, Step

MOST_LAYERS, MOST_NEURONS = 4, 6
NETWORK = "[[[0.5, -0.25, 0.1], [0.75, 0.5, -0.2]], [[1, -0.5, 0.3], [0.25, 1, 0]]]"


def backpropagation(
    inputs: Given = "[1, 2]",
    network: Given = NETWORK,
    target: Given = "[1, 0]",
    activation: str = "tanh",
    weight: Given = "1,1,1",
    step: Given = "0.1",
) -> Step:
    """How much every weight had to do with the error: the chain rule along all paths."""
    example = _example(inputs, network, target, activation)
    place = _place(weight, example.network)
    h = read_number(step, "step")
    passing, lost = _forward_steps(example), _loss_step(example)
    paths, gradients = paths_step(example, place), _gradient_steps(example)
    chosen = cast(Scalar, paths.result)
    update = _update_step(example, gradients, h)
    return Step(
        rule="Backpropagation",
        given={"x": example.inputs, "target": example.target, "h": h},
        of=Symbol(f"dL/d{weight_name(place)}"),
        result=chosen,
        check=Check("the matrix form below", _from_matrix(gradients, place)),
        reason="Forward: sums and activations up to the loss. Backward: a weight acts on the loss "
        "along every path from it to the outputs; along a path the slopes multiply, and the paths "
        f"add up. The weight looked at is {_words(place, example.network)}.",
        steps=(*passing, lost, paths, *gradients, update),
    )


def _example(inputs: Given, network: Given, target: Given, activation: str) -> Example:
    x, t = read_vector(inputs, "inputs"), read_vector(target, "target")
    layers = read_layers(network, len(x), "network")
    if len(layers) > MOST_LAYERS or max(len(x), *map(len, layers)) > MOST_NEURONS:
        raise UsageError(
            f"Backpropagation by paths is worked for at most {MOST_LAYERS} layers of at most "
            f"{MOST_NEURONS} neurons; found layers of {', '.join(str(len(la)) for la in layers)}."
        )
    if len(t) != len(layers[-1]):
        raise UsageError(
            f"The network has {len(layers[-1])} outputs but the target {len(t)} numbers."
        )
    built = Network(layers, read_choice(activation, "activation", NAMES))
    return Example(built, x, t, forward(built, x))


def _place(weight: Given, network: Network) -> Place:
    """The weight, counted from 1 by the user."""
    numbers = flat(read_numbers(weight, "weight"))
    if len(numbers) != 3 or any(number != int(number) for number in numbers):
        raise UsageError(f"weight must be layer, neuron, input, as in 1,1,1; found {weight!r}.")
    found = tuple(int(number) - 1 for number in numbers)
    layer, neuron, place = cast(Place, found)
    fits = 0 <= layer < len(network.layers) and 0 <= neuron < len(network.layers[layer])
    if not fits or not 0 <= place < len(network.layers[layer][neuron]):
        raise UsageError(f"The network has no weight {weight!r} (layer, neuron, input).")
    return layer, neuron, place


def _words(place: Place, network: Network) -> str:
    layer, neuron, entry = place
    bias = entry == len(network.layers[layer][neuron]) - 1
    what = "the bias" if bias else f"the weight of input {entry + 1}"
    return f"{what} of neuron {neuron + 1} in layer {layer + 1}"


def _forward_steps(example: Example) -> list[Step]:
    """Each layer by the lesson of the layer."""
    steps = []
    for number, layer in enumerate(example.network.layers):
        name = "none" if example.network.is_last(number) else example.network.activation
        weights = tuple(row[:-1] for row in layer)
        biases = tuple(row[-1] for row in layer)
        steps.append(layer_step(example.passed.outputs[number], weights, biases, name))
    return steps


def _loss_step(example: Example) -> Step:
    answer, target = example.passed.answer, example.target
    squares = [power(minus(a, t), 2) for a, t in zip(answer, target, strict=True)]
    return Step(
        rule="Loss: half the squared errors",
        given={"y": answer, "t": target},
        of=Symbol("L"),
        working=(over(plus(*squares), 2),),
        result=loss(answer, target),
        check=Check("a forward pass in float64", _loss(example)),
    )


def _loss(example: Example) -> float:
    return measured_loss(example.network, example.inputs, example.target)


def _gradient_steps(example: Example) -> list[Step]:
    """Layer by layer from the end: delta, then the gradient of all weights as an outer product."""
    network, passed = example.network, example.passed
    delta: Vector = tuple(map(example.error, range(len(example.target))))
    steps: list[Step] = []
    for number in reversed(range(len(network.layers))):
        if not network.is_last(number):
            slopes = tuple(network.slope(number, z) for z in passed.sums[number])
            steps.append(_delta_step(example, number, slopes, delta))
            delta = cast(Vector, steps[-1].result)
        steps.append(_matrix_step(example, number, delta))
    return steps


def _delta_step(example: Example, number: int, slopes: Vector, delta: Vector) -> Step:
    weights = tuple(row[:-1] for row in example.network.layers[number + 1])
    arriving = times(Transpose(formula(weights)), column(delta))
    width = len(example.network.layers[number][0])
    known = [
        measured_gradient(example.network, example.inputs, example.target, (number, row, width - 1))
        for row in range(len(slopes))
    ]
    return Step(
        rule=f"Delta of layer {number + 1}",
        given={"f'": slopes},
        of=Symbol(f"delta_{number + 1}"),
        working=(Elementwise((column(slopes), arriving)),),
        result=tuple(
            simplest(s * total(w[k] * d for w, d in zip(weights, delta, strict=True)))
            for k, s in enumerate(slopes)
        ),
        check=Check("the complex step on the biases", tuple(known), 1e-8),
        reason="The deltas of the next layer come back through its weights, transposed, and are "
        "multiplied by the slopes of the activations.",
    )


def _matrix_step(example: Example, number: int, delta: Vector) -> Step:
    entering = (*example.passed.outputs[number], 1)
    known = tuple(
        tuple(
            measured_gradient(example.network, example.inputs, example.target, (number, i, j))
            for j in range(len(entering))
        )
        for i in range(len(delta))
    )
    return Step(
        rule=f"Gradient of layer {number + 1}",
        given={f"delta_{number + 1}": delta},
        of=Symbol(f"dL/dW_{number + 1}"),
        working=(times(column(delta), Transpose(column(entering))),),
        result=tuple(tuple(simplest(d * a) for a in entering) for d in delta),
        check=Check("the complex step on every weight", known, 1e-8),
        reason="Delta times what entered the layer; the last column belongs to the biases, into "
        "which 1 enters.",
    )


def _from_matrix(gradients: list[Step], place: Place) -> Any:
    layer, neuron, entry = place
    name = f"dL/dW_{layer + 1}"
    step = next(s for s in gradients if getattr(s.of, "name", "") == name)
    return cast(Any, step.result)[neuron][entry]


def _update_step(example: Example, gradients: list[Step], h: Scalar) -> Step:
    """One step of gradient descent on all weights, and the loss after it."""
    moved = []
    for number, layer in enumerate(example.network.layers):
        name = f"dL/dW_{number + 1}"
        slopes = cast(Any, next(s for s in gradients if getattr(s.of, "name", "") == name).result)
        moved.append(
            tuple(
                tuple(simplest(w - h * g) for w, g in zip(row, slope, strict=True))
                for row, slope in zip(layer, slopes, strict=True)
            )
        )
    after = Network(tuple(moved), example.network.activation)
    before = loss(example.passed.answer, example.target)
    new = loss(forward(after, example.inputs).answer, example.target)
    word = "falls" if new < before else "rises: the step is too large" if new > before else "stays"
    return Step(
        rule="One step of gradient descent",
        given={f"W_{k + 1}": matrix for k, matrix in enumerate(moved)},
        of=Symbol("L_new"),
        result=new,
        check=Check(
            "a forward pass in float64", measured_loss(after, example.inputs, example.target)
        ),
        reason=f"Every weight moves by −h times its gradient. The loss {word}: it was "
        f"{float(before):.6g} and becomes {float(new):.6g}.",
    )
