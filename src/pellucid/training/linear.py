"""The linear path: features as a sparse matrix, and its weights by a convex solver."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from pellucid.kinds import Array, TargetKind
from pellucid.networks.network import DeepNetwork
from pellucid.store import Store

MOST_WEIGHTS = 60_000_000  # features x outputs
DENSE_FEATURES, DENSE_NUMBERS = 1_024, 40_000_000  # features, or features x rows


def design_matrix(network: DeepNetwork, store: Store, rows: Array) -> Any:
    """The features of the rows: a SciPy CSR matrix, or a plain array when nothing is sparse."""
    from scipy import sparse

    pieces = []
    features = network.features
    few = features <= DENSE_FEATURES or features * len(rows) <= DENSE_NUMBERS
    for chunk in torch.as_tensor(rows).split(store.chunk):
        with torch.inference_mode():
            index, value = network.terms(store.batch(chunk))
        if few and not store.ragged:
            dense = torch.zeros(len(chunk), network.features, dtype=torch.float64)
            pieces.append(dense.scatter_add_(1, index, value.double()).numpy())
            continue
        real = value != 0
        offsets = torch.cat([torch.zeros(1, dtype=torch.int64), real.sum(1).cumsum(0)])
        content = (value[real].numpy(), index[real].numpy().astype(np.int32), offsets.numpy())
        pieces.append(sparse.csr_matrix(content, shape=(len(chunk), network.features)))
    return (
        np.concatenate(pieces)
        if isinstance(pieces[0], np.ndarray)
        else sparse.vstack(pieces, "csr")
    )


def solve(target: TargetKind, design: Any, values: Array, strength: float) -> tuple[Array, Array]:
    """Weights (features, outputs) and bias (outputs,) of the linear path."""
    weight, bias = target.solve_linear(design, values, strength)
    return weight.astype(np.float32), bias.astype(np.float32)


def best_solution(
    target: TargetKind, design: Any, values: Array, fold: tuple[Array, Array]
) -> tuple[float, tuple[Array, Array]]:
    """The regularisation whose solution on fold[0] is the best on fold[1], and that solution."""
    learn, choose = fold
    best, best_score = None, -float("inf")
    for strength in target.strengths(design):
        weight, bias = solve(target, design[learn], values[learn], strength)
        score = target.linear_score(np.asarray(design[choose] @ weight + bias), values[choose])
        if score > best_score:
            best, best_score = (strength, (weight, bias)), score
    if best is None:
        raise ValueError("a linear path with no finite score")
    return best
