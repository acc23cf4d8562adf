"""The determinant by the 2 × 2 formula, by cofactors and by elimination, with its picture."""

from __future__ import annotations

from itertools import permutations
from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working.arguments import Entry, Given, read_square
from pellucid.working.arithmetic import Matrix, Scalar, divide
from pellucid.working.elimination import exact, triangular
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import Formula, call, formula, minus, plus, symbols, times
from pellucid.working.picture import Mark, Path, Picture, Place
from pellucid.working.polynomial import expand
from pellucid.working.step import Check, Step

LARGEST = 8
LARGEST_SYMBOLIC = 4
LARGEST_COFACTORS = 4
Rows = tuple[tuple[Entry, ...], ...]


def determinant(matrix: Given = "[[2, 3], [4, 5]]") -> Step:
    """How a square matrix stretches areas and volumes, and whether it flips them."""
    rows = exact(read_square(matrix, "The matrix", LARGEST))
    size, symbolic = len(rows), is_symbolic(rows)
    if symbolic and size > LARGEST_SYMBOLIC:
        raise UsageError(
            f"A determinant with symbols is worked up to {LARGEST_SYMBOLIC} × {LARGEST_SYMBOLIC}; "
            f"this matrix is {size} × {size}, and its determinant has {size}! products."
        )
    ways = [_by_formula(rows)] if size == 2 else []
    if 1 < size <= LARGEST_COFACTORS:
        ways.append(by_cofactors(rows))
    if not symbolic:
        ways.append(_by_elimination(rows))
    return Step(
        rule=f"Determinant of a {size} × {size} matrix",
        given={"A": rows},
        of=call("det", "A"),
        result=value_of(rows),
        check=Check(ways[0].rule.removeprefix("By "), ways[0].result)
        if ways
        else Check("reading its only entry", rows[0][0]),
        reason="The determinant is the factor by which the matrix stretches areas (in three "
        "dimensions volumes); a minus sign says that it also turns them over.",
        steps=tuple(ways),
        picture=_picture(rows) if size == 2 and not symbolic else None,
    )


def is_symbolic(rows: Rows) -> bool:
    """Say whether an entry is a formula."""
    return any(isinstance(entry, Formula) for row in rows for entry in row)


def value_of(rows: Rows) -> Scalar | Formula:
    """The determinant from its definition or, for larger matrices, by whole-number elimination."""
    if len(rows) > 5:
        return bareiss(cast(Matrix, rows))
    terms = [
        times(_sign(order), *(rows[i][j] for i, j in enumerate(order)))
        for order in permutations(range(len(rows)))
    ]
    return settled(plus(*terms))


def settled(node: Formula) -> Scalar | Formula:
    """The number that a formula is, or its expanded form when it has symbols."""
    return expand(node) if symbols(node) else cast(Scalar, evaluate(node))


def _sign(order: tuple[int, ...]) -> int:
    pairs = [(a, b) for place, a in enumerate(order) for b in order[place + 1 :]]
    return int((-1) ** sum(a > b for a, b in pairs))


def bareiss(matrix: Matrix) -> Scalar:
    """Elimination in which every division comes out even (Bareiss, 1968)."""
    rows, before, sign = [list(row) for row in matrix], cast(Scalar, 1), 1
    for k in range(len(rows) - 1):
        found = next((r for r in range(k, len(rows)) if rows[r][k]), None)
        if found is None:
            return 0
        if found != k:
            rows[k], rows[found], sign = rows[found], rows[k], -sign
        for i in range(k + 1, len(rows)):
            for j in range(k + 1, len(rows)):
                cross = rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]
                rows[i][j] = divide(cross, before)
        before = rows[k][k]
    return sign * rows[-1][-1]


def _by_formula(rows: Rows) -> Step:
    (a, b), (c, d) = rows
    return Step(
        rule="By the 2 × 2 formula",
        given={},
        of=call("det", "A"),
        working=(
            minus(times(a, d), times(b, c)),
            *_products(minus(times(a, d), times(b, c)), minus(_of(a, d), _of(b, c))),
        ),
        result=settled(minus(times(a, d), times(b, c))),
        check=Check("the sum over all permutations", value_of(rows)),
        reason="Main diagonal minus the other diagonal: ad − bc.",
    )


def _products(long: Formula, short: Formula) -> tuple[Formula, ...]:
    """The line with the products worked out, for numbers only."""
    return () if symbols(long) else (short,)


def _of(*factors: Entry) -> Formula:
    product = times(*factors)
    return product if symbols(product) else formula(cast(Scalar, evaluate(product)))


