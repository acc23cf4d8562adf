"""A recorder on a running module: every operation in order, in the module that it ran in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from pellucid.explanation.doubles import InFloat64, call_in_float64, mapped

# Questions about a tensor, not arithmetic with it.
QUESTIONS = frozenset(
    "__get__ __set__ size dim ndimension numel nelement stride __len__ is_floating_point "
    "is_complex is_contiguous storage_offset data_ptr element __hash__ __repr__ __format__ type "
    "get_device requires_grad_ __iter__ register_hook untyped_storage is_same_size".split()
)
PROPERTIES = ("T", "mT", "H", "mH", "real", "imag")
NONE: Mapping[str, str] = {}
PLAIN = frozenset((int, float, bool, str, type(None), slice, torch.dtype))
MEETS_NUMBERS = ("item", "tolist", "__int__", "__float__", "__bool__", "__index__")


def _bag(index: Tensor, table: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`embedding_bag` of weighted sums, of which torch has no second derivative."""
    amounts = kwargs.get("per_sample_weights")
    if amounts is None or index.ndim != 2:
        return nn.functional.embedding_bag(index, table, *args, **kwargs)
    return (table[index] * amounts.unsqueeze(-1)).sum(1)


@dataclass(eq=False, slots=True)
class Held:
    """A tensor as an operation met it, kept even if it is changed in place afterwards."""

    value: Tensor
    live: Tensor | None = None  # itself, with its history where gradients are recorded
    version: int = 0  # of `live`, which tells whether it was changed in place afterwards
    tangent: Tensor | None = None  # how it moves with the chosen weight, once that is known


@dataclass(eq=False, slots=True)
class Operation:
    """One operation of a run."""

    number: int  # from 1, in the order of the run
    module: str  # the path of the module that it ran in, "" for the outermost
    name: str  # "linear", "add"
    function: Callable[..., Any]
    args: tuple[Any, ...]  # tensors as Held
    kwargs: dict[str, Any]
    output: Any  # tensors as Held; or a plain number
    gradients: Sequence[Tensor] = ()  # of the loss by what came out first

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
        return torch.stack(list(self.gradients)).sum(0) if self.gradients else None

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
    if name == "__get__":  # of a property: x.T is arithmetic, x.shape a question
        owner = getattr(getattr(function, "__self__", None), "__name__", "")
        return owner if owner in PROPERTIES else name
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
    """While active, every operation on tensors is written down, and is done in float64.

    It looks on where torch hands an operation over, so that it sees what runs, whatever the
    module's code: branches, loops and functions that no module stands for.
    """

    def __init__(self, gradients: bool = False) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self.path: list[str] = [""]
        self._gradients = gradients
        self._held: dict[int, Held] = {}  # of tensors by their number, as they are now
        self._hooks: list[Any] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = name_of(func)
        if name in QUESTIONS:
            return call_in_float64(func, args, kwargs)
        met = self._held_all(args), self._held_all(kwargs) if kwargs else kwargs
        if changes(func, kwargs):
            self._keep(args[0] if args else kwargs.get("input"))
        if self._gradients and name == "embedding_bag" and kwargs.get("mode") == "sum":
            output = call_in_float64(_bag, args, kwargs)
        else:
            output = call_in_float64(func, args, kwargs)
        made = args[0] if name == "__setitem__" else output
        tensor = isinstance(made, Tensor)
        first = made if tensor else next((x for x in leaves(made) if isinstance(x, Tensor)), None)
        if first is not None or name in MEETS_NUMBERS:
            operation = Operation(
                len(self.operations) + 1, self.path[-1], name, func, *met, self._held_all(made)
            )
            self.operations.append(operation)
            if self._gradients and first is not None and first.requires_grad:
                arrived: list[Tensor] = []
                operation.gradients = arrived
                self._hooks.append(first.register_hook(arrived.append))
        return output

    def settle(self) -> None:
        """Take no more gradients: those of the loss have arrived."""
        for hook in self._hooks:
            hook.remove()

    def _held_all(self, value: Any) -> Any:
        """What is nested there with every tensor as Held; most of it is a tensor or plain."""
        kind = type(value)
        if kind in PLAIN:
            return value
        if kind is tuple:
            return tuple([self._held_all(item) for item in value])
        if kind is dict:
            return {name: self._held_all(item) for name, item in value.items()}
        return self._hold(value) if isinstance(value, Tensor) else mapped(self._hold, value)

    def _hold(self, value: Any) -> Any:
        """One Held for a tensor, until it is changed in place."""
        if not isinstance(value, Tensor):
            return value
        held = self._held.get(id(value))
        if held is None:
            plain = value.detach() if self._gradients or value.requires_grad else value
            held = self._held[id(value)] = Held(
                plain, value, value._version if self._gradients else 0
            )
        return held

    def _keep(self, target: Any) -> None:
        """Copy what is about to be changed in place, wherever it has been met."""
        if not isinstance(target, Tensor):
            return
        place = storage_of(target)
        for number, held in list(self._held.items()):
            if storage_of(held.value) == place:
                held.value = held.value.clone()
                del self._held[number]


def storage_of(value: Tensor) -> int:
    """The place of a tensor's memory, which its views share."""
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
    wrapped = list(_wrap(recorder, module, {"forward": "", **methods}))
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # inside of it nothing could be seen
    try:
        with recorder:
            yield recorder
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for own, name in wrapped:
            del own[name]


def _wrap(
    recorder: Recorder, module: nn.Module, methods: Mapping[str, str]
) -> Iterator[tuple[dict[str, Any], str]]:
    """Put methods in the modules' place that say where the run is; hooks would cost more."""
    for path, part in module.named_modules():
        for name, suffix in methods.items():
            if (path or suffix) and hasattr(type(part), name):
                own = getattr(part, name)
                part.__dict__[name] = _within(recorder, f"{path}.{suffix}".strip("."), own)
                yield part.__dict__, name


def _within(recorder: Recorder, path: str, own: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        recorder.path.append(path)
        try:
            return own(*args, **kwargs)
        finally:
            recorder.path.pop()

    return call
