"""Categories: one of a set of names, as inputs and as targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.counts import counted
from pellucid.errors import DataError, Mends
from pellucid.kinds.blending import weigh_classes
from pellucid.kinds.calibration import class_calibration
from pellucid.kinds.cells import is_code, mend_of, row_number, texts
from pellucid.kinds.contract import Array, Beside, Encoded
from pellucid.kinds.estimators import scores_of, separating_lines, shallow_for_classes
from pellucid.kinds.targets import Target
from pellucid.networks.layers import ClassBlend, Dropout, Embedding, EnsembleOutput, InputLayer
from pellucid.networks.layers.input import Tensors

CONFUSION_LEVELS = 1_000  # with more of them, what is taken for what is not counted
MOST_CODES = 255  # unknown among them: more than trees can part in any other way than by rank
TYPES = {"text": pl.String, "whole": pl.Int64, "fraction": pl.Float64}
MOST_LEVELS = 65_536  # of one column; rarer ones share the unknown level


@dataclass(frozen=True)
class Category(Target):
    """Columns of names; level 0 stands for missing, too rare and never seen."""

    kind: ClassVar[str] = "category"
    plain: ClassVar[bool] = True
    metric: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    right_or_wrong: ClassVar[bool] = True
    has_probabilities: ClassVar[bool] = True

    columns: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]  # of each column, most frequent first
    counts: tuple[tuple[int, ...], ...]  # how often each was seen while learning
    values: str = "text"  # what a target's cells were: text, truth, whole or fraction

    @classmethod
    def matches(cls, cells: pl.Series) -> str | None:
        """Truth values, names that repeat, whole numbers whose column name marks a code."""
        if cells.dtype in (pl.Boolean, pl.Categorical, pl.Enum):
            return f"it holds {counted(cells.n_unique(), 'level')}"
        present = texts(cells).drop_nulls()
        distinct = present.n_unique()
        if is_code(cells):
            return f"its name says a code, with {counted(distinct, 'level')}"
        if cells.dtype != pl.String or not len(present):
            return None
        words = float(present.str.count_matches(r"\S+").mean() or 0)  # type: ignore[arg-type]
        if distinct <= 20 or (distinct <= len(present) / 2 and words < 4):
            return f"it holds {counted(distinct, 'level')}"
        short = words < 3 and float(present.str.len_chars().mean() or 0) < 20  # type: ignore[arg-type]
        return f"it holds {distinct:,} short names" if short else None

    @classmethod
    def fit(cls, cells: pl.DataFrame) -> Self:
        """The levels of each column; one seen once in a column of many is left to `unknown`."""
        levels, counts = [], []
        for series in cells:
            table = (
                texts(series)
                .alias("level")
                .drop_nulls()
                .value_counts()
                .sort(["count", "level"], descending=[True, False])
            )
            if table.height > 20:
                table = table.filter(pl.col("count") >= (2 if table.height <= 1000 else 3))
            table = table.head(MOST_LEVELS)
            levels.append(tuple(table["level"].to_list()))
            counts.append(tuple(table["count"].to_list()))
        return cls(tuple(cells.columns), tuple(levels), tuple(counts))

    @classmethod
    def fit_target(cls, cells: pl.Series, beside: Beside | None = None) -> Self:
        """Every level that the target has, in any row; the levels are sorted."""
        table = (
            texts(cells if beside is None else beside.everything)
            .alias("level")
            .drop_nulls()
            .value_counts()
        )
        table = table.with_columns(
            pl.col("level").cast(pl.Float64, strict=False).alias("number of it")
        ).sort("number of it", "level", nulls_last=True)
        return cls(
            (cells.name,),
            (tuple(table["level"].to_list()),),
            (tuple(table["count"].to_list()),),
            _values(cells.dtype),
        )

    def encode(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """(rows, columns) int32, 0 where missing or unknown."""
        codes = np.empty((cells.height, len(self.columns)), np.int32)
        for position, (column, levels) in enumerate(zip(self.columns, self.levels, strict=True)):
            names = texts(cells[column])
            code = _codes(names, levels)
            codes[:, position] = code.fill_null(-1).to_numpy() + 1
            if code.null_count() > names.null_count():
                unknown = code.is_null() & names.is_not_null()
                mends.add(
                    mend_of("a level that is new or was too rare to learn", names, unknown, mends)
                )
        return {"category": codes}

    def input_layer(self, width: int, generator: torch.Generator) -> InputLayer:
        """One learnt vector for each level."""
        return CategoryInput([len(levels) + 1 for levels in self.levels], width, generator)

    def summary(self, column: str) -> str:
        """How many levels, or their names when they are few."""
        levels = self.levels[self.columns.index(column)]
        names = " ".join(levels[:6])
        if len(levels) <= 6 and len(names) <= 40:
            return f"{counted(len(levels), 'level')}: {names}"
        return counted(len(levels), "level")

    # ---- as a target ---------------------------------------------------------------------------

    def task(self) -> str:
        """The class, and its first levels."""
        levels = self.levels[0]
        shown = " ".join(levels[:8]) + (" …" if len(levels) > 8 else "")
        return f"the class {self.columns[0]!r} ({len(levels):,} levels: {shown})"

    def encode_target(
        self,
        cells: pl.Series,
        place: Callable[[int], str] = row_number,
        inputs: Callable[[str], pl.Series] | None = None,
        mends: Mends | None = None,
    ) -> Array:
        """(rows,) int64 index of the level."""
        names = texts(cells)
        codes = _codes(names, self.levels[0])
        if codes.null_count():
            row = int(codes.is_null().arg_true()[0])
            raise DataError(
                f"The target {cells.name!r} has {len(self.levels[0])} levels; {place(row)} holds "
                f"{cells[row]!r}, which is none of them. Correct it or leave the row out."
            )
        return codes.to_numpy().astype(np.int64)

    @property
    def linear_outputs(self) -> int:
        """The linear path gives one score for each level."""
        return len(self.levels[0])

    @property
    def tree_outputs(self) -> int:
        """A tree for each level, but one for two levels."""
        return self.linear_outputs if self.linear_outputs > 2 else 1

    def strengths(self, design: Any) -> tuple[float, ...]:
        """Regularisations C that are worth trying."""
        return (0.03, 0.1, 0.3, 1.0) if hasattr(design, "indptr") else (0.03, 0.3, 3.0)

    def solve_linear(self, design: Any, target: Array, strength: float) -> tuple[Array, Array]:
        """A linear support-vector machine where features are sparse, else logistic regression."""
        return separating_lines(design, target, strength, self.linear_outputs)

    def linear_score(self, output: Array, target: Array) -> float:
        """Accuracy."""
        return float((output.argmax(1) == target).mean())

    def output_layer(self, members: int, width: int, generator: torch.Generator) -> nn.Module:
        """One score for each level."""
        return EnsembleOutput(members, width, len(self.levels[0]), generator)

    def loss(self, output: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy, each member by itself."""
        flat, right = output.flatten(0, 1), target.repeat(output.shape[0])
        return nn.functional.cross_entropy(flat, right, label_smoothing=smoothing)

    def combine(self, output: Tensor) -> Tensor:
        """The logarithm of the members' mean probability: (batch, levels)."""
        logs = output.log_softmax(-1)
        return logs.logsumexp(0) - float(np.log(output.shape[0]))

    def choosing_score(self, output: Tensor, target: Tensor) -> float:
        """The score of the members' common answer."""
        return self.score(self.combine(output), target)

    def score(self, output: Tensor, target: Tensor) -> float:
        """Log-loss at the best of a few temperatures: what training makes small.

        Without a temperature, confidence that grows too fast hides that the order still improves,
        and smoothed answers look unsure; the blend sets the temperature in the end.
        """
        losses = [
            nn.functional.cross_entropy(output * sharpness, target).item()
            for sharpness in (0.25, 0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2)
        ]
        return min(losses)

    def fit_blend(self, paths: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """The weights of the paths that make the log-loss of the given rows smallest."""
        return weigh_classes(paths, target)

    def blend_layer(self) -> ClassBlend:
        """The paths as calibrated log-probabilities."""
        return ClassBlend()

    def decode(self, output: Array) -> pl.Series:
        """The most probable level."""
        levels = pl.Series(self.columns[0], self.levels[0], dtype=pl.String)
        return levels[output.argmax(1)]

    def as_given(self, decoded: pl.Series) -> pl.Series:
        """Levels as what they were: who learnt from truth values or numbers gets such back."""
        if self.values == "truth":
            return decoded == "true"
        return decoded.cast(TYPES[self.values])

    def confidence(self, output: Array) -> Array | None:
        """The probability of the most probable level."""
        return np.asarray(np.exp(output.max(1)))

    def probabilities(self, output: Array) -> pl.DataFrame | None:
        """Of every level."""
        return pl.DataFrame(np.exp(output), list(self.levels[0]))

    def row_losses(self, output: Array, target: Array) -> Array:
        """1 where right, 0 where wrong: their mean is the metric."""
        return (output.argmax(1) == target).astype(np.float64)

    def aggregate(self, losses: Array) -> Array:
        """The metric of rows with these losses, along the first axis."""
        return np.asarray(losses.mean(0))

    def simplest(self, target: Array, asked: Array) -> tuple[str, Array]:
        """Always the most frequent class."""
        share = np.bincount(target, minlength=self.linear_outputs) / len(target)
        return "majority class", np.tile(np.log(share + 1e-9), (len(asked), 1))

    def boosting(self, seed: int) -> Any:
        """Gradient-boosted trees for classes."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(random_state=seed)

    def machines(self, seed: int) -> Mapping[str, Any]:
        """A support-vector machine with Gaussian kernels, and a random forest."""
        return shallow_for_classes(seed)

    def as_logs(self, output: Array) -> Array:
        """Scores as log-probabilities."""
        shifted = output - output.max(1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))

    def boosted_output(self, model: Any, features: Array) -> Array:
        """Log-probabilities of every level from a fitted `boosting` or machine."""
        return self.as_logs(scores_of(model, features, self.linear_outputs))

    def metrics(self, output: Array, target: Array) -> Mapping[str, float]:
        """Accuracy, macro F1 over the levels that occur, and log-loss."""
        predicted = output.argmax(1)
        right = np.bincount(target[predicted == target], minlength=output.shape[1])
        size = np.bincount(target, minlength=output.shape[1])
        called = np.bincount(predicted, minlength=output.shape[1])
        occurs = size + called > 0
        macro = (2 * right[occurs] / (size + called)[occurs]).mean()
        loss = -output[np.arange(len(target)), target].mean()
        return {
            "accuracy": float((predicted == target).mean()),
            "macro F1": float(macro),
            "log-loss": float(loss),
        }

    def wrongness(self, output: Array, target: Array) -> Array:
        """How unlikely the true level was held, where it is not the answer."""
        surprise = -output[np.arange(len(target)), target]
        return np.where(output.argmax(1) != target, surprise, 0.0)

    def exhibits(self, outputs: Mapping[str, Array], target: Array, seed: int) -> dict[str, Any]:
        """The levels, what is taken for what, and whether probabilities can be believed."""
        output = outputs["answer"]
        return {
            "levels": list(self.levels[0]),
            "calibration": class_calibration(output, outputs["deep"], target),
            "confusion": self._confusion(output, target),
        }

    def _confusion(self, output: Array, target: Array) -> dict[str, Any] | None:
        levels = output.shape[1]
        if levels > CONFUSION_LEVELS:
            return None
        counts = np.bincount(target * levels + output.argmax(1), minlength=levels * levels)
        return {"levels": list(self.levels[0]), "counts": counts.reshape(levels, levels).tolist()}


class CategoryInput(InputLayer):
    """(batch, columns) codes -> (batch, columns, width)."""

    first: Tensor

    def __init__(self, sizes: list[int], width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.columns, self.width, self.features = len(sizes), width, sum(sizes)
        self.measured = self.columns
        self.sizes = tuple(sizes)
        self.register_buffer("first", torch.tensor([0, *sizes[:-1]]).cumsum(0))
        self.embedding = Embedding(self.features, width, generator)
        self.unknown = Dropout(0.01)

    def forward(self, raw: Tensors) -> Tensor:
        """embedding[code]; while training a few codes are made unknown, so that it is learnt."""
        codes = raw["category"].long()
        if self.training:
            codes = codes * ~self.unknown.dropped(codes.float())
        return self.embedding(codes + self.first)

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """One-hot: feature `code` of each column, once."""
        index = raw["category"].long() + self.first
        return index, torch.ones(index.shape)

    @property
    def coded(self) -> tuple[bool, ...]:
        """Trees can part the levels of a column as they like, unless there are too many."""
        return tuple(size <= MOST_CODES for size in self.sizes)

    def measurements(self, raw: Tensors) -> Tensor:
        """The level's rank by frequency, missing where unknown."""
        codes = raw["category"].double()
        return codes.masked_fill(codes == 0, float("nan"))


def _values(dtype: pl.DataType) -> str:
    if dtype == pl.Boolean:
        return "truth"
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128):
        return "whole"
    return "fraction" if dtype.is_float() else "text"


def _codes(names: pl.Series, levels: tuple[str, ...]) -> pl.Series:
    """Position of each name among the levels, null where it is none of them."""
    table = pl.DataFrame({"name": pl.Series(levels, dtype=pl.String)}).with_row_index("code")
    asked = names.alias("name").to_frame()
    joined = asked.join(table, on="name", how="left", maintain_order="left")
    return joined["code"].cast(pl.Int64)
