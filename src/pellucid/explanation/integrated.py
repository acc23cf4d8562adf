"""Integrated gradients of the deep networks (Sundararajan et al. 2017), part by part of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.explanation.parts import Column, PartedRow, sums_over
from pellucid.kinds import Array
from pellucid.networks.layers import InputLayer
from pellucid.networks.network import DeepNetwork, Network

Score = Callable[[Tensor], Tensor]  # a target's outputs (batch, …) -> one number a row


def integrated(
    network: Network, row: PartedRow, points: int, answer: tuple[int, Score]
) -> tuple[Array, float]:
    """The slopes along the straight way from nothing to the row, times the way."""
    position, score = answer
    shares, start = np.zeros(row.parts), 0.0
    places, weights = np.polynomial.legendre.leggauss(points)
    # Squared, so that more points lie near nothing, where normalising layers turn fastest.
    along = torch.tensor(np.append(((places + 1) / 2) ** 2, 0.0), dtype=torch.float32)
    weight = torch.tensor(np.append(weights * (places + 1) / 2, 0.0), dtype=torch.float32)
    walked = [_walk(deep, row.ends, along, weight) for deep in network.deep]  # type: ignore[arg-type]
    output = torch.cat([walk.outputs[position] for walk in walked])
    values = score(network.targets[position].combine(output))
    start = float(values[-1].detach())
    total = (values * weight).sum()
    leaves = [leaf for walk in walked for leaf in walk.leaves]
    slopes = iter(torch.autograd.grad(total, leaves, allow_unused=True))
    for walk in walked:
        for face in walk.faces:
            columns = _of_kind(row, face)
            for column, way in zip(columns, _ways(face, slopes, len(columns)), strict=True):
                for part, share in sums_over(way, column, face.position):
                    shares[part] += share
    return shares, start


@dataclass
class _Face:
    """Where one input layer is entered in between, and the two ends of the way."""

    number: int  # of the input layer
    position: int  # among the faces of that layer
    inside: nn.Module | str
    ends: list[tuple[Tensor, Tensor]]  # a call, or a raw tensor: the row, nothing; (1, …)
    entries: int  # of each row, one after the other in what the module gives


@dataclass
class _Walk:
    outputs: list[Tensor]
    leaves: list[Tensor]
    faces: list[_Face]


def _walk(
    deep: DeepNetwork,
    ends: tuple[dict[str, Tensor], dict[str, Tensor]],
    along: Tensor,
    weight: Tensor,
) -> _Walk:
    """The outputs of one deep network at places between nothing and the row."""
    faces = [
        face
        for number, layer in enumerate(deep.inputs)
        for face in _entered(number, layer, ends)  # type: ignore[arg-type]
    ]
    repeated = {
        name: values.expand(len(along), *values.shape[1:]) for name, values in ends[0].items()
    }
    leaves: list[Tensor] = []
    given: dict[nn.Module, Iterator[Tensor]] = {}
    for face in faces:
        between = [_between(*pair, along) for pair in face.ends]
        leaves += between
        if isinstance(face.inside, str):
            repeated[face.inside] = between[0]
        else:
            given[face.inside] = iter([x.flatten(0, 1) if face.entries > 1 else x for x in between])
    with _giving(given):
        outputs = deep(repeated)
    return _Walk(outputs, leaves, faces)


def _faces(layer: InputLayer) -> tuple[nn.Module | str, ...]:
    inside = layer.face()
    return inside if isinstance(inside, tuple) else (inside,)


def _between(row: Tensor, nothing: Tensor, along: Tensor) -> Tensor:
    share = along.view(-1, *[1] * (row.ndim - 1))
    return (nothing + share * (row - nothing)).detach().requires_grad_()


@contextmanager
def _giving(given: Mapping[nn.Module, Iterator[Tensor]]) -> Iterator[None]:
    """Modules that give these values, call by call, and compute nothing."""
    own = {module: module.__dict__.get("forward") for module in given}
    for module, values in given.items():
        module.__dict__["forward"] = lambda *args, values=values: next(values)
    try:
        yield
    finally:
        for module, forward in own.items():
            del module.__dict__["forward"]
            if forward is not None:
                module.__dict__["forward"] = forward


def _entered(
    number: int, layer: InputLayer, ends: tuple[dict[str, Tensor], dict[str, Tensor]]
) -> Iterator[_Face]:
    """What the layer's faces are entered with for the row and for nothing."""
    modules = [inside for inside in _faces(layer) if isinstance(inside, nn.Module)]
    seen = [_seen(layer, modules, raw) for raw in ends] if modules else []
    for position, inside in enumerate(_faces(layer)):
        if isinstance(inside, str):
            pair = (ends[0][inside].float(), ends[1][inside].float())
            yield _Face(number, position, inside, [pair], 1)
            continue
        whole, none = (outputs[inside] for outputs in seen)
        entries = len(whole[0])
        pairs = [
            (row, nothing if nothing.shape == row.shape else torch.zeros_like(row))
            for row, nothing in zip(whole, none, strict=True)
        ]
        if entries > 1:
            pairs = [(row.unsqueeze(0), nothing.unsqueeze(0)) for row, nothing in pairs]
        yield _Face(number, position, inside, pairs, entries)


def _seen(
    layer: InputLayer, modules: Sequence[nn.Module], raw: dict[str, Tensor]
) -> dict[nn.Module, list[Tensor]]:
    """What each of the modules gives, call by call."""
    found: dict[nn.Module, list[Tensor]] = {module: [] for module in modules}
    hooks = [
        module.register_forward_hook(lambda module, args, output: found[module].append(output))
        for module in modules
    ]
    try:
        with torch.no_grad():
            layer(raw)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def remembering(network: Network) -> Network:
    """The network, its faces looking once at each entry: rows with parts gone share most."""
    for deep in network.deep:
        for layer in deep.inputs:  # type: ignore[union-attr]
            for inside in _faces(layer):
                if isinstance(inside, nn.Module) and inside is not layer:
                    inside.__dict__["forward"] = _once_each(inside.forward)
    return network


def _once_each(own: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    known: dict[bytes, Tensor] = {}

    @torch.no_grad()
    def forward(x: Tensor) -> Tensor:
        keys = [entry.tobytes() for entry in x.numpy()]
        new = {key: place for place, key in enumerate(keys) if key not in known}
        if new:
            known.update(zip(new, own(x[list(new.values())]), strict=True))
        return torch.stack([known[key] for key in keys])

    return forward


def _of_kind(row: PartedRow, face: _Face) -> Sequence[Column]:
    kind = row.schema.inputs[face.number]
    return [column for column in row.columns if column.kind is kind]


def _ways(face: _Face, slopes: Iterator[Tensor | None], columns: int) -> Iterator[Tensor]:
    """For each column the share of every entry of its face."""
    shares = []
    for row, nothing in face.ends:
        slope, way = next(slopes), (row - nothing)[0]
        shares.append(torch.zeros_like(way) if slope is None else slope.sum(0) * way)
    if face.entries == 1 and len(shares) > 1:  # a call for each column
        yield from shares
    else:  # all of them in each call
        split = [share.chunk(columns) for share in shares]
        yield from (torch.cat(each) for each in zip(*split, strict=True))
