"""A module run in float64, whatever it says of smaller floating types."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from pellucid.errors import UsageError

REDUCED = (torch.float32, torch.float16, torch.bfloat16)
CASTS = ("float", "half", "bfloat16")


class InFloat64(TorchFunctionMode):
    """While active every floating tensor is float64: a cast to a smaller type casts to it."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return call_in_float64(func, args, kwargs or {})


def call_in_float64(func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """The function's result, as if there were no smaller floating type."""
    if getattr(func, "__name__", "") in CASTS and not args[1:]:
        return args[0].double()
    if torch.dtype in map(type, args):
        args = [_no_smaller(value) for value in args]
    if "dtype" in kwargs:
        kwargs = {**kwargs, "dtype": _no_smaller(kwargs["dtype"])}
    output = func(*args, **kwargs)
    if not isinstance(output, Tensor):
        return mapped(_widened, output)
    if output.dtype in REDUCED and any(map(_is_whole, args)):
        # The root of a whole number, for instance, is computed in float32 unless told otherwise.
        output = func(*[value.double() if _is_whole(value) else value for value in args], **kwargs)
    return _widened(output)


def _is_whole(value: Any) -> bool:
    """A tensor of whole numbers."""
    if not isinstance(value, Tensor) or value.is_floating_point():
        return False
    return value.dtype != torch.bool and not value.is_complex()


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """Nested tuples, lists and dictionaries with the function applied to what they hold."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, tuple):
        items = [mapped(function, item) for item in value]
        named = hasattr(value, "_fields")  # else torch's own, as `topk` gives, or a plain one
        return type(value)(*items) if named else type(value)(items)
    if isinstance(value, list):
        return [mapped(function, item) for item in value]
    if isinstance(value, dict):
        return {name: mapped(function, item) for name, item in value.items()}
    return function(value)


def _no_smaller(value: Any) -> Any:
    return torch.float64 if isinstance(value, torch.dtype) and value in REDUCED else value


def _widened(value: Any) -> Any:
    """What an operation made without being told a type, such as `torch.zeros(3)`."""
    if isinstance(value, Tensor) and value.dtype in REDUCED and not value.requires_grad:
        return value.double()
    return value


def in_float64(module: nn.Module) -> nn.Module:
    """A copy of the module on the CPU in float64, ready to answer and not to be trained."""
    try:
        with torch.no_grad():  # or the copies of a scripted module's weights would be no leaves
            twin = copy.deepcopy(module).to("cpu")
    except (RuntimeError, TypeError) as error:  # a tensor, a lock or a file that has no copy
        raise UsageError(
            f"{type(module).__name__} cannot be copied, so it cannot be explained without changing "
            f"it: {str(error).splitlines()[0]}"
        ) from error
    twin = twin.double().eval()
    for part in twin.modules():
        for name, value in vars(part).items():  # a tensor that is no buffer, such as a mask
            if isinstance(value, Tensor):
                vars(part)[name] = double(value)
    for parameter in twin.parameters():  # one by one: a scripted module knows no other way
        parameter.requires_grad_(True)
    return twin


def double(values: Any) -> Any:
    """Nested tensors on the CPU, the floating ones in float64."""

    def one(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        value = value.detach().to("cpu")
        return value.double() if value.is_floating_point() else value

    return mapped(one, values)
