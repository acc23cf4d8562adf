"""Looking inside: which columns an answer rests on, and which rows a network takes for alike."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.errors import Mends
from pellucid.lab.own import Own
from pellucid.lab.rows import row_number, shown
from pellucid.lab.training.learner import Learner, Pace
from pellucid.lab.training.table import TableScene
from pellucid.networks.network import DeepNetwork
from pellucid.store import build_store

STEPS, PACE = 250, Pace(0.003, 64)
OTHERS = 40  # rows whose cells are put in the place of a row's own
NEAREST = 5


def inside(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """For one row: what each column did to the answer, by a learnt and by an unlearnt network.

    A column's cell is exchanged for those of other rows, one after the other; the mean change of
    the answer is what rests on it. A network with random weights beside it shows how much of such
    a picture comes without any learning (Adebayo et al. 2018).
    """
    scene, untaught, taught = _networks(own)
    prove = own.experience.split.prove
    place = row_number(question, len(prove))
    row = int(prove[place])
    schema = own.experience.schema
    cells = own.experience.raw(np.array([row]))
    others = own.experience.raw(np.sort(own.experience.split.learn[:OTHERS]))
    reading = [_influence(own, scene, weights, cells, others) for weights in (taught, untaught)]
    near = _nearest(own, scene, taught, row)
    target = schema.targets[0]
    return {
        "rows": len(prove),
        "row": row,
        "name": own.table.name,
        "target": target.columns[0],
        "columns": [
            {"name": name, "cell": shown(cells[name][0]), "taught": a, "untaught": b}
            for name, a, b in zip(schema.columns, *reading, strict=True)
        ],
        "nearest": near,
        "steps": STEPS,
    }


@lru_cache(maxsize=2)
def _networks(own: Own) -> tuple[TableScene, Tensor, Tensor]:
    """A network of pellucid's own kind on the reader's rows, before and after it learnt."""
    scene = TableScene(own.experience, {})
    learner = Learner(scene.task)
    before = learner.optimizer.weights.clone()
    for _ in range(STEPS):
        learner.advance(PACE)
    return scene, before, learner.optimizer.weights.clone()


def _influence(
    own: Own, scene: TableScene, weights: Tensor, cells: pl.DataFrame, others: pl.DataFrame
) -> list[float]:
    """The mean change of the outputs when a column's cell is another row's."""
    network = scene.twin.take(weights)
    changes = []
    base = _outputs(own, network, cells)
    for name in own.experience.schema.columns:
        swapped = pl.concat([cells] * others.height).with_columns(others[name].alias(name))
        moved = _outputs(own, network, swapped)
        changes.append(float((moved - base).abs().sum(1).mean()))
    return changes


def _outputs(own: Own, network: Any, cells: pl.DataFrame) -> Tensor:
    """What is answered: probabilities of a class, or the network's outputs."""
    schema = own.experience.schema
    raw = build_store([schema.encode(cells, Mends())]).batch(torch.arange(cells.height))
    target = schema.targets[0]
    with torch.inference_mode():
        output = target.combine(network(raw)[0]).reshape(cells.height, -1)
    return output.exp() if target.has_probabilities else output


def _nearest(own: Own, scene: TableScene, weights: Tensor, row: int) -> list[dict[str, Any]]:
    """The learnt rows that the last hidden layer puts nearest to a row."""
    network = scene.twin.take(weights)
    assert isinstance(network, DeepNetwork)
    learn = own.experience.split.learn[:2_000]
    with torch.inference_mode():
        seen = scene.hidden(network, torch.as_tensor(np.append(learn, row)))
    apart = (seen[:-1] - seen[-1]).norm(dim=1)
    found = []
    for place in apart.argsort()[:NEAREST].tolist():
        which = int(learn[place])
        cells = own.table.take(np.array([which]), list(own.table.columns))
        found.append(
            {
                "distance": float(apart[place]),
                "cells": {name: shown(cells[name][0]) for name in cells.columns[:8]},
                "answer": shown(cells[own.targets[0]][0]),
            }
        )
    return found
