"""One number of an operation's output worked in full, with the lesson of that operation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pellucid.errors import UsageError
from pellucid.explanation.arithmetic import ARITHMETIC, SPREAD, arithmetic, in_full, number_at
from pellucid.explanation.gathering import attended, pooled, pooled_to_size, remembered
from pellucid.explanation.normalising import batch_norm, layer_norm
from pellucid.explanation.numbers import Place, any_finite, arguments, entry, largest, numbers_of
from pellucid.explanation.recorder import Operation
from pellucid.explanation.sums import SOURCE, SUMS, Worked, axes_of, over_axes
from pellucid.working.activations import activation_step
from pellucid.working.formula import Formula, Symbol, call, formula, over, plus
from pellucid.working.lessons.softmax import cross_entropy_step, softmax_step
from pellucid.working.step import Check, Step, agreeing

LONGEST = 4_096  # numbers of one vector that a softmax or a normalisation is worked on
MOST_TERMS = 12


def worked(operation: Operation) -> Worked:
    """The lesson on the output's largest number; empty where there is none."""
    y = operation.result
    if y is None or not y.numel() or y.is_complex() or not any_finite(y):
        return ()
    try:
        if operation.name in SUMS:
            return SUMS[operation.name](operation)
        if operation.name in ARITHMETIC:
            return arithmetic(operation, y)
        if operation.name in ENTRIES:
            return ENTRIES[operation.name](operation, y)
    except (UsageError, ArithmeticError):
        return ()  # numbers that the lesson refuses, or that leave float64: it is shown without
    return ()


def _activation(operation: Operation, y: Tensor) -> Worked:
    """An activation function at the largest number."""
    name = operation.name
    if name == "gelu" and operation.kwargs.get("approximate", "none") != "none":
        return ()
    x, beta, threshold = arguments(operation, "input", "beta", "threshold")
    place = largest(y)
    if name == "softplus" and (
        beta not in (None, 1) or float(x[place]) > (20 if threshold is None else threshold)
    ):
        return ()
    step = activation_step(name, float(x[place]), of=entry("y", place))
    return (agreeing(step, float(y[place]), SOURCE, 1e-12),)


def _softmax(operation: Operation, y: Tensor) -> Worked:
    """Softmax of the vector that holds the largest number; its logarithm if that is asked."""
    (x,) = arguments(operation, "input")
    axis = _axis(operation, y)
    if axis is None or y.shape[axis] > LONGEST:
        return ()
    place = largest(y)
    scores, answer = (_along(values, axis, place) for values in (x, y))
    if not bool(scores.isfinite().all()):
        return ()
    step = softmax_step(numbers_of(scores))
    if operation.name == "softmax":
        return (agreeing(step, numbers_of(answer), SOURCE, 1e-9),)
    chance = numbers_of(answer.exp())[at := place[axis]]
    log = Step(
        rule="Its logarithm",
        given={},
        of=entry("y", place),
        working=(call("log", chance),) if chance > 0 else (),
        result=float(answer[at]),
        check=Check(
            "the score minus ln of the sum of exp", float((scores - scores.logsumexp(0))[at]), 1e-9
        ),
    )
    return (agreeing(step, numbers_of(answer.exp()), SOURCE, 1e-9), log)


def _axis(operation: Operation, y: Tensor) -> int | None:
    axis = axes_of(operation)
    return axis % y.ndim if isinstance(axis, int) and y.ndim else None


def _along(values: Tensor, axis: int, place: Place) -> Tensor:
    index: list[Any] = list(place)
    index[axis] = slice(None)
    return values[tuple(index)]


def _log_sum(operation: Operation, y: Tensor) -> Worked:
    """ln of a sum of exponentials, the largest taken out first so that nothing overflows."""
    values = over_axes(operation)
    if values is None or not 1 <= values.shape[-1] <= MOST_TERMS:
        return ()
    place = largest(y)
    terms = numbers_of(values[place])
    top = max(terms)
    form = plus(top, call("log", plus(*(call("exp", term - top) for term in terms))))
    known = top + math.log(math.fsum(math.exp(term - top) for term in terms))
    return (in_full(form, known, y, place),)


def _mean(operation: Operation, y: Tensor) -> Worked:
    values = over_axes(operation)
    if values is None or values.shape[-1] > MOST_TERMS:
        return ()
    place = largest(y)
    terms = numbers_of(values[place])
    return (in_full(over(plus(*terms), len(terms)), math.fsum(terms) / len(terms), y, place),)


