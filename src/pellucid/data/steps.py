"""Regular steps of time: which step moments lie on, and at which moment a step is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Unit = Literal["month", "workday", "second", "number"]

DAY = 86_400.0
# How many months are how many days, and the words for it.
CALENDAR = {
    1: (28, 31, "month"),
    3: (90, 92, "quarter"),
    6: (181, 184, "half-year"),
    12: (365, 366, "year"),
}
WORDS = {1.0: "second", 60.0: "minute", 3_600.0: "hour", DAY: "day", 7 * DAY: "week"}
YEAR = 365.2425 * DAY
REGULAR = 0.2  # the share of the most frequent distance that makes it the step
OFF = 0.05  # of a step: further than that from it a moment counts as moved


@dataclass(frozen=True)
class Steps:
    """A grid of equal steps; months are equal, and so are days without weekends."""

    unit: Unit
    size: float  # of a step: months, workdays, seconds, or plain units
    anchor: float  # a moment on the grid: seconds since 1970, a number, or the day of the month

    def index(self, moments: Array) -> Array:
        """The step of each moment."""
        if self.unit == "month":
            months = moments.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
            return np.floor_divide(months, int(self.size))
        if self.unit == "workday":
            days = np.floor(moments / DAY).astype(np.int64) + 3  # since a Monday
            return days // 7 * 5 + np.minimum(days % 7, 4)
        return np.round((moments - self.anchor) / self.size).astype(np.int64)

    def moment(self, index: Array) -> Array:
        """The moment of each step."""
        if self.unit == "month":
            months = (index * int(self.size)).astype("datetime64[M]")
            last = (months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
            days = months.astype("datetime64[D]") + (int(self.anchor) - 1)
            return np.minimum(days, last).astype("datetime64[s]").astype(np.float64)
        if self.unit == "workday":
            return (index // 5 * 7 + index % 5 - 3) * DAY
        return self.anchor + index * self.size

    def moved(self, moments: Array) -> Array:
        """Which moments lie well off the grid."""
        if self.unit in ("month", "workday"):
            return np.zeros(len(moments), bool)
        return np.abs(self.moment(self.index(moments)) - moments) > OFF * self.size

    @property
    def seconds(self) -> float | None:
        """How long a step is; None for plain numbers, which may be anything."""
        each = {"month": YEAR / 12, "workday": 1.4 * DAY, "second": 1.0}.get(self.unit)
        return None if each is None else each * self.size

    def __str__(self) -> str:
        if self.unit == "month":
            return f"a {CALENDAR[int(self.size)][2]}"
        if self.unit == "workday":
            return "a workday"
        if self.unit == "number":
            return f"{self.size:g}"
        if self.size in WORDS:
            return f"{'an' if self.size == 3_600 else 'a'} {WORDS[self.size]}"
        unit = max((size for size in WORDS if size <= self.size), default=1.0)
        return f"{self.size / unit:g} {WORDS[unit]}s"


def steps_of(moments: Array, names: Array, dates: bool) -> Steps:
    """The grid that most moments lie on; `names` tells the series that each belongs to.

    Both are sorted by series, then by moment.
    """
    distance = np.diff(moments)
    distance = distance[(np.diff(names) == 0) & (distance > 0)]
    if not len(distance):
        return Steps("second" if dates else "number", 1.0, float(moments[0]))
    middle = float(np.median(distance))
    for months, (fewest, most, _) in CALENDAR.items() if dates else ():
        share = ((distance >= (fewest - 0.1) * DAY) & (distance <= (most + 0.1) * DAY)).mean()
        if fewest - 0.1 <= middle / DAY <= most + 0.1 and share > 0.8:
            return Steps("month", months, _day_of_month(moments))
    if dates and _only_workdays(moments, middle):
        return Steps("workday", 1.0, 0.0)
    values, counts = np.unique(np.round(distance, 6), return_counts=True)
    regular = counts.max() >= REGULAR * len(distance)
    size = float(values[counts.argmax()]) if regular else middle
    if dates and not regular:
        size = _whole(size, OFF * size)
    return Steps("second" if dates else "number", size, _anchor(moments, size, dates))


def _anchor(moments: Array, size: float, dates: bool) -> float:
    """A moment of the grid that most of them lie on: the first one may be late itself."""
    late = np.mod(moments - moments[0] + size / 2, size) - size / 2
    values, counts = np.unique(np.round(late, 6), return_counts=True)
    if counts.max() >= REGULAR * len(moments):
        return float(moments[0] + values[counts.argmax()])
    middle = float(moments[0] + np.median(late))
    return _whole(middle, OFF * size) if dates else middle


def _whole(seconds: float, off: float) -> float:
    """The nearest number of whole weeks, days, hours or minutes that is not further `off`."""
    for unit in sorted(WORDS, reverse=True):
        whole = round(seconds / unit) * unit
        if whole and abs(whole - seconds) <= off:
            return whole
    return seconds


def _day_of_month(moments: Array) -> float:
    """The day on which most moments lie; 31 where it is the last of each month."""
    days = moments.astype("datetime64[s]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    last = (months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    if (days == last).mean() > 0.9:
        return 31.0
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    return float(np.bincount(day).argmax())


def _only_workdays(moments: Array, middle: float) -> bool:
    weekday = (np.floor(moments / DAY).astype(np.int64) + 3) % 7
    return middle == DAY and len(moments) >= 15 and not (weekday >= 5).any()
