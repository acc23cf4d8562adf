"""The questions that every kind of data answers, in the order in which its file answers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    """Rows of different lengths: row i is values[offsets[i]:offsets[i + 1]]."""

    values: Array
    offsets: Array  # (rows + 1,) int64


Encoded = dict[str, "Array | Ragged"]


@runtime_checkable
class Kind(Protocol):
    """One kind of data, fitted to all the columns of that kind at once.

    A kind is a frozen dataclass of plain values and NumPy arrays: it is saved as JSON and
    named arrays, and nothing of it is code.
    """

    kind: ClassVar[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""

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

    def summary(self, column: str) -> str:
        """A few words on a column: "812 levels", "2 % missing"."""


@runtime_checkable
class TargetKind(Kind, Protocol):
    """A kind that can be predicted."""

    metric: ClassVar[str]
    higher_is_better: ClassVar[bool]

    @classmethod
    def fit_target(cls, cells: pl.Series) -> Self:
        """As `fit`, for the one column that is predicted."""

    def encode_target(self, cells: pl.Series, place: Callable[[int], str] = ...) -> Array:
        """Cells as a target array, one entry a row; a cell it cannot be is an error."""

    def decode(self, output: Array) -> pl.Series:
        """Outputs as cells: the inverse of encode_target."""

    # the deep path
    def output_layer(self, members: int, width: int, generator: torch.Generator) -> nn.Module:
        """(members, batch, width) -> (members, batch, outputs)."""

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The mean over members and rows of each member's own loss."""

    def combine(self, output: Tensor) -> Tensor:
        """The members' outputs as one: (members, batch, outputs) -> (batch, outputs)."""

    def score(self, output: Tensor, target: Tensor) -> float:
        """What training makes small on rows that are not learnt from."""

    # the linear path, and its blend with the deep one
    @property
    def linear_outputs(self) -> int:
        """How many outputs the linear path has."""

    def strengths(self, design: Any) -> tuple[float, ...]:
        """Regularisations that are worth trying."""

    def solve_linear(self, design: Any, target: Array, strength: float) -> tuple[Array, Array]:
        """Weights (features, outputs) and bias (outputs,) by a convex solver."""

    def linear_score(self, output: Array, target: Array) -> float:
        """How good linear outputs are; higher is better."""

    def blend_layer(self) -> nn.Module:
        """Outputs of the linear, the tree-shaped and the deep path -> (batch, outputs)."""

    def fit_blend(self, paths: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """The state of the blend layer that is best, and calibrated, on the given rows.

        `paths` are those of `blend_layer`; None stands for a path that is not there.
        """

    # performance, and the conventional ways
    def row_losses(self, output: Array, target: Array) -> Array:
        """What each row contributes to the metric: (rows,)."""

    def aggregate(self, losses: Array) -> Array:
        """The metric of rows with these losses, along the first axis."""

    def metrics(self, output: Array, target: Array) -> Mapping[str, float]:
        """Every measure of performance by name, the main one first."""

    def simplest(self, target: Array, rows: int) -> tuple[str, Array]:
        """Name and outputs of the way that looks at no input."""

    def boosting(self, seed: int) -> Any:
        """An unfitted estimator of gradient-boosted trees."""

    def as_logs(self, output: Array) -> Array:
        """Scores in the form that outputs are judged in: of classes, log-probabilities."""

    def boosted_output(self, model: Any, features: Array) -> Array:
        """Outputs of a fitted `boosting`."""
