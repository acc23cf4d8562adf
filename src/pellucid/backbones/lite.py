"""Backbones that are one file of EfficientNet-Lite weights: no library beside torch is needed."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from pellucid.backbones.contract import Array
from pellucid.backbones.efficientnet import EfficientNetLite, efficientnet_lite
from pellucid.backbones.weights import copied, tensors_of, write_weights
from pellucid.errors import UsageError

SUFFIXES = (".safetensors", ".pth", ".pt")


class Lite:
    """EfficientNet-Lite, asked about pictures."""

    def __init__(self, network: EfficientNetLite, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.width, self.size = network.width, network.side

    def __call__(self, pixels: Array) -> Tensor:
        """(rows, side, side, 3) uint8 -> (rows, 1280)."""
        with torch.inference_mode():
            return self.read(pixels)

    def read(self, pixels: Array) -> Tensor:
        """The same, and gradients can be taken of it."""
        found: Tensor = self.network(torch.tensor(pixels).permute(0, 3, 1, 2).float())
        return found

    def write(self, folder: Path) -> None:
        """The weights as safetensors."""
        copied((), self.folder, folder)
        write_weights(self.network, folder)


def weights_file(folder: Path) -> Path | None:
    """The one file of weights that is there."""
    files = [file for file in sorted(folder.iterdir()) if file.suffix in SUFFIXES]
    return files[0] if len(files) == 1 else None


def load(folder: Path) -> Lite:
    """The network of the one file of weights in a folder."""
    file = weights_file(folder)
    if file is None:
        raise UsageError(f'"{folder}" holds no single file of weights.')
    try:
        return Lite(efficientnet_lite(tensors_of(file)), folder)
    except ValueError as error:
        raise UsageError(
            f'"{file}": {error}; other networks come as a folder with a config.json.'
        ) from error
