"""Unevaluated mathematics as data: the small tree that lessons write and printers show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Formula:
    """A node of the tree; it keeps the form in which it was written."""


@dataclass(frozen=True)
class Number(Formula):
    """A number: exact (int, Fraction) or floating."""

    value: int | Fraction | float | complex


@dataclass(frozen=True)
class Symbol(Formula):
    """A name; `x_1` has a subscript, Greek letters are spelled out, `pi` and `e` are constants."""

    name: str


@dataclass(frozen=True)
class Negative(Formula):
    """-of."""

    of: Formula


@dataclass(frozen=True)
class Sum(Formula):
    """The terms added up."""

    terms: tuple[Formula, ...]


@dataclass(frozen=True)
class Product(Formula):
    """The factors multiplied; matrices by the matrix product."""

    factors: tuple[Formula, ...]


@dataclass(frozen=True)
class Elementwise(Formula):
    """Arrays of one shape multiplied entry by entry."""

    factors: tuple[Formula, ...]


@dataclass(frozen=True)
class Quotient(Formula):
    """above / below."""

    above: Formula
    below: Formula


@dataclass(frozen=True)
class Power(Formula):
    """base to the exponent."""

    base: Formula
    exponent: Formula


@dataclass(frozen=True)
class Call(Formula):
    """A named function applied to arguments."""

    function: str
    arguments: tuple[Formula, ...]


@dataclass(frozen=True)
class Transpose(Formula):
    """The matrix with rows and columns exchanged."""

    of: Formula


@dataclass(frozen=True)
class Array(Formula):
    """A vector, matrix or tensor entry by entry; `column` writes a vector upright."""

    items: tuple[Formula, ...]
    column: bool = False


@dataclass(frozen=True)
class Derivative(Formula):
    """d of / d by; with the round d when `partial`."""

    of: Formula
    by: str
    partial: bool = False


@dataclass(frozen=True)
class Comparison(Formula):
    """left SIGN right, SIGN one of < <= > >= =."""

    left: Formula
    sign: str
    right: Formula


@dataclass(frozen=True)
class Choice(Formula):
    """`then` where the condition holds, `otherwise` elsewhere."""

    condition: Comparison
    then: Formula
    otherwise: Formula


NODES: dict[str, type[Formula]] = {
    node.__name__: node
    for node in (
        *(Number, Symbol, Negative, Sum, Product, Elementwise, Quotient, Power, Call),
        *(Transpose, Array, Derivative, Comparison, Choice),
    )
}
CONSTANTS = ("pi", "e")
ZERO, ONE, TWO = Number(0), Number(1), Number(2)

Writable = Formula | int | Fraction | float | complex | Sequence["Writable"]


def formula(value: Writable | str) -> Formula:
    """Write a value as a formula: a number, a name, or (nested) sequences as an array."""
    if isinstance(value, Formula):
        return value
    if isinstance(value, str):
        return Symbol(value)
    if isinstance(value, (int, Fraction, float, complex)):
        return Number(value)
    return Array(tuple(formula(item) for item in value))


def plus(*terms: Writable | str) -> Formula:
    """Write a sum."""
    return Sum(tuple(map(formula, terms))) if len(terms) != 1 else formula(terms[0])


def minus(first: Writable | str, *others: Writable | str) -> Formula:
    """Write first - other - other."""
    return Sum((formula(first), *(Negative(formula(other)) for other in others)))


def times(*factors: Writable | str) -> Formula:
    """Write a product."""
    return Product(tuple(map(formula, factors))) if len(factors) != 1 else formula(factors[0])


def over(above: Writable | str, below: Writable | str) -> Formula:
    """Write a quotient."""
    return Quotient(formula(above), formula(below))


def power(base: Writable | str, exponent: Writable | str) -> Formula:
    """Write a power."""
    return Power(formula(base), formula(exponent))


def call(function: str, *arguments: Writable | str) -> Formula:
    """Write a function of arguments."""
    return Call(function, tuple(map(formula, arguments)))


def column(values: Sequence[Writable]) -> Formula:
    """Write a vector upright."""
    return Array(tuple(formula(value) for value in values), column=True)


def children(node: Formula) -> Iterator[Formula]:
    """Give the formulas directly under a node."""
    for part in fields(node):
        value = getattr(node, part.name)
        if isinstance(value, Formula):
            yield value
        elif isinstance(value, tuple):
            yield from value


def symbols(node: Formula) -> tuple[str, ...]:
    """Name the free symbols, sorted, without the constants."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Symbol) and part.name not in CONSTANTS:
            found.add(part.name)
        waiting.extend(children(part))
    return tuple(sorted(found))


def size(node: Formula) -> int:
    """Count the nodes of the tree."""
    return 1 + sum(size(child) for child in children(node))


def substitute(node: Formula, values: dict[str, Formula]) -> Formula:
    """Put formulas in the place of symbols, leaving the form as it is."""
    if isinstance(node, Symbol):
        return values.get(node.name, node)
    if isinstance(node, Derivative):  # its own variable is bound
        values = {name: value for name, value in values.items() if name != node.by}
    changed: dict[str, Any] = {}
    for part in fields(node):
        value = getattr(node, part.name)
        if isinstance(value, Formula):
            changed[part.name] = substitute(value, values)
        elif isinstance(value, tuple):
            changed[part.name] = tuple(substitute(item, values) for item in value)
        else:
            changed[part.name] = value
    return type(node)(**changed)
