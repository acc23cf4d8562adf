"""A picture as text: braille dots, or plain characters in ASCII."""

from __future__ import annotations

import math
import textwrap
from itertools import pairwise

from pellucid.working.picture import Frame, Path, Picture, Place, frame, ticks
from pellucid.working.printing.blocks import columns
from pellucid.working.printing.linear import plain_text

ROWS = 16  # lines of a terminal
BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
LETTERS = {"first": "#", "second": "o", "third": "+", "faint": "."}


class _Canvas:
    """Dots in character cells: 2 by 4 in braille, 1 by 1 in ASCII."""

    def __init__(self, view: Frame, width: int, height: int, ascii: bool) -> None:
        self.view, self.width, self.height = view, width, height
        self.fine = (1, 1) if ascii else (2, 4)
        self.ascii = ascii
        self.dots: dict[tuple[int, int], int | str] = {}
        self.words: dict[tuple[int, int], str] = {}

    def place(self, point: Place) -> tuple[float, float]:
        """Fine coordinates of a place, from the top left."""
        view = self.view
        across = (point[0] - view.left) / (view.right - view.left)
        down = (view.top - point[1]) / (view.top - view.bottom)
        return (
            across * (self.width * self.fine[0] - 1),
            down * (self.height * self.fine[1] - 1),
        )

    def dot(self, x: float, y: float, letter: str) -> None:
        """Set one dot."""
        column, row = round(x), round(y)
        cell = row // self.fine[1], column // self.fine[0]
        if not (0 <= cell[0] < self.height and 0 <= cell[1] < self.width):
            return
        if self.ascii:
            self.dots[cell] = letter
        else:
            bit = BRAILLE[row % 4][column % 2]
            self.dots[cell] = int(self.dots.get(cell, 0)) | bit

    def line(self, start: Place, end: Place, letter: str, dashed: bool) -> None:
        """Set the dots from one place to another."""
        if not all(math.isfinite(number) for number in (*start, *end)):
            return
        (x0, y0), (x1, y1) = self.place(start), self.place(end)
        count = min(2000, int(max(abs(x1 - x0), abs(y1 - y0))) + 1)
        for step in range(count + 1):
            if not (dashed and step % 6 > 2):
                part = step / count
                self.dot(x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, letter)

    def text(self, point: Place, text: str, shift: int = 0) -> None:
        """Write a word some columns from a place, kept inside the canvas."""
        x, y = self.place(point)
        row = min(max(round(y) // self.fine[1], 0), self.height - 1)
        start = round(x) // self.fine[0] + shift
        start = min(max(start, 0), max(0, self.width - len(text)))
        for offset, letter in enumerate(text[: self.width]):
            self.words[row, start + offset] = letter

    def rows(self) -> list[str]:
        """The canvas as lines."""
        return [
            "".join(self._cell(row, column) for column in range(self.width)).rstrip()
            for row in range(self.height)
        ]

    def _cell(self, row: int, column: int) -> str:
        if (row, column) in self.words:
            return self.words[row, column]
        dot = self.dots.get((row, column), " ")
        return dot if isinstance(dot, str) else chr(0x2800 + dot)


def plot(picture: Picture, width: int, ascii: bool) -> list[str]:
    """Draw a picture with its axes and legend as lines of text."""
    view = frame(picture)
    labels = [f"{tick:g}" for tick in ticks(view.bottom, view.top)]
    margin = max(map(columns, labels)) + 2
    across = min(width - margin, 64)
    if picture.equal:  # a character is about twice as tall as wide
        unit = (view.right - view.left) / (view.top - view.bottom)
        across = max(12, min(across, round(2 * ROWS * unit)))
    canvas = _Canvas(view, across, ROWS, ascii)
    for path in picture.paths:
        _draw(canvas, path)
    for mark in picture.marks:
        text = plain_text(mark.text) if ascii else mark.text
        canvas.text(mark.place, text, -len(text) if mark.left else 1)
    title = textwrap.wrap(picture.title, width)
    lines = [*title, *_with_axis(canvas, margin), *_below(canvas, margin)]
    named = [path for path in picture.paths if path.name]
    if ascii:
        lines += [f"{LETTERS[path.role]} {path.name}" for path in named]
    elif len(named) > 1:
        lines += _legend(named, width)
    return lines


def _draw(canvas: _Canvas, path: Path) -> None:
    letter = LETTERS[path.role]
    places = (*path.places, path.places[0]) if path.closed else path.places
    for start, end in pairwise(places):
        canvas.line(start, end, letter, path.dashed or path.role == "faint")
    if path.dots:
        for number, place in enumerate(path.places[:10]):
            canvas.text(place, str(number))


def _legend(paths: list[Path], width: int) -> list[str]:
    """Name the lines in reading order; braille has one colour."""
    text = "lines: " + " · ".join(path.name for path in paths)
    return [text] if columns(text) <= width else [f"· {path.name}" for path in paths]


def _with_axis(canvas: _Canvas, margin: int) -> list[str]:
    """The rows with the numbers of the upward axis on the left."""
    labels = {}
    for tick in ticks(canvas.view.bottom, canvas.view.top):
        row = round(canvas.place((canvas.view.left, tick))[1]) // canvas.fine[1]
        labels[min(row, canvas.height - 1)] = f"{tick:g}"
    bar = "|" if canvas.ascii else "│"
    rows = enumerate(canvas.rows())
    return [f"{labels.get(place, ''):>{margin - 2}} {bar}{row}" for place, row in rows]


def _below(canvas: _Canvas, margin: int) -> list[str]:
    """The line and the numbers of the axis across."""
    numbers = [" "] * (canvas.width + 8)
    for tick in ticks(canvas.view.left, canvas.view.right):
        label = f"{tick:g}"
        start = round(canvas.place((tick, canvas.view.bottom))[0]) // canvas.fine[0]
        start = max(0, start - len(label) // 2)
        numbers[start : start + len(label)] = label
    corner, bar = ("+", "-") if canvas.ascii else ("└", "─")
    indent = " " * (margin - 1)
    return [f"{indent}{corner}{bar * canvas.width}", f"{indent} {''.join(numbers).rstrip()}"]
