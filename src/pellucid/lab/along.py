"""The loss along one weight of a real network: secants of ever smaller width, and the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.errors import UsageError
from pellucid.kinds.cells import texts
from pellucid.kinds.targets import summed_loss
from pellucid.lab.own import Own
from pellucid.lab.taught import Taught, dense_layers, taught
from pellucid.store import answers_of

ROWS = 64
WEIGHTS = 12  # those with the steepest slopes
GRID, HALVINGS = 61, 22


def along(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """The loss of some rows as one weight is moved, in the numbers that the network calculates in.

    `which` is the place of the weight among the steepest. `ahead` holds the loss for widths that
    are halved again and again: below some width rounding is all that is left of the difference.
    """
    which = question.get("which", 0)
    if not isinstance(which, int) or not 0 <= which < WEIGHTS:
        raise UsageError(f"The steepest {WEIGHTS} weights are shown; there is no {which!r}.")
    return _along(taught(own), which)


@lru_cache(maxsize=16)
def _along(network: Taught, which: int) -> dict[str, Any]:
    raw, answers = known_rows(network)
    deep = deepcopy(network.deep).eval()

    def loss() -> Tensor:
        outputs = deep.learning(raw, answers)
        return summed_loss(network.schema.targets, outputs, answers, network.smoothing)

    layer = dense_layers(network)[0]
    parameter = _same_in(deep, network, layer.module.weight).requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(), parameter)
    place = _steepest(gradient, which)
    value, slope = float(parameter.detach()[place]), float(gradient[place])
    reach = max(4 * float(parameter.detach().std()), abs(value), 0.1)

    def moved(by: float) -> float:
        with torch.no_grad():
            parameter[place] = value + by
            found = float(loss())
            parameter[place] = value
        return found

    widths = [reach * 0.5**k for k in range(HALVINGS)]
    return {
        "about": network.about,
        "name": network.table.name,
        "rows": len(answers[0]),
        "weight": f"{layer.name}, neuron {place[0] + 1}, weight of {layer.inputs[place[1]]}",
        "value": value,
        "gradient": slope,
        "x": [value - reach, value + reach],
        "losses": [moved(by) for by in np.linspace(-reach, reach, GRID).tolist()],
        "here": moved(0.0),
        "widths": widths,
        "ahead": [moved(width) for width in widths],
    }


def _same_in(twin: nn.Module, network: Taught, parameter: Tensor | nn.Module) -> Tensor:
    """The parameter of a copy that is this one in the network."""
    pairs = zip(twin.parameters(), network.deep.parameters(), strict=True)
    return next(own for own, other in pairs if other is parameter)


def _steepest(gradient: Tensor, which: int) -> tuple[Any, ...]:
    """Where the steepest slope is, or the next, or the one after that."""
    order = gradient.abs().flatten().argsort(descending=True)[:WEIGHTS]
    return np.unravel_index(int(order[min(which, len(order) - 1)]), gradient.shape)


def known_rows(network: Taught, most: int = ROWS) -> tuple[dict[str, Tensor], list[Tensor]]:
    """Rows as the network takes them, and their answers."""
    targets = network.schema.targets
    names = [kind.columns[0] for kind in targets]
    absent = [name for name in names if name not in network.table.columns]
    if absent:
        raise UsageError(f"The rows have no column {absent[0]!r}, so there is no loss to look at.")
    rows = network.rows[: 4 * most]
    cells = network.table.take(rows, names)
    there = ~np.any([cells[name].is_null().to_numpy() for name in names], axis=0)
    kept = np.flatnonzero(there)[:most]
    if not len(kept):
        raise UsageError("None of these rows has its answer, so there is no loss to look at.")
    inputs, answers = network.cells(rows[kept]), []
    for kind in targets:
        cells_ = cells[kind.columns[0]].gather(kept)
        read = kind.encode_target(cells_, inputs=lambda name: texts(inputs[name]).fill_null(""))
        answers.append(answers_of(read, np.arange(len(kept)), len(kept))[torch.arange(len(kept))])
    return network.raw(rows[kept]), answers
