"""The linear path: features as a sparse matrix, and its weights by a convex solver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from pellucid.kinds import Array, TargetKind
from pellucid.networks.network import DeepNetwork
from pellucid.store import Store

MOST_WEIGHTS = 60_000_000  # features x outputs
Solution = tuple[Array, Array]  # weights (features, outputs), bias (outputs,)
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


def solve(target: TargetKind, design: Any, values: Array, strength: float) -> Solution:
    """Weights (features, outputs) and bias (outputs,) of the linear path."""
    weight, bias = target.solve_linear(design, values, strength)
    return weight.astype(np.float32), bias.astype(np.float32)


def within(columns: Array, solution: Solution) -> Solution:
    """The solution on some columns as one on all: the weights of the others are 0."""
    weight, bias = solution
    whole = np.zeros((len(columns), weight.shape[1]), weight.dtype)
    whole[columns] = weight
    return whole, bias


def best_strength(
    target: TargetKind, design: Any, values: Array, folds: Sequence[tuple[Array, Array]]
) -> tuple[float, float, list[Solution]]:
    """The regularisation that does best on the rows chosen on, its score, and its solutions."""
    found = []
    for strength in target.strengths(design):
        solutions = [solve(target, design[learn], values[learn], strength) for learn, _ in folds]
        outputs = [
            np.asarray(design[choose] @ weight + bias)
            for (weight, bias), (_, choose) in zip(solutions, folds, strict=True)
        ]
        asked = np.concatenate([values[choose] for _, choose in folds])
        found.append((target.linear_score(np.concatenate(outputs), asked), strength, solutions))
    finite = [each for each in found if np.isfinite(each[0])]
    if not finite:
        raise ValueError("a linear path with no finite score")
    score, strength, solutions = max(finite, key=lambda each: each[0])
    return strength, score, solutions
