"""What an answer rests on: integrated gradients, Shapley values, occlusion, and a control.

The deep path is followed by integrated gradients (Sundararajan et al. 2017) from the row with all
its parts taken away. The solved paths have jumps instead of slopes (trees) or read whole words
(TF-IDF), so their share is given by Shapley values over sampled orders (Štrumbelj and Kononenko
2014), taken in pairs of opposite orders. The blend adds the paths up, so both shares add up to the
difference between the two answers; what is lacking is the completeness gap. Vectors of a pretrained
backbone are made outside of the network: what they bring to the deep path is shared out together
with the solved paths. Answers of many pieces, such as a written text, are left to `pieces.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.explanation.integrated import Score, integrated, remembering
from pellucid.explanation.parts import Column, PartedRow, columns_of, encodings
from pellucid.explanation.pieces import Pieces, Shared, growing, shapley, shared
from pellucid.kinds import Array, Encoded, TargetKind
from pellucid.kinds.parted import PiecedTarget
from pellucid.networks.layers import NoPath
from pellucid.networks.layers.convolution import Whitening
from pellucid.networks.network import Network, first_network
from pellucid.schema import Schema

POINTS = (24, 96)  # of the Gauss-Legendre rule from nothing to the row; more if a gap is left
SMALL_GAP = 0.05  # of what the shares add up to
CONTROL_POINTS = 6
MOST_ROWS = 600  # rows on which sampled orders are tried
MOST_NUMBERS = 5_000_000  # in all of them
ORDERS = 8
SEED = 0
VECTORS = ".vectors"  # how the names of a backbone's raw tensors end


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
    pieces: Pieces | None = None  # of an answer that has several

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
    control, network = (remembering(twin) for twin in (shuffled(network), copy.deepcopy(network)))
    encoded = encodings(schema, cells) if encoded is None else encoded
    if isinstance(schema.targets[position], PiecedTarget):
        return _of_pieces(shared((network, control), position, schema, cells, encoded))
    row = PartedRow(schema, cells, encoded, columns_of(schema, cells, encoded))
    with torch.no_grad():
        output = network(row.ends[0])[position]
    found = _score_of(schema.targets[position], output)
    if found is None or not row.parts:
        return None
    of, score = found
    tried = _tried(network, row, position)
    answer = float(score(output))
    for points in POINTS:
        gradients, nothing = _accounted(network, row, tried, (position, score, points))
        if abs(answer - nothing - gradients.sum()) <= SMALL_GAP * np.abs(gradients).sum():
            break
    return Attribution(
        of,
        tuple(row.columns),
        gradients,
        answer - _without_each(network, row, position, score),
        _accounted(control, row, tried, (position, score, CONTROL_POINTS))[0],
        answer,
        nothing,
    )


def _of_pieces(found: Shared | None) -> Attribution | None:
    if found is None:
        return None
    shares = (found.shares, found.occlusion, found.control)
    ends = (found.answer, found.nothing)
    return Attribution(found.of, found.columns, *shares, *ends, found.pieces)


def _without_each(network: Network, row: PartedRow, position: int, score: Score) -> Array:
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
    network: Network, row: PartedRow, tried: _Tried | None, asked: tuple[int, Score, int]
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

    shares, start = integrated(network, row, points, (position, of_deep))
    if tried is None:
        return shares, start
    with torch.no_grad():
        rest = _of_vectors(network, row.ends[1], tried.vectors, position) if tried.vectors else deep
        values = score(blend(*solved, rest.expand(len(solved[0]), *deep.shape[1:])))
    moved = float(values[0] - values[1])
    if moved or any(path[0].any() for path in solved):
        shares = shares + shapley(tried.orders, values[2:].double().numpy())
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


def _tried(network: Network, row: PartedRow, position: int) -> _Tried | None:
    """Rows whose parts come in sampled orders and in reverse; None where no path is solved."""
    if isinstance(network.linear[position], NoPath):
        return None
    rng, first = np.random.default_rng(SEED), first_network(network)
    most = min(MOST_ROWS, MOST_NUMBERS // max(row.size, 1))
    pairs = max(1, min(ORDERS, most // (row.parts + 1)) // 2)
    orders = [rng.permutation(row.parts) for _ in range(pairs)]
    orders += [order[::-1] for order in orders]
    ends = np.array([[True] * row.parts, [False] * row.parts])
    raw = row.keeping(np.concatenate([ends, *map(growing, orders)]))
    with torch.no_grad():
        measurements = first.measurements(raw) if first.measured else None
        vectors = {name: values for name, values in raw.items() if name.endswith(VECTORS)}
        return _Tried(orders, first.terms(raw), measurements, row.schema.plain_of(raw), vectors)


# ---- the control: what does not depend on what was learnt ----------------------------------------


def shuffled(network: Network) -> Network:
    """A network with the same weights in other places (Adebayo et al. 2018)."""
    twin = copy.deepcopy(network)
    draw = torch.Generator().manual_seed(SEED)
    solved = [layer.weight for layer in twin.linear if hasattr(layer, "weight")]
    solved += [layer.value for layer in twin.trees if hasattr(layer, "value")]
    solved += [layer.weight for layer in twin.modules() if isinstance(layer, Whitening)]
    with torch.no_grad():
        for weights in (*twin.parameters(), *solved):
            flat: Any = weights.flatten()  # type: ignore[operator]
            order = torch.randperm(flat.numel(), generator=draw)
            weights.copy_(flat[order].view_as(weights))  # type: ignore[operator]
    return twin
