"""The last step of a network: the linear and the deep path as one calibrated answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ClassBlend(nn.Module):
    """log-odds = a * linear + b * deep; a and b weigh the paths and set the temperature at once."""

    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor([0.0, 1.0]))

    def forward(self, linear: Tensor, deep: Tensor) -> Tensor:
        """(batch, levels) of each path -> log-probabilities (batch, levels)."""
        return (self.weights[0] * linear + self.weights[1] * deep).log_softmax(-1)


class NumberBlend(nn.Module):
    """mean = a * linear + b * deep + c, with distances to the ends of its interval."""

    weights: Tensor
    margins: Tensor

    def __init__(self, lowest: float, highest: float) -> None:
        super().__init__()
        self.lowest, self.highest = lowest, highest
        self.register_buffer("weights", torch.tensor([0.0, 1.0, 0.0]))
        self.register_buffer("margins", torch.tensor([0.0]))

    def forward(self, linear: Tensor, deep: Tensor) -> Tensor:
        """linear (batch, 1), deep (batch, 3) -> (batch, 3): mean, distance below, above."""
        mean = self.weights[0] * linear + self.weights[1] * deep[:, :1] + self.weights[2]
        mean = mean.clamp(self.lowest, self.highest)
        return torch.cat([mean, (deep[:, 1:] + self.margins).clamp(min=0)], 1)
