"""Calculus lessons agree with SymPy, autograd and torch.optim, and know corners and step sizes."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import UsageError
from pellucid.working import lesson
from pellucid.working.differentiation import derivative_of
from pellucid.working.evaluation import evaluate_number
from pellucid.working.formula import Formula
from pellucid.working.parsing import parse
from pellucid.working.simplification import simplify
from pellucid.working.slopes import SLOPES

QUICK = settings(max_examples=30, deadline=None, derandomize=True, database=None)
TORCH = {
    "exp": torch.exp,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "abs": torch.abs,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
    "softplus": torch.nn.functional.softplus,
    "erf": torch.erf,
    "atan": torch.atan,
}


def joined(inner: Any) -> Any:
    """Sums, products, quotients, powers and functions of smaller expressions."""
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})/(1 + ({t[1]})**2)"),
        st.tuples(inner, st.integers(2, 3)).map(lambda t: f"({t[0]})**{t[1]}"),
        st.tuples(st.sampled_from(sorted(TORCH)), inner).map(lambda t: f"{t[0]}({t[1]})"),
    )


def nested(leaves: Any) -> Any:
    """Expressions up to two operations deep."""
    once = joined(leaves)
    return st.one_of(leaves, once, joined(st.one_of(leaves, once)))


leaves = st.sampled_from(["x", "y", "2 - x", "x*y", "x/3", "3*x - 1", "x**2"])
expressions = nested(leaves)
smooth = expressions.filter(lambda t: not any(f in t for f in ("relu", "abs")))


def as_sympy(text: str) -> Any:
    x = sympy.Symbol("u")
    sigmoid = sympy.Lambda(x, 1 / (1 + sympy.exp(-x)))
    names = {
        "sigmoid": sigmoid,
        "silu": sympy.Lambda(x, x * sigmoid(x)),
        "softplus": sympy.Lambda(x, sympy.log(1 + sympy.exp(x))),
        "gelu": sympy.Lambda(x, x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2),
    }
    return sympy.sympify(text, locals=names, rational=True)


@QUICK
@given(smooth)
def test_derivatives_agree_with_sympy(text: str) -> None:
    found = derivative_of(parse(text), "x")
    known = sympy.diff(as_sympy(text), sympy.Symbol("x"))
    for point in ({"x": Fraction(1, 3), "y": Fraction(2, 7)}, {"x": -1.25, "y": 0.75}):
        value = float(evaluate_number(found, point))
        wanted = float(known.subs({name: sympy.Rational(str(v)) for name, v in point.items()}))
        assert math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-9)


def in_torch(node: Any, values: dict[str, torch.Tensor]) -> torch.Tensor:
    """Evaluate with torch by Python's own reading of the text."""
    return eval(node, {"__builtins__": {}}, {**TORCH, **values})


@QUICK
@given(expressions, st.floats(-2, 2), st.floats(-2, 2))
def test_gradients_agree_with_autograd(text: str, first: float, second: float) -> None:
    node = parse(text)
    values = {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for name, value in (("x", first), ("y", second))
    }
    whole = in_torch(text, values)
    if not isinstance(whole, torch.Tensor) or not whole.requires_grad:
        return
    known = torch.autograd.grad(whole, list(values.values()), allow_unused=True)
    for (name, _), slope in zip(values.items(), known, strict=True):
        value = evaluate_number(derivative_of(node, name), {"x": first, "y": second})
        wanted = 0.0 if slope is None else float(slope)
        assert math.isclose(float(value), wanted, rel_tol=1e-8, abs_tol=1e-8)


@QUICK
@given(expressions, st.fractions(-2, 2, max_denominator=9), st.fractions(-2, 2, max_denominator=9))
def test_simplifying_keeps_the_value(text: str, first: Fraction, second: Fraction) -> None:
    node, point = parse(text), {"x": first, "y": second}
    before, after = evaluate_number(node, point), evaluate_number(simplify(node), point)
    assert math.isclose(float(before), float(after), rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("name", sorted(SLOPES))
def test_every_elementary_function_has_the_slope_that_its_secant_shows(name: str) -> None:
    step = lesson("derivative", f"{name}(x)", at="1/3")
    assert isinstance(step.result, Formula)
    x, h = 1 / 3, 1e-6
    high, low = (float(evaluate_number(parse(f"{name}(x)"), {"x": v})) for v in (x + h, x - h))
    value = float(evaluate_number(step.result, {"x": Fraction(1, 3)}))
    assert math.isclose(value, (high - low) / (2 * h), rel_tol=1e-6, abs_tol=1e-8)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("7", "Constant rule"),
        ("x**3 + x", "Sum rule"),
        ("x*sin(x)", "Product rule"),
        ("sin(x)/x", "Quotient rule"),
        ("x**5", "Power rule"),
        ("(x + 1)**5", "Power rule with the chain rule"),
        ("exp(2*x)", "Derivative of exp, with the chain rule"),
        ("2**x", "Exponential rule"),
        ("x**x", "General power rule"),
        ("log(x)", "Derivative of log"),
        ("x if x > 0 else x**2", "Piece by piece"),
        ("3*x", "Constant factor rule"),
    ],
)
def test_each_rule_is_named(text: str, rule: str) -> None:
    assert lesson("derivative", text).steps[0].rule == rule


