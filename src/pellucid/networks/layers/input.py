"""What every input layer is: raw tensors of all columns of one kind to one vector a column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pellucid.networks.layers.dropout import Dropout

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Encoder:
    """The shape of the networks that a kind of pictures, sound or film brings of its own."""

    channels: int = 16  # of the first convolution; later ones have multiples of it
    shrink: int = 1  # each side of a picture, or the rate of a sound, is divided by this
    mirror: bool = False  # a mirrored picture means the same: learn from it, and average over it
    distort: bool = False  # many passes over few rows: turn, stretch, shade them
    opposite: bool = False  # a mirrored picture means the opposite number: learn from both
    half: bool = False  # learn with bfloat16, where the processor is clearly quicker with it
    winograd: bool = False  # learn wide kernels in fewer multiplications, where that is quicker
    pixels: int = 0  # where sides differ, small ones are shrunk no further than this asks for

    def shrink_of(self, side: int) -> int:
        """By how much a side is divided: a small one, beside larger ones, by less than these."""
        return min(self.shrink, -(-side // self.pixels)) if self.pixels else self.shrink


DEFAULT_ENCODER = Encoder()


class InputLayer(nn.Module):
    """All columns of one kind: raw tensors -> (batch, columns, width).

    `terms` gives the same columns as sparse features for the linear path: which feature
    (batch, terms) and how much of it (batch, terms), of `features` features in all.
    `measurements` gives them as `measured` plain numbers for trees: (batch, measured) float64;
    `coded` says which of these are codes of a few levels, whose order means little.
    """

    columns: int
    width: int
    features: int
    measured: int

    def forward(self, raw: Tensors) -> Tensor:
        """(batch, columns, width)."""
        raise TypeError(f"{type(self).__name__} has no forward")

    def prepare(self, sample: Callable[[], Tensors]) -> None:
        """Before learning: take from some rows what is measured, not learnt; mostly nothing."""

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """Index and value of each sparse feature, both (batch, terms)."""
        raise TypeError(f"{type(self).__name__} has no terms")

    def face(self) -> nn.Module | str | tuple[nn.Module | str, ...]:
        """Where a value between two rows can be put in, for integrated gradients.

        The name of a raw tensor (batch, columns, …) that takes any number; or the module whose
        output is the first such: called once, with some entries a column of each row one after
        the other (batch * columns * entries, …) or, if it is the layer itself, as (batch, columns,
        width); else once a column (batch, places, width). Several, if they share no path.
        """
        return self

    @property
    def coded(self) -> tuple[bool, ...]:
        """For each of the plain numbers whether it is a code."""
        return (False,) * self.measured

    def measurements(self, raw: Tensors) -> Tensor:
        """Plain numbers in an order that means something, NaN where missing."""
        raise TypeError(f"{type(self).__name__} has no measurements")


class MissingValue(nn.Module):
    """Put a learnt vector in place of each missing cell: (batch, columns, width).

    While training, a few cells that are present count as missing too, so that a column whose
    first gap comes at prediction finds a vector that has been trained.
    """

    def __init__(self, columns: int, width: int, share: float = 0.01) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(columns, width))
        self.dropout = Dropout(share)

    def forward(self, x: Tensor, missing: Tensor) -> Tensor:
        """x where a cell is present, the column's vector where it is missing."""
        if self.training:
            missing = missing | self.dropout.dropped(missing.float())
        return torch.where(missing.unsqueeze(-1), self.weight, x)
