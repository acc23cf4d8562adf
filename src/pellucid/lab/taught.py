"""A network that has learnt and rows to look at it with: the reader's model, or one taught here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.data.table import Table
from pellucid.errors import Mends, UsageError
from pellucid.kinds import Array
from pellucid.lab.own import Own
from pellucid.lab.training.learner import Learner, Pace
from pellucid.lab.training.table import TableScene
from pellucid.media.files import ANYWHERE
from pellucid.networks.layers import EnsembleLinear
from pellucid.networks.network import DeepNetwork, Network, first_network
from pellucid.schema import Schema
from pellucid.store import build_store

STEPS, PACE = 200, Pace(0.003, 64)
MOST_ROWS = 2_000  # that are looked at


@dataclass(frozen=True, eq=False)
class Taught:
    """A network in use, and rows of a table: of a network taught here, those it never saw."""

    schema: Schema
    network: Network
    table: Table
    rows: Array  # numbers of rows of the table
    others: Array  # rows among which the nearest are looked for
    given: bool  # whether it is the reader's model
    smoothing: float = 0.0  # of classes, in the loss that it learnt by

    @property
    def deep(self) -> DeepNetwork:
        """The first deep network."""
        return first_network(self.network)

    @property
    def about(self) -> str:
        """Whose network this is, for people."""
        if self.given:
            return "your model"
        return f"a network of pellucid's own kind that learnt {STEPS} steps for this page"

    def cells(self, rows: Sequence[int] | Array) -> pl.DataFrame:
        """The input cells of rows, files with the whole of their paths."""
        known = [name for name in self.schema.columns if name in self.table.columns]
        taken = self.table.take(np.asarray(rows), known)
        whole = self.schema.complete(taken, Mends(), self.table.columns)
        return self.schema.locate(whole, self.table.files)

    def raw(self, rows: Sequence[int] | Array) -> dict[str, Tensor]:
        """Rows as the network takes them."""
        encoded = self.schema.encode(self.cells(rows), Mends(), ANYWHERE)
        return build_store([encoded]).batch(torch.arange(len(rows)))


@lru_cache(maxsize=8)
def taught(own: Own) -> Taught:
    """The reader's model; without one, a network that is taught on the rows now."""
    if own.model is not None:
        own.model.schema.require(own.table.columns, own.table.name)
        rows = np.arange(min(own.table.height, MOST_ROWS))
        network = own.model.network
        return Taught(
            own.model.schema, network, own.table, rows, rows, True, own.model.plan.smoothing
        )
    scene = TableScene(own.experience, {})
    learner = Learner(scene.task)
    for _ in range(getattr(own, "steps", STEPS)):
        learner.advance(Pace(getattr(own, "rate", PACE.rate), PACE.batch))
    network = network_of(scene, learner.optimizer.weights)
    split = own.experience.split
    return Taught(
        own.experience.schema,
        network,
        own.table,
        split.prove[:MOST_ROWS],
        split.learn[:MOST_ROWS],
        False,
    )


def network_of(scene: TableScene, weights: Tensor) -> Network:
    """The deep path alone as a whole network: its linear path and its trees say nothing."""
    from copy import deepcopy

    deep = deepcopy(scene.twin.take(weights))
    assert isinstance(deep, DeepNetwork)
    return Network(scene.schema, [deep]).eval()


@dataclass(frozen=True)
class Dense:
    """A layer of weighted sums, as its first member computes it."""

    name: str
    weight: Tensor  # (neurons, inputs)
    bias: Tensor  # (neurons,)
    inputs: tuple[str, ...]  # what each input is
    bends: bool  # whether ReLU follows
    module: nn.Module


def dense_layers(network: Taught) -> list[Dense]:
    """The hidden layers and the output layers that are weighted sums."""
    deep, found = network.deep, []
    names = _inputs(network)
    for number, layer in enumerate(each for each in deep.hidden if isinstance(each, nn.Linear)):
        made = layer.weight.detach(), layer.bias.detach()
        found.append(Dense(f"hidden layer {number + 1}", *made, names, True, layer))
        names = tuple(f"neuron {k + 1}" for k in range(layer.out_features))
    for kind, output in zip(network.schema.targets, deep.outputs, strict=True):
        if isinstance(output, EnsembleLinear):
            made = output.weight.detach()[0].T, output.bias.detach()[0, 0]
            found.append(Dense(f"output for {kind.columns[0]}", *made, names, False, output))
    if not found:
        raise UsageError("This network has no layer of plain weighted sums to look at.")
    return found


def _inputs(network: Taught) -> tuple[str, ...]:
    """What each input of the first layer is: a place in a column's vector."""
    names: list[str] = []
    for kind, layer in zip(network.schema.inputs, network.deep.inputs, strict=True):
        width = int(layer.width)  # type: ignore[arg-type]
        names += [f"{column} [{k + 1}]" for column in kind.columns for k in range(width)]
    return tuple(names)


def chosen(layers: list[Dense], name: object) -> Dense:
    """The layer of a name; the first where none is named."""
    if not name:
        return layers[0]
    for layer in layers:
        if layer.name == name:
            return layer
    raise UsageError(f"There is no layer {name!r}; there are {', '.join(x.name for x in layers)}.")
