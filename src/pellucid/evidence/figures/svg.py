"""The pieces of a figure: escaped SVG elements, the wide and the narrow drawing, the table."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from markupsafe import Markup, escape

WIDE, NARROW = 704, 320  # pixels: the column of a page, and a phone's
FONT = 13  # pixels
LETTER = 0.57  # mean width of a letter, in units of the font size


@dataclass(frozen=True)
class Drawing:
    """Elements on a canvas of so many pixels."""

    width: float
    height: float
    parts: Sequence[Markup]


Draw: TypeAlias = Callable[[int], Drawing]  # given the width of the page's column


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure; `more` rows were left out."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0
    class_: str = ""  # of the page's style sheet


@dataclass(frozen=True)
class Figure:
    """A drawing in two widths, the sentence that says what it shows, and its numbers."""

    title: str
    caption: str
    drawing: Markup
    table: Table
    small: bool = False  # the caption may stand beside it


def drawn(draw: Draw, title: str, description: str) -> Markup:
    """The drawing for wide and for narrow pages; the style sheet shows one of them."""
    return Markup("").join(
        _svg(draw(width), title, description, name)
        for width, name in ((WIDE, "wide"), (NARROW, "narrow"))
    )


def element(tag: str, content: str = "", /, **attributes: str | float) -> Markup:
    """One element, its text and attributes escaped; `class_` stands for class, `_` for -."""
    pairs = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
        if value != ""
    )
    return Markup(f"<{tag}{pairs}>{escape(content)}</{tag}>")


def label(x: float, y: float, words: str, **attributes: str | float) -> Markup:
    """Text with its baseline at y."""
    return element("text", words, x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def dot(x: float, y: float, radius: float, class_: str, says: str) -> Markup:
    """A point that tells its numbers when the pointer rests on it."""
    return element("circle", element("title", says), cx=x, cy=y, r=radius, class_=class_)


def bar(corner: tuple[float, float], width: float, height: float, class_: str, says: str) -> Markup:
    """A rectangle from its upper left corner."""
    x, y = corner
    width, height = max(width, 0.0), max(height, 0.0)
    title = element("title", says) if says else ""
    return element("rect", title, x=x, y=y, width=width, height=height, class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str, closed: bool = False) -> Markup:
    """A line through points."""
    stops = "L".join(f"{_number(x)} {_number(y)}" for x, y in points)
    return element("path", d=f"M{stops}{'Z' if closed else ''}", class_=class_)


def fit(words: str, pixels: float, font: float = FONT) -> str:
    """Cut words to about so many pixels, in the middle: names often differ at their end."""
    if length(words, font) <= pixels:
        return words
    room = max(int(len(words) * pixels / length(words, font)) - 1, 2)
    tail = room // 3
    return words[: room - tail].rstrip() + "…" + words[len(words) - tail :].lstrip()


def length(words: str, font: float = FONT) -> float:
    """About how many pixels words take; East Asian letters are twice as wide."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    return (len(words) + wide * 0.9) * font * LETTER


def _svg(drawing: Drawing, title: str, description: str, class_: str) -> Markup:
    content = (element("title", title), element("desc", description), *drawing.parts)
    width, height = _number(drawing.width), _number(drawing.height)
    return element(
        "svg",
        Markup("").join(content),
        class_=class_,
        role="img",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
    )


def _attribute(value: str | float) -> str:
    return _number(value) if isinstance(value, int | float) else str(escape(value))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
