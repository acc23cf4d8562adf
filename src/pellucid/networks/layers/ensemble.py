"""Layers for an ensemble of networks that share most weights (TabM, Gorishniy et al. 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.networks.layers.products import products


class EnsembleScale(nn.Module):
    """Give each member its own view of the input: (batch, width) -> (members, batch, width).

    The scales start as random signs, so that the members differ from the first step on.
    """

    def __init__(self, members: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        signs = torch.randint(0, 2, (members, 1, width), generator=generator) * 2 - 1
        self.weight = nn.Parameter(signs.float())

    def forward(self, x: Tensor) -> Tensor:
        """x * weight, member by member."""
        return x * self.weight


class EnsembleLinear(nn.Module):
    """A linear layer of its own for each member: (members, batch, in) -> (members, batch, out)."""

    def __init__(self, members: int, width: int, outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        bound = width**-0.5
        weight = torch.rand(members, width, outputs, generator=generator) * 2 - 1
        bias = torch.rand(members, 1, outputs, generator=generator) * 2 - 1
        self.weight = nn.Parameter(weight * bound)
        self.bias = nn.Parameter(bias * bound)

    def forward(self, x: Tensor) -> Tensor:
        """x W + b, member by member."""
        return products(self.bias, x, self.weight, self.training)


class EnsembleOutput(EnsembleLinear):
    """An output layer that looks at the hidden layers alone."""

    def forward(self, x: Tensor, raw: object = None, answer: Tensor | None = None) -> Tensor:
        """x W + b, member by member; neither the raw inputs nor the answer are looked at."""
        return super().forward(x)


class Linear(nn.Linear):
    """x W^T + b with weights drawn from a given generator: (…, in) -> (…, out)."""

    def __init__(self, width: int, outputs: int, generator: torch.Generator) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = width, outputs
        bound = width**-0.5
        weight = torch.rand(outputs, width, generator=generator) * 2 - 1
        bias = torch.rand(outputs, generator=generator) * 2 - 1
        self.weight = nn.Parameter(weight * bound)
        self.bias = nn.Parameter(bias * bound)
