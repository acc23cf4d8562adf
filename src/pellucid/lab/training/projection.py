"""Many numbers a row as two, so that a layer can be seen: the two directions of most variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Projection:
    """Principal components (Pearson 1901) by subspace iteration from the last directions.

    Directions of nearly equal variance may swap from step to step; beginning where the last picture
    was keeps this one from jumping, and a few products of matrices are all it takes.
    """

    def __init__(self) -> None:
        self.directions: NDArray[np.float32] | None = None

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(rows, width) -> (rows, 2), scaled to lie between -1 and 1."""
        centred = np.nan_to_num(rows - rows.mean(0)).astype(np.float32)
        if centred.shape[1] == 1:
            centred = np.column_stack([centred, np.zeros(len(centred), np.float32)])
        found, rounds = self.directions, 3
        if found is None or len(found) != centred.shape[1]:
            found = np.random.default_rng(0).normal(size=(centred.shape[1], 2)).astype(np.float32)
            rounds = 20
        for _ in range(rounds):
            found = _orthonormal(centred.T @ (centred @ found))
        self.directions = found if found[:, 1].any() else None  # one direction finds no second
        flat = centred @ found
        return (flat / max(float(np.abs(flat).max()), 1e-9)).astype(np.float32)


def _orthonormal(pair: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gram and Schmidt on two columns; a column that vanishes stays 0."""
    first = pair[:, 0] / max(float(np.linalg.norm(pair[:, 0])), 1e-20)
    second = pair[:, 1] - first * (first @ pair[:, 1])
    second = second / max(float(np.linalg.norm(second)), 1e-20)
    return np.stack([first, second], 1).astype(np.float32)
