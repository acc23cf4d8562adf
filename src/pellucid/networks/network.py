"""The network: input layers, a body of hidden layers and output layers, beside other paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from pellucid.kinds import Kind, MediaKind
from pellucid.networks.layers import (
    Coin,
    Dropout,
    Encoder,
    EnsembleScale,
    InputLayer,
    Linear,
    NoPath,
    SparseLinear,
    Trees,
    seed_of,
)
from pellucid.networks.layers.input import Tensors
from pellucid.schema import Schema

# Hand-made features of media come by the hundred: at full size they would drown, in the linear
# path, the few columns that stand beside them.
BESIDE = 0.1
SAMPLE = 200  # rows, at most, that a network is prepared with


@dataclass(frozen=True)
class Body:
    """The shape of the hidden layers."""

    members: int = 16  # networks that share their weights (TabM)
    width: int = 128
    blocks: int = 2
    embedding: int = 16  # width of one number's, category's or date's vector
    dropout: float = 0.1
    encoder: Encoder = field(default_factory=Encoder)  # of pictures, sounds and films


class DeepNetwork(nn.Module):
    """Input layers of every kind -> hidden layers -> one output layer for each target.

    `members` networks in one, which differ in how they scale their input and in their output
    layer (TabM-mini, Gorishniy et al. 2024).
    """

    def __init__(self, schema: Schema, body: Body, generator: torch.Generator) -> None:
        super().__init__()
        layers = [_input_layer(kind, body, generator) for kind in schema.inputs]
        self.inputs = nn.ModuleList(layers)
        self.plain = [kind.plain for kind in schema.inputs]
        mixed = 0 < len(schema.media) < len(schema.inputs)
        self.shares = [
            BESIDE if mixed and isinstance(kind, MediaKind) else 1.0 for kind in schema.inputs
        ]
        width = sum(layer.columns * layer.width for layer in layers)
        self.targets = schema.targets
        self.media = schema.media if body.encoder.opposite else ()
        if self.media:
            self.coin = Coin()
        self.scale = EnsembleScale(body.members, width, generator)
        hidden: list[nn.Module] = []
        for _ in range(body.blocks):
            hidden += [Linear(width, body.width, generator), nn.ReLU(), Dropout(body.dropout)]
            width = body.width
        self.hidden = nn.Sequential(*hidden)
        self.outputs = nn.ModuleList(
            target.output_layer(body.members, width, generator) for target in schema.targets
        )

    def forward(self, raw: Tensors) -> list[Tensor]:
        """One output for each target, its answer not known: (members, batch, …)."""
        return self.learning(raw, [None] * len(self.outputs))

    def learning(self, raw: Tensors, answers: Sequence[Tensor | None]) -> list[Tensor]:
        """One output for each target, whose layer is given the raw inputs and the answer too.

        Where mirrored pictures mean the opposite, it learns from either; its answer is the mean.
        """
        if not self.media:
            return self._told(raw, answers)
        if self.training:
            told = self._opposed if self.coin() else self._told
            return told(raw, answers)
        both = (self._told(raw, answers), self._opposed(raw, answers))
        return [(one + other) / 2 for one, other in zip(*both, strict=True)]

    def _opposed(self, raw: Tensors, answers: Sequence[Tensor | None]) -> list[Tensor]:
        """What it says of the mirrored row, turned round."""
        for kind in self.media:
            turned = kind.mirrored(raw)
            raw = raw if turned is None else turned
        outputs = self._told(raw, answers)
        return [
            target.opposite(output)  # type: ignore[attr-defined]  # only numbers have one
            for target, output in zip(self.targets, outputs, strict=True)
        ]

    def _told(self, raw: Tensors, answers: Sequence[Tensor | None]) -> list[Tensor]:
        x = self.seen(raw)
        return [
            output(x, raw, answer) for output, answer in zip(self.outputs, answers, strict=True)
        ]

    def seen(self, raw: Tensors) -> Tensor:
        """What the hidden layers make of the inputs: (members, batch, width)."""
        x = torch.cat([layer(raw).flatten(1) for layer in self.inputs], 1)
        hidden: Tensor = self.hidden(self.scale(x))
        return hidden

    def prepare(self, batch: Callable[[Tensor], Tensors], rows: Tensor) -> None:
        """Before learning: take from some of the rows what input layers measure, not learn."""
        some = rows[:: -(-len(rows) // SAMPLE)]
        for layer in self.inputs:
            layer.prepare(lambda: batch(some))  # type: ignore[operator]

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """The sparse features of all kinds, numbered one after the other."""
        first, index, value = 0, [], []
        for position, layer in enumerate(self.inputs):
            assert isinstance(layer, InputLayer)
            which, how_much = layer.terms(raw)
            index.append(which + first)
            value.append(how_much * self.shares[position])
            first += layer.features
        return torch.cat(index, 1), torch.cat(value, 1)

    def measurements(self, raw: Tensors) -> Tensor:
        """The columns of all kinds as plain numbers: (batch, measured)."""
        layers = [layer for layer in self.inputs if layer.measured]
        return torch.cat([layer.measurements(raw) for layer in layers], 1)  # type: ignore[operator]

    @property
    def coded(self) -> tuple[int, ...]:
        """Which of the plain numbers are codes."""
        flags = [flag for layer in self.inputs if layer.measured for flag in layer.coded]  # type: ignore[union-attr]
        return tuple(position for position, flag in enumerate(flags) if flag)

    @property
    def plain_terms(self) -> Tensor:
        """Which of the sparse features are those of plain columns: (features,) bool."""
        plain = [
            torch.full((layer.features,), bool(mine))  # type: ignore[arg-type]
            for layer, mine in zip(self.inputs, self.plain, strict=True)
        ]
        return torch.cat(plain)

    @property
    def measured(self) -> int:
        """How many plain numbers there are."""
        return sum(layer.measured for layer in self.inputs)  # type: ignore[misc]

    @property
    def features(self) -> int:
        """How many sparse features there are."""
        return sum(layer.features for layer in self.inputs)  # type: ignore[misc]


class Network(nn.Module):
    """What a model is in the end: deep networks averaged, a linear path, trees, and their blend.

    `tables` are deep networks that see the plain columns alone, where there are others as well: a
    network of pictures learns in another way than a table does, and may spoil a good one.
    """

    def __init__(
        self, schema: Schema, deep: Sequence[DeepNetwork], tables: Sequence[DeepNetwork] = ()
    ) -> None:
        super().__init__()
        self.targets = schema.targets
        self.deep = nn.ModuleList(deep)
        self.tables = nn.ModuleList(tables)
        self.linear = nn.ModuleList(
            SparseLinear(deep[0].features, outputs) if outputs else NoPath()
            for outputs in (target.linear_outputs for target in schema.targets)
        )
        self.trees = nn.ModuleList(
            Trees(deep[0].measured, target.linear_outputs) if target.tree_outputs else NoPath()
            for target in schema.targets
        )
        self.blend = nn.ModuleList(target.blend_layer() for target in schema.targets)

    def forward(self, raw: Tensors) -> list[Tensor]:
        """One answer for each target: (batch, …)."""
        paths = self.paths(raw)
        return [blend(*each) for blend, each in zip(self.blend, paths, strict=True)]

    def paths(self, raw: Tensors) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """For each target the outputs of the linear, the tree-shaped, table's and deep path."""
        deep = self.averaged(self.deep, raw)
        table = self.averaged(self.tables, raw) if len(self.tables) else map(torch.zeros_like, deep)
        first = first_network(self)
        index, value = first.terms(raw)
        linear = [layer(index, value) for layer in self.linear]
        if first.measured:
            measurements = first.measurements(raw)
            trees = [layer(measurements) for layer in self.trees]
        else:
            trees = [torch.zeros_like(each) for each in linear]
        return list(zip(linear, trees, table, deep, strict=True))

    def averaged(self, networks: nn.ModuleList, raw: Tensors) -> list[Tensor]:
        """For each target the common answer of all members of the networks."""
        outputs = [network(raw) for network in networks]
        return [
            target.combine(torch.cat([output[position] for output in outputs]))
            for position, target in enumerate(self.targets)
        ]

    def plan(self) -> list[dict[str, object]]:
        """Every layer with its shape and number of parameters, in order."""
        return list(_layers(self))


