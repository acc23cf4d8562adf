"""A backbone: a network that others have trained on far more data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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


@dataclass(frozen=True)
class Backbone:
    """Which backbone it is and where its files lie; its network is loaded when first asked."""

    name: str  # as the user named it
    reads: str  # "text" or "image"
    family: str
    width: int
    size: int
    folder: str
    licence: str = ""  # of the weights, where it is known

    @cached_property
    def network(self) -> Reader:
        """The loaded network."""
        from pellucid.backbones.families import family_named

        return family_named(self.family).load(Path(self.folder))

    def holding(self, reader: Reader) -> Backbone:
        """The same with this network, loaded already."""
        made = replace(self)
        made.__dict__["network"] = reader  # where cached_property keeps it
        return made

    def vectors(self, cells: Sequence[str] | Array) -> Array:
        """(rows, width) float16: half the room, and far finer than what is told by them."""
        found: Tensor = self.network(cells)
        return found.clamp(-6e4, 6e4).half().numpy()