def test_the_derivative_of_the_lecture_is_2_everywhere() -> None:
    assert lesson("derivative").result == parse("2")


def test_a_derivative_at_a_point_is_exact_then_rounded() -> None:
    step = lesson("derivative", "sin(x)**2", at="1/3")
    assert isinstance(step.find("At the point x = 1/3").result, Formula)
    rounded = step.find("As a decimal number").result
    assert math.isclose(rounded, 2 * math.sin(1 / 3) * math.cos(1 / 3))


def test_the_secant_gets_better_and_then_worse() -> None:
    table = lesson("derivative", "sin(x)", at=1).find("By the secant, in float64").table
    assert table is not None
    errors = [row[2] for row in table.rows]
    best = errors.index(min(errors))
    assert errors[0] > errors[best] < errors[-1] and 0 < best < len(errors) - 1


@pytest.mark.parametrize(("text", "sides"), [("relu(x)", (0, 1)), ("abs(x - 2)", (-1, 1))])
def test_at_a_corner_both_slopes_are_given_and_torchs_choice(
    text: str, sides: tuple[int, int]
) -> None:
    at = 2 if "2" in text else 0
    step = lesson("derivative", text, at=at).find(f"Corner at x = {at}")
    assert step.result == sides and "torch takes 0" in step.reason
    x = torch.tensor(float(at), requires_grad=True)
    in_torch(text, {"x": x}).backward()
    assert float(x.grad) == 0  # type: ignore[arg-type]


def test_a_jump_is_said_to_have_no_derivative() -> None:
    text = lesson("derivative", "1 if x > 0 else 0").text()
    assert "Jump at x = 0" in text


def test_the_gradient_at_a_point_says_how_steep_it_is() -> None:
    step = lesson("gradient", at="1, 2").find("At the point")
    assert step.result == (8, 3) and "8.544" in step.reason


def test_a_jacobian_has_a_row_a_function_and_a_column_a_variable() -> None:
    step = lesson("jacobian", "[x*y, x + y, y**2]", at="x=2, y=3")
    assert step.find("At the point").result == ((3, 2), (1, 1), (0, 6))


@pytest.mark.parametrize(
    ("text", "shapes", "by"),
    [
        ("norm(W@x + b - y)**2", "W=2x3, x=3, b=2, y=2", "W"),
        ("norm(W@x + b - y)**2", "W=2x3, x=3, b=2, y=2", "x"),
        ("sum(tanh(W@x))", "W=2x3, x=3", "W"),
        ("sum(relu(V@relu(W@x + b)))", "V=2x4, W=4x3, x=3, b=4", "W"),
        ("x@A@x", "A=3x3, x=3", "x"),
        ("trace(transpose(W)@W)", "W=3x2", "W"),
        ("norm(W) + 3*sum(W)", "W=2x2", "W"),
        ("sum((A@B)**2)/5", "A=2x3, B=3x2", "B"),
        ("s*sum(x)", "x=3", "s"),
    ],
)
def test_shape_algebra_agrees_with_autograd(text: str, shapes: str, by: str) -> None:
    from pellucid.working.evaluation import evaluate
    from pellucid.working.lessons.shape_algebra import _read

    step = lesson("gradient", text, by=by, shapes=shapes)
    _, values = _read(text, shapes)
    tensors = {
        name: torch.tensor(_floats(value), dtype=torch.float64, requires_grad=True)
        for name, value in values.items()
    }
    names = {"norm": torch.norm, "sum": torch.sum, "trace": torch.trace} | TORCH
    names["transpose"] = lambda matrix: matrix.T
    whole = eval(text, {"__builtins__": {}}, {**names, **tensors})
    whole.backward()
    found = torch.tensor(_floats(evaluate(step.result, values)), dtype=torch.float64)
    assert torch.allclose(found, tensors[by].grad, atol=1e-12)  # type: ignore[arg-type]


def _floats(value: Any) -> Any:
    return [_floats(item) for item in value] if isinstance(value, tuple) else float(value)


def test_the_textbook_gradient_of_least_squares() -> None:
    step = lesson("gradient", "norm(W@x - y)**2", shapes="W=2x3, x=3, y=2")
    assert "= 2·(W·x − y)·xᵀ" in step.text()


def test_a_linear_map_is_its_own_jacobian() -> None:
    step = lesson("jacobian", "W@x", shapes="W=2x3, x=3", by="x")
    assert step.result == parse("W") and step.find("Shape of the Jacobian").result == (2, 3)


