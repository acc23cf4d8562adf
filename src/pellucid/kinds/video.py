"""Films: what is seen and what is heard, in files or in bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.backbones import Backbone
from pellucid.errors import Mends
from pellucid.kinds.contract import Array, Encoded, Preview
from pellucid.kinds.hearing import Sounds, cut_for, likeness_of
from pellucid.kinds.media_cells import nothing_read, readable_cells, sampled_cells
from pellucid.kinds.parted import Parts
from pellucid.kinds.pretrained import (
    FILMS,
    Pretrained,
    film_vectors,
    masked_film_vectors,
    some,
)
from pellucid.media.files import UnreadableError, count_faults, in_parallel
from pellucid.media.films import FilmHeader, Shots, film_header, read_frames, read_track
from pellucid.media.filmstrips import film_preview, lines_of
from pellucid.media.recognition import medium_of
from pellucid.media.sounds import NOTHING, Header, unheard
from pellucid.networks.layers import Encoder, InputLayer, MissingValue
from pellucid.networks.layers.hearing import SoundStatistics
from pellucid.networks.layers.input import DEFAULT_ENCODER, Tensors
from pellucid.networks.layers.watching import FilmStatistics, StandardStatistics, Watching

SAMPLE = 100  # films of each column that are looked at
SEEN = 50  # films of all columns whose frames and sounds are decoded to fit
MOMENTS, LINES = 8, 2  # that are seen; lines in which they are shown
AREA, STEP = 96 * 96, 8  # pixels of a frame, about; both sides are multiples of the step
MOST_SIDE, SMALLEST = 1_024, 16
ENOUGH_SOUND = 0.05  # of the films, for their sound to be heard at all


@dataclass(frozen=True)
class Video:
    """Columns of films: pairs of frames at equal distances in time, and the sound track."""

    kind: ClassVar[str] = "video"
    plain: ClassVar[bool] = False
    reads: ClassVar[str] = "image"
    readings: ClassVar[int] = 10
    slice_rows: ClassVar[int] = 64
    handmade: ClassVar[str] = "motion and colour histograms"

    columns: tuple[str, ...]
    height: int
    width: int
    mean: tuple[float, ...]  # of each colour, 0 to 255
    spread: tuple[float, ...]
    change: tuple[float, ...]  # mean size of the change between two neighbouring frames
    statistics_mean: Array
    statistics_spread: Array
    sounds: Sounds | None  # None: they have no sound
    seconds: tuple[float, ...]  # the median of each column
    pretrained: Pretrained | None = None  # a backbone that sees their moments too

    def __post_init__(self) -> None:
        sides = (self.height, self.width)
        if not all(isinstance(n, int) and SMALLEST <= n <= MOST_SIDE for n in sides):
            raise ValueError(f"films of {self.height} × {self.width} pixels cannot be")
        if not len(self.mean) == len(self.spread) == len(self.change) == 3:
            raise ValueError("films of other than three colours cannot be")
        size = (FilmStatistics.features,)
        if self.statistics_mean.shape != size or self.statistics_spread.shape != size:
            raise ValueError("another number of statistics")

    @classmethod
    def matches(cls, cells: pl.Series) -> str | None:
        """Paths with a film's extension, data URIs or bytes of films."""
        return "it holds films" if medium_of(cells) == "video" else None

    @classmethod
    def fit(cls, cells: pl.DataFrame) -> Self:
        """Size, colour and sound of most films, and how much moves in them."""
        columns = [_headers(series) for series in cells]
        found = [pair for each in columns for pair in each]
        height, width = _size([header for _, header in found])
        some = [cell for cell, _ in found][:: -(-len(found) // SEEN) or 1]
        shots = Shots(MOMENTS, height, width)
        read = in_parallel(lambda cell: read_frames(cell, shots)[0], some)
        frames = [f for f in read if isinstance(f, np.ndarray)]
        pairs = np.stack(frames or [np.zeros((MOMENTS, 2, height, width, 3), np.uint8)])
        statistics = FilmStatistics()
        numbers = torch.cat([statistics(part) for part in torch.from_numpy(pairs).split(8)])
        return cls(
            tuple(cells.columns), height, width, *_moments(pairs),
            numbers.mean(0).numpy(), numbers.std(0, correction=0).clamp(min=1e-3).numpy(),
            _sounds(found),
            tuple(float(np.median([h.seconds for _, h in each] or [0.0])) for each in columns),
        )  # fmt: skip

    def encode(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """Frames (rows, columns, moments, 2, height, width, 3) uint8, sounds, what is missing."""
        shape = (cells.height, len(self.columns))
        frames = np.zeros((*shape, MOMENTS, 2, self.height, self.width, 3), np.uint8)
        missing = np.ones(shape, np.bool_)
        encoded: Encoded = {"video": frames, "video.missing": missing}
        sound = None
        if self.sounds is not None:
            sound = np.empty((*shape, self.sounds.count, self.sounds.length), np.int16)
            sound[:] = self.sounds.missing()
            encoded["video.sound"] = sound
        for position, column in enumerate(self.columns):
            lost: dict[int, str] = {}
            broken: dict[int, str] = {}
            mute: dict[int, str] = {}
            for row, found in enumerate(in_parallel(self._read, readable_cells(cells[column]))):
                if isinstance(found, UnreadableError):
                    lost[row] = str(found)
                elif found is not None:
                    frames[row, position], missing[row, position] = found[0], False
                    if self.sounds is not None and sound is not None and found[1] is not None:
                        sound[row, position] = found[1]
                        why = unheard(found[1], self.sounds.rate)
                        mute |= {row: f"a film with a sound track that is {why}"} if why else {}
                    broken |= {row: f"a film {found[2]}"} if found[2] else {}
            count_faults(cells[column], lost, mends)
            count_faults(cells[column], broken, mends, "the rest of it taken")
            count_faults(cells[column], mute, mends, "kept as silence")
        return encoded | self.vectors(cells)

    def vectors(self, cells: pl.DataFrame) -> Encoded:
        """(rows, columns, width) float16, where there is a backbone."""
        if self.pretrained is None:
            return {}
        own = [readable_cells(cells[column]) for column in self.columns]
        return {"video.vectors": film_vectors(self.pretrained.backbone, MOMENTS, own)}

    def with_backbone(self, backbone: Backbone, cells: pl.DataFrame) -> Self:
        """The same with what a backbone of pictures makes of the moments beside it."""
        there = [c for name in self.columns for c in readable_cells(cells[name].drop_nulls())]
        seen = [some(there, FILMS)]
        fitted = Pretrained.fit(backbone, lambda it: film_vectors(it, MOMENTS, seen)[:, 0])
        return replace(self, pretrained=fitted)

    def _read(self, cell: str | bytes) -> tuple[Array, Array | None, str | None]:
        """Frames, sound if there is one, and what was wrong."""
        frames, fault = read_frames(cell, Shots(MOMENTS, self.height, self.width))
        if self.sounds is None:
            return frames, None, fault
        sound, inaudible = read_track(cell, self.sounds.cut)
        return frames, sound, fault or inaudible

    def input_layer(
        self, width: int, generator: torch.Generator, encoder: Encoder = DEFAULT_ENCODER
    ) -> InputLayer:
        """One network that sees and one that hears for all the columns."""
        return VideoInput(self, encoder, generator)

    @property
    def side(self) -> int:
        """Pixels of the shorter side."""
        return min(self.height, self.width)

    @property
    def measured(self) -> int:
        """Motion, colour and cepstrum statistics, and main directions of a backbone's vectors."""
        seen = 0 if self.pretrained is None else self.pretrained.axes.shape[1]
        return len(self.columns) * (self.statistics + seen)

    @property
    def statistics(self) -> int:
        """How many there are of motion, colour and cepstrum of one film."""
        return FilmStatistics.features + (SoundStatistics.features if self.sounds else 0)

    def mirrored(self, raw: Tensors) -> Tensors:
        """Left and right changed, the sound as it is; of a backbone nothing is known then."""
        turned = {**raw, "video": raw["video"].flip(5)}
        if self.pretrained is not None:
            turned["video.vectors"] = torch.zeros_like(raw["video.vectors"])
        return turned

    def likeness(self, raw: Tensors) -> Tensor:
        """The grey of a few places at each moment."""
        grey = raw["video"][:, :, :, 1].float().mean(5).flatten(0, 1)  # (n, moments, h, w)
        return likeness_of(grey.flatten(2)).unflatten(0, (-1, len(self.columns)))

    def parts(self, cells: pl.DataFrame, column: str, encoded: Encoded) -> Parts:
        """The moments that are seen, and the sound track if there is one."""
        position = self.columns.index(column)
        if encoded["video.missing"][0, position]:  # type: ignore[index]
            return Parts((), np.zeros(0, np.int64))
        frames: Array = encoded["video"][0, position]  # type: ignore[index]
        seconds = film_header(cells[column][0]).seconds
        times = Shots(MOMENTS, self.height, self.width).moments(seconds)
        names = [f"{time:.2f} s" if seconds else f"moment {i}" for i, time in enumerate(times, 1)]
        # What the network sees in each frame: (moments, channels, height, width), mirrored as well.
        places: tuple[Array, ...] = (np.arange(MOMENTS).reshape(-1, 1, 1, 1),)
        if self.sounds is not None:
            heard = bool((encoded["video.sound"][0, position] != NOTHING).any())  # type: ignore[index]
            names += ["the sound"] * heard
            places += (np.full(1, MOMENTS if heard else -1),)
        shape = (LINES, MOMENTS // LINES)
        aspect = shape[1] * self.width / (shape[0] * self.height)
        return Parts(tuple(names), places, shape, lines_of(frames[:, 1], LINES), aspect)

    def keeping(self, cells: pl.DataFrame, kept: Mapping[str, Array], encoded: Encoded) -> Encoded:
        """The films with some moments alone, the others in the mean colour; or without a sound."""
        rows = max(len(masks) for masks in kept.values())
        repeated: Encoded = {
            name: np.repeat(np.asarray(values), rows, 0) for name, values in encoded.items()
        }
        for position, column in enumerate(self.columns):
            if kept[column].shape[1]:
                seen, heard = kept[column][:, :MOMENTS], kept[column][:, MOMENTS:]
                frames: Array = repeated["video"]  # type: ignore[assignment]
                frames[:, position][~seen] = np.array(self.mean).round().astype(np.uint8)
                if heard.shape[1]:
                    sound: Array = repeated["video.sound"]  # type: ignore[assignment]
                    sound[:, position][~heard[:, 0]] = NOTHING
                if self.pretrained is not None:
                    vectors: Array = repeated["video.vectors"]  # type: ignore[assignment]
                    own = self.pretrained.backbone, cells[column][0], seen, self.mean
                    vectors[:, position] = masked_film_vectors(*own)
        return repeated

    def preview(self, cell: str | bytes) -> Preview:
        """A strip of frames, and the beginning of the sound to play."""
        return film_preview(cell)

    def summary(self, column: str) -> str:
        """How long the films are, and whether they are heard."""
        seconds = self.seconds[self.columns.index(column)]
        heard = "with sound" if self.sounds else "without sound"
        many = "" if f"{seconds:.2g}" == "1" else "s"
        size = f"{self.width} × {self.height} pixels"
        read = "" if self.pretrained is None else f" and by {self.pretrained.told}"
        return f"about {seconds:.2g} second{many} {heard}, seen at {size}{read}"


class VideoInput(InputLayer):
    """Films of each column -> (batch, columns, width), by networks that they share."""

    def __init__(self, fitted: Video, encoder: Encoder, generator: torch.Generator) -> None:
        super().__init__()
        self.columns = len(fitted.columns)
        side = min(fitted.height, fitted.width)
        self.watching = Watching(MOMENTS, side, encoder, generator)
        for name in ("mean", "spread", "change"):
            values = torch.tensor(getattr(fitted, name)).view(1, 1, 3, 1, 1)
            getattr(self.watching, name).copy_(values)
        self.seen = FilmStatistics()
        self.standard = StandardStatistics()
        self.standard.mean.copy_(torch.as_tensor(fitted.statistics_mean))
        self.standard.spread.copy_(torch.as_tensor(fitted.statistics_spread))
        self.hearing = fitted.sounds.hearing(encoder, generator) if fitted.sounds else None
        self.heard = fitted.sounds.statistics() if fitted.sounds else None
        self.vectors = (
            None if fitted.pretrained is None else fitted.pretrained.layer(self.columns, generator)
        )
        parts = (self.watching, self.hearing, self.vectors)
        self.width = sum(part.width for part in parts if part is not None)
        self.missing = MissingValue(self.columns, self.width)
        self.measured = fitted.measured
        known = 0 if self.vectors is None else self.vectors.features
        self.features = self.columns * fitted.statistics + known

    def forward(self, raw: Tensors) -> Tensor:
        """What is seen and what is heard of each film."""
        parts = [self.watching(raw["video"].flatten(0, 1))]
        if self.hearing is not None:
            parts.append(self.hearing(raw["video.sound"].flatten(0, 1)))
        normal = [torch.nn.functional.layer_norm(p, (p.shape[1],)) for p in parts]
        found = torch.cat(normal, 1).unflatten(0, (-1, self.columns))
        if self.vectors is not None:
            found = torch.cat([found, self.vectors(raw["video.vectors"])], 2)
        return self.missing(found, raw["video.missing"])

    def face(self) -> tuple[str | torch.nn.Module, ...]:
        """What is seen in the frames and heard in the sounds."""
        seen = self.watching.encoder.layers
        return (seen,) if self.hearing is None else (seen, self.hearing)

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """Motion, colour, cepstrum and a backbone's vectors of each film, 0 where it is missing."""
        missing = raw["video.missing"]
        value = self._statistics(raw).masked_fill(missing.unsqueeze(2), 0.0).flatten(1)
        if self.vectors is not None:
            value = torch.cat([value, self.vectors.terms(raw["video.vectors"], missing)], 1)
        return torch.arange(self.features).expand(value.shape), value

    def measurements(self, raw: Tensors) -> Tensor:
        """The statistics, and a backbone's main directions, NaN where the film is missing."""
        missing = raw["video.missing"]
        value = self._statistics(raw).double()
        value = value.masked_fill(missing.unsqueeze(2), float("nan")).flatten(1)
        if self.vectors is None:
            return value
        seen = self.vectors.measurements(raw["video.vectors"], missing)
        return torch.cat([value, seen], 1)

    def _statistics(self, raw: Tensors) -> Tensor:
        """(batch, columns, features)."""
        parts = [self.standard(self.seen(raw["video"].flatten(0, 1)))]
        if self.heard is not None:
            parts.append(self.heard(raw["video.sound"].flatten(0, 1)))
        return torch.cat(parts, 1).unflatten(0, (-1, self.columns))


def _headers(series: pl.Series) -> list[tuple[str | bytes, FilmHeader]]:
    """Some cells of a column that can be read; DataError if none of them can."""
    cells = sampled_cells("films", series, SAMPLE)
    found = list(in_parallel(film_header, cells))
    read = [(c, h) for c, h in zip(cells, found, strict=True) if isinstance(h, FilmHeader)]
    if not read and cells:
        raise nothing_read("films", series.name, found[0])
    return read


def _size(headers: Sequence[FilmHeader]) -> tuple[int, int]:
    """Height and width of about the wanted area, as high and wide as most films are shown."""
    aspect = float(np.median([h.width / max(h.height, 1) for h in headers] or [1.0]))
    aspect = float(np.clip(aspect, 1 / 3, 3))
    largest = float(np.median([h.width * h.height for h in headers] or [AREA]))
    height = (min(AREA, largest) / aspect) ** 0.5
    sides = (max(SMALLEST, round(side / STEP) * STEP) for side in (height, height * aspect))
    return next(sides), next(sides)


def _sounds(found: Sequence[tuple[str | bytes, FilmHeader]]) -> Sounds | None:
    """How the sound tracks are cut; None where hardly a film has one."""
    loud = [(cell, Header(h.seconds, h.sound_rate, 1)) for cell, h in found if h.sound_rate]
    if len(loud) <= ENOUGH_SOUND * len(found):
        return None
    cut = cut_for([header for _, header in loud])
    some = [cell for cell, _ in loud[:: -(-len(loud) // SEEN)]]
    tracks = in_parallel(lambda cell: read_track(cell, cut)[0], some)
    return Sounds.fit(cut, [t for t in tracks if isinstance(t, np.ndarray)])


def _moments(pairs: Array) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Mean and spread of each colour, and the deviation of its change within a pair."""
    pixels = pairs[::, ::, 1].reshape(-1, 3)[::7].astype(np.float32)
    change = (pairs[:, :, 1].astype(np.int16) - pairs[:, :, 0]).reshape(-1, 3)[::7]
    spread, moved = np.maximum(pixels.std(0), 8.0), np.maximum(change.std(0), 2.0)
    return tuple(pixels.mean(0).tolist()), tuple(spread.tolist()), tuple(moved.tolist())
