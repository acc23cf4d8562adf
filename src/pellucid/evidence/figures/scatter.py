"""Predicted against true numbers, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from pellucid.evidence.figures.scales import Scale, extent
from pellucid.evidence.figures.svg import (
    NARROW,
    Drawing,
    Figure,
    Table,
    drawn,
    element,
    label,
    line,
    path,
)
from pellucid.evidence.numerals import Measure, axis, count, percent, significant

MOST_POINTS = 1000
MOST_IN_TABLE = 20
HEAVY_TAIL = 10.0  # times the median: beyond that a straight scale hides most points


def predicted_against_true(points: Sequence[Sequence[float]], unit: str | None) -> Figure | None:
    """Points near the diagonal are right; an interval that misses it is marked."""
    finite = [tuple(point) for point in points if all(map(math.isfinite, point))]
    if not finite:
        return None
    kept = thin(finite, MOST_POINTS)
    title = "Predicted against true"
    description = (
        "One point for each row: the true number to the right, the predicted one upwards, "
        "with a line for its interval. On the diagonal both agree. Some numbers follow in a table."
    )
    rows = tuple(
        tuple(significant(value, 4) for value in point) for point in thin(kept, MOST_IN_TABLE)
    )
    return Figure(
        title,
        _caption(finite, kept),
        drawn(lambda width: _draw(kept, Measure("", unit), width), title, description),
        Table(("true", "predicted", "low", "high"), rows, len(finite) - len(rows)),
        small=True,
    )


def thin(points: Sequence[tuple[float, ...]], most: int) -> list[tuple[float, ...]]:
    """At most so many of the points, evenly from their order."""
    if len(points) <= most:
        return list(points)
    return [points[index * len(points) // most] for index in range(most)]


def _caption(points: Sequence[tuple[float, ...]], kept: Sequence[tuple[float, ...]]) -> str:
    missed = sum(not _covers(point) for point in points) / len(points)
    words = (
        f"Points on the diagonal are exact. The true number lies outside the interval for "
        f"{percent(missed)} of these rows, in orange."
    )
    if len(kept) < len(points):
        words += f" {count(len(kept))} of {count(len(points))} rows are drawn."
    return words


def _covers(point: Sequence[float]) -> bool:
    return point[2] <= point[0] <= point[3]


def _draw(points: Sequence[tuple[float, ...]], measure: Measure, width: int) -> Drawing:
    side = 420.0 if width > NARROW else float(NARROW)
    across, up = _scales(points, side)
    unit = f", {measure.unit}" if measure.unit else ""
    logarithmic = ", logarithmic scales" if across.logarithmic else ""
    parts = [label(0, 12, f"predicted{unit}{logarithmic}", class_="axis")]
    ticks = across.ticks(5)
    names = [significant(tick, 1) for tick in ticks] if across.logarithmic else axis(ticks)
    for value, words in zip(ticks, names, strict=True):
        parts += _ticks(value, words, across, up)
    parts.append(path([(across.start, up.start), (across.end, up.end)], "line dashed quiet"))
    for covered, tone in ((True, "ours"), (False, "theirs")):
        these = [point for point in points if _covers(point) is covered]
        parts += _marks(these, across, up, tone)
    middle = (across.start + across.end) / 2
    name = f"true{unit}"
    parts.append(label(middle, side - 4, name, class_="axis", text_anchor="middle"))
    return Drawing(side, side, parts)


def _scales(points: Sequence[tuple[float, ...]], side: float) -> tuple[Scale, Scale]:
    """One scale for both ways; logarithmic where a few large numbers would hide the rest."""
    values = [value for point in points for value in point[:2]]
    size = sorted(point[0] for point in points)
    logarithmic = min(values) > 0 and size[-1] > HEAVY_TAIL * size[len(size) // 2]
    low, high = extent(values, 0.03)
    if logarithmic:
        low, high = min(values) / 1.15, max(values) * 1.15
    across = Scale(low, high, 56.0, side - 10, logarithmic)
    return across, Scale(low, high, side - 44, 26.0, logarithmic)


def _ticks(value: float, words: str, across: Scale, up: Scale) -> list[Markup]:
    return [
        line(across.start, up(value), across.end, up(value), "grid"),
        line(across(value), up.start, across(value), up.end, "grid"),
        label(across.start - 6, up(value) + 4, words, class_="tick", text_anchor="end"),
        label(across(value), up.start + 17, words, class_="tick", text_anchor="middle"),
    ]


def _marks(
    points: Sequence[tuple[float, ...]], across: Scale, up: Scale, tone: str
) -> list[Markup]:
    """All intervals as one path and all points as another: a tenth of the bytes of circles."""
    if not points:
        return []
    places = [(across(true), up(value), up(low), up(high)) for true, value, low, high in points]
    intervals = "".join(f"M{x:.0f} {low:.0f}V{high:.0f}" for x, _, low, high in places)
    centres = "".join(f"M{x:.1f} {y:.1f}h0" for x, y, _, _ in places)
    return [
        element("path", d=intervals, class_=f"intervals {tone}"),
        element("path", d=centres, class_=f"points {tone}"),
    ]
