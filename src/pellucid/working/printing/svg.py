"""A picture as SVG with a title and a description, readable in light and in dark."""

from __future__ import annotations

import math
from html import escape

from pellucid.working.picture import Frame, Mark, Path, Picture, Place, frame, ticks

WIDTH, HEIGHT, MARGIN = 560.0, 340.0, 46.0


class _Scale:
    """From the units of the mathematics to those of the drawing."""

    def __init__(self, view: Frame, equal: bool) -> None:
        across, up = view.right - view.left, view.top - view.bottom
        self.view = view
        self.x = (WIDTH - 2 * MARGIN) / across
        self.y = (HEIGHT - 2 * MARGIN) / up
        if equal:
            self.x = self.y = min(self.x, self.y)
        self.width = 2 * MARGIN + self.x * across
        self.height = 2 * MARGIN + self.y * up

    def place(self, point: Place) -> Place:
        """Where a point is drawn."""
        x = MARGIN + (point[0] - self.view.left) * self.x
        y = MARGIN + (self.view.top - point[1]) * self.y
        return round(x, 1), round(y, 1)


def svg(picture: Picture, name: str) -> str:
    """The picture; `name` makes its ids unique on a page."""
    scale = _Scale(frame(picture), picture.equal)
    parts = [
        f'<svg role="img" aria-labelledby="{name}-t {name}-d" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {scale.width:g} {scale.height:g}" width="{scale.width:g}" '
        f'height="{scale.height:g}">',
        f'<title id="{name}-t">{escape(picture.title)}</title>',
        f'<desc id="{name}-d">{escape(picture.description)}</desc>',
        f'<defs><marker id="{name}-a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse"><path d="M0 1L9 5L0 9z" '
        'class="third tip"/></marker></defs>',
        *_axes(picture, scale),
        *(_path(path, scale, name) for path in picture.paths),
        *(_mark(mark, scale) for mark in picture.marks),
        "</svg>",
        _legend(picture),
    ]
    return "\n".join(part for part in parts if part)


def _axes(picture: Picture, scale: _Scale) -> list[str]:
    view, parts = scale.view, []
    for tick in ticks(view.left, view.right):
        x, low = scale.place((tick, view.bottom))
        _, high = scale.place((tick, view.top))
        parts.append(f'<path class="{_rule(tick)}" d="M{x} {low}V{high}"/>')
        parts.append(_text("tick", (x, low + 16), _label(tick), "middle"))
    for tick in ticks(view.bottom, view.top):
        left, y = scale.place((view.left, tick))
        right, _ = scale.place((view.right, tick))
        parts.append(f'<path class="{_rule(tick)}" d="M{left} {y}H{right}"/>')
        parts.append(_text("tick", (left - 6, y + 4), _label(tick), "end"))
    across, below = scale.place((view.right, view.bottom))
    side, top = scale.place((view.left, view.top))
    parts.append(_text("name", (across, below + 34), picture.across, "end"))
    parts.append(_text("name", (side - 6, top - 10), picture.up, "end"))
    return parts


def _rule(tick: float) -> str:
    return "axis" if tick == 0 else "grid"


def _text(kind: str, place: Place, text: str, anchor: str) -> str:
    x, y = place
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _label(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _path(path: Path, scale: _Scale, name: str) -> str:
    runs: list[list[Place]] = [[]]
    for place in path.places:
        if all(map(math.isfinite, place)):
            runs[-1].append(scale.place(place))
        elif runs[-1]:
            runs.append([])
    line = "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in run) for run in runs if run)
    kind = f"{path.role}{' area' if path.closed else ' line'}{' dashed' if path.dashed else ''}"
    tip = f' marker-end="url(#{name}-a)"' if path.arrow else ""
    drawn = f'<path class="{kind}" d="{line}{"z" if path.closed else ""}"{tip}/>'
    dots = "".join(
        f'<circle class="{path.role} dot" cx="{x:g}" cy="{y:g}" r="3.5"/>'
        for run in runs
        for x, y in run
        if path.dots
    )
    return drawn + dots


def _mark(mark: Mark, scale: _Scale) -> str:
    x, y = scale.place(mark.place)
    anchor, x = (' text-anchor="end"', x - 8) if mark.left else ("", x + 8)
    text = escape(mark.text)
    return f'<text class="{mark.role} word" x="{x:g}" y="{y - 2:g}"{anchor}>{text}</text>'


def _legend(picture: Picture) -> str:
    named = [path for path in picture.paths if path.name]
    if len(named) < 2:
        return ""
    items = "".join(
        f'<li class="{path.role}{" area" if path.closed else ""}">{escape(path.name)}</li>'
        for path in named
    )
    return f'<ul class="legend" aria-hidden="true">{items}</ul>'
