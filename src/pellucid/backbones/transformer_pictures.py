"""Backbones of pictures that the library `transformers` runs: vision transformers and the like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pellucid.backbones.contract import Array
from pellucid.backbones.hugging import FILES, pretrained
from pellucid.backbones.weights import copied, write_weights
from pellucid.errors import UsageError

PREPARATION = "preprocessor_config.json"
USUAL_SIDE = 224
LARGEST_SIDE = 1_024


class PictureReader:
    """A network of pictures, prepared for as its own preprocessor says."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.network = folder, pretrained(folder)
        preparation: dict[str, Any] = json.loads((folder / PREPARATION).read_text("utf-8"))
        self.size = _side(preparation.get("crop_size") or preparation.get("size") or USUAL_SIDE)
        if not 8 <= self.size <= LARGEST_SIDE:
            raise UsageError(f'"{folder}" wants pictures of {self.size} pixels a side.')
        self.mean = torch.tensor(preparation.get("image_mean") or [0.5] * 3).view(1, 3, 1, 1)
        self.spread = torch.tensor(preparation.get("image_std") or [0.5] * 3).view(1, 3, 1, 1)
        blank = torch.zeros(1, self.size, self.size, 3, dtype=torch.uint8)
        self.width = self(blank.numpy()).shape[1]

    def __call__(self, pixels: Array) -> Tensor:
        """(rows, side, side, 3) uint8 -> (rows, width): the mean over all places."""
        with torch.inference_mode():
            return self.read(pixels)

    def read(self, pixels: Array) -> Tensor:
        """The same, and gradients can be taken of it."""
        x = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 255
        hidden: Tensor = self.network(pixel_values=(x - self.mean) / self.spread)[0]
        return hidden.mean(1) if hidden.ndim == 3 else hidden.mean((2, 3))

    def write(self, folder: Path) -> None:
        """The weights, and how pictures are prepared."""
        copied((*FILES, PREPARATION), self.folder, folder)
        write_weights(self.network, folder)


def load(folder: Path) -> PictureReader:
    """The picture encoder of a folder."""
    return PictureReader(folder)


def _side(size: Any) -> int:
    if isinstance(size, dict):
        size = size.get("height") or size.get("shortest_edge") or USUAL_SIDE
    return int(size)
