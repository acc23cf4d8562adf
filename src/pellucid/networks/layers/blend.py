"""The last step of a network: its paths as one calibrated answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

PATHS = ("linear", "trees", "table", "deep")


class Deep(nn.Module):
    """The deep path's own answer, where there is no other path."""

    def forward(self, linear: Tensor, trees: Tensor, table: Tensor, deep: Tensor) -> Tensor:
        """deep."""
        return deep


class NoPath(nn.Module):
    """A path that is not there: nothing for each row."""

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        """(batch, …) -> (batch, 0)."""
        return torch.zeros(len(x), 0)


class ClassBlend(nn.Module):
    """log-odds = a * linear + b * trees + c * table + d * deep.

    The weights set the temperature as well.
    """

    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor([0.0, 0.0, 0.0, 1.0]))

    def forward(self, linear: Tensor, trees: Tensor, table: Tensor, deep: Tensor) -> Tensor:
        """(batch, levels) of each path -> log-probabilities (batch, levels)."""
        a, b, c, d = self.weights
        return (a * linear + b * trees + c * table + d * deep).log_softmax(-1)


class NumberBlend(nn.Module):
    """mean = a * linear + b * trees + c * table + d * deep + e, and its interval.

    The distances to the interval's ends are the deep path's, and by a share the table's.
    """

    weights: Tensor
    share: Tensor
    margin: Tensor

    def __init__(self, lowest: float, highest: float) -> None:
        super().__init__()
        self.lowest, self.highest = lowest, highest
        self.register_buffer("weights", torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0]))
        self.register_buffer("share", torch.tensor([0.0]))
        self.register_buffer("margin", torch.tensor([0.0]))

    def forward(self, linear: Tensor, trees: Tensor, table: Tensor, deep: Tensor) -> Tensor:
        """linear, trees (batch, 1), others (batch, 3) -> (batch, 3): mean, how far below, above."""
        a, b, c, d, e = self.weights
        mean = a * linear + b * trees + c * table[:, :1] + d * deep[:, :1] + e
        ends = deep[:, 1:] + self.share * (table[:, 1:] - deep[:, 1:]) + self.margin
        return torch.cat([mean.clamp(self.lowest, self.highest), ends.clamp(min=0)], 1)
