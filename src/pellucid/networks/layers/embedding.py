"""Tables of learnt vectors looked up by an integer, alone or summed with weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Embedding(nn.Module):
    """One vector for each of `count` integers: (…) -> (…, width)."""

    def __init__(self, count: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        weight = torch.randn(count, width, generator=generator) / width**0.5
        self.weight = nn.Parameter(weight)

    def forward(self, index: Tensor) -> Tensor:
        """weight[index]."""
        return nn.functional.embedding(index, self.weight)


class SparseLinear(nn.Module):
    """A linear layer over sparse features given as (index, value) pairs: x W + b.

    The weights are no parameters: a convex solver finds them, gradient descent leaves them be.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(features, outputs))
        self.register_buffer("bias", torch.zeros(outputs))

    def forward(self, index: Tensor, value: Tensor) -> Tensor:
        """sum_t value[:, t] * weight[index[:, t]] + bias: (batch, terms) -> (batch, outputs)."""
        return (
            nn.functional.embedding_bag(index, self.weight, per_sample_weights=value, mode="sum")
            + self.bias
        )
