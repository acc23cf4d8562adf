"""A plain network on points of the plane, and what can be seen of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.errors import UsageError
from pellucid.lab.training.learner import Task, Twin
from pellucid.lab.training.projection import Projection
from pellucid.lab.training.toys import REACH, points
from pellucid.lab.training.wishes import Wish, number, several, whole
from pellucid.networks.layers import Linear, seed_of

FEATURES: dict[str, Callable[[Tensor], Tensor]] = {
    "x": lambda p: p[:, 0] / 3,
    "y": lambda p: p[:, 1] / 3,
    "x²": lambda p: p[:, 0] ** 2 / 12,
    "y²": lambda p: p[:, 1] ** 2 / 12,
    "x·y": lambda p: p[:, 0] * p[:, 1] / 9,
    "sin x": lambda p: torch.sin(p[:, 0]),
    "sin y": lambda p: torch.sin(p[:, 1]),
}
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "none": nn.Identity,
}
MOST_LAYERS, WIDEST = 6, 512
CELLS, FEWER = 48, 28  # cells along one side of the boundary; for a network of many weights
MANY = 20_000  # weights
SHOWN = 8  # neurons of a layer that have a picture


@dataclass(frozen=True)
class Design:
    """What a reader chooses about data and network."""

    data: str = "circle"
    noise: float = 0.2
    features: tuple[str, ...] = ("x", "y")
    hidden: tuple[int, ...] = (4, 4)
    activation: str = "tanh"
    seed: int = 0


def design(wishes: Wish) -> Design:
    """A design from the page's words, checked."""
    features = several(wishes, "features", ("x", "y"), str)
    hidden = several(wishes, "hidden", (4, 4), int)
    activation = str(wishes.get("activation", "tanh"))
    if not features or set(features) - set(FEATURES):
        raise UsageError(f"features must be some of {', '.join(FEATURES)}; found {features}.")
    if len(hidden) > MOST_LAYERS or any(not 1 <= width <= WIDEST for width in hidden):
        raise UsageError(
            f"A network here has at most {MOST_LAYERS} hidden layers of 1 to {WIDEST} neurons; "
            f"found {list(hidden)}."
        )
    if activation not in ACTIVATIONS:
        raise UsageError(f"activation must be one of {', '.join(ACTIVATIONS)}.")
    noise = min(max(number(wishes, "noise", 0.2), 0.0), 2.0)
    seed = whole(wishes, "seed", 0) % 2**31
    return Design(str(wishes.get("data", "circle")), noise, features, hidden, activation, seed)


class PlainNetwork(nn.Module):
    """Weighted sums and one activation after each but the last: (batch, features) -> (batch,)."""

    def __init__(self, made: Design) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed_of(made.seed, 1))
        widths = (len(made.features), *made.hidden, 1)
        self.layers = nn.ModuleList(
            Linear(width, outputs, generator) for width, outputs in pairwise(widths)
        )
        self.activation = ACTIVATIONS[made.activation]()

    def forward(self, x: Tensor) -> Tensor:
        """The last layer's sum."""
        return self.each(x)[-1].squeeze(1)

    def each(self, x: Tensor) -> list[Tensor]:
        """What every layer answers."""
        answers = []
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
            answers.append(x)
        return [*answers, self.layers[-1](x)]


class Plane:
    """A plain network's task in the plane and its pictures."""

    def __init__(self, made: Design) -> None:
        self.design = made
        places, colours = points(made.data, made.noise, made.seed)
        self.places = torch.as_tensor(places, dtype=torch.float32)
        self.colours = torch.as_tensor(colours, dtype=torch.float32)
        self.inputs = self._features(self.places)
        self.projection = Projection()
        order = torch.randperm(
            len(places), generator=torch.Generator().manual_seed(seed_of(made.seed, 2))
        )
        learn, prove = order[len(order) // 3 :], order[: len(order) // 3]
        self.task = Task(PlainNetwork(made), self.loss, learn, prove, made.seed)
        self.twin = Twin(self.task.module)
        self.parameters = sum(each.numel() for each in self.task.module.parameters())
        self.cells = CELLS if self.parameters < MANY else FEWER
        self.grid = self._features(_grid(self.cells))

    def loss(self, module: nn.Module, rows: Tensor) -> Tensor:
        """Half the mean squared distance between answers and colours (-1 or 1)."""
        return (module(self.inputs[rows]) - self.colours[rows]).square().mean() / 2

    def constant(self) -> dict[str, Any]:
        """What does not change while it learns."""
        return {
            "points": np.column_stack([self.places, self.colours]).astype(np.float32),
            "proving": self.task.prove.numpy().astype(np.int32),
            "inputs": self.inputs.numpy(),
            "reach": REACH,
            "features": list(self.design.features),
            "hidden": list(self.design.hidden),
            "activation": self.design.activation,
            "parameters": self.parameters,
        }

    def look(self, weights: Tensor) -> dict[str, Any]:
        """Pictures of the network with these weights, and how it does on both sets of rows."""
        module = self.twin.take(weights)
        assert isinstance(module, PlainNetwork)
        with torch.inference_mode():
            *hidden, field = module.each(self.grid)
            *inside, answers = module.each(self.inputs)
            apart = (answers.squeeze(1) - self.colours).square() / 2
            right = (answers.squeeze(1).sign() == self.colours).float()
            learn, prove = self.task.learn, self.task.prove
            seen = {
                "field": _bytes(field.squeeze(1)),
                "neurons": [self._thumbnails(layer) for layer in hidden],
                "loss": float(apart[learn].mean()),
                "held": float(apart[prove].mean()),
                "right": float(right[learn].mean()),
                "held_right": float(right[prove].mean()),
                "map": self.projection(inside[-1].numpy() if inside else self.inputs.numpy()),
            }
        if max((len(self.design.features), *self.design.hidden)) <= SHOWN:
            seen["weights"] = [
                torch.cat([each.weight, each.bias[:, None]], 1).detach().numpy().copy()
                for each in module.layers
                if isinstance(each, Linear)
            ]
        return seen

    def _thumbnails(self, layer: Tensor) -> Any:
        """The first neurons of a layer over the plane, at half the cells: (neurons, n, n)."""
        side = layer[:, :SHOWN].T.reshape(-1, self.cells, self.cells)
        return _bytes(side[:, ::2, ::2])

    def _features(self, places: Tensor) -> Tensor:
        return torch.stack([FEATURES[name](places) for name in self.design.features], 1)


def _grid(cells: int) -> Tensor:
    """The middles of a square's cells, row by row from the top."""
    along = (torch.arange(cells) + 0.5) / cells * 2 * REACH - REACH
    return torch.cartesian_prod(-along, along).flip(1)


def _bytes(values: Tensor) -> Any:
    """Values from -1 to 1 as bytes; what lies outside is cut."""
    return ((values.nan_to_num(0.0).clamp(-1, 1) + 1) * 127.5).to(torch.uint8).numpy()
