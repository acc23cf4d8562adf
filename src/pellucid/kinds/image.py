"""Pictures: photographs, drawings, scans, in files, in bytes or as arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.backbones import Backbone
from pellucid.errors import Mends
from pellucid.kinds.contract import Array, Encoded, Preview
from pellucid.kinds.media_cells import nothing_read, readable_cells, sampled_cells
from pellucid.kinds.parted import Parts
from pellucid.kinds.pretrained import (
    Pretrained,
    live_pictures,
    masked_vectors,
    picture_vectors,
    some,
)
from pellucid.media.files import UnreadableError, count_faults, in_parallel
from pellucid.media.pictures import Form, Look, as_data, decode, look, thumbnail
from pellucid.media.recognition import medium_of
from pellucid.networks.layers import Encoder, InputLayer, MissingValue
from pellucid.networks.layers.augmentation import PictureAugmentation
from pellucid.networks.layers.convolution import PictureEncoder
from pellucid.networks.layers.gradients import FEATURES, oriented_gradients, resized
from pellucid.networks.layers.input import DEFAULT_ENCODER, Tensors

# Fields of each side of a picture, when it is asked which of them an answer rests on; a backbone is
# slow to ask.
FIELDS, FEW_FIELDS = 6, 4
SAMPLE = 200  # pictures of each column that are looked at
SMALLEST, LARGEST = 8, 128  # pixels of the shorter side
MOST_SIDE = 1_024
SQUARE = 1.25  # ratio of the sides up to which pictures are taken as square
THUMB = 8  # pixels of a side of what the linear path sees beside the gradients
LIKENESS = 16
MEASURED = 200  # pictures, at most


@dataclass(frozen=True)
class Image:
    """Columns of pictures, all brought to one form; they share one network."""

    kind: ClassVar[str] = "image"
    plain: ClassVar[bool] = False
    reads: ClassVar[str] = "image"
    readings: ClassVar[int] = 1_000
    slice_rows: ClassVar[int] = 512
    handmade: ClassVar[str] = "oriented gradients"

    columns: tuple[str, ...]
    height: int
    width: int
    channels: int
    black: float  # what is taken for black and white in pictures of more than 8 bits
    white: float
    mean: tuple[float, ...]  # of each channel, 0 to 255
    spread: tuple[float, ...]
    typical: tuple[int, int]  # width and height of the pictures as they came
    pretrained: Pretrained | None = None  # a backbone that sees the pictures too

    def __post_init__(self) -> None:
        sides = (self.height, self.width)
        if not all(isinstance(n, int) and 1 <= n <= MOST_SIDE for n in sides):
            raise ValueError(f"pictures of {self.height} × {self.width} pixels are too large")
        if self.channels not in (1, 3) or not len(self.mean) == len(self.spread) == self.channels:
            raise ValueError(f"pictures of {self.channels} colours cannot be")

    @classmethod
    def matches(cls, cells: pl.Series) -> str | None:
        """Paths with a picture's extension, data URIs or bytes of pictures."""
        return "it holds pictures" if medium_of(cells) == "image" else None

    @classmethod
    def fit(cls, cells: pl.DataFrame) -> Self:
        """Size and colour of what most pictures are, and the mean and spread of each colour."""
        looks: list[Look] = []
        some: list[str | bytes] = []
        for series in cells:
            sample = sampled_cells("pictures", series, SAMPLE)
            seen = list(in_parallel(look, sample))
            read = [(c, f) for c, f in zip(sample, seen, strict=True) if isinstance(f, Look)]
            if not read and sample:
                raise nothing_read("pictures", series.name, seen[0])
            some += [cell for cell, _ in read]
            looks += [each for _, each in read]
        form = _form(looks)
        found = in_parallel(partial(decode, form=form), some)
        pixels = [each for each in found if isinstance(each, np.ndarray)]
        black = np.zeros((form.height, form.width, form.channels), np.uint8)
        values = np.stack(pixels or [black]).reshape(-1, form.channels)
        spread = np.maximum(values.std(0), 8.0)
        sizes = np.median([(each.width, each.height) for each in looks] or [(0, 0)], axis=0)
        return cls(
            tuple(cells.columns), form.height, form.width, form.channels, form.black, form.white,
            tuple(values.mean(0).tolist()), tuple(spread.tolist()),
            (int(sizes[0]), int(sizes[1])),
        )  # fmt: skip

    @property
    def form(self) -> Form:
        """What every picture is brought to."""
        return Form(self.height, self.width, self.channels, self.black, self.white)

    def encode(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """(rows, columns, height, width, channels) uint8, 0 where missing; and what is missing."""
        shape = (cells.height, len(self.columns))
        pixels = np.zeros((*shape, self.height, self.width, self.channels), np.uint8)
        missing = np.ones(shape, np.bool_)
        read = partial(decode, form=self.form)
        for position, column in enumerate(self.columns):
            faults: dict[int, str] = {}
            for row, found in enumerate(in_parallel(read, readable_cells(cells[column]))):
                if isinstance(found, UnreadableError):
                    faults[row] = str(found)
                elif found is not None:
                    pixels[row, position], missing[row, position] = found, False
            count_faults(cells[column], faults, mends)
        return {"image": pixels, "image.missing": missing, **self.vectors(cells)}

    def vectors(self, cells: pl.DataFrame) -> Encoded:
        """(rows, columns, width) float16, where there is a backbone."""
        if self.pretrained is None:
            return {}
        own = [readable_cells(cells[column]) for column in self.columns]
        return {"image.vectors": picture_vectors(self.pretrained.backbone, self.form, own)}

    def live(self, cells: pl.DataFrame, mirrored: Array | None = None) -> Tensor:
        """(rows, columns, width) of a few rows, of which gradients can be taken."""
        assert self.pretrained is not None
        own = [readable_cells(cells[column]) for column in self.columns]
        return live_pictures(self.pretrained.backbone, self.form, own, mirrored)

    def with_backbone(self, backbone: Backbone, cells: pl.DataFrame) -> Self:
        """The same with the vectors of a backbone of pictures beside it."""
        there = [cell for name in self.columns for cell in readable_cells(cells[name].drop_nulls())]
        seen = [some(there)]
        fitted = Pretrained.fit(backbone, lambda it: picture_vectors(it, self.form, seen)[:, 0])
        return replace(self, pretrained=fitted)

    def input_layer(
        self, width: int, generator: torch.Generator, encoder: Encoder = DEFAULT_ENCODER
    ) -> InputLayer:
        """One convolutional network for all the columns; its own width, not that of the table."""
        return ImageInput(self, encoder, generator)

    @property
    def side(self) -> int:
        """Pixels of the shorter side."""
        return min(self.height, self.width)

    @property
    def measured(self) -> int:
        """Trees see nothing of pixels, but the main directions of a backbone's vectors."""
        return 0 if self.pretrained is None else len(self.columns) * self.pretrained.axes.shape[1]

    def mirrored(self, raw: Tensors) -> Tensors:
        """Left and right changed; of a backbone nothing is known then."""
        turned = {**raw, "image": raw["image"].flip(3)}
        if self.pretrained is not None:
            turned["image.vectors"] = torch.zeros_like(raw["image.vectors"])
        return turned

    def likeness(self, raw: Tensors) -> Tensor:
        """Grey 16 x 16 pixels, centred and of length 1; all 0 where nothing can be told."""
        grey = resized(_grey(raw["image"].flatten(0, 1)), LIKENESS).flatten(1)
        centred = grey - grey.mean(1, keepdim=True)
        flat = centred.square().mean(1, keepdim=True).sqrt() < 2 / 255
        unit = torch.nn.functional.normalize(centred, dim=1).masked_fill(flat, 0.0)
        return unit.view(*raw["image"].shape[:2], -1)

    def parts(self, cells: pl.DataFrame, column: str, encoded: Encoded) -> Parts:
        """Fields of a grid over the picture."""
        position = self.columns.index(column)
        if encoded["image.missing"][0, position]:  # type: ignore[index]
            return Parts((), np.zeros(0, np.int64))
        side = self._fields_a_side
        names = tuple(f"field {i + 1}, {j + 1}" for i in range(side) for j in range(side))
        pixels = encoded["image"][0, position]  # type: ignore[index]
        return Parts(names, self._fields(), (side, side), as_data(pixels), self.width / self.height)

    def keeping(self, cells: pl.DataFrame, kept: Mapping[str, Array], encoded: Encoded) -> Encoded:
        """The pictures with some fields alone, the others in the mean colour."""
        rows = max(len(masks) for masks in kept.values())
        pixels = np.repeat(np.asarray(encoded["image"]), rows, 0)
        mean = np.array(self.mean).round().astype(np.uint8)
        for position, column in enumerate(self.columns):
            masks = kept[column]
            if masks.shape[1]:
                there = masks[:, self._fields()]  # (rows, height, width, channels)
                pixels[:, position] = np.where(there, pixels[:, position], mean)
        missing = np.repeat(np.asarray(encoded["image.missing"]), rows, 0)
        return {"image": pixels, "image.missing": missing, **self._kept_vectors(cells, kept, rows)}

    def _kept_vectors(self, cells: pl.DataFrame, kept: Mapping[str, Array], rows: int) -> Encoded:
        if self.pretrained is None:
            return {}
        backbone, side = self.pretrained.backbone, self._fields_a_side
        vectors = np.zeros((rows, len(self.columns), backbone.width), np.float16)
        for position, column in enumerate(self.columns):
            if kept[column].shape[1]:
                one = cells[column][0], kept[column]
                vectors[:, position] = masked_vectors(backbone, self.form, *one, (side, side))
        return {"image.vectors": vectors}

    @property
    def _fields_a_side(self) -> int:
        return FIELDS if self.pretrained is None else FEW_FIELDS

    def _fields(self) -> Array:
        """(height, width, channels): the field that each number is in."""
        side = self._fields_a_side
        down = np.arange(self.height) * side // self.height
        across = np.arange(self.width) * side // self.width
        fields = down[:, None] * side + across[None, :]
        return np.repeat(fields[:, :, None], self.channels, 2)

    def preview(self, cell: str | bytes) -> Preview:
        """A thumbnail."""
        return thumbnail(cell, self.black, self.white)

    def summary(self, column: str) -> str:
        """Size and colour, and the size that is learnt from where it is another."""
        width, height = self.typical
        colour = "colour" if self.channels == 3 else "grey"
        seen = "" if (width, height) == (self.width, self.height) else (
            f", seen at {self.width} × {self.height}"
        )  # fmt: skip
        read = "" if self.pretrained is None else f", seen by {self.pretrained.told} too"
        return f"{colour}, {width} × {height} pixels{seen}{read}"


class ImageInput(InputLayer):
    """Pictures of each column -> (batch, columns, width), by a network that they share."""

    mean: Tensor
    spread: Tensor

    def __init__(self, fitted: Image, encoder: Encoder, generator: torch.Generator) -> None:
        super().__init__()
        self.columns, self.mirror = len(fitted.columns), encoder.mirror
        self.shrink = encoder.shrink_of(fitted.side)
        self.register_buffer("mean", torch.tensor(fitted.mean).view(1, -1, 1, 1))
        self.register_buffer("spread", torch.tensor(fitted.spread).view(1, -1, 1, 1))
        self.augmentation = PictureAugmentation(encoder.mirror, encoder.distort)
        self.encoder = PictureEncoder(
            fitted.channels, fitted.side // self.shrink, encoder, generator, whiten=True
        )
        self.vectors = (
            None if fitted.pretrained is None else fitted.pretrained.layer(self.columns, generator)
        )
        self.width = self.encoder.width + (0 if self.vectors is None else self.vectors.width)
        self.missing = MissingValue(self.columns, self.width)
        handmade = self.columns * (FEATURES + THUMB * THUMB * fitted.channels)
        self.features = handmade + (0 if self.vectors is None else self.vectors.features)
        self.measured = 0 if self.vectors is None else self.vectors.measured

    def prepare(self, sample: Callable[[], Tensors]) -> None:
        """The directions in which neighbouring pixels differ, where these are measured."""
        if self.encoder.whitening is None:
            return
        raw, few = sample(), max(1, MEASURED // self.columns)
        raw = {name: raw[name][:few] for name in ("image", "image.missing")}
        there = ~raw["image.missing"].flatten()
        if there.any():
            self.encoder.whitening.measure(self._standard(raw)[there])

    def forward(self, raw: Tensors) -> Tensor:
        """Standardised, augmented while training, encoded; mirrored as well when predicting."""
        x = self.augmentation(self._standard(raw))
        vectors = self.encoder(x)
        if self.mirror and not self.training:
            vectors = (vectors + self.encoder(x.flip(3))) / 2
        vectors = torch.nn.functional.layer_norm(vectors, (self.encoder.width,))
        found = vectors.unflatten(0, (-1, self.columns))
        if self.vectors is not None:
            found = torch.cat([found, self.vectors(raw["image.vectors"])], 2)
        return self.missing(found, raw["image.missing"])

    def face(self) -> str:
        """The pixels take any number."""
        return "image"

    def _standard(self, raw: Tensors) -> Tensor:
        return (self._pictures(raw) - self.mean) / self.spread

    def _pictures(self, raw: Tensors) -> Tensor:
        """(batch * columns, channels, height, width) float, 0 to 255, channels last in memory."""
        x = raw["image"].flatten(0, 1).permute(0, 3, 1, 2).float()
        return torch.nn.functional.avg_pool2d(x, self.shrink) if self.shrink > 1 else x

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """Oriented gradients, 8 x 8 pixels and a backbone's vectors, 0 where one is missing."""
        pixels = raw["image"].flatten(0, 1)
        grey = resized(_grey(pixels), 32)
        thumb = resized(pixels.permute(0, 3, 1, 2).float() / 255, THUMB)
        value = torch.cat([3 * oriented_gradients(grey), thumb.flatten(1) - 0.5], 1)
        value = value.unflatten(0, (-1, self.columns))
        value = value.masked_fill(raw["image.missing"].unsqueeze(2), 0.0).flatten(1)
        if self.vectors is not None:
            seen = self.vectors.terms(raw["image.vectors"], raw["image.missing"])
            value = torch.cat([value, seen], 1)
        return torch.arange(self.features).expand(value.shape), value

    def measurements(self, raw: Tensors) -> Tensor:
        """Main directions of a backbone's vectors; without one, trees have no way with pixels."""
        if self.vectors is None:
            return torch.zeros(0, 0, dtype=torch.float64)
        return self.vectors.measurements(raw["image.vectors"], raw["image.missing"])


def _grey(pixels: Tensor) -> Tensor:
    """(batch, height, width, channels) of 0 to 255 -> (batch, 1, height, width) of 0 to 1."""
    return pixels.float().mean(3).unsqueeze(1) / 255


def _form(looks: list[Look]) -> Form:
    """The size and colour of most pictures."""
    if not looks:
        return Form(SMALLEST, SMALLEST, 1)
    sides = np.array([(each.width, each.height) for each in looks], float)
    short = float(np.median(sides.min(1)))
    side = int(np.clip(short // 4 * 4, SMALLEST, LARGEST))
    aspect = float(np.clip(np.median(sides[:, 0] / sides[:, 1]), 1 / 3, 3))
    if 1 / SQUARE < aspect < SQUARE:
        aspect = 1.0
    long = round(side * max(aspect, 1 / aspect) / 4) * 4
    width, height = (long, side) if aspect > 1 else (side, long)
    deep = [each.deep for each in looks if each.deep]
    black, white = np.median(deep, axis=0) if deep else (0.0, 65_535.0)
    colour = float(np.mean([each.colour for each in looks])) > 0.05
    return Form(height, width, 3 if colour else 1, float(black), float(white))
