"""Formulas as blocks of text: two-dimensional where it helps, one line where it fits."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import singledispatch

from pellucid.working.formula import Formula
from pellucid.working.printing import display
from pellucid.working.printing.display import Display, displayed
from pellucid.working.printing.numbers import Notation

RAISED = str.maketrans("0123456789+−nTkt", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀᵏᵗ")
LOWERED = str.maketrans("0123456789+−ijknt", "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₜ")
PLAIN = {
    **{"−": "-", "·": "*", "≤": "<=", "≥": ">=", "≠": "!=", "⊙": "(*)", "∂": "d", "∞": "inf"},
    **{"‖": "||", "✓": "ok", "×": "x", "…": "...", "—": "-", "–": "-", "≈": "~", "→": "->"},
    **{"√": "sqrt", "²": "^2", "³": "^3", "⁻": "^-", "¹": "1", "ᵀ": "^T", "∈": "in", "±": "+-"},
    **{"“": '"', "”": '"', "’": "'", "⇒": "=>", "│": "|", "─": "-", "━": "=", "┼": "+"},
    **{
        "⋮": ":",
        "⋯": "...",
        "ŷ": "y_hat",
        "ℓ": "l",
        "½": "1/2",
        "°": " deg",
        "∑": "sum",
        "Σ": "sum",
    },
    **{letter: name for name, letter in display.GREEK.items() if name != "Sigma"},
    **{chr(0x2080 + digit): f"_{digit}" for digit in range(10)},
    **{"⁰": "^0", "⁴": "^4", "⁵": "^5", "⁶": "^6", "⁷": "^7", "⁸": "^8", "⁹": "^9", "₋": "_-"},
}


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
    return sum(not unicodedata.combining(letter) for letter in text)


def padded(text: str, width: int) -> str:
    """Fill a text with spaces on the right."""
    return text + " " * (width - columns(text))


def plain_text(text: str) -> str:
    """Write a text in ASCII only."""
    return "".join(PLAIN.get(letter, letter) for letter in text).encode("ascii", "replace").decode()


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


def one_line(formula: Formula) -> str:
    """A formula in one line, for messages."""
    return linear(displayed(formula, Notation()), ascii=False)


def word(text: str, ascii: bool = False) -> Block:
    """One line of text as a block."""
    return Block((plain_text(text) if ascii else text,))


@singledispatch
def lay(piece: Display, ascii: bool) -> Block:
    """Lay one piece of display out."""
    return word(linear(piece, ascii))


@lay.register
def _(piece: display.Word, ascii: bool) -> Block:
    return word(piece.text, ascii)


@lay.register
def _(piece: display.Row, ascii: bool) -> Block:
    return beside(word(""), *(lay(part, ascii) for part in piece.parts))


@lay.register
def _(piece: display.Fraction, ascii: bool) -> Block:
    if _is_short(piece.above) and _is_short(piece.below):
        return word(linear(piece, ascii))
    above, below = lay(piece.above, ascii), lay(piece.below, ascii)
    width = max(above.width, below.width)
    lines = [line.center(width) for line in above.lines]
    lines.append(("-" if ascii else "─") * width)
    lines += [line.center(width) for line in below.lines]
    return Block(tuple(f" {line} " for line in lines), len(above.lines))


def _is_short(piece: Display) -> bool:
    """Say whether a piece is a plain word, with or without an index, a sign or a round d."""
    if isinstance(piece, display.Row):
        signed = piece.parts[0] in (display.Word("−"), *map(_name, "d∂"))
        return len(piece.parts) == 2 and signed and _is_short(piece.parts[1])
    return isinstance(piece, (display.Word, display.Lowered, display.Hat))


@lay.register
def _(piece: display.Fence, ascii: bool) -> Block:
    inner = lay(piece.inner, ascii)
    if len(inner.lines) == 1:
        return beside(word(piece.left, ascii), inner, word(piece.right, ascii))
    left = _tall(piece.left, len(inner.lines), ascii)
    right = _tall(piece.right, len(inner.lines), ascii)
    rows = zip(left, inner.lines, right, strict=True)
    return Block(tuple("".join(row) for row in rows), inner.axis)


def _name(letter: str) -> Display:
    return display.Word(letter, "name")


TALL = {"(": "⎛⎜⎝", ")": "⎞⎟⎠", "[": "⎡⎢⎣", "]": "⎤⎥⎦", "|": "│││", "‖": "║║║", "{": "⎧⎨⎩"}


def _tall(bracket: str, height: int, ascii: bool) -> list[str]:
    """Draw a bracket over several lines."""
    if ascii:
        return [plain_text(bracket)] * height
    top, middle, bottom = TALL[bracket]
    if height == 1:
        return [bracket]
    return [top, *[middle] * (height - 2), bottom]


@lay.register
def _(piece: display.Raised, ascii: bool) -> Block:
    base = lay(piece.base, ascii)
    if len(base.lines) > 1:
        exponent = word(linear(piece.exponent, ascii))
        lines = [line + " " * exponent.width for line in base.lines]
        lines[0] = base.lines[0] + exponent.lines[0]
        return Block(tuple(lines), base.axis)
    return word(linear(piece, ascii))


@lay.register
def _(piece: display.Root, ascii: bool) -> Block:
    inner = lay(piece.of, ascii)
    if len(inner.lines) == 1:
        return word(linear(piece, ascii))
    return beside(word("√", ascii), lay(display.Fence(piece.of), ascii))


@lay.register
def _(piece: display.Grid, ascii: bool) -> Block:
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
def _(piece: display.Cases, ascii: bool) -> Block:
    values = [(linear(value, ascii), linear(condition, ascii)) for value, condition in piece.rows]
    width = max(columns(value) for value, _ in values)
    brace = _tall("{", len(values), ascii)
    rows = zip(brace, values, strict=True)
    lines = tuple(f"{b} {padded(value, width)}  {condition}" for b, (value, condition) in rows)
    widest = max(map(columns, lines))
    return Block(tuple(padded(line, widest) for line in lines), (len(lines) - 1) // 2)


@singledispatch
def linear(piece: Display, ascii: bool) -> str:
    """Write a piece of display in one line."""
    raise TypeError(f"no line for {type(piece).__name__}")


@linear.register
def _(piece: display.Word, ascii: bool) -> str:
    return plain_text(piece.text) if ascii else piece.text


@linear.register
def _(piece: display.Row, ascii: bool) -> str:
    return "".join(linear(part, ascii) for part in piece.parts)


@linear.register
def _(piece: display.Fraction, ascii: bool) -> str:
    above, below = linear(piece.above, ascii), linear(piece.below, ascii)
    loose = isinstance(piece.above, display.Row) and not _is_short(piece.above)
    above = f"({above})" if loose else above
    return f"{above}/{below}" if _is_short(piece.below) else f"{above}/({below})"


@linear.register
def _(piece: display.Fence, ascii: bool) -> str:
    left, right = (plain_text(part) if ascii else part for part in (piece.left, piece.right))
    return left + linear(piece.inner, ascii) + right


@linear.register
def _(piece: display.Raised, ascii: bool) -> str:
    exponent = linear(piece.exponent, ascii)
    if piece.base == display.Word("e", "name"):
        return f"exp({exponent})"
    base = linear(piece.base, ascii)
    if not ascii and all(ord(letter) in RAISED for letter in exponent):
        return base + exponent.translate(RAISED)
    simple = exponent.isalnum() or exponent.lstrip("-−").isdigit()
    return f"{base}^{exponent}" if simple else f"{base}^({exponent})"


@linear.register
def _(piece: display.Lowered, ascii: bool) -> str:
    base, index = linear(piece.base, ascii), linear(piece.index, ascii)
    if not ascii and all(ord(letter) in LOWERED for letter in index):
        return base + index.translate(LOWERED)
    return f"{base}_{index.replace(' ', '_')}"


@linear.register
def _(piece: display.Hat, ascii: bool) -> str:
    base = linear(piece.base, ascii)
    if ascii:
        return base + ("_hat" if piece.mark == "^" else "_bar")
    return unicodedata.normalize("NFC", base + ("\u0302" if piece.mark == "^" else "\u0304"))


@linear.register
def _(piece: display.Root, ascii: bool) -> str:
    inner = linear(piece.of, ascii)
    short = isinstance(piece.of, display.Word)
    return f"sqrt({inner})" if ascii else f"√{inner}" if short else f"√({inner})"


@linear.register
def _(piece: display.Grid, ascii: bool) -> str:
    rows = ["[" + ", ".join(linear(cell, ascii) for cell in row) + "]" for row in piece.rows]
    return "[" + ", ".join(rows) + "]"


@linear.register
def _(piece: display.Cases, ascii: bool) -> str:
    rows = [f"{linear(value, ascii)} {linear(when, ascii)}" for value, when in piece.rows]
    return "{" + "; ".join(rows) + "}"
