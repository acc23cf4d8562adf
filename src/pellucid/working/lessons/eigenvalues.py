"""Eigenvalues and eigenvectors through the characteristic polynomial."""

from __future__ import annotations

from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working.arguments import Given, read_numbers, read_square
from pellucid.working.arithmetic import Scalar, Vector, matrix_vector, scale, shape, subtract
from pellucid.working.elimination import exact
from pellucid.working.evaluation import evaluate_complex
from pellucid.working.formula import (
    Formula,
    Number,
    call,
    column,
    formula,
    minus,
    over,
    plus,
    power,
    times,
)
from pellucid.working.lessons.characteristic import (
    LAMBDA,
    characteristic,
    leverrier,
    polynomial_formula,
)
from pellucid.working.lessons.determinant import bareiss, is_symbolic, settled, value_of
from pellucid.working.lessons.eigenvectors import eigenvectors
from pellucid.working.roots import Root, roots
from pellucid.working.simplification import simplify
from pellucid.working.step import Check, Step

LARGEST = 6


def eigenvalues(matrix: Given = "[[1, 2], [3, 0]]", vector: Given = None) -> Step:
    """The directions that a matrix only stretches, and by how much."""
    rows = exact(read_square(matrix, "The matrix", LARGEST))
    if is_symbolic(rows):
        return _symbolic(rows)
    coefficients, _ = leverrier(rows)
    found = roots(coefficients)
    values = [root.value for root in found for _ in range(root.multiplicity)]
    steps = [characteristic(rows), _factored(coefficients, found)]
    steps += [eigenvectors(rows, root, place) for place, root in enumerate(found, start=1)]
    steps += [_sum(rows, values), _product(rows, values)]
    if vector is not None:
        steps.append(_tried(rows, vector))
    numbers = [_plain(value) for value in values]
    trace = sum((rows[i][i] for i in range(len(rows))), 0)
    rest = [trace - (sum(numbers) - number) for number in numbers]
    return Step(
        rule="Eigenvalues and eigenvectors",
        given={"A": rows},
        of=LAMBDA,
        result=tuple(values),
        check=Check("the trace of A less the other eigenvalues", tuple(rest), 1e-6),
        reason="An eigenvector keeps its direction: A·v = λ·v. The eigenvalue λ is the factor by "
        "which it is stretched; every multiple of v does the same.",
        steps=tuple(steps),
    )


def _plain(value: Formula) -> Any:
    """An exact number where the root is one, else a float or a complex number."""
    if isinstance(value, Number):
        return value.value
    number = complex(evaluate_complex(value))
    return number if number.imag else number.real


def _factored(coefficients: tuple[Scalar, ...], found: tuple[Root, ...]) -> Step:
    """p(lambda) = (lambda - a)(lambda - b)..., which shows the roots."""
    polynomial = polynomial_formula(coefficients)
    factors = [_factor(root) for root in found]
    sign = "" if len(coefficients) % 2 else " (times −1, so that the highest power has factor 1)"
    numeric = any(root.way == "numerical" for root in found)
    note = " Some roots have no short closed form and are numerical." if numeric else ""
    return Step(
        rule="Its roots",
        given={},
        of=call("p", LAMBDA),
        working=(polynomial,),
        result=times(*factors),
        check=Check("the polynomial multiplied out", polynomial, 1e-6),
        reason=f"The characteristic polynomial{sign} is 0 where one of its factors is.{note}",
        steps=(_quadratic(coefficients, found),) if len(coefficients) == 3 else (),
    )


def _factor(root: Root) -> Formula:
    value = root.value
    if isinstance(value, Number) and not isinstance(value.value, complex):
        factor = LAMBDA if value.value == 0 else simplify(minus(LAMBDA, value))
    else:
        factor = minus(LAMBDA, value)
    return factor if root.multiplicity == 1 else power(factor, root.multiplicity)


