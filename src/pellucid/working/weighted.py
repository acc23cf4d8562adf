"""The weighted sum, term by term: the one calculation that every layer is made of."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from pellucid.working.arithmetic import Scalar, Vector, is_exact, simplest, total
from pellucid.working.formula import Formula, Symbol, formula, plus, times
from pellucid.working.step import Check, Step

MOST_TERMS = 10  # terms that are all shown
LARGEST_TERMS = 8  # of a longer sum, the largest first; the rest is shown as one number
TOLERANCE = 1e-9
MOST_FRACTIONS = 256  # of a longer sum of floats the check is made in floats too


def weighted_sum(
    inputs: Vector,
    weights: Vector,
    bias: Scalar = 0,
    of: Formula = Symbol("z"),  # noqa: B008 - a frozen value
    computed: Scalar | None = None,
    tolerance: float = TOLERANCE,
) -> Step:
    """w · x + b as a step; `computed` is what a network got for it, compared within `tolerance`."""
    products = [simplest(w * x) for w, x in zip(weights, inputs, strict=True)]
    own = total((*products, bias))
    form, rest = _written(inputs, weights, products, bias)
    result = own if computed is None else computed
    return Step(
        rule="Weighted sum",
        given={"rest": rest} if rest is not None else {},
        of=of,
        working=(form,),
        result=result,
        check=Check(*_again(products, bias), max(tolerance, _rounding(products, own))),
        reason=_reason(len(inputs), rest),
    )


def _reason(terms: int, rest: Scalar | None) -> str:
    reason = "Each input times its weight, added up with the bias."
    if rest is None:
        return reason
    return (
        f"{reason} The largest terms come first; rest is the sum of the "
        f"{terms - LARGEST_TERMS} smaller ones."
    )


def _rounding(products: list[Scalar], result: Scalar) -> float:
    """What rounding may do to a sum whose large terms cancel, relative to its result."""
    size = sum(abs(float(product)) for product in products)
    return 1e-15 * (len(products) + 1) * size / max(1.0, abs(float(result)))


def _written(
    inputs: Vector, weights: Vector, products: list[Scalar], bias: Scalar
) -> tuple[Formula, Scalar | None]:
    """The sum's form, and what the terms left out add up to."""
    order = list(range(len(products)))
    rest = None
    if len(order) > MOST_TERMS:
        order.sort(key=lambda k: -abs(float(products[k])))
        rest = total(products[k] for k in order[LARGEST_TERMS:])
        order = order[:LARGEST_TERMS]
    terms: list[Formula] = [times(weights[k], inputs[k]) for k in order]
    if rest is not None:
        terms.append(Symbol("rest"))
    return plus(*terms, formula(bias)), rest


def _again(products: list[Scalar], bias: Scalar) -> tuple[str, Any]:
    """Exact sums once more in float64, floating ones once more in exact fractions."""
    if all(map(is_exact, (*products, bias))):
        return "float64, from the last term", sum(map(float, reversed(products)), float(bias))
    if len(products) > MOST_FRACTIONS:
        return "the smallest first, in float64", sum(sorted(map(float, (*products, bias)), key=abs))
    whole = sum((Fraction(product) for product in products), Fraction(bias))
    return "exact fractions of the floats", float(whole)
