"""The questions that every kind of data answers, in the order in which its file answers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.errors import Mends
from pellucid.networks.layers import Encoder, InputLayer
from pellucid.networks.layers.input import Tensors

Array = np.ndarray[Any, np.dtype[Any]]
Conventional = Iterator[tuple[str, Array]]


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths: row i is values[offsets[i]:offsets[i + 1]]."""

    values: Array
    offsets: Array  # (rows + 1,) int64


Encoded = dict[str, "Array | Ragged"]


@dataclass(frozen=True)
class Beside:
    """What is known beside the answers that a target is fitted to."""

    inputs: pl.DataFrame  # the input cells of some of the rows that are learnt from
    answers: pl.Series  # the answers of the same rows
    everything: pl.Series  # the answers of all rows: only for which answers there are
    kinds: Mapping[str, str] = field(default_factory=dict)  # of the input columns
    seasons: tuple[int, ...] = ()  # after how many steps a target that goes on repeats itself
    time: str = ""  # the column that holds the moment at which each of its rows ends


@runtime_checkable
class Kind(Protocol):
    """One kind of data, fitted to all the columns of that kind at once.

    A kind is a frozen dataclass of plain values and NumPy arrays: it is saved as JSON and
    named arrays, and nothing of it is code.
    """

    kind: ClassVar[str]
    plain: ClassVar[bool]  # a cell is one value, which needs no network of its own to be read

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


Preview = dict[str, str]  # {"image": a data URI, "words": "32 x 32 pixels"}, "audio" likewise


@runtime_checkable
class MediaKind(Kind, Protocol):
    """A kind whose cells name files or hold their contents: pictures, sounds, films.

    Its cells come located (`media.files.Files`): absolute paths, data URIs or bytes, null where
    missing. `encode` decodes them by several threads, a slice of `slice_rows` rows at a time, and
    gives an array `KIND.missing` (rows, columns) of bool beside its own; a cell that cannot be
    decoded is missing, and counted.
    """

    slice_rows: ClassVar[int]
    handmade: ClassVar[str]  # what its terms are called: "MFCC statistics"

    def input_layer(
        self, width: int, generator: torch.Generator, encoder: Encoder = ...
    ) -> InputLayer:
        """The layer with a network of its own, of the shape that the plan gives it."""

    @property
    def side(self) -> int:
        """What `Encoder.shrink` divides, such as the pixels of the shorter side."""

    @property
    def measured(self) -> int:
        """How many plain numbers trees see of all the columns."""

    def mirrored(self, raw: Tensors) -> Tensors | None:
        """The same cells mirrored; None where there is no mirror image, as of sound."""

    def likeness(self, raw: Tensors) -> Tensor:
        """(rows, columns, features) of length 1: near copies of a cell have a product near 1."""

    def preview(self, cell: str | bytes) -> Preview:
        """How a person sees a located cell in a report."""


