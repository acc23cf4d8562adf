"""Kinds of which an answer can rest on parts of a cell, and targets whose answers have pieces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import polars as pl
from torch import Tensor, nn

from pellucid.kinds.contract import Array, Encoded, Kind, TargetKind
from pellucid.networks.layers.input import Tensors


@dataclass(frozen=True)
class Parts:
    """What a cell is made of, for an answer may rest on some of it: words, fields of a picture."""

    names: tuple[str, ...]
    places: Array | tuple[Array, ...]  # the part that each place of the input layer's face is of,
    # or -1; several arrays where the layer has several faces
    shape: tuple[int, int] | None = None  # rows and columns, where the first parts tile a plane
    picture: str = ""  # a data URI of that plane
    aspect: float = 1.0  # of its width to its height, as people should see it


@runtime_checkable
class PartedKind(Kind, Protocol):
    """A kind whose cells have parts; of others a cell is one, and to be without it is missing."""

    def parts(self, cells: pl.DataFrame, column: str, encoded: Encoded) -> Parts:
        """The parts of a row's cell; `encoded` is the row as `encode` gives it."""

    def keeping(self, cells: pl.DataFrame, kept: Mapping[str, Array], encoded: Encoded) -> Encoded:
        """The row as often as `kept[column]` (rows, parts) has rows, with marked parts alone."""


@runtime_checkable
class PiecedTarget(TargetKind, Protocol):
    """A target whose answer has pieces, such as tags or words, which rest on columns it reads."""

    @property
    def whole(self) -> str:
        """What the pieces' numbers add up to."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it reads in parts."""

    def parts_of(self, cell: str) -> list[str]:
        """The parts of a cell of such a column."""

    def left_of(self, cell: str, kept: Array) -> list[str]:
        """The cell with those parts alone that each row of `kept` marks."""

    def pieces(self, cells: pl.DataFrame, output: Array) -> tuple[str, ...]:
        """The names of one answer's pieces."""

    def of_pieces(
        self,
        layers: Sequence[tuple[nn.Module, Tensor]],
        raw: Tensors,
        output: Tensor,
        answer: Callable[[], Tensor],
    ) -> Tensor:
        """The number of each piece of the answer `output` in the rows `raw`: (rows, pieces).

        `layers` are the output layers and what they are given, `answer()` the network's own.
        """
