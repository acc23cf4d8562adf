"""Sum, product, transpose and identity of matrices."""

from __future__ import annotations

from typing import Any

from pellucid.errors import UsageError
from pellucid.working.arguments import Entry, Given, read_array, read_count, read_matrix
from pellucid.working.arithmetic import each, identity, matrix_product, shape, total, transpose
from pellucid.working.elimination import exact
from pellucid.working.formula import Formula, Symbol, Transpose, formula, plus, times
from pellucid.working.lessons.determinant import settled
from pellucid.working.step import Check, Step

MOST_ENTRIES = 400
SHOWN_ENTRIES = 4
MOST_STEPS = 64  # entries worked as steps; the others are computed, and checked all together


def sum_(left: Given = "[[1, 2], [3, 4]]", right: Given = "[[5, 6], [7, 8]]") -> Step:
    """Matrices of one shape are added entry by entry."""
    first, second = (_read(value, name) for value, name in ((left, "left"), (right, "right")))
    if shape(first) != shape(second):
        raise UsageError(
            f"Only arrays of one shape are added; found {shape(first)} and {shape(second)}."
        )
    outline = _entrywise(plus, first, second)
    again = _entrywise(lambda a, b: settled(plus(b, a)), second, first)
    return Step(
        rule="Sum of matrices",
        given={"A": first, "B": second},
        of=plus("A", "B"),
        working=(formula(outline),),
        result=_entrywise(lambda a, b: settled(plus(a, b)), first, second),
        check=Check("B + A", again),
        reason="Each entry is added to the entry in the same place; both must have one shape.",
    )


def product(left: Given = "[[1, 2], [3, 4]]", right: Given = "[[5, 6], [7, 8]]") -> Step:
    """Rows of the left matrix meet columns of the right one."""
    first, second = (_read(value, name) for value, name in ((left, "left"), (right, "right")))
    if not shape(first) or not shape(second):
        return _scaled(first, second)
    rows, columns = _as_matrices(first, second)
    if len(rows[0]) != len(columns):
        raise UsageError(
            f"A of shape {shape(first)} has {len(rows[0])} columns, B of shape {shape(second)} "
            f"has {len(columns)} rows; for A·B they must be equal."
        )
    entries = _entries(rows, columns)
    whole = _settled_product(rows, columns)
    result: Any = whole
    if len(shape(second)) == 1:  # a vector on the right stands upright
        result = tuple(row[0] for row in whole)
    if len(shape(first)) == 1:
        result = result[0]
    return Step(
        rule="Product of matrices",
        given={"A": first, "B": second},
        of=times("A", "B"),
        result=result,
        check=Check(
            "the sum of columns of A times rows of B", _like(_outer(rows, columns), result)
        ),
        reason="The entry in row i and column j is row i of A times column j of B: "
        "multiply pairwise, then add.",
        steps=(*entries, *_other_order(first, second)),
        shown=None if len(entries) <= SHOWN_ENTRIES else SHOWN_ENTRIES,
    )


def transposed(matrix: Given = "[[1, 2, 3], [4, 5, 6]]") -> Step:
    """Rows become columns and columns rows."""
    rows = exact(read_matrix(matrix, "The matrix", MOST_ENTRIES))
    places = [[(i, j) for i in range(len(rows))] for j in range(len(rows[0]))]
    again = tuple(tuple(rows[i][j] for i, j in line) for line in places)
    return Step(
        rule="Transpose",
        given={"A": rows},
        of=Transpose(Symbol("A")),
        result=transpose(rows),
        check=Check("entry (i, j) taken from (j, i)", again),
        reason=f"Rows become columns: {len(rows)} × {len(rows[0])} becomes "
        f"{len(rows[0])} × {len(rows)}. Transposing twice gives the matrix back.",
    )


def identity_(matrix: Given = "[[2, 3], [4, 5]]") -> Step:
    """The matrix that changes nothing: ones on the diagonal."""
    value = exact(read_array(matrix, "The matrix"))
    if not shape(value):
        value = identity(read_count(value, "The size", 1, 12))
    rows = read_matrix(value, "The matrix", 20)
    sizes = len(rows), len(rows[0])
    left, right = identity(sizes[0]), identity(sizes[1])
    steps = tuple(
        Step(
            rule=f"{name} is the matrix itself",
            given={"I": unit},
            of=times(*name.split("·")),
            result=_settled_product(*pair),
            check=Check("the matrix as it was given", rows),
        )
        for name, unit, pair in (("I·A", left, (left, rows)), ("A·I", right, (rows, right)))
    )
    return Step(
        rule="Identity matrix",
        given={"A": rows},
        of=Symbol("I"),
        result=right,
        check=Check("1 where row and column are equal, else 0", _deltas(sizes[1])),
        reason="The identity does to matrices what 1 does to numbers: I·A = A = A·I.",
        steps=steps,
    )