@runtime_checkable
class TargetKind(Protocol):
    """A kind that can be predicted: one value a row, or a sequence of any length.

    An answer of one value is an entry of an array, a sequence is a row of a `Ragged`; a batch of
    sequences comes padded with 0. `Target` has the answers of those that have nothing to say.
    """

    kind: ClassVar[str]
    higher_is_better: ClassVar[bool]
    case: ClassVar[str]  # what a row of it is to people
    measures: ClassVar[tuple[str, ...]]  # that its field `metric` may name, where it has a choice
    right_or_wrong: ClassVar[bool]  # a row's loss is 1 or 0, and the metric the share of the 1s
    has_probabilities: ClassVar[bool]
    has_intervals: ClassVar[bool]
    blends: ClassVar[bool]  # `fit_blend` has something to learn

    @property
    def columns(self) -> tuple[str, ...]:
        """The name of the column."""

    def with_metric(self, metric: str, cells: pl.Series) -> Self:
        """The same with another one of `measures`; `cells` are those of the learning rows."""

    @property
    def metric(self) -> str:
        """The name of the main measure of performance."""

    def summary(self, column: str) -> str:
        """A few words on the column."""

    def task(self) -> str:
        """What is predicted: "the class 'stars' (5 levels: 1 2 3 4 5)"."""

    @classmethod
    def fit_target(cls, cells: pl.Series, beside: Beside | None = None) -> Self:
        """What must be remembered of the answers; `cells` are those of the learning rows."""

    def encode_target(
        self,
        cells: pl.Series,
        place: Callable[[int], str] = ...,
        inputs: Callable[[str], pl.Series] | None = None,
        mends: Mends | None = None,
    ) -> Array | Ragged:
        """Cells as answers, one entry a row; a cell it cannot be is an error.

        `inputs` gives the same rows' cells of an input column; what is cut goes to `mends`.
        """

    def encode_inputs(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """What the output layer itself reads of the input columns; nothing for most."""

    def decode(self, output: Array) -> pl.Series:
        """Outputs as cells: the inverse of encode_target."""

    def read(self, cell: str) -> str | float:
        """A true cell as `decode` would write it."""

    def as_given(self, decoded: pl.Series) -> pl.Series:
        """Decoded cells as the type that the source had."""

    # beside a prediction
    def confidence(self, output: Array) -> Array | None:
        """How sure each answer is, 0 to 1."""

    def probabilities(self, output: Array) -> pl.DataFrame | None:
        """The probability of each level, one column a level."""

    def intervals(self, output: Array) -> pl.DataFrame | None:
        """The interval of each answer, as columns low and high."""

    # the deep path
    def recipe(self, rows: int) -> Mapping[str, Any]:
        """Fields of the plan that this kind wants otherwise, to learn from so many rows."""

    def output_layer(self, members: int, width: int, generator: torch.Generator) -> nn.Module:
        """(hidden (members, batch, width), raw inputs, answer or None) -> (members, batch, …).

        Without an answer it gives what `combine` takes; with one (while learning, and where rows
        are chosen on) what `loss` and `choosing_score` take, all of a row in one fixed shape.
        """

    def loss(self, output: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
        """The mean over members and rows of each member's own loss.

        `smoothing` of a class's answer is spread over all classes; other kinds ignore it.
        """

    def combine(self, output: Tensor) -> Tensor:
        """The members' outputs as one: (members, batch, …) -> (batch, …)."""

    def score(self, output: Tensor, target: Tensor) -> float:
        """What is to be made small of combined outputs, by whichever path they come."""

    def choosing_score(self, output: Tensor, target: Tensor) -> float:
        """What training makes small on rows that are not learnt from; outputs as `loss` has."""

    # the linear and the tree-shaped path, and their blend with the deep one
    @property
    def linear_outputs(self) -> int:
        """How many outputs the linear path has; 0 where there is none."""

    @property
    def linear_solutions(self) -> int:
        """How many problems are solved one after the other for each output of it."""

    @property
    def tree_outputs(self) -> int:
        """How many trees each round of boosting grows; 0 where there is no such path."""

    def strengths(self, design: Any) -> tuple[float, ...]:
        """Regularisations that are worth trying."""

    def solve_linear(self, design: Any, target: Array, strength: float) -> tuple[Array, Array]:
        """Weights (features, outputs) and bias (outputs,) by a convex solver."""

    def linear_score(self, output: Array, target: Array) -> float:
        """How good linear outputs are; higher is better."""

    def blend_layer(self) -> nn.Module:
        """Outputs of the linear, tree-shaped, table's and deep path -> the answer (batch, …)."""

    def fit_blend(self, paths: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """The state of the blend layer that is best, and calibrated, on the given rows.

        `paths` are those of `blend_layer`; a path that is not there has no outputs. A kind that
        does not blend is not asked.
        """

    # performance, and the conventional ways
    def row_losses(self, output: Array, target: Array) -> Array:
        """What each row contributes to the metric: (rows,), or (rows, counts)."""

    def aggregate(self, losses: Array) -> Array:
        """The metric of rows with these losses, along the first axis; counts are the last."""

    def drawn(self, losses: Array, generator: np.random.Generator) -> Array:
        """Places of as many rows, drawn with replacement; rows that share values come together."""

    def metrics(self, output: Array, target: Array) -> Mapping[str, float]:
        """Every measure of performance by name, the main one first."""

    def wrongness(self, output: Array, target: Array) -> Array:
        """How badly each row was missed, 0 where it is right."""

    def marked(self, cells: Mapping[str, Any], predicted: Any, true: Any) -> list[list[str]] | None:
        """Each word of a row with its predicted and its true tag, where words are tagged."""

    def exhibits(self, outputs: Mapping[str, Array], target: Array, seed: int) -> dict[str, Any]:
        """What the evidence shows of this kind alone; `outputs` are the answer and the paths'."""

    def looks(
        self, layer: nn.Module, hidden: Tensor, raw: Tensors, output: Array
    ) -> list[dict[str, Any]]:
        """Of each row the words read and written, and where it looked for each; else nothing."""

    def simplest(self, target: Array, asked: Array) -> tuple[str, Array]:
        """Name and outputs of the way that looks at no input, learnt from the answers `target`.

        Of the answers `asked` it sees how many there are, and what stands beside the values to
        predict, such as a series' own past.
        """

    def conventional(
        self,
        learnt: Callable[[], Beside],
        asked: Callable[[], pl.DataFrame],
        seconds: float,
        seed: int,
    ) -> Conventional:
        """Names and outputs of conventional ways of this kind's own, from raw cells.

        `learnt` gives the rows to learn from, `asked` the inputs to answer for; each way may take
        about so many seconds.
        """

    def boosting(self, seed: int) -> Any:
        """An unfitted estimator of gradient-boosted trees."""

    def machines(self, seed: int) -> Mapping[str, Any]:
        """Unfitted shallow models by name, for the hand-made features of media."""

    def as_logs(self, output: Array) -> Array:
        """Scores in the form that outputs are judged in: of classes, log-probabilities."""

    def boosted_output(self, model: Any, features: Array) -> Array:
        """Outputs of a fitted `boosting`."""
