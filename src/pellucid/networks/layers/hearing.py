"""Windows of a sound to one vector: what a network hears, and what statistics tell of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.networks.layers.convolution import PictureEncoder
from pellucid.networks.layers.input import Encoder
from pellucid.networks.layers.randomness import RandomLayer
from pellucid.networks.layers.spectrogram import (
    BANDS,
    CepstrumStatistics,
    LogMel,
    SpectrogramAugmentation,
)

NOTHING = -32_768  # stands behind the end of a sound
LOUDEST = 32_767
MOST_SAMPLES = 2**21  # transformed at once: the transform takes 100 bytes for each
FARTHEST = 5.0  # deviations: statistics beyond say no more


class Hearing(nn.Module):
    """Windows of samples (n, windows, length) int16 -> (n, `width`).

    One window is heard while training, all of them otherwise, and what they give is averaged.
    The network gets two views: the spectrogram, and the same less each band's own mean, which a
    microphone or a room has coloured.
    """

    def __init__(
        self, rate: int, length: int, encoder: Encoder, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.spectrum = Spectrum(rate)
        self.choice = WindowChoice()
        self.augmentation = SpectrogramAugmentation()
        frames = length // self.spectrum.log_mel.hop
        self.encoder = PictureEncoder(2, min(frames, BANDS), encoder, generator)
        self.width = self.encoder.width

    def forward(self, windows: Tensor) -> Tensor:
        """The mean of what is heard in each window."""
        windows = self.choice(windows)
        x = self.augmentation(self.spectrum(windows.flatten(0, 1)))
        centred = x - x.mean(-1, keepdim=True)
        views = torch.stack([x, centred], 1).contiguous(memory_format=torch.channels_last)
        return self.encoder(views).unflatten(0, (-1, windows.shape[1])).mean(1)


class Spectrum(nn.Module):
    """Samples (n, length) int16 -> log-mel spectrograms in standard units, (n, bands, frames)."""

    mean: Tensor
    spread: Tensor

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.log_mel = LogMel(rate)
        self.register_buffer("mean", torch.zeros(BANDS, 1))
        self.register_buffer("spread", torch.ones(BANDS, 1))

    def forward(self, samples: Tensor) -> Tensor:
        """(log-mel - mean) / spread, band by band."""
        return (self.raw(samples) - self.mean) / self.spread

    def raw(self, samples: Tensor) -> Tensor:
        """Logarithms of power; silence behind the end."""
        return self.log_mel(samples.float() / LOUDEST * self.real(samples))

    def raw_of_many(self, samples: Tensor) -> Tensor:
        """The same of more sounds than memory holds the transforms of."""
        some = max(1, MOST_SAMPLES // max(1, samples.shape[1]))
        return torch.cat([self.raw(piece) for piece in samples.split(some)])

    def real(self, samples: Tensor) -> Tensor:
        """1 where a sample is of the sound, 0 behind its end."""
        return (samples != NOTHING).float()


class SoundStatistics(nn.Module):
    """Windows of samples (n, windows, length) int16 -> cepstrum statistics in standard units.

    All 0 where there is no sound.
    """

    mean: Tensor
    spread: Tensor
    features = CepstrumStatistics.features

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.spectrum = Spectrum(rate)
        self.statistics = CepstrumStatistics()
        self.register_buffer("mean", torch.zeros(self.features))
        self.register_buffer("spread", torch.ones(self.features))

    def forward(self, windows: Tensor) -> Tensor:
        """(statistics - mean) / spread."""
        standard = (self.raw(windows) - self.mean) / self.spread
        sounds = (windows != NOTHING).any(2).any(1, keepdim=True)
        return standard.clamp(-FARTHEST, FARTHEST) * sounds

    def raw(self, windows: Tensor) -> Tensor:
        """Statistics over the frames of all windows: (n, features)."""
        samples = windows.flatten(0, 1)
        count = windows.shape[1]
        spectrogram = self.spectrum.raw_of_many(samples).unflatten(0, (-1, count))
        real = self.spectrum.real(samples[:, :: self.spectrum.log_mel.hop])
        frames = spectrogram.permute(0, 2, 1, 3).flatten(2)  # one window behind the other
        return self.statistics(frames, real.unflatten(0, (-1, count)).flatten(1))


class WindowChoice(RandomLayer):
    """One window of each sound, drawn anew at every step, while training; otherwise all."""

    def forward(self, windows: Tensor) -> Tensor:
        """(n, windows, length) -> (n, 1, length), or as it is."""
        if not self.training:
            return windows
        count, of = windows.shape[:2]
        drawn = torch.randint(0, of, (count,), generator=self.generator)
        return windows[torch.arange(count), drawn].unsqueeze(1)
