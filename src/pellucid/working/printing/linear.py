"""Formulas in one line of text, Unicode or ASCII."""

from __future__ import annotations

import unicodedata
from functools import singledispatch

from pellucid.working.formula import Formula
from pellucid.working.printing import pieces
from pellucid.working.printing.display import displayed
from pellucid.working.printing.numbers import Notation
from pellucid.working.printing.pieces import Display

RAISED = str.maketrans("0123456789+−nTkt", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀᵏᵗ")
LOWERED = str.maketrans("0123456789+−ijknt", "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₜ")
PLAIN = {
    "−": "-",
    "·": "*",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "⊙": "(*)",
    "∂": "d",
    "∞": "inf",
    "‖": "||",
    "✓": "ok",
    "×": "x",
    "…": "...",
    "—": "-",
    "–": "-",
    "≈": "~",
    "→": "->",
    "√": "sqrt",
    "²": "^2",
    "³": "^3",
    "⁻": "^-",
    "¹": "1",
    "ᵀ": "^T",
    "∈": "in",
    "±": "+-",
    "“": '"',
    "”": '"',
    "’": "'",
    "⇒": "=>",
    "│": "|",
    "─": "-",
    "━": "=",
    "┼": "+",
    "⋮": ":",
    "⋯": "...",
    "ŷ": "y_hat",
    "ℓ": "l",
    "½": "1/2",
    "°": " deg",
    "∑": "sum",
    "Σ": "sum",
    **{letter: name for name, letter in pieces.GREEK.items() if name != "Sigma"},
    **{chr(0x2080 + digit): f"_{digit}" for digit in range(10)},
    "⁰": "^0",
    "⁴": "^4",
    "⁵": "^5",
    "⁶": "^6",
    "⁷": "^7",
    "⁸": "^8",
    "⁹": "^9",
    "₋": "_-",
}


def plain_text(text: str) -> str:
    """Write a text in ASCII only."""
    return "".join(PLAIN.get(letter, letter) for letter in text).encode("ascii", "replace").decode()


def one_line(formula: Formula, decimal: bool = False) -> str:
    """A formula in one line, for messages and headings."""
    return linear(displayed(formula, Notation(decimal=decimal)), ascii=False)


def is_short(piece: Display) -> bool:
    """Say whether a piece is a plain word, with or without an index, a sign or a round d."""
    if isinstance(piece, pieces.Row):
        signed = piece.parts[0] in (pieces.Word("−"), *map(_word, "d∂"))
        return len(piece.parts) == 2 and signed and is_short(piece.parts[1])
    return isinstance(piece, (pieces.Word, pieces.Lowered, pieces.Hat))


def _word(letter: str) -> Display:
    return pieces.Word(letter, "name")


@singledispatch
def linear(piece: Display, ascii: bool) -> str:
    """Write a piece of display in one line."""
    raise TypeError(f"no line for {type(piece).__name__}")


@linear.register
def _(piece: pieces.Word, ascii: bool) -> str:
    return plain_text(piece.text) if ascii else piece.text


@linear.register
def _(piece: pieces.Row, ascii: bool) -> str:
    return "".join(linear(part, ascii) for part in piece.parts)


@linear.register
def _(piece: pieces.Fraction, ascii: bool) -> str:
    above, below = linear(piece.above, ascii), linear(piece.below, ascii)
    loose = isinstance(piece.above, pieces.Row) and not is_short(piece.above)
    above = f"({above})" if loose else above
    return f"{above}/{below}" if is_short(piece.below) else f"{above}/({below})"


@linear.register
def _(piece: pieces.Fence, ascii: bool) -> str:
    left, right = (plain_text(part) if ascii else part for part in (piece.left, piece.right))
    return left + linear(piece.inner, ascii) + right


@linear.register
def _(piece: pieces.Raised, ascii: bool) -> str:
    exponent = linear(piece.exponent, ascii)
    if piece.base == pieces.Word("e", "name"):
        return f"exp({exponent})"
    base = linear(piece.base, ascii)
    if not ascii and all(ord(letter) in RAISED for letter in exponent):
        return base + exponent.translate(RAISED)
    simple = exponent.isalnum() or exponent.lstrip("-−").isdigit()
    return f"{base}^{exponent}" if simple else f"{base}^({exponent})"


@linear.register
def _(piece: pieces.Lowered, ascii: bool) -> str:
    base, index = linear(piece.base, ascii), linear(piece.index, ascii)
    if not ascii and all(ord(letter) in LOWERED for letter in index):
        return base + index.translate(LOWERED)
    return f"{base}_{index.replace(' ', '_')}"


@linear.register
def _(piece: pieces.Hat, ascii: bool) -> str:
    base = linear(piece.base, ascii)
    if ascii:
        return base + ("_hat" if piece.mark == "^" else "_bar")
    return unicodedata.normalize("NFC", base + ("\u0302" if piece.mark == "^" else "\u0304"))


@linear.register
def _(piece: pieces.Root, ascii: bool) -> str:
    inner = linear(piece.of, ascii)
    short = isinstance(piece.of, pieces.Word)
    return f"sqrt({inner})" if ascii else f"√{inner}" if short else f"√({inner})"


@linear.register
def _(piece: pieces.Grid, ascii: bool) -> str:
    rows = ["[" + ", ".join(linear(cell, ascii) for cell in row) + "]" for row in piece.rows]
    return "[" + ", ".join(rows) + "]"


@linear.register
def _(piece: pieces.Cases, ascii: bool) -> str:
    rows = [f"{linear(value, ascii)} {linear(when, ascii)}" for value, when in piece.rows]
    return "{" + "; ".join(rows) + "}"
