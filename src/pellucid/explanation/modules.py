"""The explanation of any torch module: every operation, and a step of learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from pellucid.errors import UsageError
from pellucid.explanation.doubles import double, in_float64
from pellucid.explanation.learning import Learnt, Lesson, learn_from
from pellucid.explanation.numbers import described, gap, shape_of
from pellucid.explanation.optimizing import Descent
from pellucid.explanation.recorder import Operation, leaves, recording
from pellucid.explanation.result import Explanation, trace
from pellucid.explanation.walk import by_module, section, shown_of, weight_names
from pellucid.explanation.weights import require
from pellucid.working.step import Check, Step

Loss = Callable[[Any, Any], Tensor]


def explain_module(
    module: nn.Module,
    inputs: Any,
    target: Any = None,
    weight: str | None = None,
    loss: Loss | None = None,
    descent: Descent | None = None,
) -> Explanation:
    """Explain what a module computes for `inputs`, and what it would learn from `target`."""
    twin, given = in_float64(module), double(inputs)
    names, kinds = weight_names(twin), module_kinds(twin)
    if weight is not None:
        buffers = {
            name: "no parameter, so it does not descend." for name, _ in twin.named_buffers()
        }
        require(weight, dict(twin.named_parameters()), buffers)
    operations, answer = _run(twin, given)
    parts = by_module(operations, names, kinds)
    rule = f"Forward: {len(operations)} operations in order"
    forward = section(rule, parts, shown=shown_of(parts))
    rounding = _rounding(module, inputs, answer)
    learnt = _learnt(twin, given, target, (weight, loss, descent), names)
    steps = (*learnt.steps,) if learnt else (_no_loss(target, answer),)
    differences = {"float32": rounding} if rounding is not None else {}
    if learnt:
        differences |= learnt.differences
    whole = section(
        f"What {type(module).__name__} computes, in its own numbers",
        [forward, *steps],
        _summary(operations, differences),
        shown=None,
        decimal=True,
        given={f"input {k}": described(leaf) for k, leaf in enumerate(_tensors(given), 1)},
    )
    return Explanation(whole, trace(operations, names), differences)


def _run(twin: nn.Module, given: Any) -> tuple[list[Operation], Any]:
    try:
        with torch.no_grad(), recording(twin) as recorder:
            answer = call(twin, given)
    except (RuntimeError, TypeError, IndexError, ValueError) as error:
        raise UsageError(
            f"{type(twin).__name__} does not accept these inputs: "
            f"{(str(error).splitlines() or [type(error).__name__])[0]}. Give a tensor, a tuple of "
            "its arguments, or a dictionary of them by name."
        ) from error
    if not recorder.operations:
        raise UsageError(
            f"{type(twin).__name__} did nothing with tensors that could be seen; there is no "
            "working. A scripted module is to be given as it was before."
        )
    return recorder.operations, answer


def call(module: nn.Module, given: Any) -> Any:
    """The module's answer to a tensor, a tuple of arguments or a dictionary of them."""
    if isinstance(given, Mapping):
        return module(**given)
    return module(*given) if isinstance(given, tuple | list) else module(given)


def module_kinds(module: nn.Module) -> dict[str, str]:
    """The class of every submodule by its path."""
    return {path: type(part).__name__ for path, part in module.named_modules()}


def _tensors(values: Any) -> list[Tensor]:
    return [leaf for leaf in leaves(values) if isinstance(leaf, Tensor)]


def _learnt(
    twin: nn.Module,
    given: Any,
    target: Any,
    wishes: tuple[str | None, Loss | None, Descent | None],
    names: Mapping[int, str],
) -> Learnt | None:
    weight, loss, descent = wishes
    if target is None or not any(True for _ in twin.parameters()):
        return None
    goal, own = double(target), loss or usual_loss
    lesson = Lesson(twin, lambda: call(twin, given), lambda answer: own(answer, goal))
    return learn_from(lesson, weight, descent or ADAMW, names)


ADAMW = Descent(rate=1e-3, decay=1e-2, clip=None, spares=lambda name, parameter: False)


def usual_loss(answer: Any, target: Any) -> Tensor:
    """Cross-entropy for whole numbers (classes), mean squared error for others."""
    if not isinstance(answer, Tensor) or not isinstance(target, Tensor):
        raise UsageError(
            "The usual loss compares one tensor with another; give loss=, a function of the "
            "module's answer and the target."
        )
    try:
        if not target.is_floating_point() and answer.is_floating_point():
            return nn.functional.cross_entropy(answer, target)
        if answer.shape != target.shape:
            raise ValueError(f"the answer is {shape_of(answer)}, the target {shape_of(target)}")
        return nn.functional.mse_loss(answer, target)
    except (RuntimeError, IndexError, ValueError) as error:
        raise UsageError(
            f"The usual loss does not fit: {str(error).splitlines()[0]}. Give a target like the "
            "answer, classes as whole numbers, or loss=, a function of answer and target."
        ) from error


def _no_loss(target: Any, answer: Any) -> Step:
    why = "No target was given" if target is None else "The module has no parameters"
    held = _tensors(answer)
    text = described(held[0]) if held else "no tensor"
    return Step(
        rule="No loss",
        given={},
        result=text,
        check=Check("the answer", text),
        reason=f"{why}, so there is no loss, no gradient and no step of learning here.",
    )


def _rounding(module: nn.Module, inputs: Any, answer: Any) -> float | None:
    """How far the module's own answer, in its own floating type, is from that in float64."""
    training = module.training
    try:
        with torch.no_grad():
            own = _tensors(call(module.eval(), inputs))
    except (RuntimeError, TypeError):
        return None
    finally:
        module.train(training)
    gaps = [
        gap(a.cpu(), b)
        for a, b in zip(own, _tensors(answer), strict=True)
        if a.is_floating_point() and a.numel() and a.dtype != torch.float64
    ]
    return max(gaps, default=None)


def _summary(operations: list[Operation], differences: Mapping[str, float]) -> str:
    return (
        f"{len(operations)} operations were recorded while the module ran in float64; none is left "
        f"out. {agreement(differences)}"
    )


def agreement(differences: Mapping[str, float]) -> str:
    """How far the working agrees with other ways of computing it."""
    sentences = {
        "float32": "The module's own answer, in its own floating type, differs by at most {}.",
        "autograd": "The gradient by paths and that of autograd differ by {}.",
        "measured": "The gradient and that measured by moving the weight differ by {}.",
    }
    step = "The step and that of {name} differ by at most {{}} in any weight."
    return " ".join(
        sentences.get(name, step.format(name=name)).format(f"{value:.1g}" if value else "0")
        for name, value in differences.items()
    )
