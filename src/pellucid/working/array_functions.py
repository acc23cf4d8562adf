"""Functions of whole arrays: determinant, trace, length, sum, diagonal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pellucid.working.arithmetic import Matrix, divide, flat, raise_to, simplest


def _determinant(matrix: Matrix) -> Any:
    """By permutations' sum through minors: short, and enough for the sizes that lessons show."""
    if len(matrix) == 1:
        return matrix[0][0]
    found: Any = 0
    for place, entry in enumerate(matrix[0]):
        minor = tuple(row[:place] + row[place + 1 :] for row in matrix[1:])
        found = found + (-1) ** place * entry * _determinant(minor)
    return simplest(found) if not isinstance(found, complex) else found


def _length(vector: Any) -> Any:
    squares = sum((entry * entry for entry in flat(vector)), 0)
    return squares**0.5 if isinstance(squares, complex) else raise_to(squares, divide(1, 2))


ARRAY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "det": _determinant,
    "trace": lambda matrix: simplest(sum(matrix[i][i] for i in range(len(matrix)))),
    "norm": _length,
    "sum": lambda value: simplest(sum(flat(value), 0)),
    "diag": lambda vector: tuple(
        tuple(entry if i == j else 0 for j in range(len(vector))) for i, entry in enumerate(vector)
    ),
}
