"""Waves to log-mel spectrograms, their augmentation, and the statistics of their cepstra."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.networks.layers.randomness import RandomLayer

WINDOW, HOP = 0.025, 0.010  # seconds of one frame, and from one to the next
BANDS, LOWEST = 64, 20.0  # mel bands, and where the first begins in Hz
FLOOR = 1e-6  # power that counts as silence: 60 dB and more below speech
COEFFICIENTS = 20  # of a cepstrum


class LogMel(nn.Module):
    """Waves (n, samples) from -1 to 1 -> the logarithm of power in mel bands (n, bands, frames).

    A frame lasts 25 ms and the next begins 10 ms later; a wave of f * hop samples has f frames.
    """

    window: Tensor
    weight: Tensor

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.hop, length = round(rate * HOP), round(rate * WINDOW)
        self.size = 2 ** math.ceil(math.log2(2 * length))  # zeros behind a frame: finer bins
        window = torch.hann_window(length)
        left = (self.size - length) // 2
        self.register_buffer("window", nn.functional.pad(window, (left, self.size - length - left)))
        self.register_buffer("weight", mel_weights(rate, self.size))

    def forward(self, wave: Tensor) -> Tensor:
        """log(mel(|STFT|^2) + floor)."""
        side = self.size - self.hop
        wave = nn.functional.pad(wave, (side // 2, side - side // 2))
        spectrum = torch.stft(
            wave, self.size, self.hop, window=self.window, center=False, return_complex=True
        )
        power = torch.view_as_real(spectrum).square().sum(-1)  # (n, bins, frames)
        return (self.weight @ power + FLOOR).log()


def mel_weights(rate: int, size: int) -> Tensor:
    """Triangles over the bins of a Fourier transform, equally wide in mel: (bands, bins).

    Mel is 2595 log10(1 + f / 700) (O'Shaughnessy 1987).
    """
    lowest, highest = (2595 * math.log10(1 + f / 700) for f in (LOWEST, rate / 2))
    corners = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)  # in Hz
    bins = np.arange(size // 2 + 1) * rate / size
    left, middle, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (bins - left) / (middle - left), (right - bins) / (right - middle)
    return torch.tensor(np.clip(np.minimum(rising, falling), 0, None), dtype=torch.float32)


class CepstrumStatistics(nn.Module):
    """Log-mel spectrograms (n, bands, frames) -> (n, 5 * 20) numbers that sum up a sound.

    Mean, deviation and largest value of each mel-frequency cepstral coefficient over the frames,
    mean size and deviation of its change from frame to frame.
    """

    cosine: Tensor
    features = 5 * COEFFICIENTS

    def __init__(self) -> None:
        super().__init__()
        angle = np.arange(COEFFICIENTS)[:, None] * (np.arange(BANDS) + 0.5) * np.pi / BANDS
        self.register_buffer("cosine", torch.tensor(np.cos(angle) * (2 / BANDS) ** 0.5).float())

    def forward(self, spectrogram: Tensor, real: Tensor) -> Tensor:
        """`real` (n, frames) is 1 where a frame is of the sound, 0 behind its end."""
        cepstrum = self.cosine @ spectrogram  # (n, coefficients, frames)
        change = cepstrum[..., 1:] - cepstrum[..., :-1]
        here, pair = real.unsqueeze(1), (real[:, 1:] * real[:, :-1]).unsqueeze(1)
        mean, deviation = _moments(cepstrum, here)
        _, of_change = _moments(change, pair)
        size, _ = _moments(change.abs(), pair)
        highest = (cepstrum - (1 - here) * 1e4).amax(-1) * (here.amax(-1) > 0)
        return torch.cat([mean, deviation, highest, size, of_change], 1)


def _moments(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    count = weight.sum(-1).clamp(min=1)
    mean = (values * weight).sum(-1) / count
    spread = ((values - mean.unsqueeze(-1)).square() * weight).sum(-1) / count
    return mean, (spread + 1e-8).sqrt()


class SpectrogramAugmentation(RandomLayer):
    """What the same sound may look like: louder, higher, slower, later, and with parts of it lost.

    While training each spectrogram is shifted and stretched in both directions, as by another
    voice, microphone or cut, and two bands of frequency and of time are blanked
    (SpecAugment, Park et al. 2019). It expects values with mean 0 and deviation 1.
    """

    GAIN = 0.4  # deviations: about 6 dB
    STRETCH, SHIFT = (0.08, 0.15), (0.08, 0.10)  # shares of the (frequency, time) axis
    BLANK = (0.15, 0.15)  # the widest blanked band, as a share of each axis

    def forward(self, x: Tensor) -> Tensor:
        """(n, bands, frames), augmented while training, as it is otherwise."""
        if not self.training:
            return x
        count = x.shape[0]
        warp = torch.zeros(count, 2, 3)
        for axis, row in ((1, 0), (0, 1)):  # grid_sample counts from the last axis
            warp[:, row, row] = (self._draw(count) * self.STRETCH[axis]).exp()
            warp[:, row, 2] = 2 * self._draw(count) * self.SHIFT[axis]
        grid = nn.functional.affine_grid(warp, [count, 1, *x.shape[1:]], align_corners=False)
        moved = nn.functional.grid_sample(
            x.unsqueeze(1), grid, padding_mode="border", align_corners=False
        ).squeeze(1)
        louder = moved + (self._draw(count) * self.GAIN).view(-1, 1, 1)
        return louder * self._kept(x.shape, 1) * self._kept(x.shape, 2)

    def _draw(self, count: int) -> Tensor:
        return torch.rand(count, generator=self.generator) * 2 - 1

    def _kept(self, shape: torch.Size, axis: int) -> Tensor:
        """0 in two random bands along an axis, else 1."""
        size = shape[axis]
        place = torch.arange(size).view(1, 1, -1)
        draws = torch.rand(2, shape[0], 2, 1, generator=self.generator)
        width = draws[0] * self.BLANK[axis - 1] * size
        start = draws[1] * (size - width)
        blank = ((place >= start) & (place < start + width)).any(1)  # (n, size)
        return (~blank).float().unsqueeze(3 - axis)
