"""The operations of a run as steps: shapes, values, and one number of each worked in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from pellucid.explanation.entries import worked
from pellucid.explanation.numbers import MOST_SHOWN, described, leading, nested, shape_of
from pellucid.explanation.recorder import Held, Operation, leaves
from pellucid.working.formula import Symbol
from pellucid.working.step import Check, CheckFailed, Step

SHOWN = 40  # operations of one module that are printed; all of them are in the JSON
MOST_SHOWN_OF_PATH = 120  # and of one path of a network
EXACT = 1e-9
# The same numbers at other places: their shapes say it all.
MOVES = frozenset(
    "flatten unsqueeze squeeze transpose permute reshape view expand contiguous movedim t float "
    "unflatten double to detach clone expand_as view_as swapaxes unbind chunk split T mT H "
    "mH".split()
)
RANDOM = ("rand", "randn", "randint", "bernoulli", "randperm", "normal", "uniform", "random")
UNWRITTEN = ("empty", "empty_like", "new_empty", "empty_strided")
NAMES = {"__getitem__": "pick", "__setitem__": "put", "__invert__": "not", "__matmul__": "matmul"}
SIGNS = {"__and__": "and", "__or__": "or", "__xor__": "either", "long": "as whole numbers"}


def operation_steps(
    operations: Iterable[Operation], weights: Mapping[int, str], lessons: bool = True
) -> tuple[Step, ...]:
    """One step an operation; `weights` names the parameters by the place of their memory."""
    return tuple(operation_step(operation, weights, lessons) for operation in operations)


def operation_step(operation: Operation, weights: Mapping[int, str], lessons: bool = True) -> Step:
    """What came in, what came out, and one number of it in full where there is a lesson."""
    y = operation.result
    name = called(operation)
    if y is None:
        value = operation.output
        return Step(
            rule=f"{operation.number}  {name}: a tensor is read as a plain number",
            given={},
            result=value if isinstance(value, bool | int | float) else str(value),
            check=Check("the same once more", _plain_again(operation)),
        )
    if operation.name in MOVES:
        return _moved(operation, y, name)
    finer = worked(operation) if lessons else ()
    again = _first(operation.again())
    check = _same(operation, y, again)
    return Step(
        rule=f"{operation.number}  {name}",
        given=dict(_given(operation, weights)),
        of=Symbol("y"),
        result=_values(y),
        check=check,
        reason=f"y: {described(y)}." if y.numel() > 1 else "",
        steps=finer,
    )


def called(operation: Operation) -> str:
    """The operation's name for people."""
    return NAMES.get(operation.name) or SIGNS.get(operation.name) or operation.name.strip("_")


def _plain_again(operation: Operation) -> Any:
    value = operation.again()
    return value if isinstance(value, bool | int | float) else str(value)


def _moved(operation: Operation, y: Tensor, name: str) -> Step:
    """The same numbers in another shape."""
    held = [leaf.value for leaf in leaves(operation.args) if isinstance(leaf, Held)]
    before = shape_of(held[0]) if held else "nothing"
    return Step(
        rule=f"{operation.number}  {name}: {before} becomes {shape_of(y)}",
        given={},
        result=_extent(y),
        check=Check("the same operation once more", _extent(_first(operation.again()))),
    )


def _extent(y: Tensor | None) -> str:
    return "nothing" if y is None else f"{shape_of(y)}, {y.numel():,} numbers"


def _given(operation: Operation, weights: Mapping[int, str]) -> Iterable[tuple[str, str]]:
    """Each tensor that came in: its name if it is a weight, its shape and range."""
    tensors = [
        leaf for leaf in leaves((operation.args, operation.kwargs)) if isinstance(leaf, Held)
    ]
    letters = iter("abcdefgh")
    for held in tensors[:6]:
        name = weights.get(held.value.data_ptr())
        letter = next(letters)
        yield letter, (f"{name}, " if name else "") + described(held.value)
    if len(tensors) > 6:
        yield next(letters), f"and {len(tensors) - 6} more tensors"
    plain = [
        str(leaf)
        for leaf in leaves((operation.args, operation.kwargs))
        if isinstance(leaf, bool | int | float | str) and not isinstance(leaf, Held)
    ]
    if plain and len(" ".join(plain)) <= 40:
        yield "options", ", ".join(plain)


