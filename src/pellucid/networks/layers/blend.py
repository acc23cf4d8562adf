"""The last step of a network: its linear, tree-shaped and deep path as one calibrated answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

PATHS = ("linear", "trees", "deep")


class Deep(nn.Module):
    """The deep path's own answer, where there is no other path."""

    def forward(self, linear: Tensor, trees: Tensor, deep: Tensor) -> Tensor:
        """deep."""
        return deep


class NoPath(nn.Module):
    """A path that is not there: nothing for each row."""

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        """(batch, …) -> (batch, 0)."""
        return torch.zeros(len(x), 0)


class ClassBlend(nn.Module):
    """log-odds = a * linear + b * trees + c * deep; the weights set the temperature as well."""

    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor([0.0, 0.0, 1.0]))

    def forward(self, linear: Tensor, trees: Tensor, deep: Tensor) -> Tensor:
        """(batch, levels) of each path -> log-probabilities (batch, levels)."""
        a, b, c = self.weights
        return (a * linear + b * trees + c * deep).log_softmax(-1)


class NumberBlend(nn.Module):
    """mean = a * linear + b * trees + c * deep + d, with distances to the ends of its interval."""

    weights: Tensor
    margin: Tensor

    def __init__(self, lowest: float, highest: float) -> None:
        super().__init__()
        self.lowest, self.highest = lowest, highest
        self.register_buffer("weights", torch.tensor([0.0, 0.0, 1.0, 0.0]))
        self.register_buffer("margin", torch.tensor([0.0]))

    def forward(self, linear: Tensor, trees: Tensor, deep: Tensor) -> Tensor:
        """linear, trees (batch, 1), deep (batch, 3) -> (batch, 3): mean, distance below, above."""
        a, b, c, d = self.weights
        mean = (a * linear + b * trees + c * deep[:, :1] + d).clamp(self.lowest, self.highest)
        return torch.cat([mean, (deep[:, 1:] + self.margin).clamp(min=0)], 1)
