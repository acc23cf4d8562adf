"""How sure a measured performance is: 95 % intervals, also of differences on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.evidence.document import Interval
from pellucid.kinds import Array, TargetKind

DRAWS = 1_000
MOST_ROWS = 20_000  # more rows than these are bootstrapped in blocks


def interval(kind: TargetKind, losses: Array, seed: int) -> Interval:
    """The metric with its interval: exact binomial for shares of right rows, else bootstrap."""
    value = float(kind.aggregate(losses))
    if kind.right_or_wrong:
        low, high = _binomial(int(losses.sum()), len(losses))
    else:
        low, high = np.quantile(_draws(kind, [losses], seed)[0], [0.025, 0.975])
    return {"value": value, "low": float(low), "high": float(high)}


def gap(kind: TargetKind, ours: Array, theirs: Array, seed: int) -> Interval:
    """How much better `ours` is than `theirs` by paired bootstrap (Efron and Tibshirani 1993)."""
    sign = 1.0 if kind.higher_is_better else -1.0
    mine, other = _draws(kind, [ours, theirs], seed)
    low, high = np.quantile(sign * (mine - other), [0.025, 0.975])
    value = sign * float(kind.aggregate(ours) - kind.aggregate(theirs))
    return {"value": value, "low": float(low), "high": float(high)}


def _draws(kind: TargetKind, losses: Sequence[Array], seed: int) -> list[Array]:
    """The metric of each of DRAWS resamples, the same resamples for every array of losses."""
    rng = np.random.default_rng(seed)
    table = np.stack(losses, 1)  # (rows, arrays)
    if len(table) > MOST_ROWS:
        blocks = np.array_split(table[rng.permutation(len(table))], MOST_ROWS)
        table = np.stack([block.mean(0) for block in blocks])
    draws = np.empty((DRAWS, table.shape[1]))
    for draw in range(DRAWS):
        draws[draw] = kind.aggregate(table[kind.drawn(table, rng)])
    return list(draws.T)


def _binomial(right: int, rows: int) -> tuple[float, float]:
    """Clopper and Pearson 1934."""
    from scipy.stats import beta

    low = beta.ppf(0.025, right, rows - right + 1) if right else 0.0
    high = beta.ppf(0.975, right + 1, rows - right) if right < rows else 1.0
    return float(low), float(high)
