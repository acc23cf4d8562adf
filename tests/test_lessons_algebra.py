"""Matrix lessons agree with SymPy on random matrices, and know their special cases."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.working import lesson
from pellucid.working.evaluation import evaluate_complex
from pellucid.working.formula import Formula, symbols
from pellucid.working.printing.linear import one_line

numbers = st.one_of(st.integers(-9, 9), st.fractions(min_value=-5, max_value=5, max_denominator=7))
QUICK = settings(max_examples=30, deadline=None, derandomize=True, database=None)


def square(low: int, high: int, entries: Any = numbers) -> Any:
    return st.integers(low, high).flatmap(
        lambda n: st.lists(st.lists(entries, min_size=n, max_size=n), min_size=n, max_size=n)
    )


def exact(matrix: Any) -> sympy.Matrix:
    return sympy.Matrix([[sympy.Rational(str(Fraction(x))) for x in row] for row in matrix])


def as_sympy(value: Any) -> Any:
    """A value of a step as SymPy writes it."""
    if isinstance(value, tuple) and isinstance(value[0], tuple):
        return sympy.Matrix([[as_sympy(entry) for entry in row] for row in value])
    if isinstance(value, Formula):
        text = one_line(value).replace("−", "-").replace("·", "*").replace("²", "**2")
        return sympy.sympify(text.replace("³", "**3").replace("⁴", "**4"))
    return sympy.Rational(str(Fraction(value)))


@QUICK
@given(square(1, 6))
def test_determinants_agree_with_sympy(matrix: Any) -> None:
    assert as_sympy(lesson("determinant", matrix).result) == exact(matrix).det(method="berkowitz")


@pytest.mark.parametrize("text", ["[[a, b], [c, d]]", "[[a, 1, 0], [b, a, 2], [1, 1, a]]"])
def test_determinants_with_symbols_agree_with_sympy(text: str) -> None:
    known = sympy.Matrix(sympy.sympify(text)).det()
    found = lesson("determinant", text).result
    point = {name: index + 2 for index, name in enumerate("abcd")}
    value = evaluate_complex(found, point)
    assert value == complex(known.subs(point))
    assert set(symbols(found)) == {str(s) for s in known.free_symbols}


@QUICK
@given(square(2, 4, st.integers(-5, 5)))
def test_inverses_agree_with_sympy(matrix: Any) -> None:
    known = exact(matrix)
    if known.det() == 0:
        return
    assert as_sympy(lesson("inverse", matrix).result) == known.inv()


@QUICK
@given(square(1, 4, st.integers(-5, 5)))
def test_eigenvalues_agree_with_sympy(matrix: Any) -> None:
    step = lesson("eigenvalues", matrix)
    factors = sympy.Poly(exact(matrix).charpoly().as_expr()).sqf_list()[1]
    known = [complex(root) for part, times in factors for root in part.nroots() * times]
    found = [complex(evaluate_complex(value)) for value in step.result]
    assert len(found) == len(known)
    for value in found:
        nearest = min(known, key=lambda other: abs(other - value))
        assert abs(nearest - value) < 1e-9 * max(1, abs(value))
        known.remove(nearest)


@QUICK
@given(square(2, 4, st.integers(-5, 5)))
def test_the_characteristic_polynomial_agrees_with_sympy(matrix: Any) -> None:
    found = lesson("eigenvalues", matrix).find("Characteristic polynomial").result
    sign = (-1) ** len(matrix)
    known = exact(matrix).charpoly().as_expr()
    name = next(iter(known.free_symbols))
    for at in range(-3, 4):
        assert evaluate_complex(found, {"lambda": at}) == sign * complex(known.subs(name, at))


@QUICK
@given(square(2, 3, st.integers(-5, 5)), st.data())
def test_products_and_sums_agree_with_sympy(left: Any, data: Any) -> None:
    size = len(left)
    right = data.draw(square(size, size, st.integers(-5, 5)))
    assert as_sympy(lesson("product", left, right).result) == exact(left) * exact(right)
    assert as_sympy(lesson("sum", left, right).result) == exact(left) + exact(right)
    assert as_sympy(lesson("transpose", left).result) == exact(left).T


def test_the_lecture_eigenvectors() -> None:
    step = lesson("eigenvalues")
    assert step.find("v_1").result == (1, 1)
    assert step.find("v_2").result == (2, -3)


def test_irrational_eigenvalues_stay_exact() -> None:
    shown = [one_line(value) for value in lesson("eigenvalues", "[[1, 1], [1, 0]]").result]
    assert shown == ["(1 + √5)/2", "(1 − √5)/2"]


def test_complex_eigenvalues_stay_exact() -> None:
    shown = [one_line(value) for value in lesson("eigenvalues", "[[2, -3], [3, 2]]").result]
    assert shown == ["2 + 3i", "2 − 3i"]


def test_beyond_closed_forms_eigenvalues_are_numbers_with_a_residual() -> None:
    companion = [
        [0, 0, 0, 0, 1],
        [1, 0, 0, 0, 1],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
    ]
    step = lesson("eigenvalues", companion)
    assert "residual" in step.text()
    assert isinstance(step.find("Numerical eigenvector of λ₁").result, tuple)


ROOT_OF_TWO = "[[0, 0, 2], [1, 0, 0], [0, 1, 0]]"  # the characteristic polynomial is λ³ − 2


def test_radicals_are_shown_when_they_are_short() -> None:
    shown = [one_line(value) for value in lesson("eigenvalues", ROOT_OF_TWO).result]
    assert shown[0] == "2^(1/3)"


def test_without_sympy_such_eigenvalues_are_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.working import symbolic

    monkeypatch.setattr(symbolic, "is_available", lambda: False)
    step = lesson("eigenvalues", ROOT_OF_TWO)
    assert abs(evaluate_complex(step.result[0]) - 2 ** (1 / 3)) < 1e-12
    assert "no short closed form" in " ".join(step.text().split())
    assert lesson("eigenvalues", "[[1, 1], [1, 0]]").result[0] is not None


def test_a_defective_matrix_says_that_eigenvectors_are_missing() -> None:
    assert "only 1 independent" in lesson("eigenvalues", "[[2, 1], [0, 2]]").text()


def test_a_repeated_eigenvalue_may_have_a_plane_of_eigenvectors() -> None:
    step = lesson("eigenvalues", "[[2, 0, 0], [0, 2, 0], [0, 0, 3]]")
    assert len(step.find("v_2").result) == 2


def test_a_vector_that_turns_is_no_eigenvector() -> None:
    text = lesson("eigenvalues", "[[1, 2], [3, 0]]", vector="[1, 0]").text()
    assert "It is not an eigenvector" in text


def test_the_determinant_is_shown_three_ways_with_a_picture() -> None:
    step = lesson("determinant")
    assert [s.rule for s in step.steps] == [
        "By the 2 × 2 formula",
        "By cofactors along row 1",
        "By elimination",
    ]
    assert step.picture is not None and "(5, 9)" in step.picture.description


def test_cofactors_go_along_the_row_with_most_zeros() -> None:
    step = lesson("determinant", "[[1, 2, 3], [0, 0, 5], [4, 6, 7]]")
    assert step.find("By cofactors along row 2").result == step.result == 10


def test_elimination_shows_swaps_of_rows() -> None:
    step = lesson("determinant", "[[0, 1], [1, 0]]")
    assert step.find("Swap rows 1 and 2").result == ((1, 0), (0, 1))
    assert step.result == -1


def test_the_order_of_a_product_matters() -> None:
    assert "B·A differs" in lesson("product").text()
    assert "happens to equal" in lesson("product", "[[1,0],[0,1]]", "[[2,3],[4,5]]").text()


def test_a_matrix_times_a_vector_and_a_number_times_a_matrix() -> None:
    assert lesson("product", "[[1, 2], [3, 0]]", "[1, 1]").result == (3, 3)
    assert lesson("product", "2", "[[1, 2], [3, 4]]").result == ((2, 4), (6, 8))


def test_an_inverse_with_symbols_holds_where_the_determinant_is_not_zero() -> None:
    found = lesson("inverse", "[[a, b], [c, d]]").result
    values = {"a": 2, "b": 3, "c": 4, "d": 5}
    numbers = [[evaluate_complex(entry, values) for entry in row] for row in found]
    assert numbers == [[-2.5, 1.5], [2, -1]]


def test_roots_that_cancel_against_large_entries_are_no_fault() -> None:
    """The vector of λ = 173 − √29930 is a difference of numbers near 346²."""
    found = lesson("eigenvalues", [[0, 0, 0], [0, 346, 1], [0, 1, 0]])
    assert "√29930" in found.text()
