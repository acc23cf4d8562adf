"""A forecast beside what came: the past, the median, the band in which most values should lie."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

from pellucid.evidence.document import Forecast
from pellucid.evidence.figures.scales import Scale, extent
from pellucid.evidence.figures.svg import Drawing, Figure, Table, dot, drawn, label, line, path
from pellucid.evidence.numerals import axis, significant

Point = tuple[float, float]
Values = Sequence[float | None]


def forecast_beside_truth(forecast: Forecast, name: str) -> Figure:
    """One window: what it read in grey, what it foretold in blue, what came as points."""
    title = f"Forecast from {forecast['row']}"
    true = [value for value in forecast["true"] if value is not None]
    inside = sum(
        value is not None and low <= value <= high
        for value, low, high in zip(
            forecast["true"], forecast["low"], forecast["high"], strict=True
        )
    )
    caption = (
        f"From {forecast['row']} on: {inside:,} of the {len(true):,} values that came (points) lie "
        "in the band, where four in five should. The line in it is the median."
    )
    drawing = drawn(lambda width: _draw(forecast, name, width), title, caption)
    bands: list[Values] = [forecast["low"], forecast["high"]]
    columns: list[Values] = [forecast["true"], forecast["middle"], *bands]
    rows = tuple(
        (str(step), *map(_written, values))
        for step, values in enumerate(zip(*columns, strict=True), 1)
    )
    return Figure(title, caption, drawing, Table(("step", "true", "median", "low", "high"), rows))


def _draw(forecast: Forecast, name: str, width: int) -> Drawing:
    height = 210.0
    past, ahead = forecast["past"], len(forecast["middle"])
    shown = [v for key in ("past", "true", "low", "high") for v in forecast[key] if v is not None]
    across = Scale(1 - len(past), ahead, 58.0, width - 8.0)
    up = Scale(*extent(shown), height - 34, 24.0)
    parts = [label(0, 12, name, class_="axis"), *_grid(across, up, height)]
    parts += _lines(list(enumerate(past, 1 - len(past))), across, up, "line quiet")
    parts.append(_band(forecast, across, up))
    known = next((value for value in reversed(past) if value is not None), None)
    middle = list(enumerate([known, *forecast["middle"]]))
    parts += _lines(middle, across, up, "line ours")
    for step, value in enumerate(forecast["true"], 1):
        if value is not None:
            says = f"step {step}: {significant(value, 4)}"
            parts.append(dot(across(step), up(value), 2.4, "dot quiet", says))
    return Drawing(width, height, parts)


def _grid(across: Scale, up: Scale, height: float) -> list[Markup]:
    ticks = up.ticks(5)
    parts = []
    for value, words in zip(ticks, axis(ticks), strict=True):
        parts.append(line(across.start, up(value), across.end, up(value), "grid"))
        parts.append(
            label(across.start - 8, up(value) + 4, words, class_="tick", text_anchor="end")
        )
    steps = [value for value in across.ticks(7) if value == round(value)]
    for value in steps:
        where = {"class_": "tick", "text_anchor": "middle"}
        parts.append(label(across(value), height - 16, f"{value:.0f}".replace("-", "−"), **where))
    parts.append(line(across(0), up.start, across(0), up.end, "stem"))
    middle = (across.start + across.end) / 2
    parts.append(label(middle, height - 2, "steps", class_="axis", text_anchor="middle"))
    return parts


def _band(forecast: Forecast, across: Scale, up: Scale) -> Markup:
    low = [(across(step), up(value)) for step, value in enumerate(forecast["low"], 1)]
    high = [(across(step), up(value)) for step, value in enumerate(forecast["high"], 1)]
    return path([*low, *reversed(high)], "band ours", closed=True)


def _lines(
    values: Sequence[tuple[int, float | None]], across: Scale, up: Scale, class_: str
) -> list[Markup]:
    """The values as lines, broken where one is missing."""
    found = []
    for known, part in groupby(values, key=lambda pair: pair[1] is not None):
        points: list[Point] = [
            (across(step), up(value)) for step, value in part if value is not None
        ]
        if known and len(points) > 1:
            found.append(path(points, class_))
    return found


def _written(value: float | None) -> str:
    return "missing" if value is None else significant(value, 4)
