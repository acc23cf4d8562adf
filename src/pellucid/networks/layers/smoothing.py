"""Classical forecasts that are linear in the past, as one matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

# Exponential smoothing (Hyndman et al. 2008) with the parameters given, so that a forecast is a
# weighted sum of the past: level, trend, how the trend is damped, season.
PLAIN = ((0.1, 0.0, 1.0), (0.3, 0.0, 1.0), (0.6, 0.0, 1.0), (0.3, 0.05, 1.0), (0.6, 0.1, 0.9),
         (0.9, 0.3, 0.9), (0.9, 0.1, 1.0))  # fmt: skip
SEASONAL = (
    (0.05, 0.0, 1.0, 0.1), (0.2, 0.0, 1.0, 0.1), (0.5, 0.0, 1.0, 0.1), (0.9, 0.0, 1.0, 0.05),
    (0.1, 0.0, 1.0, 0.4), (0.5, 0.0, 1.0, 0.4), (0.2, 0.01, 1.0, 0.1), (0.5, 0.01, 1.0, 0.2),
    (0.2, 0.05, 1.0, 0.1), (0.5, 0.05, 0.95, 0.1), (0.9, 0.1, 0.95, 0.1),
)  # fmt: skip
FIRST_SEASONS = 4  # that the first trend is taken from


class Smoothings(nn.Module):
    """Forecasts of many classical ways: (batch, length) -> (batch, ways, horizon)."""

    weight: Tensor

    def __init__(self, length: int, horizon: int, seasons: Sequence[int]) -> None:
        super().__init__()
        maps = list(_maps(length, horizon, [s for s in seasons if 2 * s <= length]))
        self.register_buffer("weight", torch.stack(maps).float())  # (ways, horizon, length)
        self.ways = len(maps)

    def forward(self, x: Tensor) -> Tensor:
        """Weighted sums of the past."""
        return torch.einsum("bl,whl->bwh", x, self.weight)


def filled(x: Tensor, seasons: Sequence[int]) -> Tensor:
    """Gaps taken from a season before, else from a season after, else from the value before."""
    main = min(seasons, default=0)
    for _ in range(2 if main else 0):
        x = torch.where(x.isnan(), _moved(x, main), x)
    for _ in range(x.shape[1] // main if main else 0):
        x = torch.where(x.isnan(), _moved(x, -main), x)
    place = torch.arange(x.shape[1])
    known = ~x.isnan()
    last = torch.where(known, place, -1).cummax(1).values
    first = torch.where(known, place, x.shape[1]).flip(1).cummin(1).values.flip(1)
    index = torch.where(last >= 0, last, first).clamp(0, x.shape[1] - 1)
    return x.gather(1, index).nan_to_num(0.0)


def _moved(x: Tensor, by: int) -> Tensor:
    """x[t - by], NaN where that is outside."""
    return nn.functional.pad(x, (by, -by), value=float("nan"))


def _maps(length: int, horizon: int, seasons: Sequence[int]) -> Iterator[Tensor]:
    """(horizon, length) of each way."""
    past = torch.eye(length, dtype=torch.float64)  # row t stands for the value of step t
    ahead = torch.arange(horizon)
    yield past[[-1] * horizon]
    yield past.mean(0).expand(horizon, length)
    drift = (past[-1] - past[0]) / max(1, length - 1)
    yield past[-1] + (ahead[:, None] + 1) * drift
    for level, trend, damped in PLAIN:
        yield _smoothed(past, horizon, 1, (level, trend, damped, 0.0))
    for season in seasons:
        repeats = length // season
        latest = past[length - season + ahead % season]
        yield latest
        whole = past[length - repeats * season :].unflatten(0, (repeats, season)).mean(0)
        yield whole[ahead % season]
        yield latest + past[-1] - past[-1 - season]
        yield latest + _difference(past, season)
        for level, trend, damped, seasonal in SEASONAL:
            yield _smoothed(past, horizon, season, (level, trend, damped, seasonal))


def _difference(past: Tensor, season: int) -> Tensor:
    """The mean change from one season to the next."""
    return past[-season:].mean(0) - past[-2 * season : -season].mean(0)


def _smoothed(
    past: Tensor, horizon: int, season: int, how: tuple[float, float, float, float]
) -> Tensor:
    """Holt and Winters' recursions on rows of weights."""
    alpha, beta, phi, gamma = how
    trend = torch.zeros(len(past)).double()
    if beta and len(past) >= 2 * season:
        seasons = min(FIRST_SEASONS, len(past) // season) if season > 1 else min(10, len(past))
        last = past[(seasons - 1) * season : seasons * season].mean(0)
        trend = (last - past[:season].mean(0)) / ((seasons - 1) * season)
    middle = past[:season].mean(0)
    level = middle + (season - 1) / 2 * trend
    seasonal = torch.zeros(1, len(past)).double()
    if season > 1:
        seasons = min(FIRST_SEASONS, len(past) // season)
        place = torch.arange(seasons * season) - (season - 1) / 2
        beside = past[: seasons * season] - middle - place[:, None] * trend
        seasonal = beside.unflatten(0, (seasons, season)).mean(0)
    for t in range(season, len(past)):
        now = t % season
        expected = level + phi * trend
        new = alpha * (past[t] - seasonal[now]) + (1 - alpha) * expected
        trend = beta * (new - level) + (1 - beta) * phi * trend
        seasonal[now] = gamma * (past[t] - new) + (1 - gamma) * seasonal[now]
        level = new
    damped = torch.cumsum(phi ** torch.arange(1, horizon + 1).double(), 0)
    places = (len(past) + torch.arange(horizon)) % season
    return level + damped[:, None] * trend + seasonal[places]
