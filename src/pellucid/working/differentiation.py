"""Derivatives by rules: every rule is a step, checked at points by the complex step."""

from __future__ import annotations

from functools import singledispatch

from pellucid.errors import UsageError
from pellucid.working import formula as tree
from pellucid.working.agreement import Samples, points
from pellucid.working.arithmetic import Undefined
from pellucid.working.evaluation import slope_at
from pellucid.working.formula import (
    ONE,
    ZERO,
    Choice,
    Comparison,
    Derivative,
    Formula,
    Negative,
    Power,
    Symbol,
    call,
    minus,
    over,
    plus,
    power,
    size,
    symbols,
    times,
)
from pellucid.working.printing.linear import one_line
from pellucid.working.simplification import simplify
from pellucid.working.slopes import SLOPES
from pellucid.working.step import Check, Step, brief

TOLERANCE = 1e-6  # relative, at the points; a wrong rule is off by far more
POINTS = 3
LONGEST = 300  # parts of a derivative: about half a page
CONSTANT, VARIABLE = "Constant rule", "Derivative of the variable"


def differentiate(node: Formula, by: str) -> Step:
    """The derivative as a step; its result is simplified."""
    if by not in symbols(node):
        return _step(CONSTANT, node, by, ZERO, "What does not change has slope 0.")
    return _rule(node, by)


def derivative_of(node: Formula, by: str) -> Formula:
    """The derivative alone."""
    found = differentiate(node, by).result
    assert isinstance(found, Formula)
    return found


def slopes(node: Formula, by: str) -> Samples:
    """The slope at some points, without rules."""
    names = sorted({by, *symbols(node)})
    found = []
    for point in points(names, (node,), 4 * POINTS):
        try:
            found.append((point, slope_at(node, by, dict(point))))
        except Undefined:
            continue
        if len(found) == POINTS:
            return Samples(tuple(at for at, _ in found), tuple(value for _, value in found))
    raise UsageError(f"{one_line(node)} has a slope at none of the points that were tried.")


def _step(
    rule: str, node: Formula, by: str, raw: Formula, reason: str, finer: tuple[Step, ...] = ()
) -> Step:
    if size(raw) > LONGEST:
        raise UsageError(
            f"The derivative of {brief(node)} has more than {LONGEST} parts, too many to show."
        )
    result = simplify(raw)
    several = len(symbols(node)) > 1
    outline = _outline(node, by, several)
    return Step(
        rule=rule,
        given={},
        of=Derivative(node, by, several),
        working=tuple(form for form in (outline, raw) if form is not None and form != result),
        result=result,
        check=Check("the complex step", slopes(node, by), TOLERANCE),
        reason=reason,
        steps=tuple(step for step in finer if step.rule not in (CONSTANT, VARIABLE)),
    )


def _outline(node: Formula, by: str, partial: bool) -> Formula | None:
    """A sum's derivatives, still to be done, written out."""
    if not isinstance(node, tree.Sum):
        return None
    return plus(*(_inner(term, by, partial) for term in node.terms))


def _inner(term: Formula, by: str, partial: bool) -> Formula:
    if isinstance(term, Negative):
        return Negative(Derivative(term.of, by, partial))
    if isinstance(term, tree.Number) and not isinstance(term.value, complex) and term.value < 0:
        return Negative(Derivative(tree.Number(-term.value), by, partial))
    return Derivative(term, by, partial)


@singledispatch
def _rule(node: Formula, by: str) -> Step:
    raise UsageError(f"No rule gives the derivative of {one_line(node)}.")


@_rule.register
def _(node: Symbol, by: str) -> Step:
    return _step(VARIABLE, node, by, ONE, "It grows as fast as itself.")


@_rule.register
def _(node: Negative, by: str) -> Step:
    inner = differentiate(node.of, by)
    reason = "A constant factor, here −1, stays."
    return _step("Constant factor rule", node, by, Negative(_result(inner)), reason, (inner,))


@_rule.register
def _(node: tree.Sum, by: str) -> Step:
    inner = tuple(differentiate(term, by) for term in node.terms)
    raw = plus(*map(_result, inner))
    return _step("Sum rule", node, by, raw, "The slope of a sum is the sum of the slopes.", inner)


