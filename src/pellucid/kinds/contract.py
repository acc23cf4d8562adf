"""The questions that every kind of data answers, in the order in which its file answers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.errors import Mends
from pellucid.networks.layers import InputLayer

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Ragged:
    """Sequences of different lengths: sequence i is values[offsets[i]:offsets[i + 1]].

    Each row has `per_row` of them, one after the other.
    """

    values: Array
    offsets: Array  # (rows * per_row + 1,) int64
    per_row: int = 1


Encoded = dict[str, "Array | Ragged"]


@runtime_checkable
class Kind(Protocol):
    """One kind of data, fitted to all the columns of that kind at once.

    A kind is a frozen dataclass of plain values and NumPy arrays: it is saved as JSON and
    named arrays, and nothing of it is code.
    """

    kind: ClassVar[str]
    columns: tuple[str, ...]

    @classmethod
    def matches(cls, cells: pl.Series) -> str | None:
        """Why a column is such data ("it holds numbers"), or None if it is not."""

    @classmethod
    def fit(cls, cells: pl.DataFrame) -> Self:
        """What must be remembered of the columns; `cells` are learning rows only."""

    def encode(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """Cells as raw arrays, row by row. Decoding only: arithmetic belongs to the layer."""

    def input_layer(self, width: int, generator: torch.Generator) -> InputLayer:
        """The layer that takes the encoded columns to (batch, columns, width)."""

    def features(self, encoded: Encoded) -> Array | None:
        """What gradient boosting sees: (rows, features) float, NaN where missing."""

    def summary(self, column: str) -> str:
        """A few words on a column: "812 levels", "2 % missing"."""


@runtime_checkable
class TargetKind(Kind, Protocol):
    """A kind that can be predicted."""

    metric: ClassVar[str]
    higher_is_better: ClassVar[bool]

    def encode_target(self, cells: pl.Series) -> Array:
        """Cells as a target array, one entry a row; a cell it cannot be is an error."""

    def output_layer(self, members: int, width: int, generator: torch.Generator) -> nn.Module:
        """(members, batch, width) -> (members, batch, outputs)."""

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The mean over members and rows of each member's own loss."""

    def combine(self, output: Tensor) -> Tensor:
        """The members' outputs as one: (members, batch, outputs) -> (batch, outputs)."""

    def decode(self, output: Array) -> pl.Series:
        """Combined outputs as cells, the inverse of encode_target."""

    def metrics(self, output: Array, target: Array) -> Mapping[str, float]:
        """Every measure of performance by name, the main one first."""
