"""Whether confidence can be believed: a reliability diagram, or the coverage of intervals."""

from __future__ import annotations

from markupsafe import Markup

from pellucid.counts import counted
from pellucid.evidence.figures.bars import Bar, bars
from pellucid.evidence.figures.scales import Scale
from pellucid.evidence.figures.svg import (
    NARROW,
    Drawing,
    Figure,
    Table,
    dot,
    drawn,
    label,
    line,
    path,
)
from pellucid.evidence.numerals import Measure, count, percent
from pellucid.kinds.calibration import Calibration, CalibrationBin


def reliability(calibration: Calibration) -> Figure | None:
    """How often rows of a confidence were right; on the diagonal, confidence is honest."""
    bins = [one for one in calibration.get("bins", []) if one["rows"] > 0]
    if not bins:
        return None
    title = "Reliability diagram"
    description = (
        "One point for each group of rows with about the same confidence: the confidence to the "
        "right, the share that was right upwards; a larger point holds more rows. On the diagonal "
        "confidence is honest, below it too high. The numbers follow in a table."
    )
    rows = tuple(
        (percent(one["confidence"]), percent(one["accuracy"]), count(one["rows"])) for one in bins
    )
    return Figure(
        title,
        _reliability_caption(calibration, bins),
        drawn(lambda width: _diagram(bins, width), title, description),
        Table(("confidence", "right", "rows"), rows),
        small=True,
    )


def coverage(calibration: Calibration, unit: str | None) -> Figure | None:
    """How many true numbers lay inside their intervals, against how many were asked for."""
    if "coverage" not in calibration or "nominal" not in calibration:
        return None
    inside, asked = calibration["coverage"], calibration["nominal"]
    title = "Coverage of the intervals"
    description = (
        "Two bars: the share of true numbers that should lie inside their intervals, and the "
        "share that did. The numbers follow in a table."
    )
    items = [
        Bar("asked for", asked, percent(asked), "quiet"),
        Bar("inside, on rows to prove on", inside, percent(inside)),
    ]
    rows = [("asked for", percent(asked)), ("inside, on rows to prove on", percent(inside))]
    caption = (
        f"{percent(inside)} of the true numbers lay inside their interval; "
        f"{percent(asked, 0)} were asked for."
    )
    if "width" in calibration:
        width = Measure("", unit).value(calibration["width"])
        rows.append(("mean width of an interval", width))
        caption += f" An interval is {width} wide on average."
    drawing = drawn(lambda pixels: bars(items, pixels), title, description)
    return Figure(title, caption, drawing, Table(("", "value"), tuple(rows)))


def _reliability_caption(calibration: Calibration, bins: list[CalibrationBin]) -> str:
    most = max(bins, key=lambda one: one["rows"])
    words = (
        f"When the network says about {percent(most['confidence'], 0)}, it is right "
        f"{percent(most['accuracy'], 0)} of the time ({counted(most['rows'], 'row')}). "
    )
    if "before" in calibration and "after" in calibration:
        before, after = percent(calibration["before"]), percent(calibration["after"])
        words += f"Calibrating moved the mean error of its confidence from {before} to {after}."
    return words.strip()


def _diagram(bins: list[CalibrationBin], width: int) -> Drawing:
    side = 360.0 if width > NARROW else float(NARROW)
    across, up = Scale(0, 1, 50, side - 14), Scale(0, 1, side - 46, 28)
    parts = [label(0, 12, "share that was right", class_="axis")]
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts += _ticks(value, across, up)
    parts.append(path([(across(0), up(0)), (across(1), up(1))], "line dashed quiet"))
    parts += _points(bins, across, up)
    middle = (across.start + across.end) / 2
    parts.append(label(middle, side - 4, "confidence", class_="axis", text_anchor="middle"))
    return Drawing(side, side, parts)


def _ticks(value: float, across: Scale, up: Scale) -> list[Markup]:
    words = percent(value, 0)
    return [
        line(across.start, up(value), across.end, up(value), "grid"),
        line(across(value), up.start, across(value), up.end, "grid"),
        label(across.start - 6, up(value) + 4, words, class_="tick", text_anchor="end"),
        label(across(value), up.start + 17, words, class_="tick", text_anchor="middle"),
    ]


def _points(bins: list[CalibrationBin], across: Scale, up: Scale) -> list[Markup]:
    """A line through the groups, and dots whose area is their number of rows."""
    ordered = sorted(bins, key=lambda one: one["confidence"])
    places = [(across(one["confidence"]), up(one["accuracy"])) for one in ordered]
    largest = max(one["rows"] for one in ordered)
    parts = [path(places, "line thin ours")]
    for (x, y), one in zip(places, ordered, strict=True):
        radius = 2.5 + 8 * (one["rows"] / largest) ** 0.5
        says = (
            f"confidence {percent(one['confidence'])}: right {percent(one['accuracy'])} "
            f"of {counted(one['rows'], 'row')}"
        )
        parts.append(dot(x, y, radius, "dot ours clear", says))
    return parts
