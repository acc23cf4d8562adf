"""What an answer rests on: integrated gradients, Shapley values, occlusion, and a control.

The deep path is followed by integrated gradients (Sundararajan et al. 2017) from the row with all
its parts taken away. The solved paths have jumps instead of slopes (trees) or read whole words
(TF-IDF), so their share is given by Shapley values over sampled orders (Štrumbelj and Kononenko
2014), taken in pairs of opposite orders. The blend adds the paths up, so both shares add up to the
difference between the two answers; what is lacking is the completeness gap. Vectors of a pretrained
backbone are made outside of the network: what they bring to the deep path is shared out together
with the solved paths.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.explanation.parts import (
    Column,
    columns_of,
    count,
    encodings,
    keeping,
    sums_over,
)
from pellucid.kinds import Array, Encoded, TargetKind
from pellucid.networks.layers import InputLayer, NoPath
from pellucid.networks.network import DeepNetwork, Network, first_network
from pellucid.schema import PLAIN, Schema

POINTS = 24  # of the Gauss-Legendre rule along the way from nothing to the row
FEWER_POINTS = 12  # where a row is large, if they suffice
ENOUGH = 0.05  # of the sizes of all shares: a gap that needs no more points
CONTROL_POINTS = 6
LARGE = 200_000  # numbers of a row, as of a film
MOST_ROWS = 600  # rows on which sampled orders are tried
MOST_NUMBERS = 5_000_000  # in all of them
ORDERS = 8
SEED = 0
VECTORS = ".vectors"  # how the names of a backbone's raw tensors end

Score = Callable[[Tensor], Tensor]  # a target's outputs (batch, …) -> one number a row


@dataclass(frozen=True)
class Attribution:
    """How much of one answer each part of the row accounts for."""

    of: str  # "the log-odds of stars = 4 against 3"
    columns: tuple[Column, ...]
    gradients: Array  # (parts,) integrated gradients, and Shapley values of the solved paths
    occlusion: Array  # (parts,) what the answer loses without the part
    control: Array  # (parts,) as `gradients`, of a network whose weights are shuffled
    answer: float
    nothing: float  # the answer with every part taken away

    @property
    def gap(self) -> float:
        """What the parts lack to account for the whole difference."""
        return self.answer - self.nothing - float(self.gradients.sum())

    @property
    def likeness(self) -> float:
        """Rank correlation of the sizes with those of the control: near 0 is good."""
        if len(self.gradients) < 3:
            return float("nan")
        ranks = [np.abs(v).argsort().argsort() for v in (self.gradients, self.control)]
        return float(np.asarray(np.corrcoef(np.stack(ranks)))[0, 1])


@dataclass(frozen=True)
class _Row:
    schema: Schema
    cells: pl.DataFrame
    encoded: list[Encoded]
    columns: list[Column]

    def keeping(self, kept: Array) -> dict[str, Tensor]:
        return keeping(self.schema, self.cells, self.encoded, self.columns, kept)

    @cached_property
    def ends(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The row itself, and nothing."""
        whole, none = (self.keeping(np.full((1, self.parts), kept)) for kept in (True, False))
        return whole, none

    @property
    def size(self) -> int:
        """How many numbers it enters as."""
        return sum(values.numel() for values in self.ends[0].values())

    @property
    def parts(self) -> int:
        return count(self.columns)


def attribute(
    schema: Schema,
    network: Network,
    cells: pl.DataFrame,
    position: int = 0,
    encoded: list[Encoded] | None = None,
) -> Attribution | None:
    """What one target's answer for a row rests on; None for a kind that has no one number.

    `encoded` are the cells as each kind encodes them, if they are there already. A copy of the
    network is hooked into, for another thread may be predicting with it.
    """
    network = copy.deepcopy(network)
    encoded = encodings(schema, cells) if encoded is None else encoded
    row = _Row(schema, cells, encoded, columns_of(schema, cells, encoded))
    with torch.no_grad():
        output = network(row.ends[0])[position]
    found = _score_of(schema.targets[position], output)
    if found is None or not row.parts:
        return None
    of, score = found
    tried = _tried(network, row, position)
    answer = float(score(output))
    for points in (POINTS,) if row.size <= LARGE else (FEWER_POINTS, POINTS):
        gradients, nothing = _accounted(network, row, tried, (position, score, points))
        gap = abs(answer - nothing - gradients.sum())
        if gap <= ENOUGH * np.abs(gradients).sum():
            break
    control, _ = _accounted(shuffled(network), row, tried, (position, score, CONTROL_POINTS))
    return Attribution(
        of,
        tuple(row.columns),
        gradients,
        answer - _without_each(network, row, position, score),
        control,
        answer,
        nothing,
    )


