"""The conventional ways with pictures, sounds and films: hand-made features and a shallow model."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from pellucid.kinds import Array
from pellucid.networks.network import Network, first_network
from pellucid.schema import Schema
from pellucid.training.boosting import answers
from pellucid.training.linear import design_matrix
from pellucid.training.task import Task

MOST_ROWS = 5_000  # the time of a kernel machine grows with their square
MOST_FEATURES = 20_000
TOGETHER = 10  # trees of a forest that grow between two looks at the clock


def handmade_ways(
    task: Task, network: Network, position: int, prove: Array, seconds: float
) -> Iterator[tuple[str, Array]]:
    """Name and outputs of each shallow model on the features of the linear path.

    A forest has as many trees as the seconds allow, and says so if these are few. Nothing where no
    column holds media, or where texts bring features by the thousand.
    """
    kind, deep = task.schema.targets[position], first_network(network)
    rows = _some(task.rows, task.seed)
    values = task.targets[position][rows].numpy()
    text = any(each.kind == "text" for each in task.schema.inputs)
    if not task.schema.media or text or deep.features > MOST_FEATURES:
        return
    for name, model in kind.machines(task.seed).items():
        if len(np.unique(values)) < 2:
            return
        few = fit_within(model, design_matrix(deep, task.store, rows), values, seconds)
        output = answers(kind, model, design_matrix(deep, task.store, prove))
        yield f"{features_named(task.schema)} + {name}{few}", output


def fit_within(model: Any, features: Any, values: Array, seconds: float) -> str:
    """Fit it; what is to be said of a forest that was stopped."""
    most = getattr(model, "n_estimators", None)
    if most is None:
        model.fit(features, values)
        return ""
    started, model.warm_start = time.perf_counter(), True
    for trees in range(TOGETHER, most + 1, TOGETHER):
        model.set_params(n_estimators=trees).fit(features, values)
        if trees < most and time.perf_counter() - started > seconds:
            return f" of {trees} trees"
    return ""


def features_named(schema: Schema) -> str:
    """What the linear path sees, in the usual words: "MFCC statistics"; "" for plain tables."""
    text = ["TF-IDF"] if any(each.kind == "text" for each in schema.inputs) else []
    pretrained = ["pretrained vectors"] if schema.backbones else []
    return " and ".join([*text, *(each.handmade for each in schema.media), *pretrained])


def _some(rows: Array, seed: int) -> Array:
    if len(rows) <= MOST_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
