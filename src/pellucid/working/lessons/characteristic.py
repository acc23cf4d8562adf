"""The characteristic polynomial of a matrix, as a step."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any, cast

from pellucid.working.agreement import Value
from pellucid.working.arithmetic import (
    Matrix,
    Scalar,
    add,
    divide,
    identity,
    matrix_product,
    scale,
    simplest,
    subtract,
)
from pellucid.working.formula import (
    Formula,
    Negative,
    Symbol,
    call,
    formula,
    minus,
    plus,
    power,
    times,
)
from pellucid.working.lessons.determinant import (
    bareiss,
    by_cofactors,
    is_symbolic,
    settled,
    value_of,
)
from pellucid.working.polynomial import expand
from pellucid.working.step import Check, Step

LAMBDA = Symbol("lambda")
LARGEST_BY_COFACTORS = 3


def characteristic(rows: Any) -> Step:
    """det(A - lambda I), multiplied out."""
    shifted = tuple(
        tuple(_less(entry) if i == j else entry for j, entry in enumerate(row))
        for i, row in enumerate(rows)
    )
    if len(rows) <= LARGEST_BY_COFACTORS or is_symbolic(rows):
        found = formula(cast(Any, value_of(shifted)))
        way: tuple[Step, ...] = (_by_determinant(shifted, found),)
    else:
        found = polynomial_formula(tuple((-1) ** len(rows) * c for c in leverrier(rows)[0]))
        way = ()
    return Step(
        rule="Characteristic polynomial",
        given={"M": shifted},
        of=call("det", minus("A", times(LAMBDA, "I"))),
        result=found,
        check=_second(rows, shifted),
        reason="M is A − λI. λ is an eigenvalue when M flattens some vector v to 0, and that "
        "happens exactly when its determinant is 0.",
        steps=way,
    )


def _less(entry: Any) -> Formula:
    return Negative(LAMBDA) if entry == 0 else minus(entry, LAMBDA)


def _by_determinant(shifted: Any, found: Formula) -> Step:
    if len(shifted) == 3:
        return by_cofactors(shifted, "(A - lambda*I)")
    working: tuple[Formula, ...] = ()
    if len(shifted) == 2:
        (a, b), (c, d) = shifted
        working = (minus(times(a, d), times(b, c)),)
    return Step(
        rule="By the formula of the determinant",
        given={},
        of=call("det", minus("A", times(LAMBDA, "I"))),
        working=working,
        result=found,
        check=Check("the sum over all permutations", value_of(shifted)),
    )


def _second(rows: Any, shifted: Any) -> Check:
    """Interpolation: determinants at whole numbers pin a polynomial down."""
    if is_symbolic(rows):
        return Check("the trace and the determinant", _from_invariants(rows, shifted))
    knots = range(len(rows) + 1)
    unit = identity(len(rows))
    values = [bareiss(cast(Matrix, subtract(rows, scale(knot, unit)))) for knot in knots]
    return Check("its values at whole numbers (interpolation)", _interpolated(values))


def _from_invariants(rows: Any, shifted: Any) -> Value:
    if len(rows) != 2:
        return value_of(shifted)
    trace, whole = plus(rows[0][0], rows[1][1]), value_of(rows)
    return expand(plus(power(LAMBDA, 2), times(-1, trace, LAMBDA), whole))


def _interpolated(values: list[Scalar]) -> Formula:
    """The polynomial through (0, v0), (1, v1), ... by divided differences."""
    differences, total = list(values), formula(values[0])
    product: Formula = formula(1)
    for order in range(1, len(values)):
        differences = [divide(after - before, order) for before, after in pairwise(differences)]
        product = times(product, minus(LAMBDA, order - 1))
        total = plus(total, times(differences[0], product))
    return expand(total)


def leverrier(rows: Matrix) -> tuple[tuple[Scalar, ...], list[Matrix]]:
    """Coefficients of det(lambda I - A), constant first, and the matrices of its adjugate.

    Faddeev and LeVerrier: adj(lambda I - A) = sum of lambda^k M[n - 1 - k].
    """
    size = len(rows)
    step, found, matrices = identity(size), [cast(Scalar, 1)], []
    for order in range(1, size + 1):
        matrices.append(step)
        moved = matrix_product(rows, step)
        trace = sum((Fraction(moved[i][i]) for i in range(size)), Fraction(0))
        coefficient = simplest(-trace / order)
        found.append(coefficient)
        step = cast(Matrix, add(moved, scale(coefficient, identity(size))))
    return tuple(reversed(found)), matrices


def polynomial_formula(coefficients: tuple[Scalar, ...]) -> Formula:
    """Write a polynomial in lambda, constant coefficient first."""
    terms = [times(c, power(LAMBDA, k)) for k, c in enumerate(coefficients)]
    return cast(Formula, settled(plus(*terms, times(0, LAMBDA))))
