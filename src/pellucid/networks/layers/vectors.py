"""Vectors that a frozen backbone made of each cell, as every path of a network takes them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.networks.layers.dropout import Dropout
from pellucid.networks.layers.ensemble import Linear

WIDTH = 128
FURTHEST = (
    8.0  # standard units: what hardly differed in the sample must not outweigh all else later
)
LENGTH = 2.0  # of a typical vector among the terms of the linear path, beside others of length 1


class FrozenVectors(nn.Module):
    """(batch, columns, inputs) -> (batch, columns, `width`): standardised, then one layer.

    `axes` (inputs, few) are the directions in which the vectors differ most, for the trees.
    """

    mean: Tensor
    spread: Tensor
    axes: Tensor

    def __init__(
        self, columns: int, statistics: tuple[np.ndarray, ...], generator: torch.Generator
    ) -> None:
        super().__init__()
        for name, values in zip(("mean", "spread", "axes"), statistics, strict=True):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32))
        inputs, each = self.axes.shape
        self.width, self.features, self.measured = WIDTH, columns * inputs, columns * each
        self.dropout = Dropout(0.2)
        self.linear = Linear(inputs, WIDTH, generator)

    def forward(self, vectors: Tensor) -> Tensor:
        """norm(GELU(W x + b))."""
        hidden = nn.functional.gelu(self.linear(self.dropout(self._standardised(vectors))))
        return nn.functional.layer_norm(hidden, (self.width,))

    def terms(self, vectors: Tensor, missing: Tensor) -> Tensor:
        """(batch, columns * inputs): each vector about `LENGTH` long, 0 where it is missing."""
        x = self._standardised(vectors) * (LENGTH / self.axes.shape[0] ** 0.5)
        return x.masked_fill(missing.unsqueeze(2), 0.0).flatten(1)

    def measurements(self, vectors: Tensor, missing: Tensor) -> Tensor:
        """(batch, columns * axes) float64, NaN where missing."""
        x = (self._standardised(vectors) @ self.axes).double()
        return x.masked_fill(missing.unsqueeze(2), torch.nan).flatten(1)

    def _standardised(self, vectors: Tensor) -> Tensor:
        return ((vectors.float() - self.mean) / self.spread).clamp(-FURTHEST, FURTHEST)
