"""All paths from one weight of a network to its loss: along a path the slopes multiply."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import cast

from pellucid.working.arithmetic import Scalar, Vector, simplest, total
from pellucid.working.formula import Symbol, plus, times
from pellucid.working.network import Network, Passed, measured_gradient
from pellucid.working.step import Check, Step

SHOWN_PATHS = 4
Place = tuple[int, int, int]  # layer, neuron, input, counted from 0; the last input is the bias


@dataclass(frozen=True)
class Example:
    """A network, one example, and the pass of it."""

    network: Network
    inputs: Vector
    target: Vector
    passed: Passed

    def error(self, place: int) -> Scalar:
        """The derivative of the loss by one output: answer minus target."""
        return simplest(self.passed.answer[place] - self.target[place])


def paths_step(example: Example, place: Place) -> Step:
    """The slopes along each path multiplied, the paths added up."""
    layer, neuron, _ = place
    later = [range(len(matrix)) for matrix in example.network.layers[layer + 1 :]]
    paths = [_path(example, place, (neuron, *route)) for route in product(*later)]
    paths.sort(key=lambda path: -abs(float(cast(Scalar, path.result))))
    values = [cast(Scalar, path.result) for path in paths]
    measured = measured_gradient(example.network, example.inputs, example.target, place)
    return Step(
        rule=f"All {len(paths)} paths from the weight to the loss"
        if len(paths) > 1
        else "The one path from the weight to the loss",
        given={},
        of=Symbol(f"dL/d{weight_name(place)}"),
        working=(plus(*values),) if len(values) <= 12 else (),
        result=total(values),
        check=Check("the complex step through the whole network", measured, 1e-8),
        steps=tuple(paths),
        shown=SHOWN_PATHS,
    )


def _path(example: Example, place: Place, route: tuple[int, ...]) -> Step:
    """What arrives, then slope and weight in turn, then the error at the end."""
    layer, _, entry = place
    network, passed = example.network, example.passed
    factors: list[Scalar] = [(*passed.outputs[layer], 1)[entry]]
    for depth, neuron in enumerate(route):
        number = layer + depth
        if depth:
            factors.append(network.layers[number][neuron][route[depth - 1]])
        if not network.is_last(number):
            factors.append(network.slope(number, passed.sums[number][neuron]))
    factors.append(example.error(route[-1]))
    stations = [f"neuron {neuron + 1} of layer {layer + k + 1}" for k, neuron in enumerate(route)]
    return Step(
        rule="Path through " + ", ".join(stations),
        given={},
        of=Symbol("path"),
        working=(times(*factors),),
        result=simplest(prod(factors)),
        check=Check("multiplying from the loss back", prod(map(float, reversed(factors)))),
        reason="What enters at the weight, then in turn the slope of a neuron and the weight to "
        "the next, and the output's error at the end.",
    )


def weight_name(place: Place) -> str:
    """w_111 for layer, neuron and input, counted from 1."""
    return "w_" + "".join(str(number + 1) for number in place)
