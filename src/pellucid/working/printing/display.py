"""The conventions of written mathematics, once for all printers: signs, brackets, dots, names."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from itertools import pairwise
from typing import cast

from pellucid.working import formula as tree
from pellucid.working.agreement import Samples, Value
from pellucid.working.formula import Formula
from pellucid.working.printing.numbers import Notation, written
from pellucid.working.printing.pieces import (
    SPACE,
    Cases,
    Display,
    Fence,
    Fraction,
    Grid,
    Hat,
    Lowered,
    Raised,
    Root,
    Row,
    Word,
    named,
)

SIGNS = {"<": " < ", ">": " > ", "<=": " ≤ ", ">=": " ≥ ", "=": " = ", "!=": " ≠ "}
LONGEST_ARRAY, AT_START, AT_END = 12, 6, 3  # entries shown of one row, whole or shortened
FUNCTION_NAMES = {"log": "ln", "sigmoid": "σ", "relu": "ReLU", "gelu": "GELU", "silu": "SiLU"}


def displayed(node: Formula, notation: Notation) -> Display:
    """Write a formula by the conventions."""
    return _display(node, notation)


@singledispatch
def _display(node: Formula, notation: Notation) -> Display:
    raise TypeError(f"no display for {type(node).__name__}")


@_display.register
def _(node: tree.Number, notation: Notation) -> Display:
    if isinstance(node.value, complex):
        return _display(_complex_form(node.value), notation)
    number = written(node.value, notation)
    body: Display = Word(number.above, "number")
    if number.below:
        body = Fraction(body, Word(number.below, "number"))
    if number.exponent:
        ten = Raised(Word("10", "number"), _whole(number.exponent))
        body = ten if number.above == "1" else Row((body, Word("·"), ten))
    return Row((Word("−"), body)) if number.negative else body


def _complex_form(value: complex) -> Formula:
    """a + b i without the parts that are 0 or 1."""
    imaginary = tree.times(value.imag, "i") if abs(value.imag) != 1 else tree.Symbol("i")
    imaginary = tree.Negative(imaginary) if value.imag == -1 else imaginary
    return tree.plus(value.real, imaginary) if value.real else imaginary


def _whole(value: int) -> Display:
    digits = Word(str(abs(value)), "number")
    return Row((Word("−"), digits)) if value < 0 else digits


@_display.register
def _(node: tree.Symbol, notation: Notation) -> Display:
    return named(node.name)


@_display.register
def _(node: tree.Negative, notation: Notation) -> Display:
    return Row((Word("−"), _factor(node.of, notation)))


@_display.register
def _(node: tree.Sum, notation: Notation) -> Display:
    parts: list[Display] = []
    for place, term in enumerate(_opened(node)):
        negative, size = _signed(term)
        if place:
            parts.append(Word(" − " if negative else " + "))
        elif negative:
            parts.append(Word("−"))
        shown = _display(size, notation)
        parts.append(Fence(shown) if isinstance(size, tree.Sum) and negative else shown)
    return Row(tuple(parts))


def _opened(node: tree.Sum) -> list[Formula]:
    """The terms, with sums among them opened: brackets after a plus say nothing."""
    found: list[Formula] = []
    for term in node.terms:
        found += _opened(term) if isinstance(term, tree.Sum) else [term]
    return found


def _signed(term: Formula) -> tuple[bool, Formula]:
    """Split a term into its sign and its size."""
    if isinstance(term, tree.Negative) and not _signed(term.of)[0]:
        return True, term.of
    if isinstance(term, tree.Number) and not isinstance(term.value, complex) and term.value < 0:
        return True, tree.Number(-term.value)
    if isinstance(term, tree.Product):
        negative, first = _signed(term.factors[0])
        rest = term.factors[1:]
        if negative and isinstance(first, tree.Number):
            bare = first == tree.ONE and rest and not isinstance(rest[0], tree.Number)
            return True, tree.times(*rest) if bare else tree.times(first, *rest)
    if isinstance(term, tree.Quotient):
        negative, above = _signed(term.above)
        return negative, tree.Quotient(above, term.below)
    return False, term


@_display.register
def _(node: tree.Product, notation: Notation) -> Display:
    negative, size = _signed(node)
    if negative:
        return Row((Word("−"), _factor(size, notation)))
    factors = list(node.factors)
    if len(factors) > 1 and factors[0] == tree.ONE and not isinstance(factors[1], tree.Number):
        factors = factors[1:]
    parts = [_factor(factors[0], notation)]
    for before, factor in pairwise(factors):
        glued = isinstance(before, tree.Number) and _is_name(factor)
        if not glued or isinstance(parts[-1], Fraction):
            parts.append(Word("·"))
        parts.append(_factor(factor, notation))
    return Row(tuple(parts))


def _is_name(node: Formula) -> bool:
    """Say whether a number may stand directly before it: 2x, 3x²."""
    base = node.base if isinstance(node, tree.Power) else node
    if isinstance(base, tree.Number) and base.value == 1j:
        return True
    return isinstance(base, tree.Symbol) and "/" not in base.name


def _factor(node: Formula, notation: Notation) -> Display:
    """Write a formula inside a product, in brackets where it needs them."""
    shown = _display(node, notation)
    kinds = (tree.Sum, tree.Choice, tree.Comparison, tree.Elementwise)
    loose = isinstance(node, kinds) or _signed(node)[0]
    return Fence(shown) if loose else shown


@_display.register
def _(node: tree.Elementwise, notation: Notation) -> Display:
    parts = [_factor(node.factors[0], notation)]
    for factor in node.factors[1:]:
        parts += [Word(" ⊙ "), _factor(factor, notation)]
    return Row(tuple(parts))


@_display.register
def _(node: tree.Quotient, notation: Notation) -> Display:
    negative, size = _signed(node)
    if negative and isinstance(size, tree.Quotient):
        return Row((Word("−"), _display(size, notation)))
    return Fraction(_display(node.above, notation), _display(node.below, notation))


@_display.register
def _(node: tree.Power, notation: Notation) -> Display:
    if node.exponent == tree.Quotient(tree.ONE, tree.TWO) or _is_half(node.exponent):
        return Root(_display(node.base, notation))
    return Raised(_base(node.base, notation), _display(node.exponent, notation))


def _is_half(node: Formula) -> bool:
    return isinstance(node, tree.Number) and node.value == 0.5


def _base(node: Formula, notation: Notation) -> Display:
    shown = _display(node, notation)
    plain = isinstance(shown, (Word, Lowered, Hat, Grid)) or (
        isinstance(node, tree.Call) and not isinstance(shown, (Raised, Root))
    )
    return shown if plain else Fence(shown)


@_display.register
def _(node: tree.Call, notation: Notation) -> Display:
    arguments = [_display(argument, notation) for argument in node.arguments]
    special: dict[str, Callable[[], Display]] = {
        "exp": lambda: Raised(Word("e", "name"), arguments[0]),
        "sqrt": lambda: Root(arguments[0]),
        "abs": lambda: Fence(arguments[0], "|", "|"),
        "norm": lambda: Fence(arguments[0], "‖", "‖"),
    }
    if node.function in special:
        return special[node.function]()
    name = Word(FUNCTION_NAMES.get(node.function, node.function), "function")
    if node.function in ("det", "trace") and isinstance(arguments[0], (Word, Lowered, Grid)):
        return Row((name, SPACE, arguments[0]))
    inner: list[Display] = []
    for place, argument in enumerate(arguments):
        inner += [Word(", ")] * bool(place) + [argument]
    return Row((name, Fence(Row(tuple(inner)))))


@_display.register
def _(node: tree.Transpose, notation: Notation) -> Display:
    return Raised(_base(node.of, notation), Word("T", "text"))


@_display.register
def _(node: tree.Array, notation: Notation) -> Display:
    items = _shortened(node.items, notation)
    if _is_matrix(node):
        rows = [_shortened(item.items, notation) for item in items if isinstance(item, tree.Array)]
        cells = [[_cell(c, notation) for c in row] for row in rows]
        if len(items) > len(rows):
            cells.insert(AT_START, [Word("⋮")] * len(cells[0]))
        return Grid(tuple(map(tuple, cells)))
    if node.column:
        return Grid(tuple((_cell(item, notation),) for item in items))
    parts: list[Display] = []
    for place, item in enumerate(items):
        parts += [Word(", ")] * bool(place) + [_cell(item, notation)]
    return Fence(Row(tuple(parts)))


def _is_matrix(node: tree.Array) -> bool:
    """Say whether the array is rows of plain entries."""
    rows = [item for item in node.items if isinstance(item, tree.Array)]
    nested = any(isinstance(cell, tree.Array) for row in rows for cell in row.items)
    return bool(rows) and len(rows) == len(node.items) and not nested


def _shortened(items: tuple[Formula, ...], notation: Notation) -> list[Formula | None]:
    """The entries, or the first and last of them with a gap when there are many."""
    if len(items) <= LONGEST_ARRAY:
        return list(items)
    notation.shortened = True
    return [*items[:AT_START], None, *items[-AT_END:]]


def _cell(item: Formula | None, notation: Notation) -> Display:
    return Word("⋯") if item is None else _display(item, notation)


def value_display(value: Value, notation: Notation) -> Display:
    """Write any value of a step: texts as texts, the rest as mathematics."""
    if isinstance(value, (str, bool, type(None))):
        return Word(value if isinstance(value, str) else str(value).lower(), "text")
    if isinstance(value, Samples):
        return Word(f"known at {len(value.points)} points", "text")
    if isinstance(value, tuple) and any(not _is_mathematics(item) for item in value):
        parts: list[Display] = []
        for place, item in enumerate(value):
            parts += [Word(", ")] * bool(place) + [value_display(item, notation)]
        return Fence(Row(tuple(parts)))
    return _display(tree.formula(cast(tree.Writable, value)), notation)


def _is_mathematics(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_mathematics, value))
    return not isinstance(value, (str, bool, type(None), Samples))


@_display.register
def _(node: tree.Derivative, notation: Notation) -> Display:
    sign = Word("∂" if node.partial else "d", "name")
    if isinstance(node.of, tree.Symbol):
        return Fraction(Row((sign, named(node.of.name))), Row((sign, named(node.by))))
    operator = Fraction(sign, Row((sign, named(node.by))))
    shown = _display(node.of, notation)
    loose = isinstance(node.of, (tree.Sum, tree.Product, tree.Negative, tree.Choice))
    return Row((operator, SPACE, Fence(shown) if loose else shown))


@_display.register
def _(node: tree.Comparison, notation: Notation) -> Display:
    left, right = _display(node.left, notation), _display(node.right, notation)
    return Row((left, Word(SIGNS[node.sign]), right))


@_display.register
def _(node: tree.Choice, notation: Notation) -> Display:
    rows: list[tuple[Display, Display]] = []
    rest: Formula = node
    while isinstance(rest, tree.Choice):
        condition = Row((Word("if ", "text"), _display(rest.condition, notation)))
        rows.append((_display(rest.then, notation), condition))
        rest = rest.otherwise
    rows.append((_display(rest, notation), Word("otherwise", "text")))
    return Cases(tuple(rows))
