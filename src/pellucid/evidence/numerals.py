"""How numbers are written for people: percent, points, significant digits, time and memory."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SHARES = frozenset(
    {
        "accuracy",
        "balanced accuracy",
        "macro F1",
        "F1",
        "precision",
        "recall",
        "coverage",
        "span F1",
        "word accuracy",
        "whole rows right",
    }
)
IN_UNITS = frozenset({"", "RMSE", "MAE", "median absolute error"})  # measured as the target is
SPACE = "\u00a0"  # never breaks a number from its unit
MINUS = "\u2212"
BINDING = re.compile(r"(?<=\d) (?=%|to\b|points?\b|rows\b)|(?<=\bto) (?=[−\d])")
LARGE, SMALL = 1e9, 1e-4  # outside, digits give way to a power of ten
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Measure:
    """A metric or quantity, and so how its values are written."""

    name: str
    unit: str | None = None

    @property
    def is_share(self) -> bool:
        """Whether values are shares, written in percent."""
        return self.name in SHARES

    def value(self, number: float, low: float = math.nan, high: float = math.nan) -> str:
        """0.871 of accuracy -> '87.1 %'; with an interval, as many digits as that allows."""
        if self.is_share:
            return percent(number)
        return self._digits(number, low, high) + (f"{SPACE}{self._unit}" if self._unit else "")

    def difference(self, number: float, low: float = math.nan, high: float = math.nan) -> str:
        """0.022 of accuracy -> '2.2 points'."""
        if self.is_share:
            return f"{self._digits(number, low, high)}{SPACE}points"
        return self.value(number, low, high)

    def interval(self, low: float, high: float) -> str:
        """'86.3 to 87.9'."""
        return f"{self._digits(low, low, high)} to {self._digits(high, low, high)}"

    def estimate(self, number: float, low: float, high: float) -> str:
        """'87.1 % (86.3 to 87.9)'."""
        return f"{self.value(number, low, high)} ({self.interval(low, high)})"

    def gap(self, value: float, low: float, high: float) -> tuple[str, str, str]:
        """A lead and its interval as ('better', '2.2 points', '1.4 to 3.0'), or as 'worse'."""
        if value >= 0:
            return "better", self.difference(value, low, high), self.interval(low, high)
        return "worse", self.difference(-value, -high, -low), self.interval(-high, -low)

    def axis(self, values: Sequence[float]) -> list[str]:
        """The values of an axis: of shares, percent without the sign."""
        return axis([100 * value for value in values] if self.is_share else values)

    @property
    def axis_name(self) -> str:
        """The name an axis bears: 'accuracy, %', 'RMSE, US$'."""
        unit = "%" if self.is_share else self._unit
        return f"{self.name}, {unit}" if unit and self.name else unit or self.name

    @property
    def _unit(self) -> str | None:
        return self.unit if self.name in IN_UNITS else None

    def _digits(self, number: float, low: float, high: float) -> str:
        if self.is_share:
            return percent(number).removesuffix(f"{SPACE}%")
        width = high - low
        if not (math.isfinite(width) and width > SMALL and abs(number) < LARGE):
            return significant(number)
        decimals = max(0, 1 - math.floor(math.log10(width)))
        return _signed(f"{number:,.{decimals}f}")


def percent(share: float, digits: int = 1) -> str:
    """0.871 -> '87.1 %'."""
    if not math.isfinite(share):
        return "–"
    return f"{_signed(f'{100 * share:.{digits}f}')}{SPACE}%"


def significant(number: float, digits: int = 3) -> str:
    """Round to significant digits, but never round whole digits away: 48,213 and 0.0123."""
    if not math.isfinite(number):
        return "–"
    size = abs(number)
    if size == 0:
        return "0"
    if size >= LARGE or size < SMALL:
        mantissa, exponent = f"{number:.{digits - 1}e}".split("e")
        return _signed(mantissa) + f" × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return _signed(f"{number:,.{decimals}f}")


def bound(sentence: str) -> str:
    """Keep numbers with what belongs to them when lines break: '87.1 %', '1.4 to 3.0'."""
    return BINDING.sub(SPACE, sentence)


def axis(values: Sequence[float]) -> list[str]:
    """The values of an axis, all with as many decimals as their steps need."""
    step = min((abs(b - a) for a, b in pairwise(values)), default=abs(values[0]) if values else 0.0)
    largest = max(map(abs, values), default=0.0)
    if not step or largest >= LARGE or largest < SMALL:
        return [significant(value, 2) for value in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [_signed(f"{value:,.{decimals}f}") for value in values]


def count(number: float) -> str:
    """48213 -> '48,213'."""
    return _signed(f"{number:,.0f}")


def counted(number: int, noun: str) -> str:
    """'1 column', '2 columns'."""
    return f"{count(number)}{SPACE}{noun}" + ("" if number == 1 else "s")


def brief(number: float) -> str:
    """A count for an axis: 33749 -> '33,749', 1250000 -> '1.25 M'."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e5, "k")):
        if abs(number) >= size:
            unit = 1e3 if letter == "k" else size
            return f"{significant(number / unit).removesuffix('.00')}{SPACE}{letter}"
    return count(number)


def duration(seconds: float) -> str:
    """277 -> '4 min 37 s'."""
    if seconds < 10:
        return f"{significant(seconds, 2)}{SPACE}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{SPACE}s"
    if whole < 3600:
        return f"{whole // 60}{SPACE}min {whole % 60:02d}{SPACE}s"
    return f"{whole // 3600}{SPACE}h {whole % 3600 // 60:02d}{SPACE}min"


def memory(megabytes: float) -> str:
    """1331 -> '1.3 GB'."""
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f}{SPACE}GB"
    return f"{megabytes:.0f}{SPACE}MB"


def _signed(digits: str) -> str:
    """A true minus sign, and no minus before a zero."""
    if digits.startswith("-"):
        return digits[1:] if not digits.strip("-0.,") else MINUS + digits[1:]
    return digits
