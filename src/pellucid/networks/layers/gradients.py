"""Histograms of oriented gradients: what the conventional way sees of a picture."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

SIDE, CELL, ORIENTATIONS = 32, 8, 9
CELLS = SIDE // CELL
FEATURES = (CELLS - 1) ** 2 * 4 * ORIENTATIONS


def resized(pictures: Tensor, side: int) -> Tensor:
    """(batch, channels, height, width) -> (batch, channels, side, side), averaged where larger."""
    return nn.functional.interpolate(
        pictures, (side, side), mode="bilinear", align_corners=False, antialias=True
    )


def oriented_gradients(grey: Tensor) -> Tensor:
    """(batch, 1, 32, 32) -> (batch, 324): HOG as Dalal and Triggs (2005) have it.

    Cells of 8 x 8 pixels, nine directions without sign, each pixel's strength shared between the
    two nearest; blocks of 2 x 2 cells brought to length 1, cut at 0.2, and to length 1 again.
    """
    padded = nn.functional.pad(grey, (1, 1, 1, 1), mode="replicate")
    across = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    down = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    strength = (across.square() + down.square()).sqrt()
    direction = torch.atan2(down, across) * (ORIENTATIONS / math.pi)  # -9 to 9, period 9
    centre = torch.arange(ORIENTATIONS).view(1, -1, 1, 1)
    apart = torch.remainder(direction - centre + ORIENTATIONS / 2, ORIENTATIONS) - ORIENTATIONS / 2
    votes = strength * (1 - apart.abs()).clamp(min=0)  # (batch, orientations, 32, 32)
    cells = nn.functional.avg_pool2d(votes, CELL)
    blocks = nn.functional.unfold(cells, 2)  # (batch, 4 * orientations, blocks)
    blocks = nn.functional.normalize(blocks, dim=1, eps=1e-3).clamp(max=0.2)
    return nn.functional.normalize(blocks, dim=1, eps=1e-3).flatten(1)
