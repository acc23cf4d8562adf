"""The chain rule backwards through vectors and matrices: one rule an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pellucid.errors import UsageError
from pellucid.working import formula as tree
from pellucid.working.arithmetic import Tensor, identity, shape
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import (
    ONE,
    Call,
    Elementwise,
    Formula,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Transpose,
    call,
    formula,
    over,
    power,
    times,
)
from pellucid.working.printing.linear import one_line
from pellucid.working.simplification import simplify
from pellucid.working.slopes import SLOPES

Values = Mapping[str, Tensor]
Passed = list[tuple[Formula, Formula]]  # a part and what arrives at it


def passed_back(node: Formula, arriving: Formula, values: Values) -> tuple[str, Passed]:
    """The rule's name, and the derivative that each part of the node receives."""
    rule = _RULES.get(type(node))
    if rule is None:
        raise UsageError(f"Shape algebra knows no rule for {one_line(node)}.")
    return rule(node, arriving, values)


def joined(*factors: Formula) -> Formula:
    """A product without ones, with its numbers first."""
    opened = [part for f in factors for part in (f.factors if isinstance(f, Product) else (f,))]
    numbers = [part for part in opened if isinstance(part, Number)]
    others = [part for part in opened if not isinstance(part, Number)]
    number = simplify(times(*numbers)) if numbers else ONE
    kept = others if number == ONE else [number, *others]
    return times(*kept) if kept else ONE


def transposed(node: Formula) -> Formula:
    """The transpose, undone when it was one."""
    return node.of if isinstance(node, Transpose) else Transpose(node)


def rank(node: Formula, values: Values) -> int:
    """The number of axes of a formula's value."""
    return len(shape(evaluate(node, values)))


def _sum(node: Any, arriving: Formula, values: Values) -> tuple[str, Passed]:
    whole = rank(node, values)
    parts = [
        (t, arriving if rank(t, values) == whole else call("sum", arriving)) for t in node.terms
    ]
    return "A sum passes the derivative on to every term", parts


def _negative(node: Any, arriving: Formula, values: Values) -> tuple[str, Passed]:
    return "A minus sign turns the derivative's sign", [(node.of, joined(Number(-1), arriving))]


def _product(node: Any, arriving: Formula, values: Values) -> tuple[str, Passed]:
    left, right = times(*node.factors[:-1]), node.factors[-1]
    ranks = rank(left, values), rank(right, values)
    if 0 in ranks:
        return "A number times an array", _scaling(left, right, arriving, ranks)
    pairs: dict[tuple[int, int], Callable[[], Passed]] = {
        (1, 1): lambda: [(left, joined(arriving, right)), (right, joined(arriving, left))],
        (2, 1): lambda: _matrix_on_left(left, right, arriving),
        (2, 2): lambda: _matrix_on_left(left, right, arriving),
        (1, 2): lambda: [
            (left, joined(right, arriving)),
            (right, joined(left, transposed(arriving))),
        ],
    }
    names = {(1, 1): "Dot product", (1, 2): "Row times matrix"}
    name = names.get(ranks, "Matrix product: ∂L/∂A = G·Bᵀ and ∂L/∂B = Aᵀ·G")
    return name, pairs[ranks]()


def _matrix_on_left(left: Formula, right: Formula, arriving: Formula) -> Passed:
    return [
        (left, joined(arriving, transposed(right))),
        (right, joined(transposed(left), arriving)),
    ]


def _scaling(left: Formula, right: Formula, arriving: Formula, ranks: tuple[int, int]) -> Passed:
    if ranks == (0, 0):
        return [(left, joined(arriving, right)), (right, joined(arriving, left))]
    number, array = (left, right) if ranks[0] == 0 else (right, left)
    return [
        (number, call("sum", Elementwise((arriving, array)))),
        (array, joined(number, arriving)),
    ]


def _elementwise(slope: Formula, arriving: Formula, is_array: bool) -> Formula:
    if not is_array or arriving == ONE:
        return joined(arriving, slope)
    return Elementwise((arriving, slope))


def _call(node: Any, arriving: Formula, values: Values) -> tuple[str, Passed]:
    inside = node.arguments[0]
    sizes = shape(evaluate(inside, values))
    if node.function == "norm":
        return "Length: its derivative is the unit vector", [
            (inside, joined(arriving, over(inside, node)))
        ]
    if node.function == "sum":
        return "A sum over entries passes the derivative on to each", [
            (inside, joined(arriving, ones(sizes)))
        ]
    if node.function == "trace":
        return "Trace", [(inside, joined(arriving, formula(identity(sizes[0]))))]
    if node.function not in SLOPES:
        raise UsageError(f"Shape algebra knows no rule for {one_line(node)}.")
    slope = SLOPES[node.function](inside)
    return f"{one_line(call(node.function, 'u'))} acts on every entry by itself", [
        (inside, _elementwise(slope, arriving, bool(sizes)))
    ]


def ones(sizes: tuple[int, ...]) -> Formula:
    """An array of ones."""
    if not sizes:
        return ONE
    return tree.Array(tuple(ones(sizes[1:]) for _ in range(sizes[0])))


def _power(node: Any, arriving: Formula, values: Values) -> tuple[str, Passed]:
    base, exponent = node.base, node.exponent
    if not isinstance(exponent, Number) or isinstance(exponent.value, complex):
        raise UsageError(f"In shape algebra an exponent must be a number; found {one_line(node)}.")
    if exponent.value == 2 and isinstance(base, Call) and base.function == "norm":
        inside = base.arguments[0]
        return "Squared length: ‖u‖² has the derivative 2u", [
            (inside, joined(Number(2), arriving, inside))
        ]
    less = base if exponent.value == 2 else power(base, exponent.value - 1)
    slope = joined(exponent, less)
    is_array = rank(base, values) > 0
    return "Power rule, for every entry", [(base, _elementwise(slope, arriving, is_array))]


def _transpose(node: Any, arriving: Formula, values: Values) -> tuple[str, Passed]:
    return "A transpose transposes the derivative", [(node.of, transposed(arriving))]


def _quotient(node: Any, arriving: Formula, values: Values) -> tuple[str, Passed]:
    if tree.symbols(node.below):
        raise UsageError("In shape algebra the divisor must be a number.")
    return "A constant divisor stays", [
        (node.above, joined(simplify(over(1, node.below)), arriving))
    ]


_RULES: dict[type[Formula], Callable[[Any, Formula, Values], tuple[str, Passed]]] = {
    Sum: _sum,
    Negative: _negative,
    Product: _product,
    Call: _call,
    Power: _power,
    Transpose: _transpose,
    Quotient: _quotient,
}