METHODS: dict[str, Any] = {
    "plain": torch.optim.SGD,
    "momentum": lambda p, h: torch.optim.SGD(p, h, momentum=0.9),
    "nesterov": lambda p, h: torch.optim.SGD(p, h, momentum=0.9, nesterov=True),
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


def walked(optimizer: Any, text: str, point: dict[str, torch.Tensor], steps: int) -> list[Any]:
    """The path that torch.optim takes."""
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        in_torch(text, point).backward()
        optimizer.step()
        path.append([value.item() for value in point.values()])
    return path


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("text", "start", "step"),
    [
        ("x**2", {"x": 6.0}, "0.1"),
        ("x**2 + 3*y**2 + x*y", {"x": 3.0, "y": -2.0}, "0.05"),
        ("sin(x) + x**2/10", {"x": 2.0}, "0.2"),
    ],
)
def test_optimizers_agree_with_torch_step_by_step(
    method: str, text: str, start: dict[str, float], step: str
) -> None:
    found = lesson("descent", text, start=start, step=step, steps=40, method=method)
    point = {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for name, value in start.items()
    }
    known = walked(METHODS[method](list(point.values()), float(step)), text, point, 40)
    assert found.table is not None
    for row, wanted in zip(found.table.rows[1:], known, strict=True):
        for value, other in zip(row[1:], wanted, strict=False):
            assert abs(float(value) - other) <= 1e-12 * max(1, abs(other))  # type: ignore[arg-type]


@pytest.mark.parametrize("start", ["[[1, 2], [3, 4]]", "[[1, 2, 3, 4]]", "[[1], [2], [3], [4]]"])
def test_muon_agrees_with_torch_in_float64(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # torch orthogonalises in bfloat16; here it is kept in float64, so that the steps can agree.
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    text = "(a-1)**2 + (b+2)**2 + (c-d)**2 + d**2"
    matrix = torch.tensor(eval(start), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Muon([matrix], 0.1)
    found = lesson("descent", text, start=start, step="0.1", steps=20, method="muon")
    assert found.table is not None
    for row in found.table.rows[1:]:
        optimizer.zero_grad()
        a, b, c, d = matrix.flatten()
        in_torch(text, {"a": a, "b": b, "c": c, "d": d}).backward()
        optimizer.step()
        for value, other in zip(row[1:5], matrix.flatten().tolist(), strict=True):
            assert abs(float(value) - other) <= 1e-12 * max(1, abs(other))  # type: ignore[arg-type]


def test_the_descent_of_the_lecture_is_exact() -> None:
    table = lesson("descent").table
    assert table is not None
    assert [row[1] for row in table.rows[:4]] == [
        6,
        Fraction("4.8"),
        Fraction("3.84"),
        Fraction("3.072"),
    ]
    assert [row[2] for row in table.rows[1:4]] == [
        Fraction("23.04"),
        Fraction("14.7456"),
        Fraction("9.437184"),
    ]


@pytest.mark.parametrize(
    ("step", "word"),
    [
        ("0.1", "it converges"),
        ("0.5", "it lands at once"),
        ("0.9", "it converges, swinging from side to side"),
        ("1", "it bounces between two places"),
        ("1.1", "it leaves"),
    ],
)
def test_the_step_size_decides_what_the_path_does(step: str, word: str) -> None:
    verdict = next(s for s in lesson("descent", step=step).steps if "step size" in s.rule)
    assert verdict.rule.endswith(word)
    assert verdict.result == 1 - 2 * Fraction(step)


def test_without_a_parabola_the_verdict_is_measured() -> None:
    for step, word in (("0.05", "converges"), ("3", "leaves")):
        walked = lesson("descent", "x**4 - x**2", start="1.5", step=step, steps=30)
        assert any(s.rule.startswith(f"What the step size does: it {word}") for s in walked.steps)


def test_a_path_that_leaves_stops_and_says_so() -> None:
    step = lesson("descent", "x**4", start=3, step=1, steps=50)
    assert step.table is not None and len(step.table.rows) < 10
    assert "it leaves" in step.text()


def test_a_path_out_of_the_domain_stops_before_it() -> None:
    step = lesson("descent", "x - log(x)", start="0.1", step="0.5", steps=20)
    assert step.table is not None and all(row[1] > 0 for row in step.table.rows)
    with pytest.raises(UsageError, match="The first step leads nowhere"):
        lesson("descent", "x + log(x)", start="0.5", step="1", steps=20)


def test_descent_starting_on_a_corner_takes_the_slope_0() -> None:
    step = lesson("descent", "abs(x)", start=0, steps=3)
    assert step.result == 0 and "stands still" in step.text()


def test_pictures_follow_the_number_of_variables() -> None:
    for text, start, up in (("x**2", "6", "f"), ("x**2+y**2", "1,2", "y"), ("a*b*c", "1,1,1", "f")):
        picture = lesson("descent", text, start=start, step="0.01", steps=3).picture
        assert picture is not None and picture.up == up and "The path begins" in picture.description
