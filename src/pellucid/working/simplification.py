"""Formulas made shorter: numbers folded, like terms and like factors collected."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch

from pellucid.working import formula as tree
from pellucid.working.arithmetic import Scalar, Undefined, divide, is_exact, raise_to, simplest
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import ONE, Formula, Number


@dataclass
class Term:
    """A coefficient times powers: coefficient · base^exponent · base^exponent ..."""

    coefficient: Scalar = 1
    powers: dict[Formula, Formula] = field(default_factory=dict)

    def multiply(self, factor: Formula, sign: int = 1) -> None:
        """Take one more simplified factor in; its inverse for sign -1."""
        if isinstance(factor, Number) and not isinstance(factor.value, complex):
            self._scale(factor.value, sign)
        elif isinstance(factor, tree.Negative):
            self.coefficient = -self.coefficient
            self.multiply(factor.of, sign)
        elif isinstance(factor, tree.Product):
            for part in factor.factors:
                self.multiply(part, sign)
        elif isinstance(factor, tree.Quotient):
            self.multiply(factor.above, sign)
            self.multiply(factor.below, -sign)
        elif isinstance(factor, tree.Power):
            exponent = factor.exponent if sign > 0 else simplify(tree.Negative(factor.exponent))
            self._raise(factor.base, exponent)
        else:
            self._raise(factor, Number(sign))

    def _scale(self, number: Scalar, sign: int) -> None:
        if sign > 0:
            self.coefficient = simplest(self.coefficient * number)
        elif number == 0:  # 1/0 stays as it is written
            self.powers[tree.ZERO] = Number(-1)
        else:
            self.coefficient = divide(self.coefficient, number)

    def _raise(self, base: Formula, exponent: Formula) -> None:
        total = exponent
        if base in self.powers:
            total = simplify(tree.Sum((self.powers[base], exponent)))
        if total == tree.ZERO:
            del self.powers[base]
            return
        if isinstance(base, Number) and isinstance(total, Number):
            folded = _number_power(base.value, total.value)
            if folded is not None:
                self.powers.pop(base, None)
                self.coefficient = simplest(self.coefficient * folded)
                return
        self.powers[base] = total

    def written(self) -> Formula:
        """The term as a formula, with negative exponents below a line."""
        if self.coefficient == 0:
            return tree.ZERO
        above = [_power(base, e) for base, e in self.powers.items() if not _is_negative(e)]
        below = [
            _power(base, simplify(tree.Negative(e)))
            for base, e in self.powers.items()
            if _is_negative(e)
        ]
        if not below:
            return _product(self.coefficient, above)
        whole, part = self.coefficient, 1
        if isinstance(whole, Fraction):
            whole, part = whole.numerator, whole.denominator
        return tree.Quotient(_product(whole, above), _product(part, below))


def _number_power(base: object, exponent: object) -> Scalar | None:
    """The power of two numbers when it stays exact, or when either is floating anyway."""
    if not isinstance(base, (int, Fraction, float)) or not isinstance(
        exponent, (int, Fraction, float)
    ):
        return None
    try:
        value = raise_to(base, exponent)
    except Undefined:
        return None
    return value if is_exact(value) or not (is_exact(base) and is_exact(exponent)) else None


def _is_negative(exponent: Formula) -> bool:
    if isinstance(exponent, Number) and not isinstance(exponent.value, complex):
        return exponent.value < 0
    return isinstance(exponent, tree.Negative)


def _power(base: Formula, exponent: Formula) -> Formula:
    return base if exponent == ONE else tree.Power(base, exponent)


def _product(coefficient: Scalar, factors: list[Formula]) -> Formula:
    """A coefficient, then symbols by name, then the rest as it came."""
    factors = sorted(factors, key=_place)
    if not factors:
        return Number(coefficient)
    if coefficient == -1:
        return tree.Negative(tree.times(*factors))
    return tree.times(*factors) if coefficient == 1 else tree.times(coefficient, *factors)


def _place(factor: Formula) -> tuple[int, str]:
    base = factor.base if isinstance(factor, tree.Power) else factor
    return (0, base.name) if isinstance(base, tree.Symbol) else (1, "")


@singledispatch
def simplify(node: Formula) -> Formula:
    """A shorter formula of the same value wherever both are defined."""
    return node


@simplify.register
def _(node: Number) -> Formula:
    return node if isinstance(node.value, complex) else Number(simplest(node.value))


@simplify.register(tree.Product)
@simplify.register(tree.Negative)
@simplify.register(tree.Quotient)
def _(node: Formula) -> Formula:
    term = Term()
    if isinstance(node, tree.Quotient):
        above, below = simplify(node.above), simplify(node.below)
        if below == tree.ZERO:
            return node
        term.multiply(above)
        term.multiply(below, -1)
        return term.written()
    parts = node.factors if isinstance(node, tree.Product) else (tree.Number(-1), _inside(node))
    for part in parts:
        term.multiply(simplify(part))
    choice = next((base for base in term.powers if isinstance(base, tree.Choice)), None)
    if choice is None or term.powers[choice] != ONE:
        return term.written()
    del term.powers[choice]
    return _into_pieces(choice, term.written())


def _into_pieces(choice: tree.Choice, factor: Formula) -> Formula:
    """c · (f if ... else g) = c·f if ... else c·g."""
    then, otherwise = (
        simplify(tree.Product((factor, piece))) for piece in (choice.then, choice.otherwise)
    )
    return then if then == otherwise else tree.Choice(choice.condition, then, otherwise)


def _inside(node: Formula) -> Formula:
    return node.of if isinstance(node, tree.Negative) else node


@simplify.register
def _(node: tree.Sum) -> Formula:
    collected: dict[Formula, Scalar] = {}
    for part in _flat_terms(node):
        term = Term()
        term.multiply(part)
        coefficient, term.coefficient = term.coefficient, 1
        rest = term.written() if coefficient else ONE
        collected[rest] = simplest(collected.get(rest, 0) + coefficient)
    terms = [_scaled(coefficient, rest) for rest, coefficient in collected.items() if coefficient]
    return tree.plus(*terms) if terms else tree.ZERO


def _flat_terms(node: Formula) -> list[Formula]:
    """The simplified terms of a sum, with sums and differences inside it opened."""
    found: list[Formula] = []
    for term in node.terms if isinstance(node, tree.Sum) else (node,):
        short = simplify(term)
        if isinstance(short, tree.Sum):
            found += short.terms
        elif isinstance(short, tree.Negative) and isinstance(short.of, tree.Sum):
            found += [simplify(tree.Negative(part)) for part in short.of.terms]
        else:
            found.append(short)
    return found


def _scaled(coefficient: Scalar, rest: Formula) -> Formula:
    if rest == ONE:
        return Number(coefficient)
    if coefficient == 1:
        return rest
    if isinstance(rest, tree.Sum):
        return _product(coefficient, [rest])
    term = Term(coefficient)
    term.multiply(rest)
    return term.written()


@simplify.register
def _(node: tree.Power) -> Formula:
    base, exponent = simplify(node.base), simplify(node.exponent)
    if exponent == tree.ZERO and base != tree.ZERO:
        return ONE
    if exponent == ONE or base == ONE:
        return base
    if not isinstance(exponent, Number):
        return tree.Power(base, exponent)
    if isinstance(base, Number):
        folded = _number_power(base.value, exponent.value)
        return tree.Power(base, exponent) if folded is None else Number(folded)
    if isinstance(exponent.value, int) and isinstance(
        base, (tree.Product, tree.Negative, tree.Quotient, tree.Power)
    ):
        return _distributed(base, exponent)
    return tree.Power(base, exponent)


def _distributed(base: Formula, exponent: Number) -> Formula:
    """(c a^m b^n)^k = c^k a^(mk) b^(nk) for a whole k."""
    inside = Term()
    inside.multiply(base)
    outside = Term()
    outside.multiply(simplify(tree.Power(Number(inside.coefficient), exponent)))
    for part, old in inside.powers.items():
        outside.multiply(tree.Power(part, simplify(tree.times(old, exponent))))
    return outside.written()


@simplify.register
def _(node: tree.Call) -> Formula:
    arguments = tuple(simplify(argument) for argument in node.arguments)
    short = tree.Call(node.function, arguments)
    if all(isinstance(argument, Number) for argument in arguments):
        try:
            value = evaluate(short)
        except Undefined:
            return short
        if is_exact(value):
            return tree.formula(value)
    return short


@simplify.register
def _(node: tree.Array) -> Formula:
    return tree.Array(tuple(simplify(item) for item in node.items), node.column)


@simplify.register
def _(node: tree.Choice) -> Formula:
    condition = tree.Comparison(
        simplify(node.condition.left), node.condition.sign, simplify(node.condition.right)
    )
    then, otherwise = simplify(node.then), simplify(node.otherwise)
    return then if then == otherwise else tree.Choice(condition, then, otherwise)