def _without_each(network: Network, row: _Row, position: int, score: Score) -> Array:
    """The answer without each part in turn."""
    kept = ~np.eye(row.parts, dtype=bool)
    with torch.no_grad():
        values = [score(o) for o in _outputs(network, row.keeping(kept), position)]
    return torch.cat(values).double().numpy()


def _outputs(network: Network, raw: dict[str, Tensor], position: int) -> Iterator[Tensor]:
    rows = len(next(iter(raw.values())))
    for start in range(0, rows, 64):
        yield network({name: values[start : start + 64] for name, values in raw.items()})[position]


def _score_of(kind: TargetKind, output: Tensor) -> tuple[str, Score] | None:
    """The number that is explained: log-odds of a class against the next, or a number itself."""
    name = kind.columns[0]
    if kind.has_probabilities and output.shape[-1] > 1:
        chances = kind.probabilities(output.numpy())
        assert chances is not None
        best, other = output[0].argsort(descending=True)[:2].tolist()
        levels = chances.columns
        return (
            f"the log-odds of {name} = {levels[best]} against {levels[other]}",
            lambda output: output[:, best] - output[:, other],
        )
    if kind.has_intervals:
        zero, one = kind.decode(np.array([[0.0], [1.0]])).to_list()
        return name, lambda output: output[:, 0] * (one - zero) + zero
    return None


def _accounted(
    network: Network, row: _Row, tried: _Tried | None, asked: tuple[int, Score, int]
) -> tuple[Array, float]:
    """Each part's share, and the answer that the shares start from."""
    position, score, points = asked
    with torch.no_grad():
        deep = network.paths(row.ends[0])[position][-1]
        solved = (
            tried.solved(network, position, deep)
            if tried
            else (torch.zeros(2, 0), torch.zeros(2, 0), torch.zeros(2, *deep.shape[1:]))
        )
    blend = network.blend[position]

    def of_deep(d: Tensor) -> Tensor:
        others = (path[:1].expand(len(d), *path.shape[1:]) for path in solved)
        return score(blend(*others, d))

    shares, start = _integrated(network, row, points, (position, of_deep))
    if tried is None:
        return shares, start
    with torch.no_grad():
        rest = _of_vectors(network, row.ends[1], tried.vectors, position) if tried.vectors else deep
        values = score(blend(*solved, rest.expand(len(solved[0]), *deep.shape[1:])))
    moved = float(values[0] - values[1])
    if moved or any(path[0].any() for path in solved):
        shares = shares + _shapley(tried.orders, values[2:].double().numpy())
    return shares, start - moved


def _of_vectors(
    network: Network, none: dict[str, Tensor], vectors: dict[str, Tensor], position: int
) -> Tensor:
    """The deep path where nothing is left of the row but a backbone's vectors of its parts."""
    rows = len(next(iter(vectors.values())))
    left = {name: values.expand(rows, *values.shape[1:]) for name, values in none.items()}
    left |= vectors
    some = range(0, rows, 64)  # so that memory stays bounded
    chunks = [{name: values[i : i + 64] for name, values in left.items()} for i in some]
    return torch.cat([network.paths(chunk)[position][-1] for chunk in chunks])


# ---- the deep path: integrated gradients ---------------------------------------------------------


