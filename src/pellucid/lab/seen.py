"""What each layer of a network makes of rows: two directions of it, and how far a cut would do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import nn

from pellucid.kinds import Array
from pellucid.kinds.cells import texts
from pellucid.lab.own import Own
from pellucid.lab.taught import Taught, taught
from pellucid.lab.training.projection import Projection

ROWS = 300
LEVELS = 8  # classes that have a colour of their own
LEARNT = 1_000
RIDGE = 1.0


def seen(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """The rows after the input layers and after each hidden layer."""
    return _seen(taught(own))


@lru_cache(maxsize=4)
def _seen(network: Taught) -> dict[str, Any]:
    rows, learnt = network.rows[:ROWS], network.others[:LEARNT]
    colours, levels = _answers(network, rows)
    known, _ = _answers(network, learnt)
    layers, before = [], None
    fitted = [None] * 99 if network.given else [each for _, each in _layers(network, learnt)]
    for (name, values), other in zip(_layers(network, rows), fitted, strict=False):
        flat = _aligned(Projection()(values), before)
        before = flat
        layers.append(
            {
                "name": name,
                "width": values.shape[1],
                "points": np.round(flat, 4).flatten().tolist(),
                "cut": None
                if colours is None or known is None
                else _halves(values, colours, levels)
                if other is None
                else _cut((other, known), (values, colours), levels),
            }
        )
    return {
        "about": network.about,
        "name": network.table.name,
        "target": network.schema.targets[0].columns[0],
        "rows": len(rows),
        "levels": levels,
        "colours": None if colours is None else [float(each) for each in colours],
        "layers": layers,
    }


def _layers(network: Taught, rows: Array) -> list[tuple[str, Array]]:
    """(rows, width) of the first member, after the input layers and after each bend."""
    deep, raw = network.deep, network.raw(rows)
    with torch.inference_mode():
        x = torch.cat([layer(raw).flatten(1) for layer in deep.inputs], 1)
        found = [("the input layers", x)]
        x = deep.scale(x)[:1]
        for module in deep.hidden:
            x = module(x)
            if isinstance(module, nn.ReLU):
                found.append((f"hidden layer {len(found)}", x[0]))
    return [(name, np.asarray(values.numpy(), np.float32)) for name, values in found]


def _answers(network: Taught, rows: Array) -> tuple[Array | None, list[str]]:
    """What is to be answered: the number of a class, or where a number lies from 0 to 1."""
    kind = network.schema.targets[0]
    name = kind.columns[0]
    if name not in network.table.columns:
        return None, []
    cells = network.table.take(rows, [name])[name]
    names = [str(each) for each in getattr(kind, "levels", [[]])[0]]
    if names:
        places = {level: place for place, level in enumerate(names)}
        found = [places.get(cell, 0) for cell in texts(cells).fill_null("")]
        return np.array(found, np.float64), names
    numbers = cells.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().copy()
    if not np.isfinite(numbers).any():
        return None, []
    low, high = np.nanmin(numbers), np.nanmax(numbers)
    return np.nan_to_num((numbers - low) / max(high - low, 1e-9), nan=0.5), []


def _aligned(flat: Array, before: Array | None) -> Array:
    """Turned or mirrored so that points move as little as they can (Schönemann 1966)."""
    if before is None:
        return flat
    left, _, right = np.linalg.svd(flat.T @ before)
    return np.asarray(flat @ (left @ right))


def _halves(values: Array, colours: Array, levels: list[str]) -> float | None:
    """A cut fitted to every other row and judged on the rest: a model may have learnt them all."""
    if len(values) < 20:
        return None
    half = np.arange(len(values)) % 2 == 0
    return _cut((values[half], colours[half]), (values[~half], colours[~half]), levels)


def _cut(
    learn: tuple[Array, Array], unseen: tuple[Array, Array], levels: list[str]
) -> float | None:
    """How well straight cuts do on rows they were not fitted to: accuracy, or R² of a number.

    Ridge regression on the standardised numbers of a layer.
    """
    (x, y), (asked, truth) = learn, unseen
    if len(x) < 10 or not len(asked):
        return None
    middle, spread = x.mean(0), np.maximum(x.std(0), 1e-6) * np.sqrt(x.shape[1])
    design, asked = (np.column_stack([(v - middle) / spread, np.ones(len(v))]) for v in (x, asked))
    wanted = np.eye(len(levels))[y.astype(int)] if levels else y[:, None]
    squares = design.T @ design + RIDGE * np.eye(design.shape[1]) / np.sqrt(len(x))
    found = asked @ np.linalg.solve(squares, design.T @ wanted)
    if levels:
        return float((found.argmax(1) == truth).mean())
    left = np.square(found[:, 0] - truth).sum()
    return float(1 - left / max(np.square(truth - truth.mean()).sum(), 1e-12))
