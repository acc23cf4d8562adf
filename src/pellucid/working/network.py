"""A small dense network in plain numbers: forward, loss, slopes by the complex step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pellucid.working.arithmetic import Matrix, Scalar, Vector, divide, dot
from pellucid.working.evaluation import evaluate_number
from pellucid.working.formula import formula
from pellucid.working.functions import apply, apply_complex
from pellucid.working.slopes import SLOPES

COMPLEX_STEP = 1e-30


@dataclass(frozen=True)
class Network:
    """Layers of weights, each row with its bias last; the output layer has no activation."""

    layers: tuple[Matrix, ...]
    activation: str

    def is_last(self, number: int) -> bool:
        """Say whether a layer, counted from 0, is the output layer."""
        return number == len(self.layers) - 1

    def slope(self, number: int, z: Scalar) -> Scalar:
        """The slope of a layer's activation."""
        if self.is_last(number) or self.activation == "none":
            return 1
        return evaluate_number(SLOPES[self.activation](formula(z)))


@dataclass(frozen=True)
class Passed:
    """What a forward pass leaves: per layer the sums z, and the outputs with the inputs first."""

    sums: tuple[Vector, ...]
    outputs: tuple[Vector, ...]

    @property
    def answer(self) -> Vector:
        """The output layer's numbers."""
        return self.outputs[-1]


def forward(network: Network, inputs: Vector) -> Passed:
    """Every weighted sum and every activation."""
    sums, outputs = [], [inputs]
    for number, layer in enumerate(network.layers):
        z = tuple(dot(row, (*outputs[-1], 1)) for row in layer)
        plain = network.is_last(number) or network.activation == "none"
        sums.append(z)
        outputs.append(z if plain else tuple(apply(network.activation, value) for value in z))
    return Passed(tuple(sums), tuple(outputs))


def loss(answer: Vector, target: Vector) -> Scalar:
    """Half the sum of the squared errors."""
    errors = tuple(a - t for a, t in zip(answer, target, strict=True))
    return divide(dot(errors, errors), 2)


def measured_gradient(
    network: Network, inputs: Vector, target: Vector, place: tuple[int, int, int]
) -> float:
    """The slope of the loss by one weight, by the complex step through the whole network."""
    values: list[complex] = [complex(float(x)) for x in inputs]
    for number, layer in enumerate(network.layers):
        sums = []
        for row, weights in enumerate(layer):
            total = 0j
            for column, weight in enumerate(weights):
                moved = COMPLEX_STEP * 1j if (number, row, column) == place else 0
                total += (float(weight) + moved) * (*values, 1)[column]
            sums.append(total)
        plain = network.is_last(number) or network.activation == "none"
        values = sums if plain else [apply_complex(network.activation, z) for z in sums]
    whole = sum((value - float(t)) ** 2 for value, t in zip(values, target, strict=True)) / 2
    return complex(whole).imag / COMPLEX_STEP


def measured_loss(network: Network, inputs: Vector, target: Vector) -> float:
    """The loss in float64."""
    floats = replace(
        network,
        layers=tuple(tuple(tuple(map(float, row)) for row in layer) for layer in network.layers),
    )
    passed = forward(floats, tuple(map(float, inputs)))
    return float(loss(passed.answer, tuple(map(float, target))))