def _integrated(
    network: Network, row: _Row, points: int, answer: tuple[int, Score]
) -> tuple[Array, float]:
    """The slopes along the straight way from nothing to the row, times the way."""
    position, score = answer
    shares, start = np.zeros(row.parts), 0.0
    places, weights = np.polynomial.legendre.leggauss(points)
    # Squared, so that more points lie near nothing, where normalising layers turn fastest.
    along = torch.tensor(np.append(((places + 1) / 2) ** 2, 0.0), dtype=torch.float32)
    weight = torch.tensor(np.append(weights * (places + 1) / 2, 0.0), dtype=torch.float32)
    walked = [_walk(deep, row.ends, along, weight) for deep in network.deep]  # type: ignore[arg-type]
    output = torch.cat([walk.outputs[position] for walk in walked])
    values = score(network.targets[position].combine(output))
    start = float(values[-1].detach())
    total = (values * weight).sum()
    leaves = [leaf for walk in walked for leaf in walk.leaves]
    slopes = iter(torch.autograd.grad(total, leaves, allow_unused=True))
    for walk in walked:
        for face in walk.faces:
            columns = _of_kind(row, face)
            for column, way in zip(columns, _ways(face, slopes, len(columns)), strict=True):
                for part, share in sums_over(way, column, face.position):
                    shares[part] += share
    return shares, start


@dataclass
class _Face:
    """Where one input layer is entered in between, and the two ends of the way."""

    number: int  # of the input layer
    position: int  # among the faces of that layer
    inside: nn.Module | str
    ends: list[tuple[Tensor, Tensor]]  # a call, or a raw tensor: the row, nothing; (1, …)
    entries: int  # of each row, one after the other in what the module gives


@dataclass
class _Walk:
    outputs: list[Tensor]
    leaves: list[Tensor]
    faces: list[_Face]


def _walk(
    deep: DeepNetwork,
    ends: tuple[dict[str, Tensor], dict[str, Tensor]],
    along: Tensor,
    weight: Tensor,
) -> _Walk:
    """The outputs of one deep network at places between nothing and the row."""
    faces = [
        _face(number, position, ends, layer, inside)  # type: ignore[arg-type]
        for number, layer in enumerate(deep.inputs)
        for position, inside in enumerate(_faces(layer))  # type: ignore[arg-type]
    ]
    repeated = {
        name: values.expand(len(along), *values.shape[1:]) for name, values in ends[0].items()
    }
    leaves: list[Tensor] = []
    hooks = []
    for face in faces:
        between = [_between(*pair, along) for pair in face.ends]
        leaves += between
        if isinstance(face.inside, str):
            repeated[face.inside] = between[0]
        else:
            given = iter([x.flatten(0, 1) if face.entries > 1 else x for x in between])
            hooks.append(face.inside.register_forward_hook(_giving(given)))
    try:
        outputs = deep(repeated)
    finally:
        for hook in hooks:
            hook.remove()
    return _Walk(outputs, leaves, faces)


def _faces(layer: InputLayer) -> tuple[nn.Module | str, ...]:
    inside = layer.face()
    return inside if isinstance(inside, tuple) else (inside,)


def _between(row: Tensor, nothing: Tensor, along: Tensor) -> Tensor:
    share = along.view(-1, *[1] * (row.ndim - 1))
    return (nothing + share * (row - nothing)).detach().requires_grad_()


def _giving(values: Iterator[Tensor]) -> Callable[..., Tensor]:
    return lambda module, args, output: next(values)


def _face(
    number: int,
    position: int,
    ends: tuple[dict[str, Tensor], dict[str, Tensor]],
    layer: InputLayer,
    inside: nn.Module | str,
) -> _Face:
    """What the layer is entered with for the row and for nothing."""
    if isinstance(inside, str):
        pair = (ends[0][inside].float(), ends[1][inside].float())
        return _Face(number, position, inside, [pair], 1)
    seen = [_seen(layer, inside, raw) for raw in ends]
    entries = len(seen[0][0])
    pairs = [
        (row, nothing if nothing.shape == row.shape else torch.zeros_like(row))
        for row, nothing in zip(*seen, strict=True)
    ]
    if entries > 1:
        pairs = [(row.unsqueeze(0), nothing.unsqueeze(0)) for row, nothing in pairs]
    return _Face(number, position, inside, pairs, entries)