def _values(y: Tensor) -> Any:
    """All numbers of a small tensor, the first of a large one."""
    if y.is_complex() or not y.numel():
        return described(y)
    if y.numel() <= MOST_SHOWN and y.ndim <= 2 and min((*y.shape, 2)) > 1:
        return nested(y)
    return nested(leading(y, MOST_SHOWN)) if y.numel() > 1 else nested(y.flatten())[0]


def _same(operation: Operation, y: Tensor, again: Tensor | None) -> Check:
    """The operation run once more on what was recorded; every number must be the same."""
    if operation.name in RANDOM:
        return Check("the record itself: drawn numbers cannot be drawn again", _values(y))
    if operation.name in UNWRITTEN:
        return Check("the record itself: memory that nothing has been written to yet", _values(y))
    if again is None or again.shape != y.shape:
        raise CheckFailed(f"{operation.name}, run again, gave another shape; please report it.")
    gap = _gap(y, again)
    if not gap <= EXACT:
        raise CheckFailed(
            f"{operation.module} {operation.name}: what was recorded, run again, differs by "
            f"{gap:.3g}. Either the module draws random numbers, or this is a fault in the "
            "recording; please report it."
        )
    return Check("the operation once more on what was recorded", _values(again), EXACT)


def _gap(y: Tensor, again: Tensor) -> float:
    """The largest relative difference; numbers that are not finite must be the same."""
    if not y.is_floating_point():
        return 0.0 if bool((y == again).all()) else float("inf")
    if torch.equal(y, again):
        return 0.0
    odd = ~(y.isfinite() & again.isfinite())
    if bool(odd.any()) and not torch.equal(y[odd].nan_to_num(7.0), again[odd].nan_to_num(7.0)):
        return float("inf")
    if bool(odd.all()):
        return 0.0
    size = torch.maximum(y.abs(), again.abs()).clamp(min=1.0)
    return float(((y - again).abs() / size)[~odd].max())


def _first(value: Any) -> Tensor | None:
    found = [leaf for leaf in leaves(value) if isinstance(leaf, Tensor)]
    return found[0] if found else None


def section(
    rule: str, steps: Sequence[Step], reason: str = "", shown: int | None = SHOWN, **more: Any
) -> Step:
    """A part of the working: its result is that of its last step."""
    last = steps[-1]
    return Step(
        rule=rule,
        given=more.pop("given", {}),
        of=last.of,
        result=last.result,
        check=Check("the last step of this part", last.check.value, last.check.tolerance),
        reason=reason,
        steps=tuple(steps),
        shown=shown if shown is not None and shown < len(steps) else None,
        **more,
    )


def by_module(
    operations: Sequence[Operation],
    weights: Mapping[int, str],
    kinds: Mapping[str, str],
    lessons: bool = True,
) -> tuple[Step, ...]:
    """Operations in order, those of one module after the other under its name.

    Those that are printed have their lesson; there may be thousands, as where a text is written.
    """
    found: list[Step] = []
    counted = 0
    for path, group in groupby(operations, key=lambda operation: operation.module):
        own = list(group)
        counted += len(own)
        taught = lessons and (counted <= MOST_SHOWN_OF_PATH or not found)
        found.append(section(_title(path, kinds), operation_steps(own, weights, taught)))
    return tuple(found)


def shown_of(sections: Sequence[Step]) -> int | None:
    """How many of a path's modules are printed; None where all of them are."""
    counted = 0
    for place, part in enumerate(sections):
        counted += len(part.steps)
        if counted > MOST_SHOWN_OF_PATH:
            return max(1, place)
    return None


def _title(path: str, kinds: Mapping[str, str]) -> str:
    kind = kinds.get(path, "")
    """What the module is, then where it stands."""
    return " · ".join(filter(None, [kind, path or "the module itself"]))


def weight_names(module: torch.nn.Module, prefix: str = "") -> dict[int, str]:
    """Parameters and buffers by the place of their memory."""
    named = [*module.named_parameters(), *module.named_buffers()]
    return {tensor.data_ptr(): prefix + name for name, tensor in named if tensor.numel()}
