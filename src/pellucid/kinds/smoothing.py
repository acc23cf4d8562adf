"""Exponential smoothing of many windows at once, its parameters sought on a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from pellucid.kinds.contract import Array

Setting = tuple[float, float, float, float, bool]  # level, trend, damping, season, multiplied?

# Levels; trends with their damping, 0 for none; seasons.
FINE = (
    (0.02, 0.1, 0.25, 0.5, 0.75, 0.99),
    ((0.0, 1.0), (0.01, 1.0), (0.01, 0.9), (0.05, 1.0), (0.05, 0.9), (0.2, 1.0), (0.2, 0.9)),
    (0.0, 0.05, 0.15, 0.4),
)
COARSE = (
    (0.05, 0.25, 0.6, 0.95),
    ((0.0, 1.0), (0.01, 1.0), (0.2, 1.0), (0.1, 0.9)),
    (0.0, 0.1, 0.3),
)
QUICK_SEASONS, QUICK_LENGTH = 4, 60  # of the past that the coarse grid looks at
FIRST_SEASONS = 4  # that starting values are taken from
AT_ONCE = 40_000  # windows x settings


def in_season(seasons: Sequence[int], length: int) -> int:
    """The longest season that a past of that length shows twice; 1 where there is none."""
    return max((season for season in seasons if 2 * season <= length), default=1)


def seasonal_naive(past: Array, horizon: int, season: int) -> Array:
    """What was one season before: (rows, length) -> (rows, horizon)."""
    return past[:, past.shape[1] - season + np.arange(horizon) % season]


def exponential_smoothing(past: Array, horizon: int, season: int, quick: bool = False) -> Array:
    """(rows, length) -> (rows, horizon), by the model with the least criterion of Akaike (AICc).

    Level, trend (damped or not) and season, added or multiplied (Holt 1957, Winters 1960; Hyndman
    et al. 2008), each with parameters from a grid and starting values from the first seasons.
    `quick` is a coarse grid over the latest seasons.
    """
    if quick:
        past = past[:, -max(QUICK_SEASONS * season, QUICK_LENGTH) :]
    settings = _settings(season, *(COARSE if quick else FINE))
    pieces = np.array_split(past, max(1, -(-len(past) * len(settings) // AT_ONCE)))
    return np.concatenate([_smoothed(piece, horizon, season, settings) for piece in pieces])


def _settings(
    season: int,
    levels: Sequence[float],
    trends: Sequence[tuple[float, float]],
    seasonals: Sequence[float],
) -> list[Setting]:
    if season == 1:
        return [(level, *trend, 0.0, False) for level, trend in product(levels, trends)]
    return [
        (level, *trend, seasonal, times)
        for level, trend, seasonal, times in product(levels, trends, seasonals, (False, True))
    ]


def _smoothed(past: Array, horizon: int, season: int, every: Sequence[Setting]) -> Array:
    best, forecast = np.full(len(past), np.inf), np.zeros((len(past), horizon))
    positive = np.asarray((past > 0).all(1))
    for settings, rows in _groups(every, positive):
        if not len(rows):
            continue
        errors, ahead = _run(past[rows], horizon, season, np.array(settings))
        states = 2 + (season if season > 1 else 0)
        free = np.array([states + 2 * (s[1] > 0) + (s[2] < 1) for s in settings])
        count = past.shape[1] - season
        penalty = 2 * free + 2 * free * (free + 1) / np.maximum(1, past.shape[1] - free - 1)
        criterion = count * np.log(np.maximum(errors / count, 1e-300)) + penalty
        place = criterion.argmin(1)
        value = criterion[np.arange(len(rows)), place]
        better = value < best[rows]
        best[rows[better]] = value[better]
        forecast[rows[better]] = ahead[better, place[better]]
    return forecast


def _groups(settings: Sequence[Setting], positive: Array) -> Iterator[tuple[list[Setting], Array]]:
    """Settings with an added season for all rows, those with a factor for positive ones."""
    yield [s for s in settings if not s[4]], np.arange(len(positive))
    times = [s for s in settings if s[4]]
    if times:
        yield times, np.flatnonzero(positive)


def _run(past: Array, horizon: int, season: int, settings: Array) -> tuple[Array, Array]:
    """Squared errors one step ahead (rows, settings) and forecasts (rows, settings, horizon)."""
    alpha, beta, phi, gamma, _ = settings.T
    times = bool(settings[0, 4])
    shape = (len(past), len(settings))
    slope = _slope(past, season)
    trend = np.where(beta > 0, slope[:, None], 0.0)
    middle = past[:, :season].mean(1)
    level = middle[:, None] + (season - 1) / 2 * trend
    start = _seasonal(past, season, (middle, slope), times)
    seasonal = np.repeat(start[:, :, None], len(settings), 2)  # (rows, season, settings)
    errors = np.zeros(shape)
    for t in range(season, past.shape[1]):
        now, value = t % season, past[:, t : t + 1]
        expected, s = level + phi * trend, seasonal[:, now]
        errors += np.square(value - (expected * s if times else expected + s))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            taken = value / s if times else value - s
            new = alpha * taken + (1 - alpha) * expected
            own = value / new if times else value - new
        trend = np.where(beta > 0, beta * (new - level) + (1 - beta) * phi * trend, 0.0)
        seasonal[:, now] = gamma * own + (1 - gamma) * s
        level = new
    ahead = np.cumsum(phi[:, None] ** np.arange(1, horizon + 1), 1)  # (settings, horizon)
    line = level[..., None] + trend[..., None] * ahead
    places = (past.shape[1] + np.arange(horizon)) % season
    later = seasonal[:, places].transpose(0, 2, 1)
    errors = np.where(np.isfinite(errors), errors, np.inf)
    return errors, line * later if times else line + later


def _seasonal(past: Array, season: int, line: tuple[Array, Array], times: bool) -> Array:
    """The mean of the first seasons beside their line: (rows, season)."""
    if season == 1:
        return np.ones((len(past), 1)) if times else np.zeros((len(past), 1))
    seasons = min(FIRST_SEASONS, past.shape[1] // season)
    place = np.arange(seasons * season) - (season - 1) / 2  # from the middle of the first season
    along = line[0][:, None] + place * line[1][:, None]
    first = past[:, : seasons * season]
    beside = first / along if times else first - along
    return np.asarray(beside.reshape(len(past), seasons, season).mean(1))


def _slope(past: Array, season: int) -> Array:
    """The mean change a step over the first seasons."""
    seasons = min(FIRST_SEASONS, past.shape[1] // season) if season > 1 else 0
    if seasons < 2:
        few = min(past.shape[1], 10)
        return np.asarray((past[:, few - 1] - past[:, 0]) / max(1, few - 1))
    last = past[:, (seasons - 1) * season : seasons * season].mean(1)
    return np.asarray((last - past[:, :season].mean(1)) / ((seasons - 1) * season))
