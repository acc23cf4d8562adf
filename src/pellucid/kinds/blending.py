"""How much each path counts in the answer, fitted to rows that none of them learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.kinds.contract import Array


def weigh_numbers(paths: Sequence[Tensor], target: Tensor, tail: float) -> dict[str, Tensor]:
    """Least squares with weights that are not negative, and the margin of the interval.

    `paths` (rows, 1 or 3) hold means; the last two, the table's and the deep networks', also how
    far the quantiles `tail` and 1 - `tail` lie below and above. The margin is the conformal
    correction of quantile regression (Romano et al. 2019).
    """
    from scipy.optimize import nnls

    y = target.double().numpy()
    means = np.stack([path[:, 0].double().numpy() for path in paths], 1)
    shift = means.mean(0)
    weights, _ = nnls(means - shift, y - y.mean())
    error = y - y.mean() - (means - shift) @ weights
    share = weights[-2] / max(weights[-2:].sum(), 1e-12)
    table, deep = (path[:, 1:].double().numpy().T for path in paths[-2:])
    below, above = deep + share * (table - deep)
    scores = np.sort(np.maximum(-error - below, error - above))
    rank = min(int(np.ceil((len(y) + 1) * (1 - 2 * tail))), len(y)) - 1
    values = [*weights, float(y.mean() - shift @ weights)]
    return {
        "weights": torch.tensor(values, dtype=torch.float32),
        "share": torch.tensor([share], dtype=torch.float32),
        "margin": torch.tensor([scores[rank]], dtype=torch.float32),
    }


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
