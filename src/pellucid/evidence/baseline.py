"""The conventional ways: what one would have without a deep network, on the same rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pellucid.kinds import Array
from pellucid.networks.network import DeepNetwork
from pellucid.training.boosting import measurements
from pellucid.training.fitting import Task
from pellucid.training.linear import MOST_ROWS, MOST_WEIGHTS, best_strength, design_matrix, solve

BOOSTED_ROWS = 200_000
MOST_BOOSTED_TREES = 15_000_000  # rows x features x classes: beyond, boosting would eat the budget


@dataclass(frozen=True)
class Conventional:
    """One conventional way and its outputs on the proving rows."""

    name: str
    output: Array
    seconds: float


def conventional_ways(
    task: Task, network: DeepNetwork, position: int, prove: Array
) -> list[Conventional]:
    """Simplest first: majority or mean, a linear model, gradient-boosted trees.

    They learn from all rows that the network learnt from or chose on.
    """
    ways = []
    for maker in (_simplest, _linear, _boosted):
        started = time.perf_counter()
        for name, output in maker(task, network, position, prove):
            ways.append(Conventional(name, output, time.perf_counter() - started))
    return ways


def _simplest(
    task: Task, network: DeepNetwork, position: int, prove: Array
) -> Iterator[tuple[str, Array]]:
    kind = task.schema.targets[position]
    yield kind.simplest(task.targets[position].numpy()[task.rows], len(prove))


def _linear(
    task: Task, network: DeepNetwork, position: int, prove: Array
) -> Iterator[tuple[str, Array]]:
    kind = task.schema.targets[position]
    if network.features * kind.linear_outputs > MOST_WEIGHTS:
        return
    rows = _sample(task.rows, MOST_ROWS, task.seed)
    values = task.targets[position].numpy()[rows]
    design = design_matrix(network, task.store, rows)
    learn = np.isin(rows, task.folds[0][0])
    if learn.all():
        return
    fold = (np.flatnonzero(learn), np.flatnonzero(~learn))
    weight, bias = solve(kind, design, values, best_strength(kind, design, values, fold))
    output = np.asarray(design_matrix(network, task.store, prove) @ weight + bias)
    text = any(k.kind == "text" for k in task.schema.inputs)
    yield ("TF-IDF + linear model" if text else "linear model"), kind.as_logs(output)


def _boosted(
    task: Task, network: DeepNetwork, position: int, prove: Array
) -> Iterator[tuple[str, Array]]:
    kind = task.schema.targets[position]
    if not network.measured:
        return
    rows = _sample(task.rows, BOOSTED_ROWS, task.seed)
    trees = kind.linear_outputs if kind.kind == "category" else 1
    rows = _sample(rows, max(1_000, MOST_BOOSTED_TREES // (network.measured * trees)), task.seed)
    values = task.targets[position].numpy()[rows]
    if len(np.unique(values)) < 2:
        return
    model = kind.boosting(task.seed).fit(measurements(network, task.store, rows), values)
    asked = measurements(network, task.store, prove)
    yield "gradient-boosted trees", kind.boosted_output(model, asked)


def _sample(rows: Array, most: int, seed: int) -> Array:
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
