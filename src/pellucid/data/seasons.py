"""After how many steps a series repeats itself: what the calendar suggests, and what is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

DAY = 86_400.0
CYCLES = (3_600.0, DAY, 7 * DAY, 365.2425 * DAY)  # an hour, a day, a week, a year
CLEAR = 0.25  # autocorrelation at a period that makes it a season
VALLEY = 0.15  # so much lower it must be somewhere before: else it only falls slowly
LONGEST, MOST = 400, 2  # steps of a season; seasons
SHARP = 0.03  # so much above its neighbours one that the calendar suggests counts, too
SURE = 5.0  # ... and so many standard errors: many series make a weak season plain
SOME = 100  # series that are looked at


def seasons_of(series: Sequence[Array], seconds: float | None) -> tuple[int, ...]:
    """The periods of the series, the clearest first; `seconds` is the length of a step.

    A period counts if the autocorrelation of the series less its trend and less the periods
    found before peaks there: high, or, at a period that the calendar suggests, sharply.
    """
    some = [each for each in series[:: max(1, len(series) // SOME)] if len(each) >= 8]
    found: list[int] = []
    while some and len(found) < MOST:
        rest = [_without(each, found) for each in some]
        most = min(LONGEST, max(len(each) for each in some) // 3)
        correlation = _autocorrelation(rest, most)
        noise = SURE / np.sqrt(sum(map(len, some)))
        period = _clearest(correlation, _suggested(seconds, most), max(SHARP, noise), not found)
        if period is None or any(_alike(period, other) for other in found):
            break
        found.append(period)
    return tuple(found)


def _suggested(seconds: float | None, most: int) -> list[int]:
    """Periods that clock and calendar suggest."""
    if seconds is None:
        return []
    periods = [round(cycle / seconds) for cycle in CYCLES]
    return [period for period in periods if 2 <= period <= most]


def _clearest(correlation: Array, suggested: list[int], sharp: float, first: bool) -> int | None:
    """The period of the highest peak, one that the calendar suggests where one is about as high.

    Only the first period may be one that no calendar suggests.
    """
    lowest = np.minimum.accumulate(correlation)
    clear = (correlation > CLEAR) & (correlation - lowest > VALLEY)
    inner = correlation[1:-1]
    peak = (inner >= correlation[:-2]) & (inner >= correlation[2:])
    peaks = [int(lag) for lag in np.flatnonzero(peak) + 1 if lag >= 2 and clear[lag]]
    high = max((float(correlation[lag]) for lag in peaks), default=0.0)
    above = np.append(inner - (correlation[:-2] + correlation[2:]) / 2, 0.0)
    known = [
        lag
        for lag in suggested
        if (clear[lag] and correlation[lag] > 0.5 * high) or above[lag - 1] > sharp
    ]
    if known or not first:  # the shortest: what repeats each day is like itself after a week, too
        return min(known, default=None)
    return min((lag for lag in peaks if correlation[lag] > 0.85 * high), default=None)


def _autocorrelation(series: Sequence[Array], most: int) -> Array:
    """Up to the lag `most`, the mean over the series; gaps are left out."""
    total = np.zeros(most + 1)
    for values in series:
        known = np.isfinite(values)
        centred = np.where(known, values - values[known].mean() if known.any() else 0.0, 0.0)
        power = float(np.square(centred).sum()) or 1.0
        lags = min(most, len(values) - 2)
        for lag in range(lags + 1):
            pairs = max(1, int((known[lag:] & known[: len(known) - lag]).sum()))
            product = float(centred[lag:] @ centred[: len(centred) - lag])
            total[lag] += product / power * known.sum() / pairs
    return total / max(1, len(series))


def _without(values: Array, periods: Sequence[int]) -> Array:
    """The series less its trend, and less its mean at each place of the periods."""
    rest = values - _trend(values)
    for period in periods:
        place = np.arange(len(rest)) % period
        known = np.isfinite(rest)
        sums = np.bincount(place[known], rest[known], period)
        rest = rest - (sums / np.maximum(1, np.bincount(place[known], minlength=period)))[place]
    return rest


def _trend(values: Array) -> Array:
    """A parabola by least squares."""
    place = np.linspace(-1, 1, len(values))
    known = np.isfinite(values)
    if known.sum() < 4:
        return np.zeros(len(values))
    return np.asarray(np.polynomial.Polynomial.fit(place[known], values[known], 2)(place))


def _alike(period: int, other: int) -> bool:
    return abs(period - other) <= max(1, 0.05 * other)
