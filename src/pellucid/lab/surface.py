"""A slice of a real loss surface: the plane in which a descent of the network itself mostly ran."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pellucid.errors import UsageError
from pellucid.lab.own import Own
from pellucid.lab.training.learner import METHODS, Learner, Pace
from pellucid.lab.training.plain import Plane, design
from pellucid.lab.training.table import TableScene

STEPS = 120
CELLS, MOST_ROWS = 25, 200
FEWER, FEW_ROWS = 15, 64  # of a table, whose network is a thousand times as large


def surface(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """Losses over the plane of the path's two principal components (Li et al. 2018), and the path.

    The path is that of all the weights; what is drawn is its shadow, and `share` says how much of
    its movement the plane holds. The losses are those of the network, at the plane's own weights.
    """
    rate, method = float(question.get("rate", 0.03)), str(question.get("method", "adam"))
    if not 0 < rate <= 10 or method not in METHODS:
        raise UsageError(f"A step has a size up to 10 and a method of {', '.join(METHODS)}.")
    return _surface(own, rate, method, int(question.get("seed", 0)) % 2**31)


@lru_cache(maxsize=8)
def _surface(own: Own, rate: float, method: str, seed: int) -> dict[str, Any]:
    wishes = {"data": "moons", "hidden": [6, 6], "seed": seed, "noise": 0.3}
    scene = TableScene(own.experience, wishes) if own.given else Plane(design(wishes))
    cells, few = (FEWER, FEW_ROWS) if own.given else (CELLS, MOST_ROWS)
    rows = scene.task.learn[:few]
    path = _path(scene, Pace(rate, 32, method))
    centre = path[-1]
    moved = (path - centre).to(torch.float64)
    values, vectors = torch.linalg.eigh(moved @ moved.T)  # of steps: far fewer than weights
    axes = (moved.T @ vectors[:, -2:]).flip(1)
    axes = (axes / axes.norm(dim=0).clamp_min(1e-12)).to(torch.float32)
    shadow = ((path - centre) @ axes).numpy()
    low, high = shadow.min(0), shadow.max(0)
    margin = 0.35 * np.maximum(high - low, 0.2 * float((high - low).max()) + 1e-6)
    across, up = (np.linspace(low[i] - margin[i], high[i] + margin[i], cells) for i in (0, 1))
    losses = [[_loss(scene, centre + axes @ torch.tensor([a, b], dtype=torch.float32), rows)
               for a in across] for b in up]  # fmt: skip
    return {
        "x": [float(across[0]), float(across[-1])],
        "y": [float(up[0]), float(up[-1])],
        "losses": losses,
        "path": shadow.tolist(),
        "heights": [_loss(scene, weights, rows) for weights in path],
        "share": float(values[-2:].sum() / values.sum().clamp_min(1e-12)),
        "weights": int(path.shape[1]),
        "name": own.table.name if own.given else "two moons",
    }


def _path(scene: Plane | TableScene, pace: Pace) -> Tensor:
    """All the weights after every step: (steps + 1, weights)."""
    learner = Learner(scene.task)
    path = [learner.optimizer.weights.clone()]
    for _ in range(STEPS):
        learner.advance(pace)
        path.append(learner.optimizer.weights.clone())
        if not bool(path[-1].isfinite().all()):
            raise UsageError(
                f"With steps of {pace.rate:g} the weights grow beyond all bounds. Take less."
            )
    return torch.stack(path)


def _loss(scene: Plane | TableScene, weights: Tensor, rows: Tensor) -> float:
    with torch.inference_mode():
        return float(scene.loss(scene.twin.take(weights), rows))
