"""The parts that a row's answer can rest on, and rows with some of them taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.errors import Mends
from pellucid.kinds import Array, Encoded, Kind
from pellucid.kinds.parted import PartedKind, Parts
from pellucid.schema import Schema
from pellucid.store import build_store

if TYPE_CHECKING:
    from collections.abc import Iterator

CELL = 60  # letters of a cell that name it


@dataclass(frozen=True)
class Column:
    """One column of a row, and the parts of its cell: itself, or words, or fields of a picture."""

    kind: Kind
    name: str
    position: int  # among the columns of its kind
    parts: Parts
    first: int  # the number of its first part among those of the whole row


def encodings(schema: Schema, cells: pl.DataFrame) -> list[Encoded]:
    """The row as each kind of its columns encodes it: nothing is decoded twice."""
    return [kind.encode(cells.select(kind.columns), Mends()) for kind in schema.inputs]


def columns_of(schema: Schema, cells: pl.DataFrame, encoded: list[Encoded]) -> list[Column]:
    """Every column of one row with its parts; a missing cell has none."""
    found, first = [], 0
    for kind, own in zip(schema.inputs, encoded, strict=True):
        for position, name in enumerate(kind.columns):
            parts = _parts(kind, cells, name, own)
            found.append(Column(kind, name, position, parts, first))
            first += len(parts.names)
    return found


def _parts(kind: Kind, cells: pl.DataFrame, column: str, encoded: Encoded) -> Parts:
    if cells[column][0] is None:
        return Parts((), np.zeros(0, np.int64))
    if isinstance(kind, PartedKind):
        return kind.parts(cells, column, encoded)
    text = " ".join(str(cells[column][0]).split())
    return Parts((text[:CELL],), np.zeros(1, np.int64))


def count(columns: list[Column]) -> int:
    """How many parts the row has."""
    return sum(len(column.parts.names) for column in columns)


def keeping(
    schema: Schema,
    cells: pl.DataFrame,
    encoded: list[Encoded],
    columns: list[Column],
    kept: Array,
) -> dict[str, Tensor]:
    """The row as often as `kept` (rows, parts) has rows, each with those parts alone."""
    made: Encoded = {}
    for kind, whole in zip(schema.inputs, encoded, strict=True):
        own = [column for column in columns if column.kind is kind]
        masks = {
            column.name: kept[:, column.first : column.first + len(column.parts.names)]
            for column in own
        }
        made |= encoded_keeping(kind, cells.select(kind.columns), masks, whole)
    for target in schema.targets:
        made |= target.encode_inputs(pl.concat([cells] * len(kept)), Mends())
    store = build_store([made])
    return store.batch(torch.arange(len(kept)))


def encoded_keeping(
    kind: Kind, cells: pl.DataFrame, masks: Mapping[str, Array], whole: Encoded
) -> Encoded:
    """A kind's own way, or the cell missing where its one part is not kept."""
    if isinstance(kind, PartedKind):
        return kind.keeping(cells, masks, whole)
    rows = max(len(mask) for mask in masks.values())
    changed = [
        pl.when(pl.Series(mask[:, 0])).then(pl.col(name)).otherwise(None).alias(name)
        for name, mask in masks.items()
        if mask.shape[1]
    ]
    return kind.encode(pl.concat([cells] * rows).with_columns(changed), Mends())


def sums_over(share: Tensor, column: Column, face: int) -> Iterator[tuple[int, float]]:
    """What the entries of one of a column's faces add up to, part by part."""
    places = column.parts.places
    own = places[face] if isinstance(places, tuple) else places
    by_place, own = _by_place(share.numpy(), own)
    for part in range(len(column.parts.names)):
        yield column.first + part, float(by_place[own == part].sum())


def _by_place(share: Array, places: Array) -> tuple[Array, Array]:
    """A share for each place: what is finer than the places is added up."""
    if share.ndim == places.ndim > 2:  # once more for each mirror image
        views = share.shape[0] // places.shape[0]
        return share, np.broadcast_to(np.concatenate([places] * views), share.shape)
    flat = share.reshape(-1) if share.size == places.size else share.sum(-1).reshape(-1)
    return flat[: places.size], places.reshape(-1)


@dataclass(frozen=True)
class PartedRow:
    """A row whose parts can be taken away."""

    schema: Schema
    cells: pl.DataFrame
    encoded: list[Encoded]
    columns: list[Column]

    def keeping(self, kept: Array) -> dict[str, Tensor]:
        """The row as often as `kept` (rows, parts) has rows, with the marked parts alone."""
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
        """How many there are, of all columns."""
        return count(self.columns)
