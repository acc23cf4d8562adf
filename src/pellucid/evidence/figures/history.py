"""The training history: loss and metric against steps, one thin line for each member."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from markupsafe import Markup

from pellucid.counts import counted
from pellucid.evidence.document import Moment
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
from pellucid.evidence.numerals import Measure, brief, count, duration, significant

MOST_POINTS = 150  # of one line
MOST_MEMBERS = 16
MOST_IN_TABLE = 24
TITLE = "Training history"
DESCRIPTION = (
    "Two drawings against the training step, one thin line for each member of the ensemble: the "
    "loss on learning rows, and the metric on rows kept aside. The numbers follow in a table."
)

Line: TypeAlias = list[tuple[float, float]]


def training_history(moments: Sequence[Moment], metric: str) -> Figure | None:
    """Loss and metric against steps; None when nothing was recorded."""
    loss, measured = _lines(moments, "loss"), _lines(moments, "metric")
    panels = [(name, lines) for name, lines in (("loss", loss), (metric, measured)) if any(lines)]
    if not panels:
        return None
    return Figure(
        TITLE,
        _caption(moments),
        drawn(lambda width: _draw(panels, width), TITLE, DESCRIPTION),
        _table(moments, metric),
    )


def _lines(moments: Sequence[Moment], what: str) -> list[Line]:
    """(step, value) for each member, thinned; values that are not finite leave a gap."""
    lines: dict[int, Line] = {}
    for moment in moments:
        value = moment["loss"] if what == "loss" else moment["metric"]
        if value is not None and math.isfinite(value):
            lines.setdefault(moment["member"], []).append((moment["step"], value))
    return [_thinned(line) for line in list(lines.values())[:MOST_MEMBERS]]


def _thinned(points: Line) -> Line:
    """At most so many points, the last among them."""
    every = math.ceil(len(points) / MOST_POINTS)
    return points[:-1:every] + points[-1:]


def _caption(moments: Sequence[Moment]) -> str:
    members = len({moment["member"] for moment in moments})
    steps = max(moment["step"] for moment in moments)
    if members == 1:
        return f"{counted(steps, 'step')}."
    drawn_members = min(members, MOST_MEMBERS)
    words = f"{members} members, up to {count(steps)} steps each."
    return words + (f" The first {drawn_members} are drawn." if drawn_members < members else "")


def _table(moments: Sequence[Moment], metric: str) -> Table:
    measure = Measure(metric)
    every = math.ceil(len(moments) / MOST_IN_TABLE)
    kept = [*moments[:-1:every], moments[-1]]
    rows = tuple(
        (
            str(moment["member"]),
            count(moment["step"]),
            duration(moment["seconds"]),
            "" if moment["loss"] is None else significant(moment["loss"]),
            "" if moment["metric"] is None else measure.value(moment["metric"]),
            significant(moment["rate"]),
        )
        for moment in kept
    )
    header = ("member", "step", "time", "loss", metric, "learning rate")
    return Table(header, rows, len(moments) - len(rows))


def _draw(panels: Sequence[tuple[str, list[Line]]], width: int) -> Drawing:
    """The panels side by side, or one above the other on a narrow page."""
    beside = width > NARROW and len(panels) > 1
    room = (width - 36) / 2 if beside else float(width)
    height = 230.0
    parts: list[Markup] = []
    for index, (name, lines) in enumerate(panels):
        x, y = (index * (room + 36), 0.0) if beside else (0.0, index * (height + 18))
        panel = Markup("").join(_panel(name, lines, (room, height)))
        parts.append(element("g", panel, transform=f"translate({x:.1f} {y:.1f})"))
    rows = 1 if beside else len(panels)
    return Drawing(width, rows * (height + 18) - 18, parts)


def _panel(name: str, lines: list[Line], size: tuple[float, float]) -> list[Markup]:
    width, height = size
    points = [point for line in lines for point in line]
    measure = Measure(name)
    across = Scale(0, max(step for step, _ in points) or 1, 46, width - 12)
    up = Scale(*extent(value for _, value in points), height - 40, 26)
    parts = [label(0, 12, measure.axis_name, class_="axis")]
    levels = up.ticks(7)
    for value, words in zip(levels, measure.axis(levels), strict=True):
        parts.append(line(across.start, up(value), across.end, up(value), "grid"))
        parts.append(
            label(across.start - 6, up(value) + 4, words, class_="tick", text_anchor="end")
        )
    for step in across.ticks(4):
        where = {"class_": "tick", "text_anchor": "middle"}
        parts.append(label(across(step), up.start + 17, brief(step), **where))
    middle = (across.start + across.end) / 2
    parts.append(label(middle, height - 4, "step", class_="axis", text_anchor="middle"))
    tone = "thin" if len(lines) > 1 else ""
    for points_of_member in lines:
        places = [(across(step), up(value)) for step, value in points_of_member]
        parts.append(path(places, f"line ours {tone}".strip()))
    return parts
