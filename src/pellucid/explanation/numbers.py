"""Tensors as people read them: shapes, ranges, the place and the name of one number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pellucid.explanation.recorder import Held, Operation
from pellucid.working.formula import Symbol

Place = tuple[int, ...]
MOST_SHOWN = 12  # numbers of a tensor that are written out


def arguments(operation: Operation, *names: str) -> tuple[Any, ...]:
    """Arguments by name or position, tensors as values; None for what is not given."""
    found = []
    for position, name in enumerate(names):
        value = operation.kwargs.get(name)
        if value is None and position < len(operation.args):
            value = operation.args[position]
        found.append(value.value if isinstance(value, Held) else value)
    return tuple(found)


def largest(values: Tensor) -> Place:
    """The place of the number farthest from 0 among those that are finite."""
    size = values.detach().abs().double().nan_to_num(nan=-1.0, posinf=-1.0)
    return place_of(int(size.argmax()), values.shape)


def place_of(position: int, shape: Sequence[int]) -> Place:
    """The place of the number at a position of the flattened tensor."""
    place = []
    for size in reversed(shape):
        position, at = divmod(position, size)
        place.append(at)
    return tuple(reversed(place))


def entry(name: str, place: Place) -> Symbol:
    """The name of one number: y with its place, counted from 0, as an index."""
    return Symbol(f"{name}_{','.join(map(str, place))}" if place else name)


def numbers_of(values: Tensor) -> tuple[float, ...]:
    """A vector as plain numbers."""
    return tuple(float(value) for value in values.double().flatten().tolist())


def any_finite(values: Tensor) -> bool:
    """Whether some number is finite; the first nearly always is."""
    first = values[(0,) * values.ndim]
    return bool(first.isfinite()) or bool(values.isfinite().any())


def leading(values: Tensor, most: int) -> Tensor:
    """The first numbers, of which `flatten` would copy all."""
    while values.ndim > 1 and len(values) and values[0].numel() >= most:
        values = values[0]
    return values.flatten()[:most]


def nested(values: Tensor) -> Any:
    """A tensor as nested tuples of plain numbers, "missing" where it is not a number."""
    return _tupled(values.tolist())


def _tupled(value: Any) -> Any:
    """NaN agrees with nothing, not even itself, so it is a word."""
    if isinstance(value, list):
        return tuple(map(_tupled, value))
    return "missing" if isinstance(value, float) and math.isnan(value) else value


def shape_of(values: Tensor) -> str:
    """ "8 × 1 × 592"; of a single number, "a number"."""
    return " × ".join(map(str, values.shape)) or "a number"


def described(values: Tensor) -> str:
    """Shape, kind and range of a tensor in a few words."""
    shape = shape_of(values)
    if not values.numel():
        return f"{shape}, empty"
    if values.dtype == torch.bool:
        return f"{shape} truth values, {int(values.sum()):,} true"
    if values.is_complex():
        return f"{shape} complex numbers, size up to {float(values.abs().max()):.4g}"
    if values.numel() == 1:
        return f"{shape}: {written(float(values))}"
    if not values.is_floating_point():
        return f"{shape} whole numbers, {int(values.min())} to {int(values.max())}"
    low, high = (float(end) for end in values.aminmax())
    if math.isfinite(low) and math.isfinite(high):
        return f"{shape}, {written(low)} to {written(high)}"
    finite = values[values.isfinite()]
    gone = values.numel() - finite.numel()
    missing = f", {gone:,} not finite" if gone else ""
    if not finite.numel():
        return f"{shape}, none of them finite"
    return f"{shape}, {written(float(finite.min()))} to {written(float(finite.max()))}{missing}"


def written(value: float) -> str:
    """A number in four digits."""
    return f"{value:.4g}".replace("-", "−")


def gap(one: Tensor, other: Tensor) -> float:
    """The largest difference of two tensors, at places where both are finite."""
    if one.shape != other.shape:  # a sequence that ends elsewhere
        return math.inf
    one, other = one.detach().double(), other.detach().double()
    finite = one.isfinite() & other.isfinite()
    return float((one - other).abs()[finite].max()) if bool(finite.any()) else 0.0
