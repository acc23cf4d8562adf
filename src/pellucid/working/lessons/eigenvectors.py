"""The eigenvectors of one eigenvalue: exact by row reduction, or numerical with the residual."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

from pellucid.working.arithmetic import (
    Matrix,
    Scalar,
    Vector,
    identity,
    matrix_vector,
    scale,
    simplest,
    subtract,
)
from pellucid.working.elimination import Eliminated, reduced
from pellucid.working.formula import Formula, Number, Symbol, column, formula, minus, plus, times
from pellucid.working.lessons.characteristic import leverrier
from pellucid.working.polynomial import expand
from pellucid.working.printing.linear import LOWERED
from pellucid.working.roots import Root
from pellucid.working.simplification import simplify
from pellucid.working.step import FLOAT_TOLERANCE, Check, Step

RESIDUAL = 1e-6  # of a numerical eigenvector of length 1, relative to the matrix
SECOND_WAY = "A·v + (1 − λ)·v, which is v only for an eigenvector"


def eigenvectors(rows: Matrix, root: Root, place: int) -> Step:
    """All eigenvectors of one eigenvalue, each proved by A v = lambda v."""
    if root.way == "rational":
        return _exact(rows, root, place)
    vector = _quadratic_vector(rows, root) if root.way == "quadratic" else None
    if vector is not None:
        return _surd(rows, root, vector, place)
    return _numerical(rows, root, place)


def _exact(rows: Matrix, root: Root, place: int) -> Step:
    value = cast(Scalar, cast(Number, root.value).value)
    shifted = cast(Matrix, subtract(rows, scale(value, identity(len(rows)))))
    end = reduced(shifted)
    basis = _null_space(end, len(rows))
    proofs = tuple(_proof(rows, root.value, vector, place) for vector in basis)
    known = [
        tuple(simplest(a + (1 - value) * b) for a, b in zip(matrix_vector(rows, v), v, strict=True))
        for v in basis
    ]
    several = len(basis) > 1
    lacking = root.multiplicity > len(basis)
    return Step(
        rule=f"Eigenvector{'s' if several else ''} of λ{_lowered(place)} = {_written(value)}",
        given={"M": shifted},
        of=Symbol(f"v_{place}"),
        result=tuple(basis) if several else basis[0],
        check=Check(SECOND_WAY, tuple(known) if several else known[0]),
        reason="Solve (A − λI)·v = 0 by row reduction; M is A − λI. Any multiple of v will do."
        + (f" The root occurs {root.multiplicity} times" if root.multiplicity > 1 else "")
        + (f" but has only {len(basis)} independent eigenvectors." if lacking else "")
        + ("." if root.multiplicity > 1 and not lacking else ""),
        steps=(*end.steps, *proofs),
    )


def _lowered(place: int) -> str:
    return str(place).translate(LOWERED)


def _written(value: Scalar) -> str:
    return str(value).replace("-", "−")


def _null_space(end: Eliminated, size: int) -> list[Vector]:
    """One whole-numbered vector for each free column."""
    basis = []
    for free in (c for c in range(size) if c not in end.pivots):
        vector = [Fraction(int(c == free)) for c in range(size)]
        for row, pivot in enumerate(end.pivots):
            vector[pivot] = -Fraction(end.matrix[row][free])
        basis.append(_whole(vector))
    return basis


def _whole(vector: list[Fraction]) -> Vector:
    """The multiple with whole entries without a common factor, the first one positive."""
    from math import gcd, lcm

    common = lcm(*(entry.denominator for entry in vector))
    entries = [int(entry * common) for entry in vector]
    factor = gcd(*entries)
    first = next(entry for entry in entries if entry)
    return tuple(entry // factor * (1 if first > 0 else -1) for entry in entries)


def _proof(rows: Matrix, value: Formula, vector: Any, place: int) -> Step:
    """A v = lambda v with the numbers in."""
    image = tuple(simplify(plus(*map(times, row, vector))) for row in rows)
    stretched = tuple(simplify(times(value, entry)) for entry in vector)
    return Step(
        rule="Proof",
        given={},
        of=times("A", Symbol(f"v_{place}")),
        working=(times(formula(rows), column(vector)), times(value, column(vector))),
        result=stretched,
        check=Check("row by row", image, _rounding(rows)),
    )


def _rounding(rows: Matrix) -> float:
    """What float64 leaves where exact roots cancel: the vector is a polynomial in A's entries."""
    largest = max(1.0, *(abs(float(entry)) for row in rows for entry in row))
    return max(FLOAT_TOLERANCE, 4e-15 * largest ** len(rows))


def _quadratic_vector(rows: Matrix, root: Root) -> tuple[Formula, ...] | None:
    """A column of adj(lambda I - A), exact: a polynomial in lambda, reduced by its quadratic."""
    if root.multiplicity > 1:
        return None
    _, matrices = leverrier(rows)
    size = len(rows)
    for at in range(size):
        parts = [
            _reduced_power(
                [matrices[size - 1 - k][line][at] for k in range(size)], root.trace, root.norm
            )
            for line in range(size)
        ]
        if any(any(part) for part in parts):
            return tuple(expand(plus(a, times(b, root.value))) for a, b in parts)
    return None


def _reduced_power(
    coefficients: list[Scalar], trace: Fraction, norm: Fraction
) -> tuple[Scalar, Scalar]:
    """A polynomial in lambda as a + b·lambda, using lambda² = trace·lambda - norm."""
    a, b = Fraction(0), Fraction(0)
    for coefficient in reversed(coefficients):
        a, b = Fraction(coefficient) - b * norm, a + b * trace
    return simplest(a), simplest(b)


def _surd(rows: Matrix, root: Root, vector: tuple[Formula, ...], place: int) -> Step:
    known = tuple(
        plus(*map(times, row, vector), times(minus(1, root.value), entry))
        for row, entry in zip(rows, vector, strict=True)
    )
    return Step(
        rule=f"Eigenvector of λ{_lowered(place)}",
        given={f"lambda_{place}": root.value},
        of=Symbol(f"v_{place}"),
        result=vector,
        check=Check(SECOND_WAY, known, _rounding(rows)),
        reason="A column of the adjugate of λI − A, in which λ² is replaced by the characteristic "
        "equation.",
        steps=(_proof(rows, root.value, vector, place),),
    )


def _numerical(rows: Matrix, root: Root, place: int) -> Step:
    """The direction that A - lambda I shrinks most, with the length of A v - lambda v."""
    import numpy

    floats = numpy.array([[float(entry) for entry in row] for row in rows])
    shifted = floats - root.number * numpy.eye(len(rows))
    _, _, right = numpy.linalg.svd(shifted)
    vector = right[-1].conj()
    size = max(1.0, float(numpy.abs(floats).max()))
    residual = float(numpy.linalg.norm(shifted @ vector)) / size
    known = vector + shifted @ vector / size
    return Step(
        rule=f"Numerical eigenvector of λ{_lowered(place)}",
        given={f"lambda_{place}": root.value, "residual": residual},
        of=Symbol(f"v_{place}"),
        result=tuple(complex(e) if root.number.imag else float(e.real) for e in vector),
        check=Check(
            "v + (A·v − λ·v)/size, with the residual", tuple(map(complex, known)), RESIDUAL
        ),
        reason="The singular vector of A − λI that is shrunk most; the residual is the length of "
        "A·v − λ·v over the largest entry of A.",
    )
