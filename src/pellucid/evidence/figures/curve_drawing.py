"""How a learning curve is drawn: the measured points, the forecast, the ways to compare with."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pellucid.evidence.document import CurvePoint
from pellucid.evidence.figures.scales import Scale, extent, spread, thinned
from pellucid.evidence.figures.svg import FONT, NARROW, Drawing, dot, fit, label, length, line, path
from pellucid.evidence.numerals import Measure, brief, count


@dataclass(frozen=True)
class CurvePlot:
    """What is drawn: points from few to many rows, a forecast, and levels to compare with."""

    points: list[CurvePoint]
    forecast: CurvePoint | None
    network: CurvePoint | None  # the network itself, where the curve is of smaller ones
    levels: list[tuple[str, float, str]]  # name, value, tone
    measure: Measure
    higher_is_better: bool

    @property
    def name(self) -> str:
        """Whose curve it is."""
        return "smaller networks" if self.network else "this network"

    @property
    def every(self) -> list[CurvePoint]:
        """All that has a place: the points, the forecast, the network itself."""
        return [*self.points, *(point for point in (self.forecast, self.network) if point)]


def draw_curve(plot: CurvePlot, width: int) -> Drawing:
    """The curve with names beside its lines, or above them on a narrow page."""
    height = 330.0 if width > NARROW else 310.0
    gutter = 176.0 if width > NARROW else 12.0
    keys = [] if width > NARROW else _keys(plot)
    top = 26.0 + 9.5 * len(keys)  # a key is two elements, 19 pixels high
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
    plot: CurvePlot, across: tuple[float, float], up: tuple[float, float]
) -> tuple[Scale, Scale]:
    levels = [value for _, value, _ in plot.levels]
    seen = [end for point in plot.every for end in (point["low"], point["value"], point["high"])]
    low, high = extent([*levels, *seen])
    rows = [max(point["rows"], 1) for point in plot.every]
    smallest, largest = min(rows) / 1.12, max(rows) * 1.12
    return Scale(smallest, largest, *across, logarithmic=True), Scale(low, high, *up)


def _axis_name(plot: CurvePlot) -> str:
    direction = "higher" if plot.higher_is_better else "lower"
    return f"{plot.measure.axis_name} ({direction} is better)"


def _grid(plot: CurvePlot, across: Scale, up: Scale) -> list[Markup]:
    parts = []
    levels = up.ticks(8)
    for value, words in zip(levels, plot.measure.axis(levels), strict=True):
        parts.append(line(across.start, up(value), across.end, up(value), "grid"))
        parts.append(
            label(across.start - 8, up(value) + 4, words, class_="tick", text_anchor="end")
        )
    rows = sorted({point["rows"] for point in plot.every})
    names = [brief(value) for value in rows]
    places = [across(value) for value in rows]
    for index in thinned(places, [length(name, 12) for name in names]):
        parts.append(line(places[index], up.start, places[index], up.start + 5, "stem"))
        where = {"class_": "tick", "text_anchor": "middle"}
        parts.append(label(places[index], up.start + 19, names[index], **where))
    return parts


def _levels(plot: CurvePlot, across: Scale, up: Scale) -> list[Markup]:
    return [
        line(across.start, up(value), across.end, up(value), f"line dashed {tone}")
        for _, value, tone in plot.levels
    ]


def _curve(plot: CurvePlot, across: Scale, up: Scale) -> list[Markup]:
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
        parts.append(dot(*centre, 4, "dot ours", _says(point, plot, plot.name)))
    if plot.network:
        there = (across(plot.network["rows"]), up(plot.network["value"]))
        parts.append(_whisker(plot.network, across, up))
        parts.append(dot(*there, 6.5, "dot ours", _says(plot.network, plot, "this network")))
    return parts


def _whisker(point: CurvePoint, across: Scale, up: Scale) -> Markup:
    x = across(point["rows"])
    return line(x, up(point["low"]), x, up(point["high"]), "whisker ours")


def _says(point: CurvePoint, plot: CurvePlot, what: str) -> str:
    value = plot.measure.estimate(point["value"], point["low"], point["high"])
    return f"{count(point['rows'])} rows: {value}, {what}"


def _line_labels(plot: CurvePlot, across: Scale, up: Scale, gutter: float) -> list[Markup]:
    """Names at the right end of the lines, moved apart where they would overlap."""
    last, now = plot.forecast or plot.points[-1], plot.measure.value(plot.points[-1]["value"])
    words = f"{now} → {plot.measure.value(last['value'])} forecast" if plot.forecast else now
    named = [(plot.name, words, last["value"], "ours")]
    if plot.network:
        value = plot.network["value"]
        named.append(("this network", plot.measure.value(value), value, "ours"))
    named += [(name, plot.measure.value(value), value, tone) for name, value, tone in plot.levels]
    places = spread([up(value) for _, _, value, _ in named], 36, up.end, up.start)
    parts = []
    for (name, words, _, tone), y in zip(named, places, strict=True):
        x = across.end + 12
        parts.append(label(x, y - 2, fit(name, gutter - 12), class_=f"name {tone}"))
        parts.append(label(x, y + 13, words, class_="tick"))
    return parts


def _keys(plot: CurvePlot) -> list[Markup]:
    """A key above the plot, where there is no room beside it."""
    named = [(f"{plot.name}, with the 95 % band", "line ours")]
    named += [
        (f"{name}: {plot.measure.value(value)}", f"line dashed {tone}")
        for name, value, tone in plot.levels
    ]
    parts = []
    for index, (words, class_) in enumerate(named):
        y = 32.0 + 19 * index
        parts.append(line(0, y - 4, 22, y - 4, class_))
        parts.append(label(30, y, fit(words, NARROW - 34, FONT), class_="tick"))
    if plot.network:
        y = 32.0 + 19 * len(named)
        words = f"this network: {plot.measure.value(plot.network['value'])}"
        parts.append(dot(11, y - 4, 5.5, "dot ours", words))
        parts.append(label(30, y, words, class_="tick"))
    return parts
