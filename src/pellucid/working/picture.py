"""Pictures as data: lines, areas and marks in the units of the mathematics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Place: TypeAlias = tuple[float, float]
Role: TypeAlias = Literal["first", "second", "third", "faint"]


@dataclass(frozen=True)
class Path:
    """A line through places, or an area when closed; an arrow points along its last piece."""

    name: str  # for the legend and the description; "" leaves it out of both
    places: tuple[Place, ...]
    role: Role = "first"
    closed: bool = False
    arrow: bool = False
    dots: bool = False  # mark each place
    dashed: bool = False


@dataclass(frozen=True)
class Mark:
    """A word at a place."""

    text: str
    place: Place
    role: Role = "first"
    left: bool = False  # written to the left of the place


@dataclass(frozen=True)
class Picture:
    """Paths and marks with a title, and a description for those who cannot see it."""

    title: str
    description: str
    paths: tuple[Path, ...]
    marks: tuple[Mark, ...] = ()
    across: str = "x"
    up: str = "y"
    equal: bool = False  # one unit is as long up as across


@dataclass(frozen=True)
class Tinted:
    """A picture of pixels under a grid of fields, each tinted by its number."""

    title: str
    description: str
    image: str  # a data URI; it fills the grid from edge to edge
    names: tuple[tuple[str, ...], ...]  # of the fields, row by row
    numbers: tuple[tuple[float, ...], ...]
    aspect: float = 1.0  # width by height, as it is drawn


@dataclass(frozen=True)
class Frame:
    """The part of the plane that a picture shows."""

    left: float
    right: float
    bottom: float
    top: float


def frame(picture: Picture) -> Frame:
    """The smallest rectangle around everything, with a margin of a twelfth."""
    places = [place for path in picture.paths for place in path.places]
    places += [mark.place for mark in picture.marks]
    across = [x for x, _ in places if math.isfinite(x)] or [0.0]
    up = [y for _, y in places if math.isfinite(y)] or [0.0]
    left, right = _widened(min(across), max(across))
    bottom, top = _widened(min(up), max(up))
    return Frame(left, right, bottom, top)


def _widened(low: float, high: float) -> tuple[float, float]:
    margin = (high - low) / 12 or max(1.0, abs(low) / 12)
    return low - margin, high + margin


def ticks(low: float, high: float, about: int = 5) -> tuple[float, ...]:
    """Round places for the marks of an axis: whole multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / about
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough)
    first = math.ceil(low / step)
    return tuple(round(k * step, 12) + 0.0 for k in range(first, math.floor(high / step) + 1))
