"""The next values of a series as a target, with the bands in which they will lie."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.errors import DataError, Mends
from pellucid.kinds.cells import row_number
from pellucid.kinds.contract import Array, Beside, Conventional, Encoded
from pellucid.kinds.lags import boosted_on_lags
from pellucid.kinds.series import numbers_of
from pellucid.kinds.smoothing import exponential_smoothing, in_season, seasonal_naive
from pellucid.kinds.targets import DeepTarget
from pellucid.networks.layers import Bands, Forecaster, Smoothings
from pellucid.networks.layers.forecaster import MIDDLE, QUANTILES, Shape, spread_of
from pellucid.networks.layers.smoothing import filled

LONGEST = 800  # steps of the past that a window holds
FURTHEST = 1_000  # steps that are forecast
FIT_ROWS = 3_000
LOWEST, HIGHEST = 0, 4  # the places of the ends of the band
GROUND = 5  # the place of the mixture that the network started from; then exponential smoothing
NOMINAL = 0.8
GROUNDS = (1.0, 0.5, 0.0)  # how much of the ground is the mixture
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the way from the ground to what was learnt
CLOSE = 1.05  # times the least error: then the smaller share is taken, for windows are few
SHARPNESS = 10.0  # how much better ways of forecasting are weighed at first
SHOWN, SHOWN_PAST = 6, 3  # forecasts in the report, and horizons of the past beside each
PASSES = 60


@dataclass(frozen=True)
class Forecast(DeepTarget):
    """A column of lists: the next values of a series, whose past is in another column.

    An answer is a row of the next values, NaN where there is none, and behind them the past that
    they are measured against. An output holds the quantiles of each step: (rows, horizon, 5).
    """

    kind: ClassVar[str] = "forecast"
    metric: ClassVar[str] = "MASE"
    higher_is_better: ClassVar[bool] = False
    blends: ClassVar[bool] = True

    columns: tuple[str, ...]
    source: str  # the column that holds the past
    known: tuple[tuple[str, str], ...]  # columns known ahead: their past, and what is to come
    length: int
    horizon: int
    seasons: tuple[int, ...]
    usual: float  # the usual change of a series from one season to the next
    centre: Array  # (known,)
    scale: Array
    weights: Array  # (ways,) log-weights of the classical ways at first
    spread: Array  # (horizon, 4) between the quantiles of their errors

    def __post_init__(self) -> None:
        if not 0 < self.horizon <= FURTHEST or not 0 < self.length <= LONGEST:
            raise ValueError(f"forecasts of {self.horizon} steps from {self.length} cannot be")
        if len(self.seasons) > 2 or not all(1 < season <= LONGEST for season in self.seasons):
            raise ValueError(f"seasons of {self.seasons} steps cannot be")
        if self.centre.shape != (len(self.known),) or self.scale.shape != self.centre.shape:
            raise ValueError("another number of columns that are known ahead")

    @classmethod
    def fit_target(cls, cells: pl.Series, beside: Beside | None = None) -> Self:
        """How well classical ways forecast the windows that are learnt from."""
        if beside is None or (name := before(cells.name)) not in beside.inputs.columns:
            raise DataError(
                f"The target {cells.name!r} holds lists; to forecast a column that goes on in "
                "time, give its time column and a horizon."
            )
        some = np.unique(np.linspace(0, len(beside.answers) - 1, FIT_ROWS).astype(int))
        past = _array(beside.inputs[name][some])
        answers = _array(beside.answers[some])
        known = tuple(
            (before(column.removesuffix(ahead(""))), column)
            for column in beside.inputs.columns
            if column.endswith(ahead(""))
        )
        columns = [_array(beside.inputs[name_][some]) for _, name_ in known]
        seasons = beside.seasons
        changes = _changes(past, seasons)
        usual = float(np.median(changes[changes > 0])) if (changes > 0).any() else 1.0
        weights, spread = _start(past, answers, _units(past, seasons, usual), seasons)
        return cls(
            (cells.name,), name, known, past.shape[1], answers.shape[1], seasons, usual,
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
    ) -> Array:
        """(rows, horizon + length): the next values, and the past."""
        values = _array(cells, self.horizon)
        past = np.full((len(cells), self.length), np.nan)
        if inputs is not None:
            past = _array(inputs(self.source), self.length)
        return np.concatenate([values, past], 1).astype(np.float32)

    def encode_inputs(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """The past, its unit, and the known columns over past and future."""
        past = _array(cells[self.source], self.length)
        unit = _units(past, self.seasons, self.usual)[:, None]
        found: Encoded = {f"{self._key}.past": past.astype(np.float32),
                          f"{self._key}.unit": unit.astype(np.float32)}  # fmt: skip
        season = in_season(self.seasons, self.length)
        whole = filled(torch.tensor(past), self.seasons).numpy()
        smoothed = exponential_smoothing(whole, self.horizon, season, quick=True)
        found[f"{self._key}.smoothed"] = smoothed.astype(np.float32)
        if self.known:
            both = [np.concatenate([_array(cells[past_], self.length),
                                    _array(cells[next_], self.horizon)], 1)
                    for past_, next_ in self.known]  # fmt: skip
            standard = (np.stack(both, 2) - self.centre) / self.scale
            found[f"{self._key}.known"] = standard.clip(-10, 10).astype(np.float32)
        return found

    @property
    def _key(self) -> str:
        return f"forecast.{zlib.crc32(self.columns[0].encode('utf-8', 'replace')):08x}"

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
        """The bands, stretched."""
        return Bands()

    def fit_blend(self, paths: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """How far to leave the classical ways, and bands that cover 80 % (Romano et al. 2019)."""
        output = paths[-1].double().numpy()
        true, unit = self._parts(target.numpy())
        middle, mixture, smoothed = (output[..., place] for place in (MIDDLE, GROUND, GROUND + 1))
        high, low = output[..., HIGHEST] - middle, middle - output[..., LOWEST]
        tried = list(product(SHARES, GROUNDS))
        grounds = [part * mixture + (1 - part) * smoothed for _, part in tried]
        errors = [
            true - ground - share * (middle - ground)
            for (share, _), ground in zip(tried, grounds, strict=True)
        ]
        losses = np.array([np.nanmean(np.abs(error) / unit[:, None]) for error in errors])
        best = int((losses <= CLOSE * losses.min()).argmax())
        (share, part), error = tried[best], errors[best]
        scores = np.where(
            error > 0, error / np.maximum(high, 1e-12), -error / np.maximum(low, 1e-12)
        )
        scores = np.sort(scores[np.isfinite(true)])
        rank = min(int(np.ceil((len(scores) + 1) * NOMINAL)), len(scores)) - 1
        stretch = float(np.clip(scores[rank], 0.2, 5.0)) if len(scores) else 1.0
        return {
            "share": torch.tensor([share]),
            "grounds": torch.tensor([part, 1 - part]),
            "stretch": torch.tensor([stretch]),
        }

    def as_logs(self, output: Array) -> Array:
        """The quantiles, without what the network started from."""
        return output[..., : len(QUANTILES)]

    # ---- performance ---------------------------------------------------------------------------

    def _parts(self, target: Array) -> tuple[Array, Array]:
        """The next values, and the unit of each row: its mean change from season to season."""
        past = target[:, self.horizon :].astype(np.float64)
        return target[:, : self.horizon].astype(np.float64), _units(past, self.seasons, self.usual)

    def row_losses(self, output: Array, target: Array) -> Array:
        """Of each window the mean absolute error over that of the season before, in the past."""
        true, unit = self._parts(target)
        error = np.abs(output[..., MIDDLE] - true) / unit[:, None]
        return np.nanmean(np.where(np.isfinite(true).any(1, keepdims=True), error, 0.0), 1)

    def aggregate(self, losses: Array) -> Array:
        """The mean."""
        return np.asarray(losses.mean(0))

    def drawn(self, losses: Array, generator: np.random.Generator) -> Array:
        """Windows that follow each other share values: they are drawn in blocks (Künsch 1989)."""
        block = max(1, min(self.horizon, len(losses) // 3))
        first = generator.integers(0, len(losses) - block + 1, -(-len(losses) // block))
        return np.asarray((first[:, None] + np.arange(block)).ravel()[: len(losses)])

    def metrics(self, output: Array, target: Array) -> Mapping[str, float]:
        """MASE, RMSSE, the weighted quantile loss, and what the bands cover."""
        true, _ = self._parts(target)
        past = target[:, self.horizon :].astype(np.float64)
        root = np.sqrt(np.nanmean(np.square(output[..., MIDDLE] - true), 1))
        usual = np.sqrt(_mean(np.square(np.diff(past, axis=1))))
        error = true[..., None] - output
        levels = np.array(QUANTILES)
        pinball = 2 * np.nansum(np.maximum(levels * error, (levels - 1) * error)) / len(levels)
        return {
            "MASE": float(self.aggregate(self.row_losses(output, target))),
            "RMSSE": float((root / np.where(usual > 0, usual, self.usual)).mean()),
            "weighted quantile loss": float(pinball / max(np.nansum(np.abs(true)), 1e-12)),
            "coverage": _coverage(output, true),
        }

    def wrongness(self, output: Array, target: Array) -> Array:
        """The scaled error."""
        return self.row_losses(output, target)

    def exhibits(self, outputs: Mapping[str, Array], target: Array, seed: int) -> dict[str, Any]:
        """Whether the bands can be believed, and some forecasts beside what came."""
        output = outputs["answer"]
        true, _ = self._parts(target)
        width = float((output[..., HIGHEST] - output[..., LOWEST]).mean())
        covered = {"coverage": _coverage(output, true), "nominal": NOMINAL, "width": width}
        return {"calibration": covered, "forecasts": self._shown(output, target)}

    def _shown(self, output: Array, target: Array) -> list[dict[str, Any]]:
        """Windows from the least to the largest error."""
        order = np.argsort(self.row_losses(output, target), kind="stable")
        count = min(SHOWN, len(order))
        places = order[np.linspace(0, len(order) - 1, count).round().astype(int)]
        past = min(self.length, max(SHOWN_PAST * self.horizon, 2 * max(self.seasons, default=8)))
        return [
            {
                "past": _plain(target[row, -past:]),
                "true": _plain(target[row, : self.horizon]),
                "middle": _plain(output[row, :, MIDDLE]),
                "low": _plain(output[row, :, LOWEST]),
                "high": _plain(output[row, :, HIGHEST]),
                "window": int(row),
            }
            for row in places
        ]

    # ---- the conventional ways -----------------------------------------------------------------

    def simplest(self, target: Array, asked: Array) -> tuple[str, Array]:
        """The last value of each window's past, again and again."""
        past = torch.tensor(asked[:, self.horizon :], dtype=torch.float64)
        last = filled(past, ())[:, -1:].numpy()
        return "last value", _flat(np.repeat(last, self.horizon, 1))

    def conventional(
        self, learnt: Callable[[], Beside], asked: Callable[[], pl.DataFrame],
        seconds: float, seed: int,
    ) -> Conventional:  # fmt: skip
        """Seasonal naive, exponential smoothing, and gradient boosting on lags."""
        cells = asked()
        past = filled(torch.tensor(_array(cells[self.source], self.length)), self.seasons).numpy()
        season = in_season(self.seasons, self.length)
        if season > 1:
            yield (
                f"seasonal naive ({season} steps)",
                _flat(seasonal_naive(past, self.horizon, season)),
            )
        yield "exponential smoothing", _flat(exponential_smoothing(past, self.horizon, season))
        known = learnt()
        features = [self._lagged(frame) for frame in (known.inputs, cells)]
        values = _array(known.answers, self.horizon)
        yield (
            "gradient boosting on lags",
            _flat(boosted_on_lags(features[0], values, features[1], self.seasons, seed)),
        )

    def _lagged(self, cells: pl.DataFrame) -> tuple[Array, Array, Array]:
        """The past without gaps, its unit, and what is known of the steps to come."""
        past = _array(cells[self.source], self.length)
        ahead = [_array(cells[name], self.horizon) for _, name in self.known]
        known = np.stack(ahead, 2) if ahead else np.zeros((len(past), self.horizon, 0))
        whole = filled(torch.tensor(past), self.seasons).numpy()
        return whole, _units(past, self.seasons, self.usual), known