def _seen(layer: InputLayer, inside: nn.Module, raw: dict[str, Tensor]) -> list[Tensor]:
    found: list[Tensor] = []
    hook = inside.register_forward_hook(lambda m, a, output: found.append(output.detach()))
    try:
        with torch.no_grad():
            layer(raw)
    finally:
        hook.remove()
    return found


def _of_kind(row: _Row, face: _Face) -> Sequence[Column]:
    kind = row.schema.inputs[face.number]
    return [column for column in row.columns if column.kind is kind]


def _ways(face: _Face, slopes: Iterator[Tensor | None], columns: int) -> Iterator[Tensor]:
    """For each column the share of every entry of its face."""
    for row, nothing in face.ends:
        slope, way = next(slopes), (row - nothing)[0]
        share = torch.zeros_like(way) if slope is None else slope.sum(0) * way
        # A call for each column, or one for all of them.
        yield from share.chunk(1 if len(face.ends) > 1 else columns)


# ---- the solved paths: Shapley values over sampled orders ----------------------------------------


@dataclass(frozen=True)
class _Tried:
    """What the solved paths see of the row, of nothing, and of parts that come in some orders."""

    orders: list[Array]
    terms: tuple[Tensor, Tensor]
    measurements: Tensor | None
    plain: dict[str, Tensor]  # what the table's networks read
    vectors: dict[str, Tensor]  # of a backbone, which the deep path reads beside its own layers

    def solved(
        self, network: Network, position: int, deep: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """A network's linear and tree-shaped outputs, and its table's in the shape of the deep."""
        linear = network.linear[position](*self.terms)
        trees = torch.zeros_like(linear)
        if self.measurements is not None:
            trees = network.trees[position](self.measurements)
        if not len(network.tables):
            return linear, trees, torch.zeros(len(linear), *deep.shape[1:])
        return linear, trees, network.averaged(network.tables, self.plain)[position]


def _tried(network: Network, row: _Row, position: int) -> _Tried | None:
    """Rows whose parts come in sampled orders and in reverse; None where no path is solved."""
    if isinstance(network.linear[position], NoPath):
        return None
    rng, first = np.random.default_rng(SEED), first_network(network)
    most = min(MOST_ROWS, MOST_NUMBERS // max(row.size, 1))
    pairs = max(1, min(ORDERS, most // (row.parts + 1)) // 2)
    orders = [rng.permutation(row.parts) for _ in range(pairs)]
    orders += [order[::-1] for order in orders]
    ends = np.array([[True] * row.parts, [False] * row.parts])
    raw = row.keeping(np.concatenate([ends, *map(_growing, orders)]))
    with torch.no_grad():
        measurements = first.measurements(raw) if first.measured else None
        vectors = {name: values for name, values in raw.items() if name.endswith(VECTORS)}
        plain = {name: v for name, v in raw.items() if name.partition(".")[0] in PLAIN}
        return _Tried(orders, first.terms(raw), measurements, plain, vectors)


def _shapley(orders: list[Array], values: Array) -> Array:
    """The mean of what each part adds; `values` are the answers, order by order."""
    shares = np.zeros(len(orders[0]))
    for order, value in zip(orders, values.reshape(len(orders), -1), strict=True):
        shares[order] += np.diff(value) / len(orders)
    return shares


def _growing(order: Array) -> Array:
    """Nothing, then the first part of the order, then the first two, to all."""
    kept = np.zeros((len(order) + 1, len(order)), bool)
    for length, part in enumerate(order, start=1):
        kept[length:, part] = True
    return kept


# ---- the control: what does not depend on what was learnt ----------------------------------------


def shuffled(network: Network) -> Network:
    """A network with the same weights in other places (Adebayo et al. 2018)."""
    twin = copy.deepcopy(network)
    draw = torch.Generator().manual_seed(SEED)
    solved = [layer.weight for layer in twin.linear if hasattr(layer, "weight")]
    solved += [layer.value for layer in twin.trees if hasattr(layer, "value")]
    with torch.no_grad():
        for weights in (*twin.parameters(), *solved):
            flat: Any = weights.flatten()  # type: ignore[operator]
            order = torch.randperm(flat.numel(), generator=draw)
            weights.copy_(flat[order].view_as(weights))  # type: ignore[operator]
    return twin
