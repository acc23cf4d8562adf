"""The conventional ways beside the network: one dot and one interval each."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pellucid.evidence.document import Target
from pellucid.evidence.figures.rows import Rows
from pellucid.evidence.figures.scales import Scale, extent, thinned
from pellucid.evidence.figures.svg import (
    NARROW,
    Drawing,
    Figure,
    Table,
    dot,
    drawn,
    label,
    length,
    line,
    path,
)
from pellucid.evidence.numerals import Measure, duration
from pellucid.evidence.unseen import proving

TITLE = "The network beside the conventional ways"
DESCRIPTION = (
    "One row for each way of predicting, the best at the top: a dot for its performance on the "
    "same rows, a line for the 95 % interval. The numbers follow in a table."
)


def conventional_ways(target: Target) -> Figure:
    """The network, every baseline and the simplest guess, sorted from best to worst."""
    performance = target["performance"]
    measure = Measure(performance["metric"], target["unit"])
    ways = _ways(target)
    rows = tuple(
        (
            way.name,
            measure.value(way.value),
            measure.interval(way.low, way.high) if way.has_interval else "",
            "" if way.seconds is None else duration(way.seconds),
        )
        for way in ways
    )
    better = "higher" if performance["higher_is_better"] else "lower"
    axis = f"{measure.axis_name} ({better} is better)"
    return Figure(
        TITLE,
        _caption(target, measure),
        drawn(lambda width: _draw(ways, measure, axis, width), TITLE, DESCRIPTION),
        Table(("way", measure.name, "95 % interval", "time"), rows),
    )


@dataclass(frozen=True)
class _Way:
    name: str
    value: float
    low: float
    high: float
    tone: str
    seconds: float | None = None

    @property
    def has_interval(self) -> bool:
        return self.high > self.low


def _ways(target: Target) -> list[_Way]:
    performance, simplest = target["performance"], target["simplest"]
    value, low, high = performance["value"], performance["low"], performance["high"]
    ways = [_Way("this network", value, low, high, "ours")]
    ways += [
        _Way(way["name"], way["value"], way["low"], way["high"], "theirs", way["seconds"])
        for way in target["baselines"]
    ]
    if simplest["name"] not in {way.name for way in ways}:
        value = simplest["value"]
        ways.append(_Way(simplest["name"], value, value, value, "quiet"))
    return sorted(ways, key=lambda way: way.value, reverse=performance["higher_is_better"])


def _caption(target: Target, measure: Measure) -> str:
    best, gap = target["baseline"], target["gap"]
    performance = target["performance"]
    rows = f"All were judged on the same {performance['rows']:,} {proving(performance)}."
    if best is None or gap is None:
        return rows
    side, size, ends = measure.gap(gap["value"], gap["low"], gap["high"])
    return (
        f"{rows} Row by row, the network is {size} {side} than the best conventional way, "
        f"{best['name']} (95 % interval: {ends})."
    )


def _draw(ways: list[_Way], measure: Measure, axis: str, width: int) -> Drawing:
    # A narrow page has no room for the interval's ends: the line and the table show them.
    values = [_value(way, measure) if width > NARROW else measure.value(way.value) for way in ways]
    layout = Rows(width, [way.name for way in ways], values, 26)
    low, high = extent(_range(ways))
    across = Scale(low, high, layout.start + 8, layout.end - 8)
    bottom = layout.height + 4
    parts = [label(layout.start if width > NARROW else 0, 12, axis, class_="axis")]
    ticks = across.ticks(6 if width > NARROW else 4)
    words, places = measure.axis(ticks), [across(value) for value in ticks]
    for index in thinned(places, [length(each, 12) for each in words]):
        x, where = places[index], {"class_": "tick", "text_anchor": "middle"}
        parts.append(line(x, 22, x, bottom, "grid"))
        parts.append(label(x, bottom + 16, words[index], **where))
    for index, way in enumerate(ways):
        parts += layout.words(index, way.tone if way.tone == "ours" else "")
        parts += _marks(way, layout.middle(index), across, measure)
    return Drawing(width, bottom + 22, parts)


def _value(way: _Way, measure: Measure) -> str:
    if not way.has_interval:
        return measure.value(way.value)
    return measure.estimate(way.value, way.low, way.high)


def _range(ways: list[_Way]) -> list[float]:
    """What the axis spans: all but a simplest guess so far off that it would squash the rest."""
    near = [end for way in ways if way.tone != "quiet" for end in (way.low, way.high)]
    every = [end for way in ways for end in (way.low, way.high)]
    if max(every) - min(every) <= 4 * (max(near) - min(near)):
        return every
    return near


def _marks(way: _Way, y: float, across: Scale, measure: Measure) -> list[Markup]:
    says = f"{way.name}: {_value(way, measure)}"
    if not across.low <= way.value <= across.high:
        x, point = (across.start - 6, -9) if way.value < across.low else (across.end + 6, 9)
        arrow = [(x + point, y), (x, y - 5), (x, y + 5)]
        return [path(arrow, f"dot {way.tone}", closed=True)]
    parts = []
    if way.has_interval:
        parts.append(line(across(way.low), y, across(way.high), y, f"interval {way.tone}"))
    parts.append(dot(across(way.value), y, 5, f"dot {way.tone}", says))
    return parts
