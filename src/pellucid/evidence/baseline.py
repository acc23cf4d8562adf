"""The conventional ways: what one would have without a deep network, on the same rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch

from pellucid.evidence.handmade import features_named, handmade_ways
from pellucid.experience import Experience
from pellucid.kinds import Array, Beside
from pellucid.networks.layers import SparseLinear
from pellucid.networks.network import Network, first_network
from pellucid.training.boosting import answers, grow, measurements
from pellucid.training.task import Task

BOOSTED_ROWS = 200_000
OWN_ROWS = 50_000
TREE_SECONDS = 3e-4  # the least that a tree takes, however few its rows
FEWEST_ROUNDS = 10
MOST_BOOSTED_TREES = 15_000_000  # rows x features x classes: beyond, boosting would eat the budget


@dataclass(frozen=True)
class Conventional:
    """One conventional way and its outputs on the proving rows."""

    name: str
    output: Array
    seconds: float


def conventional_ways(
    experience: Experience, task: Task, network: Network, position: int, seconds: float
) -> list[Conventional]:
    """Simplest first: majority or mean, linear model, boosted trees, hand-made features, own.

    They learn from all rows that the network learnt from or chose on.
    """
    prove = experience.split.prove
    makers = [maker(task, network, position, prove) for maker in (_simplest, _linear)]
    makers.append(_boosted(task, network, position, prove, seconds))
    handmade = handmade_ways(task, network, position, prove, seconds)
    ways = []
    for found in (*makers, handmade, _own(experience, task, position, seconds)):
        started = time.perf_counter()
        for name, output in found:
            ways.append(Conventional(name, output, time.perf_counter() - started))
            started = time.perf_counter()
    return ways


def _simplest(
    task: Task, network: Network, position: int, prove: Array
) -> Iterator[tuple[str, Array]]:
    kind = task.schema.targets[position]
    answers_ = task.targets[position]
    yield kind.simplest(answers_[task.rows].numpy(), answers_[prove].numpy())


def _linear(
    task: Task, network: Network, position: int, prove: Array
) -> Iterator[tuple[str, Array]]:
    """The network's linear path by itself: a conventional model from a conventional solver."""
    kind, layer = task.schema.targets[position], network.linear[position]
    if not isinstance(layer, SparseLinear) or not layer.weight.any():
        return
    deep = first_network(network)
    outputs = []
    with torch.inference_mode():
        for chunk in torch.as_tensor(prove).split(task.store.chunk):
            outputs.append(layer(*deep.terms(task.store.batch(chunk))).numpy())
    features = features_named(task.schema)
    name = f"{features} + linear model" if features else "linear model"
    yield name, kind.as_logs(np.concatenate(outputs))


def _boosted(
    task: Task, network: Network, position: int, prove: Array, seconds: float
) -> Iterator[tuple[str, Array]]:
    """Where a round has a tree for each of many levels fewer rounds, and the name says so.

    A thousand levels are 100,000 trees in a hundred rounds: half a minute, whatever the budget.
    """
    kind = task.schema.targets[position]
    deep = first_network(network)
    if not deep.measured or not kind.tree_outputs:
        return
    rows = _sample(task.rows, BOOSTED_ROWS, task.seed)
    each = deep.measured * kind.linear_outputs
    rows = _sample(rows, max(1_000, MOST_BOOSTED_TREES // each), task.seed)
    values = task.targets[position][rows].numpy()
    if len(np.unique(values)) < 2:
        return
    model = kind.boosting(task.seed)
    rounds = max(FEWEST_ROUNDS, int(seconds / (TREE_SECONDS * kind.tree_outputs)))
    few = f" of {rounds} rounds" if rounds < model.max_iter else ""
    model.set_params(max_iter=min(rounds, model.max_iter))
    grow(model, measurements(deep, task.store, rows), values, True)
    asked = measurements(deep, task.store, prove)
    yield f"gradient-boosted trees{few}", answers(kind, model, asked.numbers)


def _own(
    experience: Experience, task: Task, position: int, seconds: float
) -> Iterator[tuple[str, Array]]:
    """What the kind itself brings, which learns from raw cells."""
    kind, columns = task.schema.targets[position], experience.schema.columns

    def learnt() -> Beside:
        rows = _sample(task.rows, OWN_ROWS, task.seed)
        cells = experience.take(rows, [*columns, kind.columns[0]])
        answers = cells[kind.columns[0]]
        return Beside(cells.select(columns), answers, answers)

    def asked() -> pl.DataFrame:
        return experience.take(experience.split.prove, columns)

    yield from kind.conventional(learnt, asked, seconds, task.seed)


def _sample(rows: Array, most: int, seed: int) -> Array:
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
