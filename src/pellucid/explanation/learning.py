"""What a module would learn from one example: loss, gradient of a weight, step, new loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from pellucid.explanation import paths
from pellucid.explanation.doubles import InFloat64
from pellucid.explanation.optimizing import Descent, after_step, step_of
from pellucid.explanation.recorder import Operation, recording
from pellucid.explanation.walk import operation_steps, section
from pellucid.explanation.weights import chosen
from pellucid.working.formula import Symbol
from pellucid.working.step import Check, Step

LOSS = "the loss"


@dataclass(frozen=True)
class Lesson:
    """A float64 module with one example: its answer, and the loss of an answer."""

    module: nn.Module
    answer: Callable[[], object]
    loss: Callable[[object], Tensor]
    methods: Mapping[str, str] = field(default_factory=dict)
    first: Mapping[str, nn.Module] = field(default_factory=dict)  # modules that only the example
    # reaches, by their paths: what they give stays while no weight of theirs moves

    def run(self) -> Tensor:
        """The loss, from the example on."""
        return self.loss(self.answer())


@dataclass(frozen=True)
class Learnt:
    """The working of one step of learning, and how far it agrees with autograd and torch.optim."""

    steps: tuple[Step, ...]
    differences: Mapping[str, float]


def learn_from(
    lesson: Lesson,
    weight: str | None,
    descent: Descent,
    names: Mapping[int, str],
) -> Learnt:
    """Loss, gradient by paths, one step of the optimizer, and the loss after it."""
    # Fused attention has no second derivative, by which the paths are followed.
    with (
        sdpa_kernel(SDPBackend.MATH),
        recording(lesson.module, lesson.methods, gradients=True) as recorder,
    ):
        answer = lesson.answer()
        first = len(recorder.operations)
        recorder.path.append(LOSS)
        loss = lesson.loss(answer)
    parameters = dict(lesson.module.named_parameters())
    gradients = paths.gradients_of(loss, parameters)
    recorder.settle()
    which = chosen(weight, parameters, gradients)
    followed = gradients[which.name]
    assert followed is not None
    gradient = float(followed[which.place])
    lost = paths.follow(recorder.operations, parameters[which.name], which)
    value = float(loss.detach())
    with _standing([m for path, m in lesson.first.items() if not _within(path, which.name)]):
        with torch.no_grad(), InFloat64():
            again = float(lesson.run())
        slope = paths.measured(lesson.module, which, lesson.run)
    by_paths = paths.paths_step(which, gradient, recorder.operations, slope, lost)
    stepped = step_of(lesson.module, gradients, which, descent)
    after = after_step(lesson.module, stepped, lesson.run, gradients, value)
    differences = {
        "autograd": _gap(by_paths, gradient),
        "measured": abs(slope - gradient),
        descent.name: stepped.difference,
    }
    return Learnt(
        (
            _loss(recorder.operations[first:], (value, again), names),
            by_paths,
            section(f"One step of gradient descent on {which}", stepped.steps),
            after,
        ),
        differences,
    )


def _gap(by_paths: Step, gradient: float) -> float:
    """Between the paths of each layer that all of them pass, and the gradient."""
    results = [layer.result for layer in by_paths.steps if layer.of == Symbol("dL/dw")]
    numbers = [result for result in results if isinstance(result, int | float)]
    return max((abs(number - gradient) for number in numbers), default=0.0)


def _within(path: str, name: str) -> bool:
    return name.startswith(f"{path}.")


@contextmanager
def _standing(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Modules that compute once and then give the same again."""
    for module in modules:
        module.__dict__["forward"] = _once(module.forward)
    try:
        yield
    finally:
        for module in modules:
            del module.__dict__["forward"]


def _once(own: Callable[..., Tensor]) -> Callable[..., Tensor]:
    made: list[Tensor] = []

    def forward(*given: object) -> Tensor:
        if not made:
            made.append(own(*given))
        return made[0]

    return forward


def _loss(
    operations: Sequence[Operation], values: tuple[float, float], names: Mapping[int, str]
) -> Step:
    """The operations from the answer on; the values are the loss, recorded and not."""
    steps = operation_steps(operations, names)
    return Step(
        rule="The loss of this example",
        given={},
        of=Symbol("L"),
        result=values[0],
        check=Check("the module run again, without the recorder", values[1], 1e-12),
        steps=steps,
    )
