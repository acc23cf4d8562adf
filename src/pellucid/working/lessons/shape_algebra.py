"""Gradients and Jacobians by vectors and matrices in shape algebra."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from fractions import Fraction

from pellucid.errors import UsageError
from pellucid.working.arguments import Given, read_expression
from pellucid.working.arithmetic import Tensor, identity, shape
from pellucid.working.backward import joined, passed_back
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import (
    ONE,
    Call,
    Formula,
    Negative,
    Product,
    Sum,
    Symbol,
    call,
    children,
    formula,
    plus,
    symbols,
)
from pellucid.working.measuring import by_complex_step, measured_slopes, replaced
from pellucid.working.printing.linear import one_line
from pellucid.working.slopes import SLOPES
from pellucid.working.step import Check, NumberTable, Step

LONGEST_AXIS = 6  # so that every entry can be checked
IDENTITY = Symbol("I")
Sizes = tuple[int, ...]


def gradient_by_shapes(expression: Given, shapes: Given, by: Given) -> Step:
    """The gradient of a scalar by one of its arrays, rule by rule backwards."""
    whole, values = _read(expression, shapes)
    if shape(evaluate(whole, values)):
        found = shape(evaluate(whole, values))
        raise UsageError(
            f"Only a scalar has a gradient; {one_line(whole)} has the shape {found}. "
            "`lesson jacobian` takes arrays; sum(...) or norm(...)**2 make a scalar of one."
        )
    target = _target(whole, values, by)
    steps, result = _backwards(whole, target, values)
    return Step(
        rule=f"Gradient of {one_line(whole)} by {target}",
        given={"shapes": _written(values)},
        of=Symbol(f"dL/d{target}"),
        result=result,
        check=by_complex_step(whole, Symbol(target), values),
        reason="L is the scalar. From L backwards, each operation turns the derivative that "
        "arrives at its result into one for each of its parts. A gradient by an array has the "
        f"shape of that array, here {_dimensions(shape(values[target]))}.",
        steps=tuple(steps),
        table=_shapes_table(whole, values),
    )


def jacobian_by_shapes(expression: Given, shapes: Given, by: Given) -> Step:
    """The Jacobian of a vector by a vector."""
    whole, values = _read(expression, shapes)
    target = _target(whole, values, by)
    sizes = shape(evaluate(whole, values)), shape(values[target])
    if len(sizes[0]) != 1 or len(sizes[1]) != 1:
        raise UsageError(
            f"Worked here is a vector by a vector; found shape {sizes[0]} by {sizes[1]}, whose "
            f"Jacobian has the shape {(*sizes[0], *sizes[1])}."
        )
    result = _with_identity(_forward(whole, target), len(values[target]))  # type: ignore[arg-type]
    return Step(
        rule=f"Jacobian of {one_line(whole)} by {target}",
        given={"shapes": _written(values)},
        of=Symbol("J"),
        result=result,
        check=by_complex_step(whole, Symbol(target), values),
        reason="A tensor by a tensor has a Jacobian, not a gradient: one row for each of the "
        f"{sizes[0][0]} outputs, one column for each of the {sizes[1][0]} inputs. A linear map is "
        "its own Jacobian; a function of every entry by itself adds a diagonal matrix.",
        steps=(_jacobian_shape(whole, target, values),),
    )


def _jacobian_shape(whole: Formula, target: str, values: dict[str, Tensor]) -> Step:
    found = (*shape(evaluate(whole, values)), *shape(values[target]))
    return Step(
        rule="Shape of the Jacobian",
        given={},
        of=Symbol("shape"),
        result=found,
        check=Check(
            "the slopes that were measured", shape(measured_slopes(whole, Symbol(target), values))
        ),
    )


def _read(expression: Given, shapes: Given) -> tuple[Formula, dict[str, Tensor]]:
    whole = read_expression(expression)
    sizes = _read_shapes(shapes)
    unknown = sorted(set(sizes) - set(symbols(whole)))
    if unknown:
        raise UsageError(f"shapes names {', '.join(unknown)}, which {one_line(whole)} lacks.")
    generator = random.Random(5)
    values = {name: _random(sizes.get(name, ()), generator) for name in symbols(whole)}
    evaluate(whole, values)  # shapes that do not fit are said here
    return whole, values


def _read_shapes(given: Given) -> dict[str, Sizes]:
    if isinstance(given, Mapping):
        found = {str(name): tuple(int(size) for size in sizes) for name, sizes in given.items()}
    else:
        pairs = re.findall(r"([^\W\d]\w*)\s*=\s*(\d{1,3}(?:\s*[x×]\s*\d{1,3})*)", str(given))
        found = {name: tuple(map(int, re.split(r"\s*[x×]\s*", text))) for name, text in pairs}
    if not found:
        raise UsageError(f'shapes must read like "W=2x3, x=3, y=2"; found {given!r}.')
    for name, sizes in found.items():
        if len(sizes) > 2 or not all(1 <= size <= LONGEST_AXIS for size in sizes):
            raise UsageError(
                f"{name} must be a vector or a matrix with axes from 1 to {LONGEST_AXIS}; "
                f"found {_dimensions(sizes)}."
            )
    return found


def _random(sizes: Sizes, generator: random.Random) -> Tensor:
    if not sizes:
        return Fraction(generator.randrange(-30, 30) * 2 + 1, 31)
    return tuple(_random(sizes[1:], generator) for _ in range(sizes[0]))


def _target(whole: Formula, values: Mapping[str, Tensor], by: Given) -> str:
    if by is not None:
        if str(by) not in values:
            raise UsageError(f"by must be one of {', '.join(values)}; found {by!r}.")
        return str(by)
    ranks = {name: len(shape(value)) for name, value in values.items()}
    return max(ranks, key=lambda name: ranks[name])


def _backwards(
    whole: Formula, target: str, values: Mapping[str, Tensor]
) -> tuple[list[Step], Formula]:
    """Visit the parts from the result back; a part is done when all has arrived at it."""
    arriving: dict[Formula, list[Formula]] = {whole: [ONE]}
    rules: dict[Formula, list[str]] = {whole: []}
    steps: list[Step] = []
    for node in reversed(_ordered(whole)):
        if node not in arriving:
            continue
        total = plus(*arriving[node])
        if rules[node]:
            steps.append(_step(rules[node], whole, node, total, values))
        if node == Symbol(target):
            return steps, total
        rule, parts = passed_back(node, total, values)
        for part, derivative in parts:
            if target in symbols(part):
                arriving.setdefault(part, []).append(derivative)
                rules.setdefault(part, []).append(rule)
    raise UsageError(f"{one_line(whole)} does not depend on {target}.")


def _ordered(whole: Formula) -> list[Formula]:
    """Every part once, parts before what is made of them."""
    found: list[Formula] = []

    def visit(node: Formula) -> None:
        for child in children(node):
            visit(child)
        prefixes = [node]
        if isinstance(node, Product):  # a product of several is taken two at a time
            prefixes = [Product(node.factors[:k]) for k in range(2, len(node.factors) + 1)]
        found.extend(part for part in prefixes if part not in found)

    visit(whole)
    return found


def _step(
    rules: list[str],
    whole: Formula,
    part: Formula,
    derivative: Formula,
    values: Mapping[str, Tensor],
) -> Step:
    ways = len(rules)
    return Step(
        rule=rules[0] if ways == 1 else f"{ways} ways lead to u: add what arrives by each",
        given={"u": part},
        of=Symbol("dL/du"),
        result=derivative,
        check=by_complex_step(whole, part, values),
    )


def _forward(node: Formula, target: str) -> Formula:
    """The Jacobian of a part by the target; the identity stands as I."""
    if node == Symbol(target):
        return IDENTITY
    if isinstance(node, Sum):
        return plus(*(_forward(term, target) for term in node.terms if target in symbols(term)))
    if isinstance(node, Negative):
        return joined(formula(-1), _forward(node.of, target))
    if isinstance(node, Call) and node.function in SLOPES:
        inside = node.arguments[0]
        return _times(call("diag", SLOPES[node.function](inside)), _forward(inside, target))
    if isinstance(node, Product) and target not in symbols(Product(node.factors[:-1])):
        return _times(joined(*node.factors[:-1]), _forward(node.factors[-1], target))
    raise UsageError(f"Shape algebra knows no Jacobian of {one_line(node)}.")


def _times(left: Formula, right: Formula) -> Formula:
    return left if right == IDENTITY else joined(left, right)


def _with_identity(node: Formula, size: int) -> Formula:
    return replaced(node, IDENTITY, formula(identity(size)))


def _shapes_table(whole: Formula, values: Mapping[str, Tensor]) -> NumberTable:
    rows = []
    for node in _ordered(whole):
        if symbols(node):
            rows.append((one_line(node), _dimensions(shape(evaluate(node, values)))))
    return NumberTable("Shapes on the way forward", ("part", "shape"), tuple(rows))


def _dimensions(sizes: Sizes) -> str:
    return " × ".join(map(str, sizes)) if sizes else "scalar"


def _written(values: Mapping[str, Tensor]) -> str:
    return ", ".join(f"{name}: {_dimensions(shape(value))}" for name, value in values.items())
