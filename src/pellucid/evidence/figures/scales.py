"""Scales from values to pixels, their round ticks, and labels that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A straight or logarithmic map from [low, high] to pixels [start, end]."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value; values outside stay at the edge."""
        low, high = self._warp(self.low), self._warp(self.high)
        share = (self._warp(value) - low) / ((high - low) or 1.0)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """At most so many round values within the scale."""
        if self.logarithmic:
            return _decades(self.low, self.high, most)
        return _round_steps(self.low, self.high, most)

    def _warp(self, value: float) -> float:
        return math.log(max(value, 1e-300)) if self.logarithmic else value


def extent(values: Iterable[float], room: float = 0.06) -> tuple[float, float]:
    """The smallest and largest finite value, with some room around them."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    around = (high - low) * room or abs(high) * 0.05 or 1.0
    return low - around, high + around


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart until each has its gap, in their order, within [low, high]."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    below = low - gap
    for index in order:
        moved[index] = below = max(moved[index], below + gap)
    above = high + gap
    for index in reversed(order):
        moved[index] = above = min(moved[index], above - gap)
    return moved


def thinned(places: Sequence[float], widths: Sequence[float]) -> list[int]:
    """Which labels to print so that none overlap: the last one, then those that fit before it."""
    kept: list[int] = []
    limit = math.inf
    for index in reversed(range(len(places))):
        if places[index] + widths[index] / 2 <= limit:
            kept.append(index)
            limit = places[index] - widths[index] / 2 - 8
    return kept[::-1]


def _round_steps(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    steps = (power * factor for factor in (1, 2, 5, 10, 20))
    step = next(step for step in steps if span / step <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def _decades(low: float, high: float, most: int) -> list[float]:
    """Powers of ten, with 2 and 5 times them where there is room."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**power for power in powers for factor in factors]
        inside = [value for value in values if low <= value <= high]
        if len(inside) <= most:
            return inside
    every = math.ceil(len(inside) / most)
    return inside[::every]
