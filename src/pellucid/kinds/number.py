"""Numbers: measurements, amounts and counts, as inputs and as targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.errors import DataError, Mends
from pellucid.kinds.blending import weigh_numbers
from pellucid.kinds.calibration import number_calibration
from pellucid.kinds.cells import Style, is_code, mend_of, number_style, numbers, row_number, texts
from pellucid.kinds.contract import Array, Beside, Encoded
from pellucid.kinds.estimators import ROUNDS, least_absolute, ridge, shallow_for_numbers
from pellucid.kinds.knots import FURTHEST, LARGEST, filled_up, knots_of
from pellucid.kinds.targets import Target
from pellucid.networks.layers import (
    EnsembleOutput,
    InputLayer,
    MissingValue,
    NumberBlend,
    PiecewiseLinear,
)
from pellucid.networks.layers.input import Tensors

TAIL = 0.05  # the output layer learns this quantile and its mirror image for the interval
MOSTLY = 0.6  # of the cells are numbers, the others a word or two such as "unknown"
FEW_WORDS, MANY_NUMBERS = 2, 20
SCATTER_ROWS = 1_000  # shown of predicted against true


@dataclass(frozen=True)
class Number(Target):
    """Columns of numbers; the arrays hold one row for each column."""

    kind: ClassVar[str] = "number"
    plain: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("RMSE", "MAE")
    higher_is_better: ClassVar[bool] = False
    has_intervals: ClassVar[bool] = True

    columns: tuple[str, ...]
    styles: tuple[Style, ...]
    centre: Array  # (columns,) median
    scale: Array  # (columns,) spread of the middle half, in units of a normal deviation
    start: Array  # (columns, pieces) where each ramp begins, in standard units
    slope: Array  # (columns, pieces) 1 / its length; 0 fills up columns of few values
    limits: Array  # (columns, 2) smallest and largest value
    gaps: Array  # (columns,) share of the cells that are missing
    precise: bool  # float32 would blur values of some column: keep float64 until centred
    metric: str = "RMSE"  # of a target: "MAE" learns the median in the place of the mean

    def __post_init__(self) -> None:
        if self.metric not in self.measures:
            raise ValueError(f"numbers are not measured by {self.metric!r}")

    @classmethod
    def matches(cls, cells: pl.Series) -> str | None:
        """Numbers, or texts of which nearly all are written as numbers."""
        if is_code(cells):
            return None
        if cells.dtype.is_numeric():
            return "it holds numbers"
        if cells.dtype != pl.String:
            return None
        style, share = number_style(cells)
        if share < 0.95 and not (share > MOSTLY and _few_words_among_numbers(cells, style)):
            return None
        written = {"plain": "", "comma": " with a decimal comma", "stripped": " with marks"}
        others = f" ({1 - share:.1%} of the cells are not)" if share < 1 else ""
        return f"it holds numbers{written[style]}{others}"

    @classmethod
    def fit(cls, cells: pl.DataFrame) -> Self:
        """Median, spread and quantile knots of each column."""
        styles = tuple(number_style(series)[0] for series in cells)
        fits = [
            knots_of(numbers(series, style)) for series, style in zip(cells, styles, strict=True)
        ]
        pieces = max((len(fit.start) for fit in fits), default=1)
        return cls(
            columns=tuple(cells.columns),
            styles=styles,
            centre=np.array([fit.centre for fit in fits]),
            scale=np.array([fit.scale for fit in fits]),
            start=np.stack([filled_up(fit.start, pieces) for fit in fits]),
            slope=np.stack([filled_up(fit.slope, pieces) for fit in fits]),
            limits=np.array([fit.limits for fit in fits]),
            gaps=np.array([fit.gaps for fit in fits]),
            precise=any(fit.precise for fit in fits),
        )

    @classmethod
    def fit_target(cls, cells: pl.Series, beside: Beside | None = None) -> Self:
        """As `fit`, but in units of the mean and the standard deviation, as squared error asks."""
        fitted = cls.fit(cells.to_frame())
        values = numbers(cells, fitted.styles[0])
        finite = values.filter(values.is_finite().fill_null(False)).to_numpy()
        if not len(finite):
            raise DataError(
                f"The target {cells.name!r} holds no number, so it cannot be predicted as one; "
                f"leave its kind out, or make it a category (--kind {cells.name}=category)."
            )
        if np.abs(finite).max() > LARGEST:
            raise DataError(
                f"The target {cells.name!r} holds {np.abs(finite).max():.3g}; numbers to predict "
                f"must lie within ±{LARGEST:.0e}. Correct it or change its unit."
            )
        deviation = float(finite.std()) or 1.0
        return replace(fitted, centre=np.array([finite.mean()]), scale=np.array([deviation]))

    def with_metric(self, metric: str, cells: pl.Series) -> Self:
        """For absolute errors in units that a few large values leave alone: of the middle half."""
        if metric == "RMSE":
            return self
        known = knots_of(numbers(cells, self.styles[0]))
        centre, scale = np.array([known.centre]), np.array([known.scale])
        return replace(self, metric=metric, centre=centre, scale=scale)

    def encode(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """(rows, columns) float, NaN where missing."""
        dtype = np.float64 if self.precise else np.float32
        values = np.empty((cells.height, len(self.columns)), dtype)
        for position, (column, style) in enumerate(zip(self.columns, self.styles, strict=True)):
            parsed = numbers(cells[column], style)
            values[:, position] = _finite(parsed, cells[column], mends).clip(-LARGEST, LARGEST)
        return {"number": values}

    def input_layer(self, width: int, generator: torch.Generator) -> InputLayer:
        """Standardise, embed piecewise linearly, fill what is missing."""
        return NumberInput(self, width, generator)

    def summary(self, column: str) -> str:
        """The range, and the share that is missing."""
        position = self.columns.index(column)
        low, high = self.limits[position]
        gaps = self.gaps[position]
        missing = f", {gaps:.0%} missing" if gaps >= 0.005 else ", a few missing" if gaps else ""
        return f"{low:.6g} to {high:.6g}{missing}"

    # ---- as a target ---------------------------------------------------------------------------

    def task(self) -> str:
        """The number, and its range."""
        return f"the number {self.columns[0]!r} ({self.summary(self.columns[0])})"

    def encode_target(
        self,
        cells: pl.Series,
        place: Callable[[int], str] = row_number,
        inputs: Callable[[str], pl.Series] | None = None,
        mends: Mends | None = None,
    ) -> Array:
        """(rows,) float32 in standard units of the learning rows."""
        values = numbers(cells, self.styles[0])
        wrong = values.is_null() | values.is_infinite().fill_null(False)
        if wrong.any():
            row = int(wrong.arg_true()[0])
            raise DataError(
                f"The target {cells.name!r} is a number, but {place(row)} holds {cells[row]!r}; "
                f"correct it, or make it a category (--kind {cells.name}=category)."
            )
        return ((values.to_numpy() - self.centre[0]) / self.scale[0]).astype(np.float32)

    @property
    def linear_outputs(self) -> int:
        """The linear path gives the mean or the median."""
        return 1

    @property
    def linear_solutions(self) -> int:  # type: ignore[override]
        """Absolute errors are made small by squared ones, weighed anew several times."""
        return 1 if self.metric == "RMSE" else 1 + ROUNDS

    @property
    def tree_outputs(self) -> int:
        """One tree a round."""
        return 1

    def strengths(self, design: Any) -> tuple[float, ...]:
        """Ridge penalties that are worth trying."""
        return (0.3, 3.0, 30.0) if hasattr(design, "indptr") else (0.1, 1.0, 10.0, 100.0, 1_000.0)

    def solve_linear(self, design: Any, target: Array, strength: float) -> tuple[Array, Array]:
        """Ridge regression, of absolute errors where they are the measure."""
        return (ridge if self.metric == "RMSE" else least_absolute)(design, target, strength)

    def linear_score(self, output: Array, target: Array) -> float:
        """Minus the mean error."""
        return -float(self._size(torch.from_numpy(output[:, 0] - target)).mean())

    def output_layer(self, members: int, width: int, generator: torch.Generator) -> nn.Module:
        """The middle, and how far below and above it the outer quantiles lie."""
        return EnsembleOutput(members, width, 3, generator)

    def _size(self, error: Tensor) -> Tensor:
        """What is made small: squared errors by the mean, absolute errors by the median."""
        return error.square() if self.metric == "RMSE" else error.abs()

    def loss(self, output: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
        """The error of the middle, and a light pinball loss of the two quantiles."""
        error = target - output[..., 0]  # (members, batch)
        below = error.detach() + nn.functional.softplus(output[..., 1])
        above = error.detach() - nn.functional.softplus(output[..., 2])
        pinball = torch.maximum(TAIL * below, (TAIL - 1) * below).mean()
        pinball = pinball + torch.maximum((1 - TAIL) * above, -TAIL * above).mean()
        return self._size(error).mean() + 0.3 * pinball

    def combine(self, output: Tensor) -> Tensor:
        """(batch, 3): the middle, and distances to the lower and the upper quantile."""
        middle = output[..., :1].mean(0)
        return torch.cat([middle, nn.functional.softplus(output[..., 1:]).mean(0)], -1)

    @property
    def signed(self) -> bool:
        """Whether it goes to either side of 0, as an angle does."""
        return bool(self.limits[0, 0] < 0 < self.limits[0, 1])

    def opposite(self, output: Tensor) -> Tensor:
        """Minus the number: (…, 1) of the middle, or (…, 3) with what is said of its interval."""
        mean = -output[..., :1] - 2 * float(self.centre[0] / self.scale[0])
        return torch.cat([mean, output[..., 1:].flip(-1)], -1)

    def choosing_score(self, output: Tensor, target: Tensor) -> float:
        """The score of the members' common answer."""
        return self.score(self.combine(output), target)

    def score(self, output: Tensor, target: Tensor) -> float:
        """The mean error: what training makes small."""
        return self._size(output[:, 0] - target).mean().item()

    def fit_blend(self, paths: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """Least squares, or least absolute errors; then the interval made to cover 90 %."""
        return weigh_numbers(paths, target, TAIL, self.metric == "MAE")

    def blend_layer(self) -> NumberBlend:
        """The paths as one number, clamped near the range that was learnt from."""
        low, high = (self.limits[0] - self.centre[0]) / self.scale[0]
        room = 0.25 * (high - low)
        return NumberBlend(float(low - room), float(high + room))

    def decode(self, output: Array) -> pl.Series:
        """The answer in the column's own units."""
        return pl.Series(self.columns[0], output[:, 0] * self.scale[0] + self.centre[0])

    def read(self, cell: str) -> str | float:
        """The number that is written there."""
        return float(self.decode(self.encode_target(pl.Series("", [cell])).reshape(1, 1))[0])

    def intervals(self, output: Array) -> pl.DataFrame | None:
        """The 90 % interval in the column's own units."""
        low, high = output[:, 0] - output[:, 1], output[:, 0] + output[:, 2]
        units = (low * self.scale[0] + self.centre[0], high * self.scale[0] + self.centre[0])
        return pl.DataFrame({"low": units[0], "high": units[1]})

    def row_losses(self, output: Array, target: Array) -> Array:
        """The error of each row: squared, where the root of their mean is the metric."""
        error = (output[:, 0] - target) * self.scale[0]
        return np.square(error) if self.metric == "RMSE" else np.abs(error)

    def aggregate(self, losses: Array) -> Array:
        """The metric of rows with these losses, along the first axis."""
        return np.sqrt(losses.mean(0)) if self.metric == "RMSE" else losses.mean(0)

    def simplest(self, target: Array, asked: Array) -> tuple[str, Array]:
        """Always the mean, or the median where absolute errors are the measure."""
        name, value = ("mean", np.mean) if self.metric == "RMSE" else ("median", np.median)
        return name, np.full((len(asked), 1), value(target))

    def boosting(self, seed: int) -> Any:
        """Gradient-boosted trees for numbers."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        loss = "squared_error" if self.metric == "RMSE" else "absolute_error"
        return HistGradientBoostingRegressor(loss, random_state=seed)

    def machines(self, seed: int) -> Mapping[str, Any]:
        """A support-vector machine with Gaussian kernels, and a random forest."""
        return shallow_for_numbers(seed)

    def as_logs(self, output: Array) -> Array:
        """A number's output is what it is."""
        return output

    def boosted_output(self, model: Any, features: Array) -> Array:
        """The answers of a fitted `boosting` or machine."""
        return np.asarray(model.predict(features)).reshape(-1, 1)

    def metrics(self, output: Array, target: Array) -> Mapping[str, float]:
        """Root of the mean square (RMSE) and mean (MAE) of the errors in the column's units; R²."""
        error = (output[:, 0] - target).astype(np.float64)
        spread = float(np.square(target - target.mean()).mean())
        found = {
            "RMSE": float(np.sqrt(np.square(error).mean()) * self.scale[0]),
            "MAE": float(np.abs(error).mean() * self.scale[0]),
            "R²": 1 - float(np.square(error).mean()) / spread if spread else 0.0,
        }
        return {self.metric: found[self.metric], **found}

    def wrongness(self, output: Array, target: Array) -> Array:
        """The distance to the true number."""
        return np.abs(output[:, 0] - target)

    def exhibits(self, outputs: Mapping[str, Array], target: Array, seed: int) -> dict[str, Any]:
        """Whether its intervals can be believed, and predicted against true."""
        output = outputs["answer"]
        return {
            "calibration": number_calibration(output, target, float(self.scale[0])),
            "scatter": self._scatter(output, target, seed),
        }

    def _scatter(self, output: Array, target: Array, seed: int) -> list[list[float]]:
        rows = np.sort(np.random.default_rng(seed).permutation(len(target))[:SCATTER_ROWS])
        predicted, span = self.decode(output[rows]), self.intervals(output[rows])
        assert span is not None
        columns = (self.decode(target[rows, None]), predicted, span["low"], span["high"])
        return [[float(f"{v:.6g}") for v in row] for row in zip(*columns, strict=True)]


def _few_words_among_numbers(cells: pl.Series, style: Style) -> bool:
    """Whether a word or two stand in the place of numbers, which are no names: they hardly repeat.

    As names that are each seen once or twice the numbers would be lost.
    """
    present = texts(cells).drop_nulls()
    read = numbers(present, style)
    words = present.filter(read.is_null()).n_unique()
    return words <= FEW_WORDS and read.n_unique() > max(MANY_NUMBERS, len(present) / 4)


class NumberInput(InputLayer):
    """(batch, columns) numbers -> (batch, columns, width)."""

    centre: Tensor
    scale: Tensor
    gappy: Tensor

    def __init__(self, fitted: Number, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.columns, self.width = len(fitted.columns), width
        dtype = torch.float64 if fitted.precise else torch.float32
        self.register_buffer("centre", torch.tensor(fitted.centre, dtype=dtype))
        self.register_buffer("scale", torch.tensor(fitted.scale, dtype=dtype))
        self.register_buffer("gappy", torch.tensor(np.flatnonzero(fitted.gaps > 0)))
        start, slope = (torch.tensor(x, dtype=torch.float32) for x in (fitted.start, fitted.slope))
        self.piecewise = PiecewiseLinear(start, slope, width, generator)
        self.missing = MissingValue(self.columns, width)
        self.features = self.columns + len(self.gappy)
        self.measured = self.columns

    def standardise(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """Values in standard units, 0 where missing; and where they are missing."""
        standard = ((raw["number"] - self.centre) / self.scale).float()
        missing = standard.isnan()
        return standard.nan_to_num(0.0).clamp(-FURTHEST, FURTHEST), missing

    def forward(self, raw: Tensors) -> Tensor:
        """Tails drawn in as z / sqrt(1 + (z / 3)²) (Holzmüller et al. 2024) beside the ramps."""
        standard, missing = self.standardise(raw)
        near = standard.clamp(-30, 30)
        squashed = near * torch.rsqrt(1 + (near / 3).square())
        return self.missing(self.piecewise(standard, squashed), missing)

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """Each number in standard units, and a flag for each column that has had gaps."""
        standard, missing = self.standardise(raw)
        value = torch.cat([standard.clamp(-30, 30), missing[:, self.gappy].float()], 1)
        return torch.arange(self.features).expand(value.shape), value

    def measurements(self, raw: Tensors) -> Tensor:
        """The numbers as they are."""
        return raw["number"].double()


def _finite(parsed: pl.Series, cells: pl.Series, mends: Mends) -> Array:
    infinite = parsed.is_infinite().fill_null(False)
    mends.add(mend_of("an infinite number", cells, infinite, mends))
    if not cells.dtype.is_numeric() and parsed.null_count():
        wrong = parsed.is_null() & texts(cells).is_not_null()
        mends.add(mend_of("not a number", cells, wrong, mends))
    beyond = (parsed.abs() > LARGEST).fill_null(False) & ~infinite
    mend = mend_of("a number too large", cells, beyond, mends)
    mends.add(replace(mend, action=f"taken as ±{LARGEST:.0e}"))
    values = parsed.to_numpy()
    return np.where(infinite.to_numpy(), np.nan, values)
