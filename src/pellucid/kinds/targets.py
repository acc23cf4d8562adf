"""What kinds that can be predicted have in common: the answers of those with nothing to say."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.errors import Mends, UsageError
from pellucid.kinds.contract import Array, Beside, Conventional, Encoded, TargetKind
from pellucid.networks.layers import Deep
from pellucid.networks.layers.input import Tensors


def summed_loss(
    targets: Sequence[TargetKind],
    outputs: Sequence[Tensor],
    answers: Sequence[Tensor],
    smoothing: float = 0.0,
) -> Tensor:
    """What learning makes small: the losses of all targets added up."""
    losses = [
        target.loss(output, answer, smoothing)
        for target, output, answer in zip(targets, outputs, answers, strict=True)
    ]
    return torch.stack(losses).sum() if len(losses) > 1 else losses[0]


class Target:
    """One value a row, predicted from the network's hidden layers alone."""

    case: ClassVar[str] = "row"
    measures: ClassVar[tuple[str, ...]] = ()
    linear_solutions: int = 1
    right_or_wrong: ClassVar[bool] = False
    has_probabilities: ClassVar[bool] = False
    has_intervals: ClassVar[bool] = False
    blends: ClassVar[bool] = True

    def with_metric(self, metric: str, cells: pl.Series) -> Self:
        """There is no choice."""
        return self

    def encode_inputs(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """Nothing beside what the input kinds read."""
        return {}

    def read(self, cell: str) -> str | float:
        """The cell itself."""
        return cell

    def as_given(self, decoded: pl.Series) -> pl.Series:
        """What is decoded, as it is."""
        return decoded

    def confidence(self, output: Array) -> Array | None:
        """None."""
        return None

    def probabilities(self, output: Array) -> pl.DataFrame | None:
        """None."""
        return None

    def intervals(self, output: Array) -> pl.DataFrame | None:
        """None."""
        return None

    def recipe(self, rows: int) -> Mapping[str, Any]:
        """The plan as it is."""
        return {}

    def drawn(self, losses: Array, generator: np.random.Generator) -> Array:
        """Each row by itself."""
        return generator.integers(0, len(losses), len(losses))

    def exhibits(self, outputs: Mapping[str, Array], target: Array, seed: int) -> dict[str, Any]:
        """Nothing."""
        return {}

    def machines(self, seed: int) -> Mapping[str, Any]:
        """None."""
        return {}

    def looks(
        self, layer: nn.Module, hidden: Tensor, raw: Tensors, output: Array
    ) -> list[dict[str, Any]]:
        """It looks nowhere."""
        return []

    def marked(self, cells: Mapping[str, Any], predicted: Any, true: Any) -> list[list[str]] | None:
        """No word is tagged."""
        return None

    def conventional(
        self,
        learnt: Callable[[], Beside],
        asked: Callable[[], pl.DataFrame],
        seconds: float,
        seed: int,
    ) -> Conventional:
        """None beside the linear model and the trees."""
        yield from ()


def measured_by(
    metric: str | None, targets: Sequence[TargetKind], answers: pl.DataFrame
) -> tuple[TargetKind, ...]:
    """The targets, those that know the metric measured by it; UsageError where none does.

    `answers` are those of the learning rows.
    """
    if metric is None:
        return tuple(targets)
    known = [target.measures or (target.metric,) for target in targets]
    named = {name.casefold(): name for names in known for name in names}
    name = named.get(metric.casefold())
    if name is None:
        pairs = zip(targets, known, strict=True)
        told = [f"{target.columns[0]!r} by {' or '.join(names)}" for target, names in pairs]
        raise UsageError(f"Nothing can be measured by {metric!r}, only {' and '.join(told)}.")
    return tuple(
        target.with_metric(name, answers[target.columns[0]]) if name in target.measures else target
        for target in targets
    )


class DeepTarget(Target):
    """A target that only the deep path predicts: no solver knows it, there is nothing to blend."""

    blends: ClassVar[bool] = False
    linear_outputs = 0
    tree_outputs = 0

    def loss(self, output: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
        """Sums and counts (members, batch, 2) as one mean, over words or whatever is counted."""
        summed, counted = output.flatten(0, 1).unbind(-1)
        return summed.sum() / counted.sum().clamp(min=1)

    def choosing_score(self, output: Tensor, target: Tensor) -> float:
        """The loss."""
        return self.loss(output, target).item()

    def strengths(self, design: Any) -> tuple[float, ...]:
        """None."""
        return ()

    def solve_linear(self, design: Any, target: Array, strength: float) -> tuple[Array, Array]:
        """There is no linear path."""
        raise TypeError(f"{type(self).__name__} has no linear path")

    def linear_score(self, output: Array, target: Array) -> float:
        """There is no linear path."""
        raise TypeError(f"{type(self).__name__} has no linear path")

    def score(self, output: Tensor, target: Tensor) -> float:
        """There is no path but the deep one, whose score is asked with the answer known."""
        raise TypeError(f"{type(self).__name__} has no other path")

    def blend_layer(self) -> nn.Module:
        """What the deep path says."""
        return Deep()

    def fit_blend(self, paths: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """Nothing is learnt."""
        return {}

    def boosting(self, seed: int) -> Any:
        """There are no trees."""
        raise TypeError(f"{type(self).__name__} has no trees")

    def as_logs(self, output: Array) -> Array:
        """Outputs are what they are."""
        return output

    def boosted_output(self, model: Any, features: Array) -> Array:
        """There are no trees."""
        raise TypeError(f"{type(self).__name__} has no trees")


def key_of(kind: str, column: str) -> str:
    """The beginning of the names of the arrays that such a target reads for itself."""
    return f"{kind}.{zlib.crc32(column.encode('utf-8', 'replace')):08x}"
