"""One number of a layer's output worked as a weighted sum, from what the layer met."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pellucid.explanation.numbers import Place, arguments, entry, largest, numbers_of, place_of
from pellucid.explanation.recorder import Operation
from pellucid.working.step import Step
from pellucid.working.weighted import weighted_sum

Worked = tuple[Step, ...]
SOURCE = "The network"  # got the same number as the lesson


def linear(operation: Operation) -> Worked:
    """y = x Wᵀ + b: one row of W with x."""
    x, weight, bias = arguments(operation, "input", "weight", "bias")
    y = operation.result
    if y is None or weight.ndim != 2:
        return ()
    place = largest(y)
    shift = 0.0 if bias is None else float(bias[place[-1]])
    return (_sum(x[place[:-1]], weight[place[-1]], shift, y, place),)


def matrix_product(operation: Operation) -> Worked:
    """y = a b: one row of a with one column of b, batch by batch."""
    a, b = arguments(operation, "input", "mat2")
    return () if b is None else _product(a, b, None, operation.result)


def shifted_product(operation: Operation) -> Worked:
    """y = c + a b, as `addmm` and `baddbmm` compute it."""
    c, a, b = arguments(operation, "input", "mat1", "mat2")
    if any(operation.kwargs.get(name, 1) != 1 for name in ("alpha", "beta")):
        return ()
    return _product(a, b, c, operation.result)


def _product(a: Tensor, b: Tensor, shift: Tensor | None, y: Tensor | None) -> Worked:
    if y is None or y.ndim == 0 or not y.is_floating_point():
        return ()
    place = largest(y)
    left = a.unsqueeze(0) if a.ndim == 1 else a
    right = b.unsqueeze(-1) if b.ndim == 1 else b
    full = y.reshape(
        *y.shape[: y.ndim - (a.ndim > 1) - (b.ndim > 1)], left.shape[-2], right.shape[-1]
    )
    *batch, row, column = place_of(_flat(place, y), full.shape)
    left = left.expand(*full.shape[:-2], *left.shape[-2:])[tuple(batch)][row]
    right = right.expand(*full.shape[:-2], *right.shape[-2:])[tuple(batch)][:, column]
    bias = 0.0 if shift is None else float(shift.expand(y.shape)[place])
    return (_sum(left, right, bias, y, place),)


def _flat(place: Place, y: Tensor) -> int:
    index = 0
    for at, size in zip(place, y.shape, strict=True):
        index = index * size + at
    return index


def convolution(operation: Operation) -> Worked:
    """One place of the kernel: what lies under it, times the kernel's weights."""
    x, weight, bias, stride, padding, dilation, groups = arguments(
        operation, "input", "weight", "bias", "stride", "padding", "dilation", "groups"
    )
    y, spatial = operation.result, weight.ndim - 2
    if y is None or isinstance(padding, str) or x.ndim != weight.ndim:
        return ()
    stride, padding, dilation = (
        _each(value, spatial, default)
        for value, default in ((stride, 1), (padding, 0), (dilation, 1))
    )
    place = largest(y)
    item, channel, *at = place
    edges = [edge for size in reversed(padding) for edge in (size, size)]
    padded = torch.nn.functional.pad(x, edges)
    of_group = weight.shape[0] // (groups or 1)
    first = channel // of_group * weight.shape[1]
    under = padded[item, first : first + weight.shape[1]]
    for axis, (where, step, gap, size) in enumerate(
        zip(at, stride, dilation, weight.shape[2:], strict=True), start=1
    ):
        under = under.index_select(axis, torch.arange(size) * gap + where * step)
    shift = 0.0 if bias is None else float(bias[channel])
    return (_sum(under.flatten(), weight[channel].flatten(), shift, y, place),)


def _each(value: Any, count: int, default: int) -> tuple[int, ...]:
    if value is None:
        return (default,) * count
    return (value,) * count if isinstance(value, int) else tuple(value)


def looked_up_sum(operation: Operation) -> Worked:
    """`embedding_bag`: rows of a table, each times its own amount."""
    index, table, amounts = arguments(operation, "input", "weight", "per_sample_weights")
    y = operation.result
    if y is None or amounts is None or operation.kwargs.get("mode") != "sum" or index.ndim != 2:
        return ()
    place = largest(y)
    weights = table[index[place[0]], place[1]]
    return (_sum(amounts[place[0]], weights, 0.0, y, place),)


def total(operation: Operation) -> Worked:
    """A sum over some axes: the numbers that are added up."""
    y = operation.result
    values = over_axes(operation)
    if y is None or values is None:
        return ()
    place = largest(y)
    return (_sum(values[place], torch.ones_like(values[place]), 0.0, y, place),)


def over_axes(operation: Operation) -> Tensor | None:
    """What a reduction reduces: its axes flattened into the last one, the others as in y."""
    (x,) = arguments(operation, "input")
    y = operation.result
    if y is None or not isinstance(x, Tensor) or not x.is_floating_point() or not x.ndim:
        return None
    axes = axes_of(operation)
    axes = tuple(range(x.ndim)) if axes is None else (axes,) if isinstance(axes, int) else axes
    if not all(isinstance(axis, int) for axis in axes):
        return None
    axes = tuple(axis % x.ndim for axis in axes)
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    moved = x.permute(*kept, *axes)
    return moved.reshape(*y.shape, -1) if y.numel() else None


def axes_of(operation: Operation) -> Any:
    """Along which axes it works: `dim`, or `axis` as NumPy has it; None: along all."""
    given = operation.args[1] if len(operation.args) > 1 else operation.kwargs.get("axis")
    return operation.kwargs.get("dim", given)


def _sum(x: Tensor, w: Tensor, bias: float, y: Tensor, place: Place) -> Step:
    return weighted_sum(
        numbers_of(x), numbers_of(w), bias, entry("y", place), float(y[place]), tolerance=1e-9
    )


SUMS: dict[str, Callable[[Operation], Worked]] = {
    "linear": linear,
    "matmul": matrix_product,
    "__matmul__": matrix_product,
    "mm": matrix_product,
    "bmm": matrix_product,
    "mv": matrix_product,
    "dot": matrix_product,
    "addmm": shifted_product,
    "baddbmm": shifted_product,
    "conv1d": convolution,
    "conv2d": convolution,
    "conv3d": convolution,
    "embedding_bag": looked_up_sum,
    "sum": total,
}
