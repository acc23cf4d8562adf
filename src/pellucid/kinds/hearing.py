"""What sounds have in common, remembered for the kinds that hear: audio, and video's sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from pellucid.kinds.contract import Array
from pellucid.media.sounds import NOTHING, Cut, Header
from pellucid.networks.layers import Encoder
from pellucid.networks.layers.hearing import Hearing, SoundStatistics, Spectrum
from pellucid.networks.layers.spectrogram import BANDS

LOW_RATE, RATE = 8_000, 16_000  # Hz; all sounds are brought to one of them
WHOLE = 10.0  # seconds up to which most sounds are heard whole
PART, MOST_PARTS = 5.0, 6  # seconds of one window of longer sounds, and how many are kept
LEAST = 0.25  # seconds
QUIETEST = 9.0  # of the logarithm of power below the loudest: 40 dB


@dataclass(frozen=True)
class Sounds:
    """How sounds are cut, and the mean and spread of what is heard in them."""

    rate: int
    length: int  # samples of a window
    count: int  # windows
    mean: Array  # (bands,) of log-mel spectrograms
    spread: Array
    statistics_mean: Array  # (features,)
    statistics_spread: Array

    def __post_init__(self) -> None:
        whole = all(isinstance(n, int) for n in (self.rate, self.length, self.count))
        if not whole or self.rate not in (LOW_RATE, RATE) or not 1 <= self.count <= MOST_PARTS:
            raise ValueError(f"sounds of {self.count} windows at {self.rate} Hz cannot be")
        if not 0 < self.length <= WHOLE * RATE:
            raise ValueError(f"windows of {self.length} samples cannot be")
        if self.mean.shape != (BANDS,) or self.spread.shape != (BANDS,):
            raise ValueError("a spectrum of another number of bands")
        size = (SoundStatistics.features,)
        if self.statistics_mean.shape != size or self.statistics_spread.shape != size:
            raise ValueError("another number of statistics")

    @classmethod
    def fit(cls, cut: Cut, some: Sequence[Array]) -> Self:
        """`some` sounds, each (count, length) int16, cut as `cut` says."""
        silence = np.full((1, cut.count, cut.length), NOTHING, np.int16)
        windows = torch.from_numpy(np.stack(some) if some else silence)
        pieces, features = [], []
        spectrum, statistics = Spectrum(cut.rate), SoundStatistics(cut.rate)
        for chunk in windows.split(32):
            samples = chunk.flatten(0, 1)
            real = spectrum.real(samples[:, :: spectrum.log_mel.hop]) > 0
            frames = spectrum.raw_of_many(samples).transpose(1, 2)[real[:, : cut.length]]
            pieces.append(frames[:: max(1, len(frames) // 10_000)].double())
            features.append(statistics.raw(chunk).double())
        bands, numbers = torch.cat(pieces), torch.cat(features)
        mean, spread = _moments(bands)
        return cls(
            cut.rate, cut.length, cut.count, mean, np.maximum(spread, 0.5), *_moments(numbers)
        )

    @property
    def cut(self) -> Cut:
        """Which parts of a sound are kept."""
        return Cut(self.rate, self.length, self.count)

    def missing(self) -> Array:
        """What stands for a sound that is not there: (count, length)."""
        return np.full((self.count, self.length), NOTHING, np.int16)

    def hearing(self, encoder: Encoder, generator: torch.Generator) -> Hearing:
        """The network that hears them."""
        layer = Hearing(self.rate, self.length, encoder, generator)
        _standardise(layer.spectrum, self.mean[:, None], self.spread[:, None])
        return layer

    def statistics(self) -> SoundStatistics:
        """The layer of their cepstrum statistics."""
        layer = SoundStatistics(self.rate)
        _standardise(layer, self.statistics_mean, self.statistics_spread)
        return layer


def cut_for(headers: Sequence[Header]) -> Cut:
    """At 16 kHz, or 8 kHz if none has more; whole up to ten seconds, else in parts."""
    fastest = max((header.rate for header in headers), default=RATE)
    rate = LOW_RATE if fastest <= LOW_RATE else RATE
    seconds = float(np.quantile([header.seconds for header in headers] or [1.0], 0.95))
    hop = rate // 100
    if seconds <= WHOLE:
        return Cut(rate, max(round(LEAST * rate), -(-round(seconds * rate) // hop) * hop))
    return Cut(rate, round(PART * rate), int(min(MOST_PARTS, np.ceil(seconds / PART))))


def aligned(spectrogram: Tensor) -> Tensor:
    """Spectrograms (n, bands, frames) equally loud, each with its middle in the middle.

    What is 40 dB below the loudest counts as silence; the middle is that of the power.
    """
    x = (spectrogram - spectrogram.amax((1, 2), keepdim=True) + QUIETEST).clamp(min=0)
    frames = x.shape[2]
    power = (x - QUIETEST).exp().sum(1)
    middle = (power * torch.arange(frames)).sum(1) / power.sum(1)
    place = torch.arange(frames) + (middle - frames / 2).round().long().unsqueeze(1)
    inside = ((place >= 0) & (place < frames)).unsqueeze(1)
    moved = x.gather(2, place.clamp(0, frames - 1).unsqueeze(1).expand_as(x))
    return moved * inside


def likeness_of(pictures: Tensor) -> Tensor:
    """Pictures (n, height, width) on a coarse grid, centred and of length 1: (n, features)."""
    coarse = torch.nn.functional.adaptive_avg_pool2d(pictures.unsqueeze(1), (32, 32)).flatten(1)
    centred = coarse - coarse.mean(1, keepdim=True)
    flat = centred.square().mean(1, keepdim=True).sqrt() < 1e-3
    return torch.nn.functional.normalize(centred, dim=1).masked_fill(flat, 0.0)


def _moments(values: Tensor) -> tuple[Array, Array]:
    if not len(values):
        return np.zeros(values.shape[1], np.float32), np.ones(values.shape[1], np.float32)
    spread = values.std(0, correction=0).clamp(min=1e-3)
    return values.mean(0).float().numpy(), spread.float().numpy()


def _standardise(layer: Spectrum | SoundStatistics, mean: Array, spread: Array) -> None:
    layer.mean.copy_(torch.as_tensor(mean))
    layer.spread.copy_(torch.as_tensor(spread))
