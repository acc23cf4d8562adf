"""One seed for each purpose, so that no draw depends on another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

MULTIPLIER, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


class RandomLayer(nn.Module):
    """A layer that draws while training, from a generator that is seeded before every step."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = torch.Generator()


class Coin(RandomLayer):
    """Heads or tails, for a whole batch."""

    def forward(self) -> bool:
        """True in half of the steps."""
        return bool(torch.randint(0, 2, (1,), generator=self.generator))


def random_layers(module: nn.Module) -> list[RandomLayer]:
    """Every layer of a module that draws, in order."""
    return [layer for layer in module.modules() if isinstance(layer, RandomLayer)]


def seed_layers(layers: Sequence[RandomLayer], seed: int, step: int) -> None:
    """Seed the layers from (seed, step): a step's noise depends on nothing before it."""
    for position, layer in enumerate(layers):
        layer.generator.manual_seed(seed_of(seed, step, position))


def seed_of(*parts: int) -> int:
    """A seed of 63 bits from any integers: the finaliser of SplitMix64 over one after the other."""
    state = 0
    for part in parts:
        state = ((state ^ (part & MASK)) * MULTIPLIER + 1) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state >> 1