def before(column: str) -> str:
    """What the column of past values is called."""
    return f"{column} before"


def ahead(column: str) -> str:
    """What the column of values to come is called."""
    return f"{column} ahead"


def _array(cells: pl.Series, length: int | None = None) -> Array:
    """(rows, length) float64, NaN where there is no number."""
    lists, _ = numbers_of(cells)
    sizes = lists.list.len().fill_null(0).to_numpy()
    width = length or int(sizes.max(initial=1))
    values = np.full((len(lists), width), np.nan)
    inside = np.arange(width) < sizes[:, None]
    cut = lists.list.head(width).drop_nulls()
    values[inside] = cut.list.explode().to_numpy().clip(-1e37, 1e37)
    return values


def _changes(past: Array, seasons: Sequence[int]) -> Array:
    """The mean absolute change from one season to the next, in each row's past."""
    season = in_season(seasons, past.shape[1])
    return _mean(np.abs(past[:, season:] - past[:, :-season]))


def _units(past: Array, seasons: Sequence[int], usual: float) -> Array:
    """The changes; what never changes, or is not known to, counts as usual."""
    changes = _changes(past, seasons)
    return np.where(changes > 1e-6 * usual, changes, usual)


def _mean(values: Array) -> Array:
    """Along rows, NaN left out; 0 where there is nothing else."""
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(1) / np.maximum(known.sum(1), 1)


