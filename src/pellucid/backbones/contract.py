"""What a form of backbones brings: how one is loaded, asked, and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor

Array = np.ndarray[Any, np.dtype[Any]]


class Reader(Protocol):
    """A backbone's network, loaded: of texts or of pictures."""

    network: Any  # the module with the weights
    width: int
    size: int  # tokens read of a text; pixels of a picture's side

    def __call__(self, cells: Any, /) -> Tensor:
        """Texts, or pixels (rows, size, size, 3) uint8 -> (rows, width) float32."""

    def read(self, cells: Any, /) -> Tensor:
        """The same of a few cells, and gradients can be taken of it."""

    def write(self, folder: Path) -> None:
        """Put all that is needed to load it again into a folder: no pickle, no code."""


class Family(Protocol):
    """A form that backbones come in: a module of this package."""

    @staticmethod
    def load(folder: Path) -> Reader:
        """The network of a folder; UsageError where a library is missing or a file is unfit."""