def _quadratic(coefficients: tuple[Scalar, ...], found: tuple[Root, ...]) -> Step:
    """The quadratic formula with its numbers."""
    c, b, _ = coefficients
    inside = call("sqrt", minus(power(b, 2), times(4, c)))
    first, last = found[0], found[-1]
    signs = tuple(over(part, 2) for part in (plus(-b, inside), minus(-b, inside)))
    return Step(
        rule="Quadratic formula",
        given={"b": b, "c": c},
        of=LAMBDA,
        working=(formula(signs),),
        result=(first.value, last.value),
        check=Check("b = −(sum of the roots)", _swapped(b, first, last)),
        reason="λ² + bλ + c = 0 has the roots (−b ± √(b² − 4c))/2.",
    )


def _swapped(b: Scalar, first: Root, last: Root) -> tuple[Any, ...]:
    return (-b - _plain(last.value), -b - _plain(first.value))


def _sum(rows: Any, values: list[Formula]) -> Step:
    trace = plus(*(rows[i][i] for i in range(len(rows))))
    return Step(
        rule="Their sum is the trace",
        given={},
        of=call("trace", "A"),
        working=(trace, plus(*values)),
        result=settled(trace),
        check=Check("the eigenvalues added", _total(values), 1e-6),
    )


def _total(values: list[Formula]) -> Any:
    return sum(map(_plain, values))


def _product(rows: Any, values: list[Formula]) -> Step:
    whole: Any = 1
    for value in values:
        whole = whole * _plain(value)
    return Step(
        rule="Their product is the determinant",
        given={},
        of=call("det", "A"),
        working=(times(*values),) if len(values) > 1 else (),
        result=value_of(rows) if len(rows) < 5 else bareiss(rows),
        check=Check("the eigenvalues multiplied", whole, 1e-6),
    )


def _tried(rows: Any, given: Given) -> Step:
    """Whether a vector of the user's is an eigenvector, and to which eigenvalue it belongs."""
    vector = cast(Vector, exact(read_numbers(given, "vector")))
    if shape(vector) != (len(rows),) or not any(vector):
        raise UsageError(f"vector must hold {len(rows)} numbers, not all 0; found {given}.")
    image = matrix_vector(rows, vector)
    place = next(i for i, entry in enumerate(vector) if entry)
    factor = settled(over(image[place], vector[place]))
    belongs = image == scale(cast(Scalar, factor), vector)
    rest = subtract(image, scale(cast(Scalar, factor), vector))
    return Step(
        rule="The vector that was asked about",
        given={"v": vector},
        of=times("A", "v"),
        working=(times(formula(rows), column(vector)),),
        result=image,
        check=Check("column by column", _by_columns(rows, vector)),
        reason="It is an eigenvector." if belongs else "It is not an eigenvector: it turns.",
        steps=(_belongs(factor, image, vector),) if belongs and not any(cast(Vector, rest)) else (),
    )


def _by_columns(rows: Any, vector: Vector) -> Vector:
    total: list[Scalar] = [0] * len(rows)
    for place, factor in enumerate(vector):
        for line in range(len(rows)):
            total[line] = total[line] + factor * rows[line][place]
    return tuple(total)


def _belongs(factor: Any, image: Vector, vector: Vector) -> Step:
    place = max(i for i, entry in enumerate(vector) if entry)
    return Step(
        rule="Its eigenvalue",
        given={},
        of=LAMBDA,
        result=factor,
        check=Check("another entry's ratio", settled(over(image[place], vector[place]))),
        reason="Every entry is stretched by the same factor.",
    )


def _symbolic(rows: Any) -> Step:
    """A 2 × 2 matrix with symbols, by the quadratic formula."""
    if len(rows) != 2:
        raise UsageError(
            f"Eigenvalues with symbols are worked for 2 × 2 matrices; this one is "
            f"{len(rows)} × {len(rows)}. Put numbers in, or take a smaller matrix."
        )
    trace, whole = settled(plus(rows[0][0], rows[1][1])), value_of(rows)
    inside = call("sqrt", settled(minus(power(trace, 2), times(4, whole))))
    found = tuple(over(part, 2) for part in (plus(trace, inside), minus(trace, inside)))
    swapped = tuple(minus(trace, other) for other in reversed(found))
    return Step(
        rule="Eigenvalues with symbols",
        given={"A": rows},
        of=LAMBDA,
        result=found,
        check=Check("the trace of A less the other eigenvalue", swapped),
        reason="λ² − (trace)·λ + det = 0, solved by the quadratic formula.",
        steps=(characteristic(rows),),
    )
