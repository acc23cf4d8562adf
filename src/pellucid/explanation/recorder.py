"""A recorder on a running module: every operation in order, in the module that it ran in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from pellucid.explanation.doubles import InFloat64, mapped

# Questions about a tensor, not arithmetic with it.
QUESTIONS = frozenset(
    "__get__ __set__ size dim ndimension numel nelement stride __len__ is_floating_point "
    "is_complex is_contiguous storage_offset data_ptr element __hash__ __repr__ __format__ type "
    "get_device requires_grad_ __iter__ register_hook untyped_storage is_same_size".split()
)
NONE: Mapping[str, str] = {}
MEETS_NUMBERS = ("item", "tolist", "__int__", "__float__", "__bool__", "__index__")


@dataclass(eq=False)
class Held:
    """A tensor as an operation met it, kept even if it is changed in place afterwards."""

    value: Tensor
    live: Tensor | None = None  # with its history, where gradients are recorded
    version: int = 0  # of `live`, which tells whether it was changed in place afterwards
    tangent: Tensor | None = None  # how it moves with the chosen weight, once that is known


@dataclass(eq=False)
class Operation:
    """One operation of a run."""

    number: int  # from 1, in the order of the run
    module: str  # the path of the module that it ran in, "" for the outermost
    name: str  # "linear", "add"
    function: Callable[..., Any]
    args: tuple[Any, ...]  # tensors as Held
    kwargs: dict[str, Any]
    output: Any  # tensors as Held; or a plain number
    gradients: list[Tensor] = field(default_factory=list)  # of the loss by what came out first

    @property
    def first(self) -> Held | None:
        """What came out first."""
        held = [leaf for leaf in leaves(self.output) if isinstance(leaf, Held)]
        return held[0] if held else None

    @property
    def result(self) -> Tensor | None:
        """The first tensor that came out."""
        return None if self.first is None else self.first.value

    @property
    def gradient(self) -> Tensor | None:
        """The loss's gradient by the first tensor: the sum of what arrived."""
        return torch.stack(self.gradients).sum(0) if self.gradients else None

    @property
    def in_place(self) -> bool:
        """Whether it changed its first argument."""
        return changes(self.function, self.kwargs)

    def again(self) -> Any:
        """The operation once more on what it met: its output, tensors as they are."""
        args, kwargs = mapped(_fresh, (self.args, self.kwargs))
        with torch.no_grad(), InFloat64():
            output = self.function(*args, **kwargs)
        return args[0] if self.name == "__setitem__" else output


def leaves(value: Any) -> list[Any]:
    """What nested lists, tuples and dictionaries hold."""
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in leaves(item)]
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    return [value]


@cache
def name_of(function: Callable[..., Any]) -> str:
    """An operation's name without underscores: `__add__` and `add_` are `add`."""
    name = getattr(function, "__name__", type(function).__name__)
    if name.startswith("__") and name.endswith("__"):
        return name
    return name.strip("_")


def changes(function: Callable[..., Any], kwargs: dict[str, Any]) -> bool:
    """Whether an operation changes its first argument in place."""
    return _changes(function) or bool(kwargs and (kwargs.get("inplace") or "out" in kwargs))


@cache
def _changes(function: Callable[..., Any]) -> bool:
    name = getattr(function, "__name__", "")
    if name.startswith("__"):
        return name == "__setitem__" or (
            name[2:3] == "i" and name not in ("__index__", "__int__", "__invert__")
        )
    return name.endswith("_")


class Recorder(TorchFunctionMode):
    """While active, every operation on tensors is written down.

    It looks on where torch hands an operation over, so that it sees what runs, whatever the
    module's code: branches, loops and functions that no module stands for.
    """

    def __init__(self, gradients: bool = False) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self.path: list[str] = [""]
        self._gradients = gradients
        self._held: list[Held] = []
        self._hooks: list[Any] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = name_of(func)
        if name in QUESTIONS:
            return func(*args, **kwargs)
        met = mapped(self._hold, (tuple(args), kwargs))
        if changes(func, kwargs):
            self._keep(args[0] if args else kwargs.get("input"))
        output = func(*args, **kwargs)
        made = args[0] if name == "__setitem__" else output
        tensor = isinstance(made, Tensor)
        first = made if tensor else next((x for x in leaves(made) if isinstance(x, Tensor)), None)
        if first is not None or name in MEETS_NUMBERS:
            self._write(name, func, met, (made, first))
        return output

    def _write(self, name: str, func: Callable[..., Any], met: Any, out: Any) -> None:
        made, first = out
        operation = Operation(
            len(self.operations) + 1,
            self.path[-1],
            name,
            func,
            args=met[0],
            kwargs=met[1],
            output=mapped(self._hold, made),
        )
        self.operations.append(operation)
        if self._gradients and first is not None and first.requires_grad:
            self._hooks.append(first.register_hook(operation.gradients.append))

    def settle(self) -> None:
        """Take no more gradients: those of the loss have arrived."""
        for hook in self._hooks:
            hook.remove()

    def _hold(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        if self._gradients:
            held = Held(value.detach(), value, value._version)
        else:
            held = Held(value.detach() if value.requires_grad else value)
        self._held.append(held)
        return held

    def _keep(self, target: Any) -> None:
        """Copy what is about to be changed in place, wherever it has been met."""
        if not isinstance(target, Tensor):
            return
        place = _storage(target)
        for held in self._held:
            if _storage(held.value) == place:
                held.value = held.value.clone()


def _storage(value: Tensor) -> int:
    return 0 if value.layout != torch.strided else value.untyped_storage().data_ptr()


def _fresh(value: Any) -> Any:
    return value.value.clone() if isinstance(value, Held) else value


@contextmanager
def recording(
    module: nn.Module,
    methods: Mapping[str, str] = NONE,
    gradients: bool = False,
) -> Iterator[Recorder]:
    """Record all that runs inside the block, with the path of the module that is at work.

    `methods` are the names of other methods of modules, besides `forward`, and what is put behind
    the module's path for the operations inside them.
    """
    recorder = Recorder(gradients)
    handles = []
    for path, part in module.named_modules():
        if path:
            enter, leave = _entering(recorder, path), _leaving(recorder)
            handles.append(part.register_forward_pre_hook(enter))
            handles.append(part.register_forward_hook(leave, always_call=True))
    wrapped = list(_wrap(recorder, module, methods))
    try:
        with recorder:
            yield recorder
    finally:
        for handle in handles:
            handle.remove()
        for part, name in wrapped:
            delattr(part, name)


def _entering(recorder: Recorder, path: str) -> Callable[..., None]:
    def enter(module: nn.Module, args: Any) -> None:
        recorder.path.append(path)

    return enter


def _leaving(recorder: Recorder) -> Callable[..., None]:
    def leave(module: nn.Module, args: Any, output: Any) -> None:
        recorder.path.pop()

    return leave


def _wrap(
    recorder: Recorder, module: nn.Module, methods: Mapping[str, str]
) -> Iterator[tuple[nn.Module, str]]:
    for path, part in module.named_modules():
        for name, suffix in methods.items():
            own = getattr(part, name, None)
            if callable(own):
                setattr(part, name, _within(recorder, f"{path}.{suffix}".strip("."), own))
                yield part, name


def _within(recorder: Recorder, path: str, own: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        recorder.path.append(path)
        try:
            return own(*args, **kwargs)
        finally:
            recorder.path.pop()

    return call