def _input_layer(kind: Kind, body: Body, generator: torch.Generator) -> InputLayer:
    if isinstance(kind, MediaKind):
        return kind.input_layer(body.embedding, generator, body.encoder)
    return kind.input_layer(body.embedding, generator)


def first_network(network: Network) -> DeepNetwork:
    """The first deep network, whose input layers serve the other paths too."""
    first = network.deep[0]
    assert isinstance(first, DeepNetwork)
    return first


def new_network(
    schema: Schema, body: Body, count: int, seed: int, table: Body | None = None
) -> Network:
    """A network of `count` deep networks with weights drawn from `seed`.

    With the body `table` there are as many more for the plain columns alone.
    """
    bodies = [(schema, body)] * count
    if table is not None:
        bodies += [(schema.table, table)] * count
    made = [
        DeepNetwork(*each, torch.Generator().manual_seed(seed_of(seed, i)))
        for i, each in enumerate(bodies)
    ]
    return Network(schema, made[:count], made[count:])


def _layers(network: Network) -> Iterator[dict[str, object]]:
    for name, layer in network.named_modules():
        tensors = [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]
        if not tensors and (
            isinstance(layer, nn.ModuleList) or any(True for _ in layer.children())
        ):
            continue
        yield {
            "layer": name,
            "type": type(layer).__name__,
            "shape": [list(t.shape) for t in tensors],
            "parameters": sum(p.numel() for p in layer.parameters(recurse=False)),
        }
