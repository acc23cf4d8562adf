"""The inverse of a matrix by row reduction, checked by cofactors."""

from __future__ import annotations

from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working.agreement import Samples, points
from pellucid.working.arguments import Given, read_square
from pellucid.working.arithmetic import Matrix, Scalar, divide, identity, matrix_product
from pellucid.working.elimination import exact, reduced
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import Formula, Number, call, formula, over, power, symbols, times
from pellucid.working.lessons.determinant import bareiss, determinant, is_symbolic, value_of
from pellucid.working.simplification import simplify
from pellucid.working.step import Check, Step

LARGEST = 6
LARGEST_SYMBOLIC = 3
INVERSE = power("A", -1)


def inverse(matrix: Given = "[[2, 3], [4, 5]]") -> Step:
    """The matrix that undoes another one."""
    rows = exact(read_square(matrix, "The matrix", LARGEST))
    if is_symbolic(rows):
        return _symbolic(rows)
    first = determinant(rows)
    if first.result == 0:
        raise UsageError(
            "The matrix has determinant 0: it flattens the space, and what is flattened cannot be "
            "restored. It has no inverse."
        )
    solved = _row_reduction(rows)
    found = cast(Matrix, solved.result)
    return Step(
        rule="Inverse of a matrix",
        given={"A": rows},
        of=INVERSE,
        result=found,
        check=Check("cofactors over the determinant", _adjugate(rows)),
        reason="A matrix has an inverse exactly when its determinant is not 0; then A⁻¹·A = I.",
        steps=(_nonzero(rows), solved, _proof(rows, found)),
    )


def _nonzero(rows: Matrix) -> Step:
    return Step(
        rule="The determinant is not 0",
        given={},
        of=call("det", "A"),
        result=value_of(rows),
        check=Check("whole-number elimination (Bareiss)", bareiss(rows)),
    )


def _row_reduction(rows: Matrix) -> Step:
    """Reduce [A I] to [I A⁻¹]."""
    size = len(rows)
    wide = tuple((*row, *unit) for row, unit in zip(rows, identity(size), strict=True))
    end = reduced(wide, size)
    found = tuple(row[size:] for row in end.matrix)
    return Step(
        rule="Row reduction of A beside I",
        given={"M": wide},
        of=INVERSE,
        result=found,
        check=Check("cofactors over the determinant", _adjugate(rows)),
        reason="The row operations that turn A into I turn I into A⁻¹.",
        steps=end.steps,
    )


def _proof(rows: Matrix, found: Matrix) -> Step:
    return Step(
        rule="It undoes A",
        given={},
        of=times("A", INVERSE),
        working=(times(formula(rows), formula(found)),),
        result=matrix_product(rows, found),
        check=Check("the identity matrix", identity(len(rows))),
    )


def _adjugate(rows: Matrix) -> Any:
    whole = bareiss(rows)
    return tuple(
        tuple(
            divide((-1) ** (i + j) * bareiss(_minor(rows, j, i)), whole) for j in range(len(rows))
        )
        for i in range(len(rows))
    )


def _minor(rows: Any, line: int, place: int) -> Any:
    kept = [row for number, row in enumerate(rows) if number != line]
    return tuple(row[:place] + row[place + 1 :] for row in kept) if len(rows) > 1 else ((1,),)


def _symbolic(rows: Any) -> Step:
    """Cofactors over the determinant, checked by row reduction at points."""
    size = len(rows)
    if size > LARGEST_SYMBOLIC:
        raise UsageError(
            f"An inverse with symbols is worked up to {LARGEST_SYMBOLIC} × {LARGEST_SYMBOLIC}; "
            f"this matrix is {size} × {size}."
        )
    whole = formula(cast(Any, value_of(rows)))
    if whole == Number(0):
        raise UsageError("The determinant is 0 whatever the symbols are: there is no inverse.")
    cofactors = tuple(
        tuple(
            times((-1) ** (i + j), formula(cast(Any, value_of(_minor(rows, j, i)))))
            for j in range(size)
        )
        for i in range(size)
    )
    found = tuple(tuple(simplify(over(entry, whole)) for entry in row) for row in cofactors)
    return Step(
        rule="Inverse of a matrix",
        given={"A": rows},
        of=INVERSE,
        result=found,
        check=Check("row reduction with numbers for the symbols", _at_points(rows, whole)),
        reason="The transposed matrix of cofactors over the determinant, wherever that is not 0.",
        steps=(determinant(rows),),
    )


def _at_points(rows: Any, whole: Formula) -> Samples:
    names = sorted({name for row in rows for entry in row for name in symbols(formula(entry))})
    found = list(points(names, (over(1, whole),), 3))
    values = []
    for point in found:
        numbers = tuple(
            tuple(cast(Scalar, evaluate(formula(entry), dict(point))) for entry in row)
            for row in rows
        )
        values.append(_row_reduction(exact(numbers)).result)
    return Samples(tuple(found), tuple(values))
