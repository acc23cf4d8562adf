"""The lessons: one file a lesson or small family, one table of them, one function to call them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pellucid.errors import UsageError
from pellucid.working.arguments import has_decimals
from pellucid.working.lessons import (
    activation,
    attention,
    backpropagation,
    convolution,
    derivative,
    descent,
    determinant,
    eigenvalues,
    gradient,
    inverse,
    learning,
    lecture,
    lstm,
    matrices,
    neuron,
    normalization,
    softmax,
    tensors,
)
from pellucid.working.step import Step


@dataclass(frozen=True)
class Lesson:
    """A lesson by name: what calls it, and whether it writes decimals rather than fractions."""

    work: Callable[..., Step]
    decimal: bool = False

    @property
    def summary(self) -> str:
        """One sentence."""
        return (self.work.__doc__ or "").split("\n", maxsplit=1)[0]


LESSONS: dict[str, Lesson] = {
    "scalar": Lesson(tensors.scalar),
    "vector": Lesson(tensors.vector),
    "matrix": Lesson(tensors.matrix),
    "tensor": Lesson(tensors.tensor),
    "sum": Lesson(matrices.sum_),
    "product": Lesson(matrices.product),
    "transpose": Lesson(matrices.transposed),
    "identity": Lesson(matrices.identity_),
    "inverse": Lesson(inverse.inverse),
    "determinant": Lesson(determinant.determinant),
    "eigenvalues": Lesson(eigenvalues.eigenvalues),
    "derivative": Lesson(derivative.derivative),
    "gradient": Lesson(gradient.gradient),
    "jacobian": Lesson(gradient.jacobian),
    "descent": Lesson(descent.descent, decimal=True),
    "neuron": Lesson(neuron.neuron, decimal=True),
    "layer": Lesson(neuron.layer, decimal=True),
    "activation": Lesson(activation.activation, decimal=True),
    "softmax": Lesson(softmax.softmax, decimal=True),
    "cross-entropy": Lesson(softmax.cross_entropy, decimal=True),
    "convolution": Lesson(convolution.convolution, decimal=True),
    "pooling": Lesson(convolution.pooling, decimal=True),
    "attention": Lesson(attention.attention, decimal=True),
    "lstm": Lesson(lstm.lstm, decimal=True),
    "batch-norm": Lesson(normalization.batch_norm, decimal=True),
    "layer-norm": Lesson(normalization.layer_norm, decimal=True),
    "backpropagation": Lesson(backpropagation.backpropagation, decimal=True),
    "learning": Lesson(learning.learning),
    "lecture": Lesson(lecture.lecture, decimal=True),
}


def lesson(name: str, *arguments: Any, **options: Any) -> Step:
    """Work a lesson on numbers, text or arrays; without any, on the lecture's own example."""
    found = find(name)
    options = {key.replace("-", "_"): value for key, value in options.items()}
    try:
        inspect.signature(found.work).bind(*arguments, **options)
    except TypeError as fault:
        raise UsageError(f"lesson {name}: {fault}. It takes: {usage(name)}.") from None
    try:
        step = found.work(*arguments, **options)
    except (OverflowError, RecursionError):
        raise UsageError(
            f"lesson {name}: a number on the way is beyond float64, or an expression too deep. "
            "Take smaller numbers."
        ) from None
    if found.decimal or any(map(has_decimals, (*arguments, *options.values()))):
        return replace(step, decimal=True)
    return step


def find(name: str) -> Lesson:
    """The lesson of a name, or an error with the nearest names."""
    key = str(name).strip().lower().replace("_", "-").replace(" ", "-")
    if key not in LESSONS:
        near = difflib.get_close_matches(key, LESSONS, n=3)
        advice = (
            f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(LESSONS)}."
        )
        raise UsageError(f"No lesson is called {name!r}; {advice}")
    return LESSONS[key]


def usage(name: str) -> str:
    """The arguments of a lesson with their defaults."""
    parameters = inspect.signature(find(name).work).parameters.values()
    return ", ".join(f"{p.name}={p.default!r}" for p in parameters) or "nothing"
