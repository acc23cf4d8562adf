"""Dropout that draws from its own generator, so that a run can be repeated and resumed."""

from __future__ import annotations

import torch
from torch import Tensor

from pellucid.networks.layers.randomness import RandomLayer


class Dropout(RandomLayer):
    """Set a share of the values to 0 while training and scale the others up (Srivastava 2014).

    The share is rounded to a multiple of 1/256: one random byte a value is an eighth of the
    time of one Bernoulli draw a value, and dropout is the dearest small operation on a CPU.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.threshold = round(share * 256)
        self.scale = 256 / (256 - self.threshold)  # of the values that are kept

    def forward(self, x: Tensor) -> Tensor:
        """x where kept, scaled by 1 / (1 - share); x itself when not training."""
        if not self.training or self.threshold == 0:
            return x
        return x * self.mask(x)

    def mask(self, x: Tensor) -> Tensor:
        """0 where a value is dropped, else the scale; like x."""
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64)
        words.random_(-(2**63), None, generator=self.generator)
        # Compared in place, a byte stays a byte: a tenth of the time of making truth values.
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape).ge_(self.threshold)
        return kept.to(x.device, x.dtype).mul_(self.scale)

    def dropped(self, x: Tensor) -> Tensor:
        """True where a value is dropped: for layers that replace instead of zeroing."""
        return self.mask(x) == 0

    def extra_repr(self) -> str:
        """The share, for printing."""
        return f"share={self.threshold / 256:.3f}"