def _deltas(size: int) -> tuple[tuple[int, ...], ...]:
    rows = [[0] * size for _ in range(size)]
    for place in range(size):
        rows[place][place] = 1
    return tuple(map(tuple, rows))


def _read(value: Given, name: str) -> Any:
    found = exact(read_array(value, f"The {name} matrix"))
    if len(shape(found)) > 2:
        raise UsageError(f"The {name} one has {len(shape(found))} axes; at most 2 are worked here.")
    if shape(found) and len(shape(found)) and max(shape(found)) > 60:
        raise UsageError(f"The {name} one is larger than 60 × 60, too large to work in full.")
    return found


def _entrywise(function: Any, left: Any, right: Any) -> Any:
    return each(function, left, right)


def _scaled(first: Any, second: Any) -> Step:
    factor, array = (first, second) if not shape(first) else (second, first)
    outline = each(lambda entry: times(factor, entry), array)
    again = each(lambda entry: settled(times(entry, factor)), array)
    return Step(
        rule="A number times a matrix",
        given={"A": first, "B": second},
        of=times("A", "B"),
        working=(formula(outline),),
        result=each(lambda entry: settled(times(factor, entry)), array),
        check=Check("B·A", again),
        reason="A number multiplies every entry.",
    )


def _as_matrices(first: Any, second: Any) -> tuple[Any, Any]:
    """A vector on the left lies, a vector on the right stands."""
    rows = first if len(shape(first)) == 2 else (first,)
    columns = second if len(shape(second)) == 2 else tuple((entry,) for entry in second)
    return rows, columns


def _like(whole: Any, result: Any) -> Any:
    rank = len(shape(result))
    if rank == 2:
        return whole
    return tuple(entry for row in whole for entry in row) if rank == 1 else whole[0][0]


def _settled_product(rows: Any, columns: Any) -> Any:
    if not _has_symbols(rows) and not _has_symbols(columns):
        return matrix_product(rows, columns)
    return tuple(
        tuple(settled(plus(*map(times, row, column))) for column in transpose(columns))
        for row in rows
    )


def _has_symbols(rows: Any) -> bool:
    return any(isinstance(entry, Formula) for row in rows for entry in row)


def _outer(rows: Any, columns: Any) -> Any:
    """Add up (column k of A) times (row k of B): the product without any dot product."""
    pairs = list(zip(transpose(rows), columns, strict=True))
    if not _has_symbols(rows) and not _has_symbols(columns):
        parts = [tuple(tuple(a * b for b in right) for a in left) for left, right in pairs]
        return each(lambda *terms: total(terms), *parts)
    forms = [tuple(tuple(times(a, b) for b in right) for a in left) for left, right in pairs]
    return each(lambda *terms: settled(plus(*terms)), *forms)


def _entries(rows: Any, columns: Any) -> tuple[Step, ...]:
    """The first entries as steps."""
    upright = transpose(columns)
    places = [(i, j) for i in range(len(rows)) for j in range(len(upright))][:MOST_STEPS]
    return tuple(_entry(rows[i], upright[j], (i + 1, j + 1)) for i, j in places)


def _entry(row: tuple[Entry, ...], column: tuple[Entry, ...], place: tuple[int, int]) -> Step:
    terms: list[Formula] = [times(a, b) for a, b in zip(row, column, strict=True)]
    i, j = place
    return Step(
        rule=f"Row {i} times column {j}",
        given={},
        of=Symbol(f"c_{i}{j}" if max(place) < 10 else f"c_{i},{j}"),
        working=(plus(*terms),),
        result=settled(plus(*terms)),
        check=Check("adding from the last term", settled(plus(*reversed(terms)))),
    )


def _other_order(first: Any, second: Any) -> tuple[Step, ...]:
    """For square matrices, the product the other way round."""
    if len(shape(first)) != 2 or shape(first) != shape(second) or len(first) != len(first[0]):
        return ()
    other = _settled_product(second, first)
    same = other == _settled_product(first, second)
    return (
        Step(
            rule="The other order",
            given={},
            of=times("B", "A"),
            result=other,
            check=Check("the sum of columns of B times rows of A", _outer(second, first)),
            reason="Here B·A happens to equal A·B."
            if same
            else "B·A differs from A·B: the order of a matrix product matters.",
        ),
    )
