"""The piecewise-linear embedding of numbers (Gorishniy et al. 2022, version B of its library)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.networks.layers.products import products


class PiecewiseLinear(nn.Module):
    """A learnt piecewise-linear function of each number: (batch, columns) -> (…, columns, width).

    Between its knots a number rises from 0 to 1, one ramp a piece; the ramps enter through
    weights that start at 0, beside a plain linear term, so that training begins at a line
    and bends it where the data ask for it.
    """

    start: Tensor
    slope: Tensor

    def __init__(
        self, start: Tensor, slope: Tensor, width: int, generator: torch.Generator
    ) -> None:
        """`start` and `slope` (columns, pieces): where each ramp begins, 1 / its length."""
        super().__init__()
        columns, pieces = start.shape
        self.register_buffer("start", start)
        self.register_buffer("slope", slope)
        self.linear = nn.Parameter(torch.rand(columns, width, generator=generator) * 2 - 1)
        self.bias = nn.Parameter(torch.rand(columns, width, generator=generator) * 2 - 1)
        self.weight = nn.Parameter(torch.zeros(columns, pieces, width))

    def forward(self, x: Tensor, squashed: Tensor) -> Tensor:
        """`squashed` * linear + bias + ramps(x) weight; `squashed` is x with its tails drawn in."""
        ramps = x.t().unsqueeze(-1) - self.start.unsqueeze(1)  # (columns, batch, pieces)
        ramps = ramps.mul_(self.slope.unsqueeze(1)).clamp_(0, 1)
        bent = products(self.bias.unsqueeze(1), ramps, self.weight, self.training)
        return torch.addcmul(bent.transpose(0, 1), squashed.unsqueeze(-1), self.linear)
