"""Muon: momentum whose direction is made orthogonal, for parameters that form a matrix."""

from __future__ import annotations

import math
from typing import Any, cast

from pellucid.working.arithmetic import Matrix, Scalar, add, scale, shape, subtract
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import Formula, Symbol, Transpose, call, minus, over, plus, times
from pellucid.working.optimizers import NEWTON_SCHULZ, NEWTON_SCHULZ_STEPS
from pellucid.working.step import Check, Step

SMALLEST_NORM = 1e-7
BUFFER, ORTHOGONAL = Symbol("B"), Symbol("O")
REASON = (
    "The averaged slope B, a matrix, is replaced by a matrix O with the same directions and all "
    "lengths near 1, so every direction is learned at one pace (Jordan and others, 2024). "
    "PyTorch does the orthogonalisation in bfloat16; here it is done in float64."
)


def muon_steps(
    x: Matrix, g: Matrix, buffer: Matrix, settings: dict[str, Scalar]
) -> tuple[tuple[Step, ...], Matrix, Matrix]:
    """One step of Muon as steps, the new point and the new buffer."""
    mu, h, decay = (settings[name] for name in ("mu", "h", "lambda"))
    averaged = _formula_step(
        "Average the slopes",
        "B",
        plus(times("mu", "B_old"), times(minus(1, "mu"), "g")),
        {"mu": mu, "B_old": buffer, "g": g},
        _averaged(buffer, g, mu),
    )
    new_buffer = cast(Matrix, averaged.result)
    ahead = _formula_step(
        "Look ahead, as Nesterov does",
        "C",
        plus(times("mu", BUFFER), times(minus(1, "mu"), "g")),
        {"mu": mu, "B": new_buffer, "g": g},
        _averaged(g, new_buffer, 1 - mu),
    )
    direction = orthogonalised(cast(Matrix, ahead.result))
    rows, columns = shape(x)
    factor = math.sqrt(max(1, rows / columns))
    moved = _formula_step(
        "Weight decay, then the step",
        "x",
        minus(times(minus(1, times("h", "lambda")), "x_old"), times("h", "r", ORTHOGONAL)),
        {"h": h, "lambda": decay, "r": factor, "x_old": x, "O": direction.result},
        _moved(x, cast(Matrix, direction.result), (float(h), float(decay), factor)),
        "r is the root of rows over columns where there are more rows than columns, else 1.",
    )
    return (averaged, ahead, direction, moved), cast(Matrix, moved.result), new_buffer


def _averaged(old: Matrix, new: Matrix, keep: Scalar) -> Any:
    return add(new, scale(keep, subtract(old, new)))


def _moved(x: Matrix, direction: Matrix, sizes: tuple[float, float, float]) -> Any:
    h, decay, factor = sizes
    return tuple(
        tuple(a - h * decay * a - h * factor * b for a, b in zip(*pair, strict=True))
        for pair in zip(x, direction, strict=True)
    )


def _formula_step(
    rule: str, name: str, form: Formula, given: dict[str, Any], again: Any, reason: str = ""
) -> Step:
    return Step(
        rule=rule,
        given=given,
        of=Symbol(name),
        working=(form,),
        result=cast(Any, evaluate(form, given)),
        check=Check("entry by entry, written the other way round", again),
        reason=reason,
    )


def orthogonalised(matrix: Matrix) -> Step:
    """Five Newton-Schulz iterations; on the singular values they act as a polynomial."""
    wide = len(matrix) <= len(matrix[0])
    a, b, c = (float(value) for value in NEWTON_SCHULZ)
    normed = over("C", call("max", call("norm", "C"), SMALLEST_NORM))
    current: Any = evaluate(normed, {"C": matrix})
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = (
            times(ORTHOGONAL, Transpose(ORTHOGONAL))
            if wide
            else times(Transpose(ORTHOGONAL), ORTHOGONAL)
        )
        mixed = plus(times(b, gram), times(c, power_of(gram)))
        product = times(mixed, ORTHOGONAL) if wide else times(ORTHOGONAL, mixed)
        current = evaluate(plus(times(a, ORTHOGONAL), product), {"O": current})
    return Step(
        rule="Make it orthogonal",
        given={"C": matrix},
        of=ORTHOGONAL,
        result=current,
        check=Check("singular values: U·p(p(p(p(p(Σ)))))·Vᵀ", _by_singular_values(matrix), 1e-8),
        reason="C is divided by its length, then O ← aO + (bG + cG²)O five times with G = OOᵀ "
        f"and (a, b, c) = ({a:g}, {b:g}, {c:g}).".replace("-", "−"),
    )


def power_of(gram: Formula) -> Formula:
    """The matrix times itself."""
    return times(gram, gram)


def _by_singular_values(matrix: Matrix) -> Any:
    import numpy

    left, sizes, right = numpy.linalg.svd(
        numpy.array(matrix, dtype=float) / max(float(norm_of(matrix)), SMALLEST_NORM),
        full_matrices=False,
    )
    a, b, c = (float(value) for value in NEWTON_SCHULZ)
    for _ in range(NEWTON_SCHULZ_STEPS):
        sizes = a * sizes + b * sizes**3 + c * sizes**5
    return (left * sizes) @ right


def norm_of(matrix: Matrix) -> Any:
    """The length of all entries together."""
    return evaluate(call("norm", "C"), {"C": matrix})
