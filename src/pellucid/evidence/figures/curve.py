"""The learning curve: performance P against experience E, with its band and a forecast."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pellucid.evidence.document import CurvePoint, Target
from pellucid.evidence.figures.scales import Scale, extent, spread, thinned
from pellucid.evidence.figures.svg import (
    FONT,
    NARROW,
    Drawing,
    Figure,
    Table,
    dot,
    drawn,
    fit,
    label,
    length,
    line,
    path,
)
from pellucid.evidence.numerals import Measure, brief, count

TITLE = "Learning curve"
DESCRIPTION = (
    "Performance on unseen rows, upwards, against the number of rows learned from, to the right, "
    "on a logarithmic scale. A shaded band is the 95 % interval, a hollow point the forecast for "
    "twice the rows, a dashed line the best conventional way. The numbers follow in a table."
)


def learning_curve(target: Target) -> Figure | None:
    """The curve of one target; None when no point was measured."""
    plot = _plot(target)
    if not plot.points:
        return None
    return Figure(
        TITLE, _caption(plot), drawn(lambda width: _draw(plot, width), TITLE, DESCRIPTION),
        _table(plot),
    )  # fmt: skip


@dataclass(frozen=True)
class _Plot:
    """What is drawn: measured points, the forecast, the lines to compare with."""

    points: list[CurvePoint]
    forecast: CurvePoint | None
    baseline: tuple[str, float] | None
    simplest: tuple[str, float] | None
    measure: Measure
    higher_is_better: bool


def _plot(target: Target) -> _Plot:
    performance = target["performance"]
    points = sorted(target["curve"], key=lambda point: point["rows"])
    better = performance["higher_is_better"]
    baseline, simplest = target["baseline"], target["simplest"]
    forecast = _forecast(points, target, 1.0 if better else -1.0)
    seen = [point["value"] for point in points] + ([baseline["value"]] if baseline else [])
    near = bool(seen) and _is_near(simplest["value"], seen)
    return _Plot(
        points,
        forecast,
        (baseline["name"], baseline["value"]) if baseline else None,
        (simplest["name"], simplest["value"]) if near else None,
        Measure(performance["metric"], target["unit"]),
        better,
    )


def _forecast(points: list[CurvePoint], target: Target, sign: float) -> CurvePoint | None:
    """The gain of twice the rows, added to the last point."""
    doubled = target["doubled"]
    if not points or doubled is None:
        return None
    last = points[-1]["value"]
    ends = sorted((last + sign * doubled["low"], last + sign * doubled["high"]))
    return CurvePoint(
        rows=2 * points[-1]["rows"], value=last + sign * doubled["value"], low=ends[0], high=ends[1]
    )


def _is_near(value: float, seen: list[float]) -> bool:
    """Whether a line at this value would leave the curve at least half of the height."""
    span = max(seen) - min(seen)
    return max([*seen, value]) - min([*seen, value]) <= max(2 * span, 1e-12)


def _caption(plot: _Plot) -> str:
    first, last, measure = plot.points[0], plot.points[-1], plot.measure
    if first is last:
        value = measure.value(last["value"])
        return f"One point was measured: {measure.name} {value} from {count(last['rows'])} rows."
    words = (
        f"From {count(first['rows'])} to {count(last['rows'])} rows, {measure.name} went from "
        f"{measure.value(first['value'])} to {measure.value(last['value'])}. "
    )
    if plot.forecast is None:
        return words + "The points follow no law that would carry a forecast."
    forecast = plot.forecast
    value = measure.estimate(forecast["value"], forecast["low"], forecast["high"])
    return f"{words}With {count(forecast['rows'])} rows expect about {value}."


def _table(plot: _Plot) -> Table:
    measure = plot.measure
    rows = [
        (count(point["rows"]), measure.value(point["value"]), _ends(point, measure), "measured")
        for point in plot.points
    ]
    if plot.forecast:
        forecast = plot.forecast
        value = measure.value(forecast["value"])
        rows.append((count(forecast["rows"]), value, _ends(forecast, measure), "forecast"))
    for named in (plot.baseline, plot.simplest):
        if named:
            rows.append(("all", measure.value(named[1]), "", named[0]))
    return Table(("rows", measure.name, "95 % interval", "what"), tuple(rows))


def _ends(point: CurvePoint, measure: Measure) -> str:
    return measure.interval(point["low"], point["high"])


def _draw(plot: _Plot, width: int) -> Drawing:
    height = 330.0 if width > NARROW else 310.0
    gutter = 176.0 if width > NARROW else 12.0
    keys = [] if width > NARROW else _keys(plot)
    top = 28.0 + 19 * len(keys)
    across, up = _scales(plot, (52.0, width - gutter), (height - 46, top))
    parts = [
        label(0, 12, _axis_name(plot), class_="axis"),
        *keys,
        *_grid(plot, across, up),
        *_levels(plot, across, up),
        *_curve(plot, across, up),
    ]
    if width > NARROW:
        parts += _line_labels(plot, across, up, gutter)
    x = (across.start + across.end) / 2
    parts.append(label(x, height - 6, "rows learned from", class_="axis", text_anchor="middle"))
    return Drawing(width, height, parts)


def _scales(
    plot: _Plot, across: tuple[float, float], up: tuple[float, float]
) -> tuple[Scale, Scale]:
    every = [*plot.points, *([plot.forecast] if plot.forecast else [])]
    levels = [named[1] for named in (plot.baseline, plot.simplest) if named]
    ends = [end for point in every for end in (point["low"], point["high"])]
    low, high = extent([*levels, *ends, *(point["value"] for point in every)])
    rows = [max(point["rows"], 1) for point in every]
    smallest, largest = min(rows) / 1.12, max(rows) * 1.12
    return Scale(smallest, largest, *across, logarithmic=True), Scale(low, high, *up)


def _axis_name(plot: _Plot) -> str:
    direction = "higher" if plot.higher_is_better else "lower"
    return f"{plot.measure.axis_name} ({direction} is better)"


def _grid(plot: _Plot, across: Scale, up: Scale) -> list[Markup]:
    parts = []
    levels = up.ticks(6)
    for value, words in zip(levels, plot.measure.axis(levels), strict=True):
        parts.append(line(across.start, up(value), across.end, up(value), "grid"))
        parts.append(
            label(across.start - 8, up(value) + 4, words, class_="tick", text_anchor="end")
        )
    rows = [point["rows"] for point in [*plot.points, *([plot.forecast] if plot.forecast else [])]]
    names = [brief(value) for value in rows]
    places = [across(value) for value in rows]
    for index in thinned(places, [length(name, 12) for name in names]):
        parts.append(line(places[index], up.start, places[index], up.start + 5, "stem"))
        where = {"class_": "tick", "text_anchor": "middle"}
        parts.append(label(places[index], up.start + 19, names[index], **where))
    return parts


def _levels(plot: _Plot, across: Scale, up: Scale) -> list[Markup]:
    named = ((plot.baseline, "theirs"), (plot.simplest, "quiet"))
    return [
        line(across.start, up(level[1]), across.end, up(level[1]), f"line dashed {tone}")
        for level, tone in named
        if level
    ]


def _curve(plot: _Plot, across: Scale, up: Scale) -> list[Markup]:
    points = plot.points
    centres = [(across(point["rows"]), up(point["value"])) for point in points]
    parts = []
    if len(points) > 1:
        lower = [(across(point["rows"]), up(point["low"])) for point in points]
        upper = [(across(point["rows"]), up(point["high"])) for point in points]
        parts.append(path([*lower, *reversed(upper)], "band ours", closed=True))
        parts.append(path(centres, "line ours"))
    else:
        parts.append(_whisker(points[0], across, up))
    if plot.forecast:
        there = (across(plot.forecast["rows"]), up(plot.forecast["value"]))
        parts.append(path([centres[-1], there], "line ours dotted"))
        parts.append(_whisker(plot.forecast, across, up))
        says = _says(plot.forecast, plot, "forecast")
        parts.append(dot(*there, 4.5, "hollow ours", says))
    for centre, point in zip(centres, points, strict=True):
        parts.append(dot(*centre, 4, "dot ours", _says(point, plot, "measured")))
    return parts


def _whisker(point: CurvePoint, across: Scale, up: Scale) -> Markup:
    x = across(point["rows"])
    return line(x, up(point["low"]), x, up(point["high"]), "whisker ours")


def _says(point: CurvePoint, plot: _Plot, what: str) -> str:
    value = plot.measure.estimate(point["value"], point["low"], point["high"])
    return f"{count(point['rows'])} rows: {value}, {what}"


def _line_labels(plot: _Plot, across: Scale, up: Scale, gutter: float) -> list[Markup]:
    """Names at the right end of the lines, moved apart where they would overlap."""
    last = plot.forecast or plot.points[-1]
    named = [("this network", last["value"], "ours")]
    for level, tone in ((plot.baseline, "theirs"), (plot.simplest, "quiet")):
        if level:
            named.append((level[0], level[1], tone))
    places = spread([up(value) for _, value, _ in named], 36, up.end, up.start)
    parts = []
    for (name, value, tone), y in zip(named, places, strict=True):
        x = across.end + 12
        words = plot.measure.value(value)
        if tone == "ours" and plot.forecast:
            words += " forecast"
        parts.append(label(x, y - 2, fit(name, gutter - 12), class_=f"name {tone}"))
        parts.append(label(x, y + 13, words, class_="tick"))
    return parts


def _keys(plot: _Plot) -> list[Markup]:
    """A key above the plot, where there is no room beside it."""
    named = [("this network, with its 95 % band", "line ours")]
    for level, tone in ((plot.baseline, "theirs"), (plot.simplest, "quiet")):
        if level:
            named.append((f"{level[0]}: {plot.measure.value(level[1])}", f"line dashed {tone}"))
    parts = []
    for index, (words, class_) in enumerate(named):
        y = 30.0 + 19 * index
        parts.append(line(0, y - 4, 22, y - 4, class_))
        parts.append(label(30, y, fit(words, NARROW - 34, FONT), class_="tick"))
    return parts
