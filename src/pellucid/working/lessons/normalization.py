"""Batch and layer normalisation: mean, variance, then scale and shift."""

from __future__ import annotations

import math
import statistics
from typing import cast

from pellucid.errors import UsageError
from pellucid.working.arguments import Given, read_number, read_numbers, read_vector
from pellucid.working.arithmetic import Matrix, Scalar, Vector, divide, shape, total, transpose
from pellucid.working.formula import Elementwise, Symbol, call, minus, over, plus, power
from pellucid.working.step import Check, Step

LARGEST = 200
SHOWN = 3
BATCH = "[[1, 10], [2, 20], [3, 60]]"
EPSILON = "1e-5"
WAY = "standard scores from the statistics module"


def batch_norm(
    batch: Given = BATCH, gamma: Given = 1, beta: Given = 0, epsilon: Given = EPSILON
) -> Step:
    """Every column is brought to mean 0 and variance 1 over the batch, then scaled and shifted."""
    rows = _read(batch)
    numbers = _numbers((gamma, beta), len(rows[0]), epsilon)
    steps = tuple(
        normalized_step(column, ((g,) * len(rows), (b,) * len(rows), numbers[2]), f"column {place}")
        for place, (column, g, b) in enumerate(
            zip(transpose(rows), *numbers[:2], strict=True), start=1
        )
    )
    result = transpose(tuple(cast(Vector, step.result) for step in steps))
    return Step(
        rule="Batch normalisation",
        given={"X": rows},
        of=Symbol("Y"),
        result=result,
        check=Check(WAY, transpose(_known(transpose(rows), numbers)), _tolerance(steps)),
        reason="Each feature is normalised over the examples of the batch, so the answer for one "
        "example depends on the others. At prediction time running averages of mean and variance "
        "take their place.",
        steps=steps,
        shown=SHOWN,
    )


def layer_norm(
    batch: Given = "[[1, 2, 6], [10, 20, 60]]",
    gamma: Given = 1,
    beta: Given = 0,
    epsilon: Given = EPSILON,
) -> Step:
    """Every row is brought to mean 0 and variance 1 by itself, then scaled and shifted."""
    rows = _read(batch)
    gammas, betas, small = _numbers((gamma, beta), len(rows[0]), epsilon)
    steps = tuple(
        normalized_step(row, (gammas, betas, small), f"row {place}")
        for place, row in enumerate(rows, start=1)
    )
    known = tuple(
        tuple(float(g) * z + float(b) for g, b, z in zip(gammas, betas, scores, strict=True))
        for scores in (_scores(row, small) for row in rows)
    )
    return Step(
        rule="Layer normalisation",
        given={"X": rows},
        of=Symbol("Y"),
        result=tuple(step.result for step in steps),
        check=Check(WAY, known, _tolerance(steps)),
        reason="Each example is normalised over its own features, so it does not depend on the "
        "rest of the batch, neither in training nor later.",
        steps=steps,
        shown=SHOWN,
    )


def _read(batch: Given) -> Matrix:
    rows = read_numbers(batch, "batch")
    if len(shape(rows)) == 1:
        rows = (rows,)
    if len(shape(rows)) != 2 or max(shape(rows)) > LARGEST:
        raise UsageError(
            f"batch must be a matrix of at most {LARGEST} rows and columns, one row an example; "
            f"found shape {shape(rows)}."
        )
    return cast(Matrix, rows)


def _numbers(
    given: tuple[Given, Given], size: int, epsilon: Given
) -> tuple[Vector, Vector, Scalar]:
    """gamma and beta, one a feature, and epsilon."""
    found = []
    for value, name in zip(given, ("gamma", "beta"), strict=True):
        vector = read_vector(value, name)
        vector = vector * size if len(vector) == 1 else vector
        if len(vector) != size:
            raise UsageError(f"{name} must hold one number or {size}; found {len(vector)}.")
        found.append(vector)
    small = read_number(epsilon, "epsilon")
    if small <= 0:
        raise UsageError(f"epsilon must be above 0; found {epsilon}.")
    return found[0], found[1], small


def normalized_step(values: Vector, numbers: tuple[Vector, Vector, Scalar], name: str) -> Step:
    """One group of numbers: mean, variance, normalise, scale and shift."""
    gamma, beta, small = numbers
    mean = _mean(values)
    variance = _variance(values, cast(Scalar, mean.result))
    middle, spread = cast(Scalar, mean.result), cast(Scalar, variance.result)
    root = math.sqrt(float(spread) + float(small))
    known = zip(gamma, beta, _scores(values, small), strict=True)
    form = over(minus("x", "mu"), call("sqrt", plus("v", "epsilon")))
    return Step(
        rule=f"Normalise {name}",
        given={"x": values, "mu": middle, "v": spread, "epsilon": small}
        | {"gamma": gamma, "beta": beta},
        of=Symbol("y"),
        working=(plus(Elementwise((Symbol("gamma"), form)), "beta"),),
        result=tuple(
            float(g) * (float(value) - float(middle)) / root + float(b)
            for value, g, b in zip(values, gamma, beta, strict=True)
        ),
        check=Check(
            WAY,
            tuple(float(g) * z + float(b) for g, b, z in known),
            _rounding(values, float(spread) + float(small)),
        ),
        steps=(mean, variance),
    )


def _rounding(values: Vector, spread: float) -> float:
    """What float64 may do when the numbers are large beside their spread."""
    return 1e-9 + 1e-13 * max(float(value) ** 2 for value in values) / spread


def _tolerance(steps: tuple[Step, ...]) -> float:
    return max(step.check.tolerance for step in steps)


def _mean(values: Vector) -> Step:
    return Step(
        rule="Mean",
        given={},
        of=Symbol("mu"),
        working=(over(plus(*values), len(values)),) if 1 < len(values) <= 12 else (),
        result=divide(total(values), len(values)),
        check=Check("statistics.fmean", statistics.fmean(map(float, values))),
    )


def _variance(values: Vector, mean: Scalar) -> Step:
    squares = [power(minus(value, mean), 2) for value in values]
    size = max(1.0, *(float(value) ** 2 for value in values))
    return Step(
        rule="Variance",
        given={},
        of=Symbol("v"),
        working=(over(plus(*squares), len(values)),) if 1 < len(values) <= 12 else (),
        result=divide(total((value - mean) * (value - mean) for value in values), len(values)),
        check=Check("statistics.pvariance", statistics.pvariance(map(float, values)), 1e-9 * size),
        reason="The mean square of the distances to the mean, divided by n, not by n − 1.",
    )


def _scores(values: Vector, small: Scalar) -> Vector:
    floats = [float(value) for value in values]
    middle = statistics.fmean(floats)
    root = math.sqrt(statistics.pvariance(floats, middle) + float(small))
    return tuple((value - middle) / root for value in floats)


def _known(columns: Matrix, numbers: tuple[Vector, Vector, Scalar]) -> Matrix:
    gammas, betas, small = numbers
    return tuple(
        tuple(float(g) * z + float(b) for z in _scores(column, small))
        for column, g, b in zip(columns, gammas, betas, strict=True)
    )
