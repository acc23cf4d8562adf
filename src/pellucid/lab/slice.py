"""A slice of a model's own loss surface: the plane of two directions through its weights."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pellucid.errors import UsageError
from pellucid.kinds.targets import summed_loss
from pellucid.lab.along import known_rows
from pellucid.lab.own import Own
from pellucid.lab.taught import Taught, taught

CELLS, ROWS = 15, 32
REACH = 1.0  # as far as the weights of each neuron are from 0


def slice_(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """Losses over a plane through the weights, its directions drawn from `seed`.

    Each neuron's part of a direction is as long as its own weights, so that no layer is moved more
    than another (Li et al. 2018). The losses are those of the network at the plane's weights.
    """
    seed = question.get("seed", 0)
    if not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise UsageError(f"Directions are drawn from a number from 0 on, however: {seed!r}.")
    return _slice(taught(own), seed)


@lru_cache(maxsize=8)
def _slice(network: Taught, seed: int) -> dict[str, Any]:
    raw, answers = known_rows(network, ROWS)
    deep = deepcopy(network.deep).eval()
    weights = [each for each in deep.parameters() if each.ndim > 1]
    centre = [each.detach().clone() for each in weights]
    generator = torch.Generator().manual_seed(seed)
    first, second = ([_direction(each, generator) for each in centre] for _ in range(2))

    def loss(a: float, b: float) -> float:
        with torch.no_grad():
            for own, middle, one, two in zip(weights, centre, first, second, strict=True):
                own.copy_(middle + a * one + b * two)
            outputs = deep.learning(raw, answers)
            targets = network.schema.targets
            return float(summed_loss(targets, outputs, answers, network.smoothing))

    places = np.linspace(-REACH, REACH, CELLS).tolist()
    return {
        "about": network.about,
        "name": network.table.name,
        "rows": len(answers[0]),
        "weights": sum(each.numel() for each in weights),
        "x": [-REACH, REACH],
        "y": [-REACH, REACH],
        "losses": [[loss(a, b) for a in places] for b in places],
    }


def _direction(weight: Tensor, generator: torch.Generator) -> Tensor:
    """Random, each neuron's part as long as its weights."""
    drawn = torch.randn(weight.shape, generator=generator)
    length, own = (each.flatten(1).norm(dim=1) for each in (drawn, weight))
    shape = (-1, *[1] * (weight.ndim - 1))
    return drawn * (own / length.clamp_min(1e-12)).view(shape)
