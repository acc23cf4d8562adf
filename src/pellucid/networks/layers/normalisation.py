"""Batch normalisation whose moving averages travel with the weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MOMENTUM, EPSILON = 0.1, 1e-5


class BatchNorm(nn.Module):
    """Each channel to mean 0 and variance 1, then scaled and shifted (Ioffe and Szegedy 2015).

    While training by the batch's own moments, else by their moving averages. These are parameters
    without a gradient, which descent leaves as they are: so they lie in the optimizer's buffer,
    and are kept, restored and resumed together with the weights that they belong to.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.mean = nn.Parameter(torch.zeros(channels))
        self.variance = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, …) of the same shape."""
        return nn.functional.batch_norm(
            x, self.mean.detach(), self.variance.detach(), self.weight, self.bias,
            self.training and x[:, 0].numel() > 1, MOMENTUM, EPSILON,  # one alone has no variance
        )  # fmt: skip
