"""A backbone: which network of others it is, where its files lie, and the vectors that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from torch import Tensor

from pellucid.backbones.contract import Array, Reader
from pellucid.backbones.families import family_named


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
