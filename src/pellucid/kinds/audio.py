"""Sounds: speech, music, noises, in files, in bytes or as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.errors import Mends
from pellucid.kinds.contract import Array, Encoded, Preview
from pellucid.kinds.hearing import (
    Sounds,
    aligned,
    cut_for,
    likeness_of,
)
from pellucid.kinds.media_cells import nothing_read, readable_cells, sampled_cells
from pellucid.kinds.parted import Parts
from pellucid.kinds.silencing import field_names, field_places, pictured, silenced
from pellucid.media.files import UnreadableError, count_faults, in_parallel
from pellucid.media.recognition import medium_of
from pellucid.media.recordings import read_recording, recording_header
from pellucid.media.sounds import Header, unheard
from pellucid.media.waveforms import sound_preview
from pellucid.networks.layers import Encoder, InputLayer, MissingValue
from pellucid.networks.layers.hearing import Spectrum
from pellucid.networks.layers.input import DEFAULT_ENCODER, Tensors

SAMPLE = 2_000  # sounds of each column whose length is looked at
SPECTROGRAM = 2.2  # width by height of one that is shown
HEARD = 300  # sounds of all columns that are decoded to fit


@dataclass(frozen=True)
class Audio:
    """Columns of sounds, all brought to one rate and length; they share one network."""

    kind: ClassVar[str] = "audio"
    plain: ClassVar[bool] = False
    slice_rows: ClassVar[int] = 512
    handmade: ClassVar[str] = "MFCC statistics"

    columns: tuple[str, ...]
    sounds: Sounds
    seconds: tuple[float, ...]  # the median of each column
    rates: tuple[int, ...]  # the commonest rate of each column in Hz

    @classmethod
    def matches(cls, cells: pl.Series) -> str | None:
        """Paths with a sound's extension, data URIs or bytes of sounds."""
        return "it holds sounds" if medium_of(cells) == "audio" else None

    @classmethod
    def fit(cls, cells: pl.DataFrame) -> Self:
        """Rate and length of most sounds, and the mean and spread of their spectra."""
        columns = [_headers(series) for series in cells]
        found = [header for each in columns for _, header in each]
        cut = cut_for(found)
        readable = [cell for each in columns for cell, _ in each]
        some = readable[:: max(1, len(readable) // HEARD)]
        heard = in_parallel(partial(read_recording, cut=cut), some)
        samples = [each[0] for each in heard if isinstance(each, tuple)]
        return cls(
            tuple(cells.columns),
            Sounds.fit(cut, samples),
            tuple(float(np.median([h.seconds for _, h in each] or [0.0])) for each in columns),
            tuple(_commonest([h.rate for _, h in each]) for each in columns),
        )

    def encode(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """(rows, columns, windows, length) int16 and what is missing, (rows, columns) bool."""
        shape = (cells.height, len(self.columns))
        samples = np.empty((*shape, self.sounds.count, self.sounds.length), np.int16)
        samples[:] = self.sounds.missing()
        missing = np.ones(shape, np.bool_)
        read = partial(read_recording, cut=self.sounds.cut)
        for position, column in enumerate(self.columns):
            lost: dict[int, str] = {}
            broken: dict[int, str] = {}
            mute: dict[int, str] = {}
            for row, found in enumerate(in_parallel(read, readable_cells(cells[column]))):
                if isinstance(found, UnreadableError):
                    lost[row] = str(found)
                elif found is not None:
                    samples[row, position], fault = found
                    missing[row, position] = False
                    broken |= {row: f"a sound {fault}"} if fault else {}
                    why = unheard(found[0], self.sounds.rate)
                    mute |= {row: f"a sound that is {why}"} if why else {}
            count_faults(cells[column], lost, mends)
            count_faults(cells[column], broken, mends, "the rest of it taken")
            count_faults(cells[column], mute, mends, "kept as silence")
        return {"audio": samples, "audio.missing": missing}

    def input_layer(
        self, width: int, generator: torch.Generator, encoder: Encoder = DEFAULT_ENCODER
    ) -> InputLayer:
        """One network for all the columns; its own width, not that of the table."""
        return AudioInput(self, encoder, generator)

    @property
    def side(self) -> int:
        """Sounds are not shrunk."""
        return 1

    @property
    def measured(self) -> int:
        """Trees see nothing of them."""
        return 0

    def mirrored(self, raw: Tensors) -> None:
        """A sound has no mirror image."""

    def likeness(self, raw: Tensors) -> Tensor:
        """A coarse spectrogram of each sound's first window, whatever its loudness and delay."""
        spectrogram = Spectrum(self.sounds.rate).raw(raw["audio"][:, :, 0].flatten(0, 1))
        alike = likeness_of(aligned(spectrogram))
        # A constant part brings 0.99 up to 0.997: of 3,000 short recordings no two had more, most
        # copies with a piece cut off, or packed by another codec, had.
        constant = (alike != 0).any(1, keepdim=True).float()
        whole = torch.cat([alike * 0.3**0.5, constant * 0.7**0.5], 1)
        return whole.unflatten(0, (-1, len(self.columns)))

    def parts(self, cells: pl.DataFrame, column: str, encoded: Encoded) -> Parts:
        """Fields of time and frequency."""
        position = self.columns.index(column)
        windows: Array = encoded["audio"][0, position]  # type: ignore[index]
        if encoded["audio.missing"][0, position]:  # type: ignore[index]
            return Parts((), np.zeros(0, np.int64))
        places, across = field_places(self.sounds, windows)
        seconds = recording_header(cells[column][0]).seconds
        names = field_names(self.sounds, windows, across, seconds)
        shape = (len(names) // across, across)
        return Parts(names, places, shape, pictured(self.sounds, windows), SPECTROGRAM)

    def keeping(self, cells: pl.DataFrame, kept: Mapping[str, Array], encoded: Encoded) -> Encoded:
        """The sounds with some fields alone, in the others a noise as loud as is usual there."""
        missing: Array = encoded["audio.missing"]  # type: ignore[assignment]
        rows = max(len(masks) for masks in kept.values())
        samples = np.repeat(np.asarray(encoded["audio"]), rows, 0)
        for position, column in enumerate(self.columns):
            if kept[column].shape[1]:
                own = silenced(self.sounds, samples[0, position], kept[column])
                samples[:, position] = own
        return {"audio": samples, "audio.missing": np.repeat(missing, rows, 0)}

    def preview(self, cell: str | bytes) -> Preview:
        """A waveform over its spectrogram, and the beginning of the sound to play."""
        return sound_preview(cell)

    def summary(self, column: str) -> str:
        """How long the sounds are, and their rate."""
        position = self.columns.index(column)
        rate = self.rates[position] / 1000
        return f"about {_duration(self.seconds[position])} at {rate:g} kHz"


class AudioInput(InputLayer):
    """Sounds of each column -> (batch, columns, width), by a network that they share."""

    def __init__(self, fitted: Audio, encoder: Encoder, generator: torch.Generator) -> None:
        super().__init__()
        self.columns = len(fitted.columns)
        self.hearing = fitted.sounds.hearing(encoder, generator)
        self.statistics = fitted.sounds.statistics()
        self.width = self.hearing.width
        self.missing = MissingValue(self.columns, self.width)
        self.features = self.columns * self.statistics.features
        self.measured = 0

    def forward(self, raw: Tensors) -> Tensor:
        """What is heard of each sound."""
        vectors = self.hearing(raw["audio"].flatten(0, 1))
        vectors = torch.nn.functional.layer_norm(vectors, (self.width,))
        return self.missing(vectors.unflatten(0, (-1, self.columns)), raw["audio.missing"])

    def face(self) -> torch.nn.Module:
        """The spectrograms."""
        return self.hearing.spectrum

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """Cepstrum statistics of each sound, 0 where it is missing."""
        value = self.statistics(raw["audio"].flatten(0, 1))
        value = value.unflatten(0, (-1, self.columns)).flatten(1)
        return torch.arange(self.features).expand(value.shape), value

    def measurements(self, raw: Tensors) -> Tensor:
        """None: the statistics mean more together than one by one."""
        return torch.zeros(0, 0, dtype=torch.float64)


def _headers(series: pl.Series) -> list[tuple[str | bytes, Header]]:
    """Some cells of a column that can be read; DataError if none of them can."""
    cells = sampled_cells("sounds", series, SAMPLE)
    found = list(in_parallel(recording_header, cells))
    read = [(c, h) for c, h in zip(cells, found, strict=True) if isinstance(h, Header)]
    if not read and cells:
        raise nothing_read("sounds", series.name, found[0])
    return read


def _commonest(rates: list[int]) -> int:
    return max(set(rates), key=rates.count) if rates else 0


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.2g} second{'' if f'{seconds:.2g}' == '1' else 's'}"
    return f"{seconds / 60:.0f} minutes" if seconds < 5_400 else f"{seconds / 3600:.1f} hours"