def _start(past: Array, answers: Array, unit: Array, seasons: Sequence[int]) -> tuple[Array, Array]:
    """Log-weights of the classical ways by their errors, and the spread of those of the mixture."""
    ways = Smoothings(past.shape[1], answers.shape[1], seasons)
    with torch.inference_mode():
        whole = filled(torch.tensor(past).float(), seasons)
        season = in_season(seasons, past.shape[1])
        fitted = exponential_smoothing(whole.double().numpy(), answers.shape[1], season, quick=True)
        last = torch.tensor(fitted).float()[:, None] - whole[:, -1:, None]
        outputs = torch.cat([ways(whole - whole[:, -1:]), last], 1)
        outputs = outputs / torch.tensor(unit).float()[:, None, None]
        level = whole[:, -1:].double()
        true = ((torch.tensor(answers) - level) / torch.tensor(unit)[:, None]).float()
        errors = (outputs - true[:, None]).abs().nanmean((0, 2))
        weights = -SHARPNESS * (errors / errors.min().clamp(min=1e-6) - 1).clamp(max=2)
        mixed = torch.einsum("w,bwh->bh", weights.softmax(0), outputs)
        return weights.numpy(), spread_of(true - mixed).numpy()


def _flat(values: Array) -> Array:
    """The same number for every quantile: (rows, horizon, 5)."""
    return np.repeat(values[..., None], len(QUANTILES), -1)


def _coverage(output: Array, true: Array) -> float:
    inside = (true >= output[..., LOWEST]) & (true <= output[..., HIGHEST])
    return float(inside[np.isfinite(true)].mean()) if np.isfinite(true).any() else 0.0


def _plain(values: Array) -> list[float | None]:
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in values]