def by_cofactors(rows: Rows, name: str = "A") -> Step:
    """Expand along the row with most zeros."""
    line = max(range(len(rows)), key=lambda r: (sum(entry == 0 for entry in rows[r]), -r))
    minors = [_minor(rows, line, place) for place in range(len(rows))]
    used = [place for place, entry in enumerate(rows[line]) if entry != 0]
    steps = [_minor_step(minors[place], line, place) for place in used] if len(rows) > 2 else []
    entries = [(place, rows[line][place], line + place) for place in used]
    terms = [_term(x, where, call("det", _grid(minors[place]))) for place, x, where in entries]
    values = [_term(x, where, value_of(minors[place])) for place, x, where in entries]
    return Step(
        rule=f"By cofactors along row {line + 1}",
        given={},
        of=call("det", name),
        working=(plus(*terms), plus(*values)) if used else (),
        result=settled(plus(*values)) if used else 0,
        check=_second(rows),
        reason="Each entry of the row times the determinant that is left when its row and its "
        "column are struck out, with the signs of a chessboard + − + −."
        + (" Entries that are 0 add nothing." if len(used) < len(rows) else ""),
        steps=tuple(steps),
    )


def _second(rows: Rows) -> Check:
    if is_symbolic(rows):
        return Check("the sum over all permutations", value_of(rows))
    return Check("whole-number elimination (Bareiss)", bareiss(cast(Matrix, rows)))


def _minor(rows: Rows, line: int, place: int) -> Rows:
    kept = [row for number, row in enumerate(rows) if number != line]
    return tuple(row[:place] + row[place + 1 :] for row in kept)


def _term(entry: Entry, position: int, minor: Scalar | Formula) -> Formula:
    product = times(entry, minor)
    return minus(0, product).terms[1] if position % 2 else product  # type: ignore[attr-defined]


def _grid(rows: Rows) -> Formula:
    return formula(cast(Any, rows))


def _minor_step(rows: Rows, line: int, place: int) -> Step:
    name = f"A_{line + 1}{place + 1}"
    if len(rows) > 2:
        return by_cofactors(rows, name)
    (a, b), (c, d) = rows
    return Step(
        rule=f"Strike out row {line + 1} and column {place + 1}",
        given={name: rows},
        of=call("det", name),
        working=(minus(times(a, d), times(b, c)),),
        result=settled(minus(times(a, d), times(b, c))),
        check=_second(rows),
    )


def _by_elimination(rows: Matrix) -> Step:
    """Row operations to a triangle, then the product of its diagonal."""
    end = triangular(rows)
    diagonal = [end.matrix[i][i] for i in range(len(rows))]
    signs = [(-1) ** end.swaps] if end.swaps else []
    swaps = f" Swaps of rows: {end.swaps}; each one turns the sign." if end.swaps else ""
    product = times(*signs, *diagonal)
    return Step(
        rule="By elimination",
        given={},
        of=call("det", "A"),
        working=(product,) if len(rows) > 1 else (),
        result=cast(Scalar, evaluate(product)),
        check=Check("the sum over all permutations", value_of(rows))
        if len(rows) <= 5
        else Check("whole-number elimination (Bareiss)", bareiss(rows)),
        reason="Subtracting a multiple of one row from another leaves the determinant as it is; "
        "that of a triangle is the product of its diagonal." + swaps,
        steps=end.steps,
    )


def _picture(rows: Matrix) -> Picture:
    """The unit square and the parallelogram that it becomes."""
    (a, b), (c, d) = ((float(x), float(y)) for x, y in rows)
    first, second = (a, c), (b, d)
    corner = (a + b, c + d)
    zero: Place = (0.0, 0.0)
    area = f"{a * d - b * c:g}".replace("-", "−")
    square = (zero, (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    return Picture(
        title=f"The unit square and its image, of signed area {area}",
        description=f"The unit square becomes the parallelogram with the corners (0, 0), "
        f"({a:g}, {c:g}), ({corner[0]:g}, {corner[1]:g}) and ({b:g}, {d:g}).",
        paths=(
            Path("image of the square", (zero, first, corner, second), "first", closed=True),
            Path("unit square", square, "second", closed=True),
            Path("A e₁", (zero, first), "third", arrow=True),
            Path("A e₂", (zero, second), "third", arrow=True),
        ),
        marks=(
            Mark("A e₁", first, "third", left=a * d < b * c),
            Mark("A e₂", second, "third", left=a * d >= b * c),
        ),
        across="x₁",
        up="x₂",
        equal=True,
    )
