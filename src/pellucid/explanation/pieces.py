"""What an answer of many pieces rests on: tags of words, a written text, the values of a forecast.

Such a target reads some columns piece by piece, beside the input layers, so that no one place holds
all that the row says. Its parts are therefore taken out of the raw cells: Shapley values over
sampled orders (Štrumbelj and Kononenko 2014) share out the number that is explained, and what each
piece of the answer loses without each part is told beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.errors import Mends
from pellucid.explanation.parts import Column, columns_of, count, encoded_keeping
from pellucid.kinds import Array, Encoded, Kind
from pellucid.kinds.parted import Parts, PiecedTarget
from pellucid.networks.network import DeepNetwork, Network
from pellucid.schema import Schema
from pellucid.store import build_store

MOST_ROWS, ORDERS, CONTROL_ORDERS = 200, 8, 2
TOGETHER = 64  # rows that go through the network at once
SEED = 0


@dataclass(frozen=True)
class Pieces:
    """What each piece of the answer loses without each part of the row."""

    names: tuple[str, ...]
    numbers: Array  # (pieces,) as they are: log-probabilities, or values
    lost: Array  # (pieces, parts)


@dataclass(frozen=True)
class Shared:
    """Shares of the sum over all pieces, and the pieces."""

    of: str
    columns: tuple[Column, ...]
    shares: Array
    occlusion: Array
    control: Array
    answer: float
    nothing: float
    pieces: Pieces


@dataclass(frozen=True)
class _Row:
    schema: Schema
    cells: pl.DataFrame
    encoded: list[Encoded]
    columns: list[Column]
    target: PiecedTarget

    def keeping(self, kept: Array) -> dict[str, Tensor]:
        """The row as often as `kept` (rows, parts) has rows, with those parts alone."""
        frame = pl.concat([self.cells] * len(kept)).with_columns(self._masked(kept))
        made: Encoded = {}
        for kind, whole in zip(self.schema.inputs, self.encoded, strict=True):
            if _reads(self.target, kind):
                made |= kind.encode(frame.select(kind.columns), Mends())
            else:
                masks = {c.name: _of(c, kept) for c in self.columns if c.kind is kind}
                made |= encoded_keeping(kind, self.cells.select(kind.columns), masks, whole)
        for target in self.schema.targets:
            made |= target.encode_inputs(frame, Mends())
        return build_store([made]).batch(torch.arange(len(kept)))

    def _masked(self, kept: Array) -> Iterator[pl.Series]:
        for column in self.columns:
            if column.parts.names and _reads(self.target, column.kind):
                cell, masks = self.cells[column.name][0], _of(column, kept)
                read = column.name in self.target.reads
                left = self.target.left_of(cell, masks) if read else _whole_or_none(cell, masks)
                yield pl.Series(column.name, left, self.cells.schema[column.name])


def shared(
    networks: tuple[Network, Network],
    position: int,
    schema: Schema,
    cells: pl.DataFrame,
    encoded: list[Encoded],
) -> Shared | None:
    """What the answer rests on in a network, and in its control with shuffled weights."""
    network, control = networks
    target = schema.targets[position]
    assert isinstance(target, PiecedTarget)
    row = _Row(schema, cells, encoded, _columns(schema, cells, encoded, target), target)
    parts = count(row.columns)
    if not parts:
        return None
    ends = np.array([[True] * parts, [False] * parts])
    with torch.no_grad():
        output = network(row.keeping(ends[:1]))[position]
    pairs = max(1, min(ORDERS, MOST_ROWS // (parts + 1)) // 2)
    orders = _orders(parts, pairs)
    kept = np.concatenate([ends, ~np.eye(parts, dtype=bool), *map(growing, orders)])
    told = _told(network, row, position, output, kept)
    whole = told.sum(1)
    few = orders[: CONTROL_ORDERS // 2] + orders[pairs : pairs + CONTROL_ORDERS // 2]
    other = _told(control, row, position, output, np.concatenate([*map(growing, few)])).sum(1)
    lost = (told[:1] - told[2 : 2 + parts]).T
    return Shared(
        target.whole,
        tuple(row.columns),
        shapley(orders, whole[2 + parts :]),
        lost.sum(0),
        shapley(few, other),
        float(whole[0]),
        float(whole[1]),
        Pieces(target.pieces(cells, output.numpy()), told[0], lost),
    )


def _told(network: Network, row: _Row, position: int, output: Tensor, kept: Array) -> Array:
    """Of each row the numbers of the pieces of one and the same answer: (rows, pieces)."""
    found, deep = [], [cast("DeepNetwork", each) for each in network.deep]
    with torch.no_grad():
        for first in range(0, len(kept), TOGETHER):
            raw = row.keeping(kept[first : first + TOGETHER])
            layers = [(each.outputs[position], each.seen(raw)) for each in deep]

            def answer(raw: dict[str, Tensor] = raw) -> Tensor:
                return network(raw)[position]

            found.append(row.target.of_pieces(layers, raw, output, answer))
    return np.asarray(torch.cat(found).double().numpy())


def _columns(
    schema: Schema, cells: pl.DataFrame, encoded: list[Encoded], target: PiecedTarget
) -> list[Column]:
    """As `columns_of`, but what the target reads piece by piece in its pieces."""
    found, first = [], 0
    for column in columns_of(schema, cells, encoded):
        parts, cell = column.parts, cells[column.name][0]
        if parts.names and _reads(target, column.kind):
            read = column.name in target.reads
            names = target.parts_of(cell) if read else (" ".join(str(cell).split())[:60],)
            parts = Parts(tuple(names), np.arange(len(names)))
        found.append(Column(column.kind, column.name, column.position, parts, first))
        first += len(parts.names)
    return found


def _reads(target: PiecedTarget, kind: Kind) -> bool:
    return bool(set(target.reads) & set(kind.columns))


def _of(column: Column, kept: Array) -> Array:
    return kept[:, column.first : column.first + len(column.parts.names)]


def _whole_or_none(cell: Any, masks: Array) -> list[Any]:
    return [cell if mask[0] else None for mask in masks]


# ---- Shapley values over sampled orders ----------------------------------------------------------


def _orders(parts: int, pairs: int) -> list[Array]:
    """Sampled orders, then each of them in reverse."""
    rng = np.random.default_rng(SEED)
    orders = [rng.permutation(parts) for _ in range(pairs)]
    return orders + [order[::-1] for order in orders]


def shapley(orders: list[Array], values: Array) -> Array:
    """The mean of what each part adds; `values` are the answers, order by order."""
    shares = np.zeros(len(orders[0]))
    for order, value in zip(orders, values.reshape(len(orders), -1), strict=True):
        shares[order] += np.diff(value) / len(orders)
    return shares


def growing(order: Array) -> Array:
    """Nothing, then the first part of the order, then the first two, to all."""
    kept = np.zeros((len(order) + 1, len(order)), bool)
    for length, part in enumerate(order, start=1):
        kept[length:, part] = True
    return kept


def strongest(pieces: Pieces, names: Mapping[int, str], most: int) -> list[str]:
    """For each piece the parts without which it loses most."""
    told = []
    for lost in pieces.lost:
        order = [k for k in np.argsort(-np.abs(lost))[:most] if abs(lost[k]) >= 5e-4]
        told.append(", ".join(f"{names[k]} {lost[k]:+.3g}" for k in order).replace("-", "−"))
    return told
