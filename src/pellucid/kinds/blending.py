"""How much each path counts in the answer, fitted to rows that none of them learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.kinds.contract import Array
from pellucid.kinds.estimators import ROUNDS, counts_of

FEW, PARTS = 2_000, 10  # fewer rows judge an interval in parts, each by weights of the others


def weigh_numbers(
    paths: Sequence[Tensor], target: Tensor, tail: float, absolute: bool = False
) -> dict[str, Tensor]:
    """Weights that are not negative, by least squares or errors, and the interval's margin.

    `paths` (rows, 1 or 3) hold means or medians; the last two, the table's and the deep networks',
    also how far the quantiles `tail` and 1 - `tail` lie below and above. The margin is the
    conformal correction of quantile regression (Romano et al. 2019).
    """
    y = target.double().numpy()
    middles = np.stack([path[:, 0].double().numpy() for path in paths], 1)
    table, deep = (path[:, 1:].double().numpy().T for path in paths[-2:])

    def scores(rows: Array, weights: Array, bias: float) -> Array:
        """How far beyond the quantiles the answers of the rows lie, below 0 if within."""
        error = y[rows] - bias - middles[rows] @ weights
        below, above = deep[:, rows] + _share(weights) * (table - deep)[:, rows]
        return np.asarray(np.maximum(-error - below, error - above))

    weights, bias = _weighed(middles, y, absolute)
    every = np.arange(len(y))
    if 1 < len(y) < FEW:  # weights fitted to so few rows are nearer to them than to new ones
        parts = [every[first::PARTS] for first in range(min(PARTS, len(y)))]
        others = [np.setdiff1d(every, part) for part in parts]
        fits = [_weighed(middles[rows], y[rows], absolute) for rows in others]
        found = np.concatenate([scores(p, *fit) for p, fit in zip(parts, fits, strict=True)])
    else:
        found = scores(every, weights, bias)
    rank = min(int(np.ceil((len(y) + 1) * (1 - 2 * tail))), len(y)) - 1
    return {
        "weights": torch.tensor([*weights, bias], dtype=torch.float32),
        "share": torch.tensor([_share(weights)], dtype=torch.float32),
        "margin": torch.tensor([np.sort(found)[rank]], dtype=torch.float32),
    }


def _share(weights: Array) -> float:
    """How much the table's networks say of the interval; the others are the deep networks'."""
    return float(weights[-2] / max(weights[-2:].sum(), 1e-12))


def _weighed(middles: Array, y: Array, absolute: bool) -> tuple[Array, float]:
    """The weight of each path and the bias."""
    weights, bias = _least_squares(middles, y, np.ones(len(y)))
    for _ in range(ROUNDS if absolute else 0):
        counts = counts_of(y - bias - middles @ weights)
        weights, bias = _least_squares(middles, y, counts)
    return weights, bias


def _least_squares(middles: Array, y: Array, counts: Array) -> tuple[Array, float]:
    from scipy.optimize import nnls

    centre, middle = np.average(middles, 0, counts), np.average(y, weights=counts)
    root = np.sqrt(counts)
    weights, _ = nnls((middles - centre) * root[:, None], (y - middle) * root)
    return weights, float(middle - centre @ weights)


def weigh_classes(paths: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
    """The weights, none negative, of scores (rows, levels) that make the log-loss smallest."""
    from scipy.optimize import minimize

    outputs = torch.stack(list(paths)).double()  # (paths, rows, levels)
    there = outputs.abs().amax((1, 2)) > 0

    def loss(weights: Array) -> tuple[float, Array]:
        w = torch.tensor(weights, requires_grad=True)
        logits = (w.view(-1, 1, 1) * outputs).sum(0)
        value = nn.functional.cross_entropy(logits, target) + 1e-4 * w.square().sum()
        (slope,) = torch.autograd.grad(value, w)
        return value.item(), slope.numpy()

    bounds = [(0, 50) if path else (0, 0) for path in there]
    found = minimize(loss, 0.4 * there.double().numpy(), jac=True, bounds=bounds, method="L-BFGS-B")
    return {"weights": torch.tensor(found.x, dtype=torch.float32)}
