"""Row operations on exact matrices, each one a checked step."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pellucid.working.arithmetic import (
    Matrix,
    Scalar,
    Vector,
    divide,
    identity,
    matrix_product,
    simplest,
)
from pellucid.working.formula import Symbol
from pellucid.working.step import Check, Step


@dataclass(frozen=True)
class Eliminated:
    """What elimination ends with."""

    matrix: Matrix
    steps: tuple[Step, ...]
    swaps: int
    pivots: tuple[int, ...]  # the column of the pivot of each row that has one


def exact(value: Any) -> Any:
    """Floats as the fractions that they are, so that nothing is rounded on the way."""
    if isinstance(value, tuple):
        return tuple(exact(item) for item in value)
    return simplest(Fraction(value)) if isinstance(value, float) else value


def triangular(matrix: Matrix) -> Eliminated:
    """Zeros below the diagonal, by swapping rows and subtracting multiples of rows."""
    steps: list[Step] = []
    swaps = row = 0
    pivots: list[int] = []
    for column in range(len(matrix[0])):
        found = next((r for r in range(row, len(matrix)) if matrix[r][column]), None)
        if found is None:
            continue
        if found != row:
            steps.append(swap(matrix, row, found, len(steps)))
            matrix, swaps = _matrix(steps[-1]), swaps + 1
        for below in range(row + 1, len(matrix)):
            if matrix[below][column]:
                steps.append(subtract(matrix, below, row, column, len(steps)))
                matrix = _matrix(steps[-1])
        pivots.append(column)
        row += 1
        if row == len(matrix):
            break
    return Eliminated(matrix, tuple(steps), swaps, tuple(pivots))


def reduced(matrix: Matrix, columns: int | None = None) -> Eliminated:
    """Ones as pivots with zeros above and below, in the first `columns` columns."""
    first = triangular(matrix)
    matrix, steps = first.matrix, list(first.steps)
    pivots = [c for c in first.pivots if c < (len(matrix[0]) if columns is None else columns)]
    for row, column in reversed(list(enumerate(pivots))):
        if matrix[row][column] != 1:
            steps.append(scaled(matrix, row, column, len(steps)))
            matrix = _matrix(steps[-1])
        for above in range(row):
            if matrix[above][column]:
                steps.append(subtract(matrix, above, row, column, len(steps)))
                matrix = _matrix(steps[-1])
    return Eliminated(matrix, tuple(steps), first.swaps, tuple(pivots))


def swap(matrix: Matrix, first: int, second: int, count: int) -> Step:
    """Exchange two rows."""
    order = list(range(len(matrix)))
    order[first], order[second] = second, first
    return _operation(
        f"Swap rows {first + 1} and {second + 1}",
        {},
        (matrix, tuple(matrix[row] for row in order)),
        tuple(identity(len(matrix))[row] for row in order),
        "The pivot must not be zero. A swap changes the sign of the determinant.",
        count,
    )


def subtract(matrix: Matrix, target: int, source: int, column: int, count: int) -> Step:
    """Subtract the multiple of a row that makes an entry zero."""
    factor = divide(matrix[target][column], matrix[source][column])
    changed = _minus(matrix[target], factor, matrix[source])
    unit = identity(len(matrix))
    return _operation(
        f"Row {target + 1} minus m times row {source + 1}",
        {"m": factor},
        (matrix, _replaced(matrix, target, changed)),
        _replaced(unit, target, _minus(unit[target], factor, unit[source])),
        "m is the entry to remove divided by the pivot.",
        count,
    )


def scaled(matrix: Matrix, row: int, column: int, count: int) -> Step:
    """Divide a row by its pivot."""
    factor = divide(1, matrix[row][column])
    unit = identity(len(matrix))
    return _operation(
        f"Row {row + 1} times m",
        {"m": factor},
        (matrix, _replaced(matrix, row, _times(factor, matrix[row]))),
        _replaced(unit, row, _times(factor, unit[row])),
        "m is one over the pivot, so the pivot becomes 1.",
        count,
    )


def _operation(
    rule: str,
    given: dict[str, Scalar],
    change: tuple[Matrix, Matrix],
    elementary: Matrix,
    reason: str,
    count: int,
) -> Step:
    before, after = change
    return Step(
        rule=rule,
        given=given,
        of=Symbol(f"M_{count + 1}"),
        result=after,
        check=Check(
            "the elementary matrix times the old matrix", matrix_product(elementary, before)
        ),
        reason=reason,
    )


def _matrix(step: Step) -> Any:
    return step.result


def _replaced(matrix: Matrix, row: int, changed: Vector) -> Matrix:
    return (*matrix[:row], changed, *matrix[row + 1 :])


def _minus(target: Vector, factor: Scalar, source: Vector) -> Vector:
    return tuple(simplest(a - factor * b) for a, b in zip(target, source, strict=True))


def _times(factor: Scalar, row: Vector) -> Vector:
    return tuple(simplest(factor * entry) for entry in row)