@_rule.register
def _(node: tree.Product, by: str) -> Step:
    constant = [factor for factor in node.factors if by not in symbols(factor)]
    moving = [factor for factor in node.factors if by in symbols(factor)]
    if constant:
        inner = differentiate(times(*moving), by)
        raw = times(*constant, _result(inner))
        return _step("Constant factor rule", node, by, raw, "A constant factor stays.", (inner,))
    first, rest = moving[0], times(*moving[1:])
    left, right = differentiate(first, by), differentiate(rest, by)
    raw = plus(times(_result(left), rest), times(first, _result(right)))
    return _step("Product rule", node, by, raw, "(f·g)′ = f′·g + f·g′.", (left, right))


@_rule.register
def _(node: tree.Quotient, by: str) -> Step:
    above, below = node.above, node.below
    if by not in symbols(below):
        inner = differentiate(above, by)
        raw = over(_result(inner), below)
        return _step("Constant factor rule", node, by, raw, "A constant divisor stays.", (inner,))
    left, right = differentiate(above, by), differentiate(below, by)
    raw = over(minus(times(_result(left), below), times(above, _result(right))), power(below, 2))
    return _step("Quotient rule", node, by, raw, "(f/g)′ = (f′·g − f·g′)/g².", (left, right))


@_rule.register
def _(node: Power, by: str) -> Step:
    base, exponent = node.base, node.exponent
    if by not in symbols(exponent):
        return _power_rule(node, by)
    if base == Symbol("e"):
        return _chain(node, exponent, node, by, "Exponential rule", "(eᵘ)′ = eᵘ·u′.")
    if by not in symbols(base):
        outer = times(node, call("log", base))
        return _chain(node, exponent, outer, by, "Exponential rule", "(aᵘ)′ = aᵘ·ln(a)·u′.")
    log = times(exponent, call("log", base))
    inner = differentiate(log, by)
    reason = "uᵛ = exp(v·ln u), so (uᵛ)′ = uᵛ·(v·ln u)′, for u > 0."
    return _step("General power rule", node, by, times(node, _result(inner)), reason, (inner,))


def _power_rule(node: Power, by: str) -> Step:
    base, exponent = node.base, node.exponent
    less = simplify(minus(exponent, 1))
    outer = times(exponent, base if less == ONE else power(base, less))
    if base == Symbol(by):
        return _step("Power rule", node, by, outer, "(xⁿ)′ = n·xⁿ⁻¹.")
    return _chain(node, base, outer, by, "Power rule with the chain rule", "(uⁿ)′ = n·uⁿ⁻¹·u′.")


def _chain(node: Formula, inside: Formula, outer: Formula, by: str, rule: str, reason: str) -> Step:
    """The slope of the outer function times that of the inner."""
    if inside == Symbol(by):
        return _step(rule, node, by, outer, reason)
    inner = differentiate(inside, by)
    return _step(rule, node, by, times(outer, _result(inner)), reason, (inner,))


@_rule.register
def _(node: tree.Call, by: str) -> Step:
    if node.function in ("max", "min"):
        return _extreme(node, by)
    if node.function not in SLOPES:
        raise UsageError(f"{node.function} is a function of arrays; give it to lesson gradient.")
    inside = node.arguments[0]
    slope = SLOPES[node.function](Symbol("u"))
    name = one_line(call(node.function, "u"))
    reason = f"{name}′ = {one_line(slope)}"
    plain = inside == Symbol(by)
    rule = f"Derivative of {node.function}" + ("" if plain else ", with the chain rule")
    reason += "." if plain else ", times u′ for what is inside."
    return _chain(node, inside, SLOPES[node.function](inside), by, rule, reason)


def _extreme(node: tree.Call, by: str) -> Step:
    """max(f, g) is f where f > g and g elsewhere."""
    first, rest = node.arguments[0], node.arguments[1:]
    second = rest[0] if len(rest) == 1 else tree.Call(node.function, rest)
    sign = ">" if node.function == "max" else "<"
    return _pieces(node, Choice(Comparison(first, sign, second), first, second), by)


@_rule.register
def _(node: Choice, by: str) -> Step:
    return _pieces(node, node, by)


def _pieces(node: Formula, choice: Choice, by: str) -> Step:
    then, otherwise = differentiate(choice.then, by), differentiate(choice.otherwise, by)
    raw = Choice(choice.condition, _result(then), _result(otherwise))
    reason = "Each piece has its own slope; at the corner between them the slopes must agree."
    return _step("Piece by piece", node, by, raw, reason, (then, otherwise))


def _result(step: Step) -> Formula:
    assert isinstance(step.result, Formula)
    return step.result
