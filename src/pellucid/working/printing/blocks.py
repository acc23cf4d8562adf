"""Formulas as blocks of text: two-dimensional where it helps, one line where it fits."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import singledispatch

from pellucid.working.formula import Formula
from pellucid.working.printing import pieces
from pellucid.working.printing.display import displayed
from pellucid.working.printing.linear import RAISED, is_short, linear, plain_text
from pellucid.working.printing.numbers import Notation
from pellucid.working.printing.pieces import Display


@dataclass(frozen=True)
class Block:
    """Lines of one width; the formula runs along line `axis`."""

    lines: tuple[str, ...]
    axis: int = 0

    @property
    def width(self) -> int:
        """Columns of a terminal."""
        return columns(self.lines[0])


def columns(text: str) -> int:
    """Columns that a text takes in a terminal: combining marks take none."""
    if text.isascii():
        return len(text)
    return sum(not unicodedata.combining(letter) for letter in text)


def padded(text: str, width: int) -> str:
    """Fill a text with spaces on the right."""
    return text + " " * (width - columns(text))


def beside(*blocks: Block) -> Block:
    """Put blocks next to each other along their axes."""
    above = max(block.axis for block in blocks)
    below = max(len(block.lines) - block.axis for block in blocks)
    lines = [""] * (above + below)
    for block in blocks:
        for place in range(above + below):
            row = place - above + block.axis
            inside = 0 <= row < len(block.lines)
            lines[place] += block.lines[row] if inside else " " * block.width
    return Block(tuple(lines), above)


def block(formula: Formula, notation: Notation, ascii: bool = False) -> Block:
    """Lay a formula out as a block."""
    return lay(displayed(formula, notation), ascii)


def word(text: str, ascii: bool = False) -> Block:
    """One line of text as a block."""
    return Block((plain_text(text) if ascii else text,))


@singledispatch
def lay(piece: Display, ascii: bool) -> Block:
    """Lay one piece of display out."""
    return word(linear(piece, ascii))


@lay.register
def _(piece: pieces.Word, ascii: bool) -> Block:
    return word(piece.text, ascii)


@lay.register
def _(piece: pieces.Row, ascii: bool) -> Block:
    return beside(word(""), *(lay(part, ascii) for part in piece.parts))


@lay.register
def _(piece: pieces.Fraction, ascii: bool) -> Block:
    if is_short(piece.above) and is_short(piece.below):
        return word(linear(piece, ascii))
    above, below = lay(piece.above, ascii), lay(piece.below, ascii)
    width = max(above.width, below.width)
    lines = [line.center(width) for line in above.lines]
    lines.append(("-" if ascii else "─") * width)
    lines += [line.center(width) for line in below.lines]
    return Block(tuple(f" {line} " for line in lines), len(above.lines))


@lay.register
def _(piece: pieces.Fence, ascii: bool) -> Block:
    inner = lay(piece.inner, ascii)
    if len(inner.lines) == 1:
        return beside(word(piece.left, ascii), inner, word(piece.right, ascii))
    left = _tall(piece.left, len(inner.lines), ascii)
    right = _tall(piece.right, len(inner.lines), ascii)
    rows = zip(left, inner.lines, right, strict=True)
    return Block(tuple("".join(row) for row in rows), inner.axis)


TALL = {"(": "⎛⎜⎝", ")": "⎞⎟⎠", "[": "⎡⎢⎣", "]": "⎤⎥⎦", "|": "│││", "‖": "║║║", "{": "⎧⎨⎩"}


def _tall(bracket: str, height: int, ascii: bool) -> list[str]:
    """Draw a bracket over several lines."""
    if ascii:
        return [plain_text(bracket)] * height
    if height == 1:
        return [bracket]
    parts = TALL[bracket]
    return [parts[0], *[parts[1]] * (height - 2), parts[2]]


@lay.register
def _(piece: pieces.Raised, ascii: bool) -> Block:
    base = lay(piece.base, ascii)
    if len(base.lines) > 1:
        raised = linear(piece.exponent, ascii)
        if not ascii and all(ord(letter) in RAISED for letter in raised):
            raised = raised.translate(RAISED)
        exponent = word(raised)
        lines = [line + " " * exponent.width for line in base.lines]
        lines[0] = base.lines[0] + exponent.lines[0]
        return Block(tuple(lines), base.axis)
    return word(linear(piece, ascii))


@lay.register
def _(piece: pieces.Root, ascii: bool) -> Block:
    inner = lay(piece.of, ascii)
    if len(inner.lines) == 1:
        return word(linear(piece, ascii))
    return beside(word("√", ascii), lay(pieces.Fence(piece.of), ascii))


@lay.register
def _(piece: pieces.Grid, ascii: bool) -> Block:
    cells = [[lay(cell, ascii) for cell in row] for row in piece.rows]
    widths = [max(cell.width for cell in column) for column in zip(*cells, strict=True)]
    lines: list[str] = []
    for row in cells:
        spaced = [
            Block(tuple(line.rjust(width) for line in cell.lines), cell.axis)
            for cell, width in zip(row, widths, strict=True)
        ]
        gap = Block(("  ",))
        joined = [part for cell in spaced for part in (gap, cell)][1:]
        lines += beside(*joined).lines
    left, right = _tall("[", len(lines), ascii), _tall("]", len(lines), ascii)
    rows = zip(left, lines, right, strict=True)
    return Block(tuple(f"{a} {line} {b}" for a, line, b in rows), (len(lines) - 1) // 2)


@lay.register
def _(piece: pieces.Cases, ascii: bool) -> Block:
    values = [(linear(value, ascii), linear(condition, ascii)) for value, condition in piece.rows]
    width = max(columns(value) for value, _ in values)
    brace = _tall("{", len(values), ascii)
    rows = zip(brace, values, strict=True)
    lines = tuple(f"{b} {padded(value, width)}  {condition}" for b, (value, condition) in rows)
    widest = max(map(columns, lines))
    return Block(tuple(padded(line, widest) for line in lines), (len(lines) - 1) // 2)
