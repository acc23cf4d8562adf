"""Pooling, attention and an LSTM cell: one number of each worked as their lessons work it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pellucid.explanation.numbers import Place, arguments, entry, largest, numbers_of
from pellucid.explanation.recorder import Held, Operation, leaves
from pellucid.explanation.sums import SOURCE, Worked
from pellucid.working.activations import activation_step
from pellucid.working.formula import Symbol, call, over, plus, times
from pellucid.working.lessons.convolution import pooled_step
from pellucid.working.lessons.softmax import softmax_step
from pellucid.working.step import Check, Step, agreeing
from pellucid.working.weighted import weighted_sum

MOST_KEYS = 512
GATES = ("i", "f", "g", "o")  # torch's order: what comes in, what stays, what is new, what is told


def pooled(operation: Operation, y: Tensor) -> Worked:
    """The window under the largest number, and its largest or its mean."""
    more = ("dilation", "ceil_mode") if operation.name.startswith("max") else ("ceil_mode",)
    x, size, stride, *others = arguments(
        operation, "input", "kernel_size", "stride", "padding", *more
    )
    plain = (None, False, 0, 1, (0, 0), (1, 1), [0, 0], [1, 1])
    if any(other not in plain for other in others) or others[-1] or others[0] in (1, (1, 1)):
        return ()
    if operation.name == "avg_pool2d" and (
        operation.kwargs.get("divisor_override") or len(operation.args) > 6
    ):
        return ()
    place = largest(y)
    axes = 1 if operation.name.endswith("1d") else 2
    window = x[place[:-axes]]
    sizes, steps = _each(size, axes), _each(size if stride in (None, [], ()) else stride, axes)
    for axis, at in enumerate(place[-axes:]):
        window = window.narrow(axis, at * steps[axis], sizes[axis])
    return _pooled(operation, window, y, place)


def pooled_to_size(operation: Operation, y: Tensor) -> Worked:
    """As `pooled`, of windows that share a picture out over a grid."""
    (x,) = arguments(operation, "input")
    place = largest(y)
    axes = 1 if operation.name.endswith("1d") else 2
    window = x[place[:-axes]]
    for axis, at in enumerate(place[-axes:]):
        whole, parts = x.shape[axis - axes], y.shape[axis - axes]
        first, last = at * whole // parts, -(-(at + 1) * whole // parts)
        window = window.narrow(axis, first, last - first)
    return _pooled(operation, window, y, place)


def _pooled(operation: Operation, window: Tensor, y: Tensor, place: Place) -> Worked:
    kind = "max" if "max" in operation.name else "average"
    step = pooled_step(numbers_of(window), kind, entry("y", place))
    return (agreeing(step, float(y[place]), SOURCE, 1e-9),)


def _each(value: Any, axes: int) -> tuple[int, ...]:
    return (value,) * axes if isinstance(value, int) else tuple(value)


def attended(operation: Operation, y: Tensor) -> Worked:
    """One query: its best score, its shares, and the mixture at the largest number."""
    query, keys, values, mask, dropped, causal, scale = arguments(
        operation, "query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale"
    )
    if dropped or scale is not None or not query.shape[:-2] == keys.shape[:-2]:
        return ()
    place = largest(y)
    *batch, row, column = place
    q, k, v = query[tuple(batch)][row], keys[tuple(batch)], values[tuple(batch)]
    seen = torch.ones(len(k), dtype=torch.bool)
    if mask is not None:
        if mask.dtype != torch.bool:
            return ()
        seen = mask.expand(*query.shape[:-1], len(k))[tuple(batch)][row]
    if causal:
        seen = seen & (torch.arange(len(k)) <= row)
    k, v = k[seen], v[seen][:, column]
    if not 1 <= len(k) <= MOST_KEYS:
        return ()
    root = math.sqrt(len(q))
    scores = tuple(math.fsum(p) / root for p in (q * k).tolist())
    best = max(range(len(k)), key=lambda at: scores[at])
    product = weighted_sum(numbers_of(k[best]), numbers_of(q), 0, Symbol("q_k"))
    score = Step(
        rule=f"The best score of query {row + 1}: it fits key {best + 1}",
        given={"d": len(q)},
        of=Symbol("s"),
        working=(over(product.result, call("sqrt", "d")),),  # type: ignore[arg-type]
        result=scores[best],
        check=Check("torch's product", float(q @ k[best]) * len(q) ** -0.5, 1e-9),
        reason="Query times key, divided by √d so that softmax does not saturate.",
        steps=(product,),
    )
    shares = softmax_step(scores)
    each = numbers_of(torch.tensor(shares.result, dtype=torch.float64))
    mixture = weighted_sum(numbers_of(v), each, 0, entry("y", place), float(y[place]))
    return score, shares, mixture


def remembered(operation: Operation, y: Tensor) -> Worked:
    """The first step of an LSTM, which begins with empty memory: its unit that says most."""
    held = [leaf.value for leaf in leaves(operation.args) if isinstance(leaf, Held)]
    flat = [leaf for leaf in leaves(operation.args) if isinstance(leaf, bool)]
    layers = [leaf for leaf in leaves(operation.args) if type(leaf) is int]
    weights = [value for value in held if value.ndim <= 2 and value.is_floating_point()]
    inputs = weights.pop(0) if held[0].ndim == 2 else held[0]
    first = inputs.reshape(-1, inputs.shape[-1])[0]
    matrices = [value for value in weights if value.shape[0] % 4 == 0 and value.ndim == 2]
    w = next((m for m in matrices if m.shape[1] == len(first)), None)
    shifts = [value for value in weights if value.ndim == 1][:2]
    if (
        w is None
        or len(shifts) < 2
        or not flat
        or layers != [1]
        or 4 * matrices[1].shape[1] != len(w)  # the answer is projected to fewer units
        or any(bool(h.any()) for h in _hidden(held))
    ):
        return ()
    told = y.reshape(-1, y.shape[-1])[0, : len(w) // 4]
    unit = int(told.abs().argmax())
    return tuple(_cell(first, w, shifts[0] + shifts[1], unit, float(told[unit])))


def _hidden(held: list[Tensor]) -> list[Tensor]:
    """The memory that it begins with: (layers, batch, units)."""
    return [value for value in held[1:] if value.ndim == 3]


def _cell(x: Tensor, w: Tensor, b: Tensor, unit: int, told: float) -> list[Step]:
    size = len(w) // 4
    steps, gates = [], {}
    for number, gate in enumerate(GATES):
        row = number * size + unit
        z = weighted_sum(numbers_of(x), numbers_of(w[row]), float(b[row]), Symbol(f"z_{gate}"))
        name = "tanh" if gate == "g" else "sigmoid"
        opened = activation_step(name, float(z.result), of=Symbol(gate))  # type: ignore[arg-type]
        gates[gate] = float(opened.result)  # type: ignore[arg-type]
        steps += [z, opened]
    memory = gates["i"] * gates["g"]
    steps.append(
        Step(
            rule=f"Unit {unit} after the first step: its memory",
            given=dict(gates),
            of=Symbol("c"),
            working=(plus(times("f", 0), times("i", "g")),),
            result=memory,
            check=Check("in the other order", gates["g"] * gates["i"]),
            reason="What stays of the old memory, which is empty, plus what comes in of the new.",
        )
    )
    answer = Step(
        rule="And its answer",
        given={"o": gates["o"], "c": memory},
        of=Symbol("h"),
        working=(times("o", call("tanh", "c")),),
        result=gates["o"] * math.tanh(memory),
        check=Check("tanh by exp", gates["o"] * (1 - 2 / (math.exp(2 * memory) + 1)), 1e-9),
    )
    return [*steps, agreeing(answer, told, SOURCE, 1e-9)]