def _extreme(operation: Operation, y: Tensor) -> Worked:
    values = over_axes(operation)
    if values is None or not y.is_floating_point():
        return ()
    place = largest(y)
    terms = numbers_of(values[place])
    pick = max if operation.name in ("amax", "max") else min
    short = (call(pick.__name__, *terms),) if len(terms) <= MOST_TERMS else ()
    return (
        Step(
            rule=f"The {'largest' if pick is max else 'smallest'} of {len(terms)}",
            given={},
            of=entry("y", place),
            working=short,
            result=float(y[place]),
            check=Check("sorting", sorted(terms)[-1 if pick is max else 0]),
        ),
    )


def _clamp(operation: Operation, y: Tensor) -> Worked:
    x, low, high = arguments(operation, "input", "min", "max")
    place = largest(y)
    bounds = [number_at(bound, place, y) for bound in (low, high)]
    known = float(x.expand(y.shape)[place])
    form: Formula = formula(known)
    if bounds[0] is not None:
        form, known = call("max", form, float(bounds[0])), max(known, float(bounds[0]))
    if bounds[1] is not None:
        form, known = call("min", form, float(bounds[1])), min(known, float(bounds[1]))
    return (in_full(form, known, y, place),) if y.is_floating_point() else ()


def _row(operation: Operation, y: Tensor) -> Worked:
    """A row of a table, looked up by its number."""
    index, table = arguments(operation, "input", "weight")
    if index is None:
        return ()
    if index.is_floating_point():  # torch's own `embedding` takes the table first
        index, table = table, index
    place = largest(y)
    row = int(index[place[:-1]])
    return (
        Step(
            rule=f"Row {row} of the table",
            given={},
            of=Symbol(f"row_{row}"),
            result=numbers_of(y[place[:-1]]),
            check=Check("the table itself", numbers_of(table[row])),
            reason="A one-hot vector times the table gives the same.",
        ),
    )


def _cross_entropy(operation: Operation, y: Tensor) -> Worked:
    """The row that loses most, and the mean of all rows."""
    scores, target, weight, _, ignored, _, reduction, smoothing = arguments(
        operation, "input", "target", "weight", "size_average", "ignore_index", "reduce",
        "reduction", "label_smoothing",
    )  # fmt: skip
    if scores.ndim != 2 or target.is_floating_point() or scores.shape[1] > LONGEST:
        return ()
    if weight is not None or (target == (-100 if ignored is None else ignored)).any():
        return ()
    smoothing = smoothing or 0.0
    losses = torch.nn.functional.cross_entropy(
        scores, target, reduction="none", label_smoothing=smoothing
    )
    row = int(losses.argmax())
    least = scores[row].min() if smoothing else scores[row, target[row]]
    if float(scores[row].max() - least) > SPREAD:
        return ()
    step = cross_entropy_step(numbers_of(scores[row]), int(target[row]) + 1, smoothing)
    one = agreeing(step, float(losses[row]), SOURCE, 1e-9)
    if len(losses) == 1 or reduction not in (None, "mean"):
        return (one,)
    mean = Step(
        rule=f"The mean of {len(losses)} of them",
        given={"losses": numbers_of(losses)},
        of=Symbol("L"),
        result=float(y),
        check=Check("math.fsum divided by how many", math.fsum(losses.tolist()) / len(losses)),
    )
    return (one, mean)


def _choice(operation: Operation, y: Tensor) -> Worked:
    """Which of two numbers is taken."""
    condition, then, otherwise = arguments(operation, "condition", "input", "other")
    if operation.function is torch.Tensor.where:  # x.where(condition, other)
        condition, then = then, condition
    if then is None or otherwise is None or not y.is_floating_point():
        return ()
    place = largest(y)
    chosen = bool(condition.expand(y.shape)[place])
    values = (number_at(then, place, y), number_at(otherwise, place, y))
    if None in values:
        return ()
    return (
        Step(
            rule="One number in full",
            given={"condition": chosen, "if_true": values[0], "if_false": values[1]},
            of=entry("y", place),
            result=float(y[place]),
            check=Check("picking by hand", float(values[0 if chosen else 1])),  # type: ignore[arg-type]
        ),
    )


ENTRIES: dict[str, Callable[[Operation, Tensor], Worked]] = {
    **dict.fromkeys(("relu", "tanh", "sigmoid", "gelu", "silu", "softplus"), _activation),
    "softmax": _softmax,
    "log_softmax": _softmax,
    "logsumexp": _log_sum,
    "mean": _mean,
    "amax": _extreme,
    "amin": _extreme,
    "clamp": _clamp,
    "clip": _clamp,
    "layer_norm": layer_norm,
    "batch_norm": batch_norm,
    "embedding": _row,
    "cross_entropy": _cross_entropy,
    "where": _choice,
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"), pooled),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d"), pooled_to_size),
    "scaled_dot_product_attention": attended,
    "lstm": remembered,
}
