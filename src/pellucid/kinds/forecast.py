"""The next values of a series as a target, with the bands in which they will lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.errors import DataError, Mends
from pellucid.kinds.cells import row_number
from pellucid.kinds.contract import Array, Beside, Conventional, Encoded
from pellucid.kinds.lags import boosted_on_lags
from pellucid.kinds.pasts import changes_of, lately, step_size, units_of, values_of
from pellucid.kinds.settling import NOMINAL, Came, settled, weighed
from pellucid.kinds.smoothing import exponential_smoothing, in_season, seasonal_naive
from pellucid.kinds.targets import DeepTarget, key_of
from pellucid.networks.layers import Bands, Forecaster
from pellucid.networks.layers.forecaster import HIGHEST, LOWEST, MIDDLE, QUANTILES, Shape
from pellucid.networks.layers.input import Tensors
from pellucid.networks.layers.smoothing import filled

LONGEST = 800  # steps of the past that a window holds
FURTHEST = 1_000  # steps that are forecast
FIT_ROWS = 3_000
SHOWN, SHOWN_PAST = 6, 3  # forecasts in the report, and horizons of the past beside each
PASSES = 60
MOST_RUNS = 16  # parts of the past that a forecast may rest on


@dataclass(frozen=True)
class Forecast(DeepTarget):
    """A column of lists: the next values of a series, whose past is in another column.

    An answer is a row of the next values, NaN where there is none, behind them the past that they
    are measured against, and which moment it is told at. An output holds the quantiles of each
    step: (rows, horizon, 5).
    """

    kind: ClassVar[str] = "forecast"
    case: ClassVar[str] = "window"
    metric: ClassVar[str] = "MASE"
    higher_is_better: ClassVar[bool] = False
    blends: ClassVar[bool] = True

    columns: tuple[str, ...]
    source: str  # the column that holds the past
    time: str  # the column that holds the moment
    known: tuple[tuple[str, str], ...]  # columns known ahead: their past, and what is to come
    length: int
    horizon: int
    seasons: tuple[int, ...]
    usual: float  # the usual change of a series from one season to the next
    centre: Array  # (known,)
    scale: Array
    weights: Array  # (ways,) log-weights of the classical ways at first
    spread: Array  # (horizon, 2) what half and four fifths of their errors stay below

    def __post_init__(self) -> None:
        if not 0 < self.horizon <= FURTHEST or not 0 < self.length <= LONGEST:
            raise ValueError(f"forecasts of {self.horizon} steps from {self.length} cannot be")
        if len(self.seasons) > 2 or not all(1 < season <= LONGEST for season in self.seasons):
            raise ValueError(f"seasons of {self.seasons} steps cannot be")
        if self.centre.shape != (len(self.known),) or self.scale.shape != self.centre.shape:
            raise ValueError("another number of columns that are known ahead")
        if self.spread.shape != (self.horizon, 2):
            raise ValueError("bands for another number of steps")

    @classmethod
    def fit_target(cls, cells: pl.Series, beside: Beside | None = None) -> Self:
        """How well classical ways forecast the windows that are learnt from."""
        if beside is None or (name := before(cells.name)) not in beside.inputs.columns:
            raise DataError(
                f"The target {cells.name!r} holds lists; to forecast a column that goes on in "
                "time, give its time column and a horizon."
            )
        some = np.unique(np.linspace(0, len(beside.answers) - 1, FIT_ROWS).astype(int))
        past = values_of(beside.inputs[name][some])
        answers = values_of(beside.answers[some])
        known = tuple(
            (before(column.removesuffix(ahead(""))), column)
            for column in beside.inputs.columns
            if column.endswith(ahead(""))
        )
        columns = [values_of(beside.inputs[name_][some]) for _, name_ in known]
        seasons = beside.seasons
        changes = changes_of(past, seasons)
        usual = float(np.median(changes[changes > 0])) if (changes > 0).any() else 1.0
        length, horizon = past.shape[1], answers.shape[1]
        scales = units_of(past, seasons, usual), lately(past, seasons, horizon, usual)
        shape = Shape(length, horizon, seasons, len(known))
        weights, spread = weighed(past, answers, scales, shape)
        return cls(
            (cells.name,), name, beside.time, known, length, horizon, seasons, usual,
            np.array([np.nanmean(c) if np.isfinite(c).any() else 0.0 for c in columns]),
            np.array([(np.nanstd(c) or 1.0) if np.isfinite(c).any() else 1.0 for c in columns]),
            weights, spread,
        )  # fmt: skip

    def summary(self, column: str) -> str:
        """How many values, and from how many."""
        return f"{self.horizon:,} values ahead from {self.length:,} before"

    def task(self) -> str:
        """The next values."""
        return f"the next {self.horizon:,} values of {self.columns[0]!r}"

    def encode_target(
        self,
        cells: pl.Series,
        place: Callable[[int], str] = row_number,
        inputs: Callable[[str], pl.Series] | None = None,
        mends: Mends | None = None,
    ) -> Array:
        """(rows, horizon + length + 1): the next values, the past, and the moment as a rank."""
        values = values_of(cells, self.horizon)
        past = np.full((len(cells), self.length), np.nan)
        moment = np.arange(len(cells))
        if inputs is not None:
            past = values_of(inputs(self.source), self.length)
            moment = _ranks(inputs(self.time))
        return np.concatenate([values, past, moment[:, None]], 1).astype(np.float32)

    def encode_inputs(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """The past, what changes in it, how it goes on, the known columns over past and future."""
        past = values_of(cells[self.source], self.length)
        whole = filled(torch.tensor(past), self.seasons).numpy()
        season = in_season(self.seasons, self.length)
        read = {
            "past": past,
            "unit": units_of(past, self.seasons, self.usual)[:, None],
            "lately": lately(past, self.seasons, self.horizon, self.usual)[:, None],
            "smoothed": exponential_smoothing(whole, self.horizon, season, quick=True),
        }
        found: Encoded = {f"{self._key}.{n}": v.astype(np.float32) for n, v in read.items()}
        if self.known:
            both = [np.concatenate([values_of(cells[past_], self.length),
                                    values_of(cells[next_], self.horizon)], 1)
                    for past_, next_ in self.known]  # fmt: skip
            standard = (np.stack(both, 2) - self.centre) / self.scale
            found[f"{self._key}.known"] = standard.clip(-10, 10).astype(np.float32)
        return found

    @property
    def _key(self) -> str:
        return key_of("forecast", self.columns[0])

    def decode(self, output: Array) -> pl.Series:
        """The medians, as lists."""
        return self._lists(self.columns[0], output[..., MIDDLE])

    def intervals(self, output: Array) -> pl.DataFrame | None:
        """The ends of the 80 % bands, as lists."""
        return pl.DataFrame(
            [self._lists("low", output[..., LOWEST]), self._lists("high", output[..., HIGHEST])]
        )

    def _lists(self, name: str, values: Array) -> pl.Series:
        rows = [f"[{', '.join(f'{v:.7g}' for v in row)}]" for row in values.tolist()]
        return pl.Series(name, rows, pl.String)

    # ---- the deep path -------------------------------------------------------------------------

    def recipe(self, rows: int) -> Mapping[str, Any]:
        """One network: windows that overlap must not be learnt from and chosen on."""
        batch = int(np.clip(2 ** int(np.log2(max(rows, 2) / 12)), 16, 128))
        per_epoch = -(-rows // batch)
        return {
            "folds": 1,
            "batch": batch,
            "rate": 2e-3,
            "decay": 1e-2,
            "steps": max(600, PASSES * per_epoch) if rows < 5_000 else 30 * per_epoch,
            "evaluate_every": max(10, per_epoch),
            "patience": 10,
        }

    def output_layer(self, members: int, width: int, generator: torch.Generator) -> nn.Module:
        """A mixture of classical ways and what corrects it."""
        shape = Shape(self.length, self.horizon, self.seasons, len(self.known))
        start = torch.tensor(self.weights).float(), torch.tensor(self.spread).float()
        return Forecaster(shape, self._key, (members, width), start, generator)

    def combine(self, output: Tensor) -> Tensor:
        """The mean of the members' quantiles (Vincent 1912)."""
        return output.mean(0)

    def blend_layer(self) -> nn.Module:
        """How far to leave the classical ways, and the bands."""
        return Bands(self.horizon)

    def fit_blend(self, paths: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """What is clearly better than the usual, and bands that cover 80 % (Romano et al. 2019)."""
        answer = target.numpy()
        came = Came(*self._parts(answer), answer[:, -1])
        return settled(paths[-1].double().numpy(), came, self.spread)

    def as_logs(self, output: Array) -> Array:
        """The quantiles, without what the network started from."""
        return output[..., : len(QUANTILES)]

    # ---- performance ---------------------------------------------------------------------------

    def _parts(self, target: Array) -> tuple[Array, Array]:
        """The next values, and the unit of each row: its mean change from season to season."""
        true, past = target[:, : self.horizon].astype(np.float64), self._past(target)
        return true, units_of(past, self.seasons, self.usual)

    def _past(self, target: Array) -> Array:
        return target[:, self.horizon : -1].astype(np.float64)

    def row_losses(self, output: Array, target: Array) -> Array:
        """(rows, 2): the error in units of the change of the past, and the moment it is told at."""
        return np.stack([self._scaled(output, target), target[:, -1]], 1)

    def _scaled(self, output: Array, target: Array) -> Array:
        """Of each window the mean absolute error over that of the season before, in the past."""
        true, unit = self._parts(target)
        error = np.abs(output[..., MIDDLE] - true) / unit[:, None]
        return np.nanmean(np.where(np.isfinite(true).any(1, keepdims=True), error, 0.0), 1)

    def aggregate(self, losses: Array) -> Array:
        """The mean."""
        return np.asarray(losses[..., 0].mean(0))

    def drawn(self, losses: Array, generator: np.random.Generator) -> Array:
        """Whole stretches of time: windows that follow each other share values (Künsch 1989).

        Series of one table rise and fall together, so all windows of a moment are drawn at once.
        """
        moments, place = np.unique(
            losses[..., 1].reshape(len(losses), -1)[:, 0], return_inverse=True
        )
        rows = np.split(place.argsort(kind="stable"), np.bincount(place).cumsum()[:-1])
        block = max(1, min(self.horizon, len(moments) // 3))
        first = generator.integers(0, len(moments) - block + 1, -(-len(moments) // block))
        chosen = (first[:, None] + np.arange(block)).ravel()[: len(moments)]
        return np.resize(np.concatenate([rows[moment] for moment in chosen]), len(losses))

    def metrics(self, output: Array, target: Array) -> Mapping[str, float]:
        """MASE, RMSSE, the weighted quantile loss, and what the bands cover."""
        true, _ = self._parts(target)
        root = np.sqrt(np.nanmean(np.square(output[..., MIDDLE] - true), 1))
        usual = step_size(self._past(target))
        error = true[..., None] - output
        levels = np.array(QUANTILES)
        pinball = 2 * np.nansum(np.maximum(levels * error, (levels - 1) * error)) / len(levels)
        return {
            "MASE": float(self._scaled(output, target).mean()),
            "RMSSE": float((root / np.where(usual > 0, usual, self.usual)).mean()),
            "weighted quantile loss": float(pinball / max(np.nansum(np.abs(true)), 1e-12)),
            "coverage": _coverage(output, true),
        }

    def wrongness(self, output: Array, target: Array) -> Array:
        """The scaled error."""
        return self._scaled(output, target)

    def exhibits(self, outputs: Mapping[str, Array], target: Array, seed: int) -> dict[str, Any]:
        """Whether the bands can be believed, and some forecasts beside what came."""
        output = outputs["answer"]
        true, _ = self._parts(target)
        width = float((output[..., HIGHEST] - output[..., LOWEST]).mean())
        covered = {"coverage": _coverage(output, true), "nominal": NOMINAL, "width": width}
        return {"calibration": covered, "forecasts": self._shown(output, target)}

    def _shown(self, output: Array, target: Array) -> list[dict[str, Any]]:
        """Windows from the least to the largest error."""
        order = np.argsort(self._scaled(output, target), kind="stable")
        count = min(SHOWN, len(order))
        places = order[np.linspace(0, len(order) - 1, count).round().astype(int)]
        past = min(self.length, max(SHOWN_PAST * self.horizon, 2 * max(self.seasons, default=8)))
        return [
            {
                "past": _plain(target[row, -1 - past : -1]),
                "true": _plain(target[row, : self.horizon]),
                "middle": _plain(output[row, :, MIDDLE]),
                "low": _plain(output[row, :, LOWEST]),
                "high": _plain(output[row, :, HIGHEST]),
                "window": int(row),
            }
            for row in places
        ]

    # ---- what the forecast rests on ------------------------------------------------------------

    @property
    def whole(self) -> str:
        """The number that is explained."""
        return f"the sum of the {self.horizon:,} values ahead"

    @property
    def reads(self) -> tuple[str, ...]:
        """The past."""
        return (self.source,)

    def parts_of(self, cell: str) -> list[str]:
        """Runs of steps, a season each where there are seasons; step 1 is the last one known."""
        ends = self._ends()
        return [f"steps {self.length - a} to {self.length - b + 1}" for a, b in pairwise(ends)]

    def _ends(self) -> list[int]:
        size = max(self.seasons[0] if self.seasons else 1, -(-self.length // MOST_RUNS))
        return [0, *range(self.length % size or size, self.length + 1, size)]

    def left_of(self, cell: str, kept: Array) -> list[str]:
        """The past with some runs alone, the others at its mean."""
        past = values_of(pl.Series([cell]), self.length)[0]
        usual = np.where(np.isfinite(past), np.nanmean(past), np.nan)
        keep = np.repeat(kept, np.diff(self._ends()), 1)
        rows = np.where(keep, past, usual).tolist()
        return [f"[{', '.join('null' if v != v else repr(v) for v in row)}]" for row in rows]

    def pieces(self, cells: pl.DataFrame, output: Array) -> tuple[str, ...]:
        """The steps ahead."""
        return tuple(f"step {step}" for step in range(1, self.horizon + 1))

    def of_pieces(
        self, layers: Sequence[tuple[nn.Module, Tensor]], raw: Tensors, output: Tensor,
        answer: Callable[[], Tensor],
    ) -> Tensor:  # fmt: skip
        """The values of each step: (rows, horizon)."""
        return answer()[..., MIDDLE]

    # ---- the conventional ways -----------------------------------------------------------------

    def simplest(self, target: Array, asked: Array) -> tuple[str, Array]:
        """The last value of each window's past, again and again."""
        past = torch.tensor(self._past(asked))
        last = filled(past, ())[:, -1:].numpy()
        return "last value", _flat(np.repeat(last, self.horizon, 1))

    def conventional(
        self, learnt: Callable[[], Beside], asked: Callable[[], pl.DataFrame],
        seconds: float, seed: int,
    ) -> Conventional:  # fmt: skip
        """Seasonal naive, exponential smoothing, and gradient boosting on lags."""
        cells = asked()
        past = filled(
            torch.tensor(values_of(cells[self.source], self.length)), self.seasons
        ).numpy()
        season = in_season(self.seasons, self.length)
        if season > 1:
            yield (
                f"seasonal naive ({season} steps)",
                _flat(seasonal_naive(past, self.horizon, season)),
            )
        yield "exponential smoothing", _flat(exponential_smoothing(past, self.horizon, season))
        known = learnt()
        features = [self._lagged(frame) for frame in (known.inputs, cells)]
        values = values_of(known.answers, self.horizon)
        yield (
            "gradient boosting on lags",
            _flat(boosted_on_lags(features[0], values, features[1], self.seasons, seed)),
        )

    def _lagged(self, cells: pl.DataFrame) -> tuple[Array, Array, Array]:
        """The past without gaps, its unit, and what is known of the steps to come."""
        past = values_of(cells[self.source], self.length)
        ahead = [values_of(cells[name], self.horizon) for _, name in self.known]
        known = np.stack(ahead, 2) if ahead else np.zeros((len(past), self.horizon, 0))
        whole = filled(torch.tensor(past), self.seasons).numpy()
        return whole, units_of(past, self.seasons, self.usual), known


def before(column: str) -> str:
    """What the column of past values is called."""
    return f"{column} before"


def ahead(column: str) -> str:
    """What the column of values to come is called."""
    return f"{column} ahead"


def _ranks(moments: pl.Series) -> Array:
    """Which moment each is, counted from the first; dates are written so that they sort."""
    numbers = moments.cast(pl.Float64, strict=False)
    plain = numbers if numbers.null_count() == moments.null_count() else moments
    return plain.rank("dense").fill_null(0).to_numpy()


def _flat(values: Array) -> Array:
    """The same number for every quantile: (rows, horizon, 5)."""
    return np.repeat(values[..., None], len(QUANTILES), -1)


def _coverage(output: Array, true: Array) -> float:
    inside = (true >= output[..., LOWEST]) & (true <= output[..., HIGHEST])
    return float(inside[np.isfinite(true)].mean()) if np.isfinite(true).any() else 0.0


def _plain(values: Array) -> list[float | None]:
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in values]
