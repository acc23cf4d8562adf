"""Attention: every query looks at all keys and takes a mixture of the values."""

from __future__ import annotations

import math
from typing import Any, cast

from pellucid.errors import UsageError
from pellucid.working.arguments import Given, read_choice, read_numbers
from pellucid.working.arithmetic import Matrix, Vector, dot, matrix_product, shape, transpose
from pellucid.working.formula import Symbol, Transpose, call, over, times
from pellucid.working.lessons.softmax import probabilities, softmax_step
from pellucid.working.step import Check, Step

LARGEST = 64
SHOWN = 3


def attention(
    queries: Given = "[[1, 0], [0, 1]]",
    keys: Given = "[[1, 0], [1, 1]]",
    values: Given = "[[1, 2], [3, 4]]",
    mask: str = "none",
) -> Step:
    """softmax(Q·Kᵀ/√d)·V: each row of the result is a mixture of the rows of V."""
    q, k, v = (_read(part, name) for part, name in ((queries, "Q"), (keys, "K"), (values, "V")))
    _fit(q, k, v)
    causal = read_choice(mask, "mask", ("none", "causal")) == "causal"
    if causal and len(q) != len(k):
        raise UsageError("A causal mask needs as many queries as keys.")
    scores = _scores(q, k)
    rows = tuple(_row(row, place, causal) for place, row in enumerate(_rows(scores)))
    weights = tuple(cast(Vector, row.result) for row in rows)
    return Step(
        rule="Scaled dot-product attention",
        given={"Q": q, "K": k, "V": v},
        of=Symbol("Y"),
        result=matrix_product(weights, v),
        check=Check("each query by itself, unnormalised", _one_by_one(q, k, v, causal)),
        reason="The score of a query with a key says how well they fit; softmax turns the scores "
        "of one query into shares; the result is that mixture of the values (Vaswani and others, "
        "2017)." + (" The causal mask hides every later key." if causal else ""),
        steps=(scores, *rows, _mixture(weights, v)),
        shown=None if len(rows) <= SHOWN else 1 + SHOWN,
    )


def _read(given: Given, name: str) -> Matrix:
    found = read_numbers(given, name)
    if len(shape(found)) != 2 or max(shape(found)) > LARGEST:
        raise UsageError(
            f"{name} must be a matrix of at most {LARGEST} rows and columns, one row a token; "
            f"found shape {shape(found)}."
        )
    return cast(Matrix, found)


def _fit(q: Matrix, k: Matrix, v: Matrix) -> None:
    if len(q[0]) != len(k[0]):
        raise UsageError(
            f"Queries have {len(q[0])} numbers each and keys {len(k[0])}; they must agree."
        )
    if len(k) != len(v):
        raise UsageError(f"There are {len(k)} keys but {len(v)} values; they go in pairs.")


def _scores(q: Matrix, k: Matrix) -> Step:
    root = math.sqrt(len(q[0]))
    products = matrix_product(q, transpose(k))
    scaled = tuple(tuple(float(entry) / root for entry in row) for row in products)
    again = tuple(tuple(float(dot(a, b)) * len(q[0]) ** -0.5 for b in k) for a in q)
    return Step(
        rule="Scores",
        given={"Q": q, "K": k, "d": len(q[0])},
        of=Symbol("S"),
        working=(over(times("Q", Transpose(Symbol("K"))), call("sqrt", "d")),),
        result=scaled,
        check=Check("row of Q by row of K", again),
        reason="Dividing by √d, d being the length of a key, keeps the scores near 1 so that "
        "softmax does not saturate.",
    )


def _rows(step: Step) -> Matrix:
    return cast(Matrix, step.result)


def _row(scores: Vector, place: int, causal: bool) -> Step:
    """The shares of one query; masked keys get 0."""
    seen = scores[: place + 1] if causal else scores
    inner = softmax_step(seen, f"A_{place + 1}")
    shares = (*cast(Vector, inner.result), *(0.0 for _ in scores[len(seen) :]))
    return Step(
        rule=f"Shares of query {place + 1}",
        given={},
        of=Symbol(f"A_{place + 1}"),
        result=shares,
        check=Check("softmax in float64", (*probabilities(seen), *shares[len(seen) :])),
        steps=(inner,),
    )


def _mixture(weights: Matrix, v: Matrix) -> Step:
    known = tuple(
        tuple(
            math.fsum(float(w * row[c]) for w, row in zip(line, v, strict=True))
            for c in range(len(v[0]))
        )
        for line in weights
    )
    return Step(
        rule="Mixture of the values",
        given={"A": weights, "V": v},
        of=times("A", "V"),
        result=matrix_product(weights, v),
        check=Check("share times value, added up", known),
    )


def _one_by_one(q: Matrix, k: Matrix, v: Matrix, causal: bool) -> Any:
    """sum of exp(s) v over sum of exp(s), without the shares in between."""
    result = []
    for place, query in enumerate(q):
        last = place + 1 if causal else len(k)
        scores = [float(dot(query, key)) / math.sqrt(len(query)) for key in k[:last]]
        top = max(scores)
        powers = [math.exp(score - top) for score in scores]
        result.append(
            tuple(
                math.fsum(p * float(row[c]) for p, row in zip(powers, v[:last], strict=True))
                / math.fsum(powers)
                for c in range(len(v[0]))
            )
        )
    return tuple(result)
