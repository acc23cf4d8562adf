"""Normalisation: one vector of it worked as its lesson works it, or one number of a long one."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pellucid.explanation.arithmetic import in_full
from pellucid.explanation.numbers import Place, arguments, entry, largest, numbers_of
from pellucid.explanation.recorder import Operation
from pellucid.explanation.sums import SOURCE, Worked
from pellucid.working.formula import call, minus, over, plus, times
from pellucid.working.lessons.normalization import normalized_step
from pellucid.working.step import Check, Step, agreeing

MOST_NORMALISED = 128  # numbers of one vector whose normalisation is worked in full


def layer_norm(operation: Operation, y: Tensor) -> Worked:
    """Normalisation of the vector that holds the largest number."""
    x, shape, gamma, beta, epsilon = arguments(
        operation, "input", "normalized_shape", "weight", "bias", "eps"
    )
    if len(shape) != 1:
        return ()
    place = largest(y)
    vector, answer = x[place[:-1]], y[place[:-1]]
    if len(vector) > MOST_NORMALISED:
        small = 1e-5 if epsilon is None else float(epsilon)
        return (_normalised(vector, (gamma, beta, small), y, place),)
    ones = torch.ones_like(vector)
    scale, shift = (
        numbers_of(ones if gamma is None else gamma),
        numbers_of(ones * 0 if beta is None else beta),
    )
    small = 1e-5 if epsilon is None else float(epsilon)
    step = normalized_step(numbers_of(vector), (scale, shift, small), "the vector")
    return (agreeing(step, numbers_of(answer), SOURCE, 1e-9),)


def _normalised(
    vector: Tensor, numbers: tuple[Tensor | None, Tensor | None, float], y: Tensor, place: Place
) -> Step:
    """One number of a long vector, by the vector's mean and variance."""
    values = numbers_of(vector)
    gamma, beta, small = numbers
    g, b = (
        default if tensor is None else float(tensor[place[-1]])
        for tensor, default in ((gamma, 1.0), (beta, 0.0))
    )
    m = math.fsum(values) / len(values)
    v = math.fsum((value - m) ** 2 for value in values) / len(values)
    value = values[place[-1]]
    form = plus(over(times(g, minus(value, m)), call("sqrt", plus(v, small))), b)
    known = float(((vector - vector.mean()) / (vector.var(correction=0) + small).sqrt())[place[-1]])
    return Step(
        rule=f"One of {len(values):,} numbers: less their mean, by the root of their variance",
        given={"mean": m, "variance": v},
        of=entry("y", place),
        working=(form,),
        result=float(y[place]),
        check=Check("torch's own mean and variance", g * known + b, 1e-9),
    )


def batch_norm(operation: Operation, y: Tensor) -> Worked:
    """Normalisation by what was remembered while learning, at one number."""
    x, mean, variance, gamma, beta = arguments(
        operation, "input", "running_mean", "running_var", "weight", "bias"
    )
    if mean is None or operation.kwargs.get("training", False):
        return ()
    place = largest(y)
    channel = place[1]
    m, v = float(mean[channel]), float(variance[channel])
    g = 1.0 if gamma is None else float(gamma[channel])
    b = 0.0 if beta is None else float(beta[channel])
    small = float(operation.kwargs.get("eps", 1e-5))
    value = float(x[place])
    form = plus(over(times(g, minus(value, m)), call("sqrt", plus(v, small))), b)
    return (in_full(form, g * (value - m) * (v + small) ** -0.5 + b, y, place),)
