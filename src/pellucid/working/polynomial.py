"""Products multiplied out: polynomials in symbols and in whatever else cannot be opened."""

from __future__ import annotations

from functools import reduce
from typing import TypeAlias

from pellucid.errors import UsageError
from pellucid.working import formula as tree
from pellucid.working.arithmetic import Scalar, divide, is_exact, simplest
from pellucid.working.formula import Formula, Number, symbols
from pellucid.working.printing.linear import one_line
from pellucid.working.simplification import simplify

Monomial: TypeAlias = tuple[tuple[Formula, int], ...]
Polynomial: TypeAlias = dict[Monomial, Scalar]
MOST_TERMS = 300
HIGHEST_POWER = 20  # of a sum that is multiplied out


def expand(node: Formula) -> Formula:
    """The formula as a sum of products, highest powers first."""
    return written(polynomial(simplify(node)))


def polynomial(node: Formula) -> Polynomial:
    """The coefficients by monomial."""
    if isinstance(node, Number) and not isinstance(node.value, complex):
        return {(): node.value} if node.value else {}
    if isinstance(node, tree.Negative):
        return _product({(): -1}, polynomial(node.of))
    if isinstance(node, tree.Sum):
        return reduce(_sum, map(polynomial, node.terms))
    if isinstance(node, tree.Product):
        return reduce(_product, map(polynomial, node.factors))
    if isinstance(node, tree.Quotient):
        return _quotient(node)
    if isinstance(node, tree.Power):
        return _power(node)
    return {((node, 1),): 1}


def _quotient(node: tree.Quotient) -> Polynomial:
    below = node.below
    if isinstance(below, Number) and below.value and not isinstance(below.value, complex):
        inverse: Polynomial = {(): divide(1, below.value)}
    else:
        inverse = {((tree.Power(expand(below), Number(-1)), 1),): 1}
    return _product(polynomial(node.above), inverse)


def _power(node: tree.Power) -> Polynomial:
    exponent = node.exponent.value if isinstance(node.exponent, Number) else None
    if not isinstance(exponent, int) or exponent < 1:
        return {((node, 1),): 1}
    if isinstance(node.base, tree.Sum) and exponent > HIGHEST_POWER:
        raise UsageError(f"A sum to the power {exponent} is too long to multiply out.")
    if isinstance(node.base, (tree.Sum, tree.Product, tree.Negative, tree.Quotient)):
        return reduce(_product, [polynomial(node.base)] * exponent)
    return {((node.base, exponent),): 1}


def _sum(left: Polynomial, right: Polynomial) -> Polynomial:
    total = dict(left)
    for monomial, coefficient in right.items():
        total[monomial] = simplest(total.get(monomial, 0) + coefficient)
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left) * len(right) > 20 * MOST_TERMS:
        raise UsageError(f"The expression has more than {MOST_TERMS} terms when multiplied out.")
    total: Polynomial = {}
    for first, a in left.items():
        for second, b in right.items():
            monomial = _joined(first, second)
            total[monomial] = simplest(total.get(monomial, 0) + a * b)
    total = {monomial: coefficient for monomial, coefficient in total.items() if coefficient}
    if len(total) > MOST_TERMS:
        raise UsageError(f"The expression has more than {MOST_TERMS} terms when multiplied out.")
    return total


def _joined(first: Monomial, second: Monomial) -> Monomial:
    exponents = dict(first)
    for atom, exponent in second:
        exponents[atom] = exponents.get(atom, 0) + exponent
    return tuple(sorted(exponents.items(), key=lambda pair: one_line(pair[0])))


def written(terms: Polynomial) -> Formula:
    """The polynomial as a formula."""
    ordered = sorted(terms.items(), key=lambda item: _order(item[0]))
    parts = [_term(monomial, coefficient) for monomial, coefficient in ordered]
    return tree.plus(*parts) if parts else tree.ZERO


def _order(monomial: Monomial) -> tuple[int, list[tuple[int, str]]]:
    degree = sum(exponent for _, exponent in monomial)
    return -degree, [(-exponent, one_line(atom)) for atom, exponent in monomial]


def _term(monomial: Monomial, coefficient: Scalar) -> Formula:
    factors = [atom if e == 1 else tree.Power(atom, Number(e)) for atom, e in monomial]
    return simplify(tree.times(coefficient, *factors)) if factors else Number(coefficient)


def coefficients(node: Formula, name: str) -> tuple[Formula, ...]:
    """The coefficients of a polynomial in one symbol, constant term first."""
    found: dict[int, Polynomial] = {}
    for monomial, coefficient in polynomial(simplify(node)).items():
        exponent = sum(e for atom, e in monomial if atom == tree.Symbol(name))
        rest = tuple((atom, e) for atom, e in monomial if atom != tree.Symbol(name))
        if any(name in symbols(atom) for atom, _ in rest):
            raise UsageError(f"{one_line(node)} is not a polynomial in {name}.")
        found.setdefault(exponent, {})[rest] = coefficient
    degree = max(found, default=0)
    return tuple(written(found.get(exponent, {})) for exponent in range(degree + 1))


def numeric(values: tuple[Formula, ...]) -> tuple[Scalar, ...] | None:
    """The coefficients as exact numbers, or None when there are symbols or floats among them."""
    numbers = [value.value for value in values if isinstance(value, Number)]
    exact = [number for number in numbers if is_exact(number)]
    return tuple(exact) if len(exact) == len(values) else None  # type: ignore[arg-type]
