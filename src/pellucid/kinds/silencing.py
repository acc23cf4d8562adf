"""Sounds with some fields of time and frequency silenced to what is usual, for explanations."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pellucid.kinds.contract import Array
from pellucid.kinds.hearing import Sounds
from pellucid.media.pictures import as_data
from pellucid.media.sounds import LOUDEST, NOTHING
from pellucid.networks.layers.hearing import Spectrum
from pellucid.networks.layers.spectrogram import BANDS, FLOOR, LOWEST

ROWS, COLUMNS = 6, 8  # fields of frequency and of time
DYNAMICS = 14.0  # of the logarithm of power from white to dark: 60 dB
QUIET = 0  # the seed of the noise that stands for what is taken away


def field_places(sounds: Sounds, windows: Array) -> tuple[Array, int]:
    """The field that each number of a sound's spectrograms is in, -1 behind its end.

    `windows` (count, length) int16; places are (count, bands, frames), fields counted from the
    highest frequencies down and from the beginning on. Also how many columns there are.
    """
    hop = sounds.rate // 100
    frames = sounds.length // hop
    row = ROWS - 1 - np.arange(BANDS) * ROWS // BANDS
    if _repeated(windows):
        used = max(1, -(-int((windows[0] != NOTHING).sum()) // hop))
        columns = min(COLUMNS, used)
        column = np.tile(np.arange(frames) * columns // used, (len(windows), 1))
        column[:, used:] = -1
    else:
        each = max(1, COLUMNS // len(windows))
        columns = each * len(windows)
        column = np.arange(len(windows))[:, None] * each + np.arange(frames) * each // frames
    places = row[None, :, None] * columns + column[:, None, :]
    return np.where(column[:, None, :] < 0, -1, places), columns


def field_names(sounds: Sounds, windows: Array, columns: int, seconds: float) -> tuple[str, ...]:
    """The middle of each field: "0.45 s, 2.4 kHz"."""
    heard = float((windows[0] != NOTHING).sum()) / sounds.rate
    starts = [0.0] if _repeated(windows) else sounds.cut.starts(seconds)
    each = columns // len(starts)
    times = [s + heard * (i + 0.5) / each for s in starts for i in range(each)]
    edges = _edges(sounds.rate, 2 * ROWS)
    middles = [f"{edge / 1000:.1f} kHz" for edge in edges[-2::-2]]
    return tuple(f"{time:.2f} s, {middle}" for middle in middles for time in times)


def silenced(sounds: Sounds, windows: Array, kept: Array) -> Array:
    """A sound with only some fields kept: (rows, count, length) int16 for `kept` (rows, fields).

    The others hold a noise as loud as sounds usually are in each band.
    """
    places, _ = field_places(sounds, windows)
    single = windows[:1] if _repeated(windows) else windows
    wave = torch.from_numpy(single.astype(np.float32) / LOUDEST) * torch.from_numpy(
        (single != NOTHING).astype(np.float32)
    )
    spectrum = _Fourier(sounds)
    change = spectrum.forward(spectrum.noise(len(wave))) - spectrum.forward(wave)
    where = spectrum.places(torch.from_numpy(places[: len(wave)]))
    gone = torch.from_numpy(~np.pad(kept, ((0, 0), (0, 1)), constant_values=True))
    rows = [wave + spectrum.back(change * mask[where], wave.shape[1]) for mask in gone]
    samples = (torch.stack(rows) * LOUDEST).round().clamp(-LOUDEST, LOUDEST).to(torch.int16)
    made = np.where(single == NOTHING, np.int16(NOTHING), samples.numpy())
    return np.tile(made, (1, len(windows), 1)) if len(single) < len(windows) else made


def pictured(sounds: Sounds, windows: Array) -> str:
    """A grey spectrogram of what the fields tile, window beside window, as a data URI."""
    distinct = windows[:1] if _repeated(windows) else windows
    logs = Spectrum(sounds.rate).raw(torch.from_numpy(distinct)).numpy()  # (count, bands, frames)
    used = -(-int((distinct[0] != NOTHING).sum()) // (sounds.rate // 100))
    whole = np.concatenate(list(logs[:, :, : max(1, used)]), 1)
    shade = np.clip((whole - whole.max()) / DYNAMICS + 1, 0, 1)[::-1, :, None]
    return as_data((255 * (1 - 0.85 * shade)).astype(np.uint8))


class _Fourier:
    """Short-time spectra of the same frames as a log-mel spectrogram's, there and back."""

    def __init__(self, sounds: Sounds) -> None:
        self.sounds, self.layer = sounds, Spectrum(sounds.rate).log_mel
        self.size, self.hop = self.layer.size, self.layer.hop

    def forward(self, wave: Tensor) -> Tensor:
        return torch.stft(
            wave, self.size, self.hop, window=self.layer.window, pad_mode="constant",
            return_complex=True,
        )  # fmt: skip

    def back(self, spectrum: Tensor, length: int) -> Tensor:
        return torch.istft(spectrum, self.size, self.hop, window=self.layer.window, length=length)

    def places(self, places: Tensor) -> Tensor:
        """The field of each bin and frame, of (count, bands, frames) places."""
        middle = torch.linspace(0, self.sounds.rate / 2, self.size // 2 + 1)
        edges = torch.tensor(_edges(self.sounds.rate, BANDS))
        bands = torch.bucketize(middle, edges[1:-1])
        within = torch.cat([places, places[..., -1:]], 2)  # a frame more, at the end
        return within[:, bands]

    def noise(self, count: int) -> Tensor:
        """(count, length) as loud in each band as sounds usually are."""
        generator = torch.Generator().manual_seed(QUIET)
        white = torch.randn(count, self.sounds.length, generator=generator)
        power = torch.as_tensor(self.sounds.mean).exp() - FLOOR
        weight = self.layer.weight  # (bands, bins)
        each = power.clamp(min=0) / weight.sum(1).clamp(min=1e-9)
        bins = (each @ weight) / weight.sum(0).clamp(min=1e-9)
        gain = (bins / self.layer.window.square().sum()).sqrt()
        return self.back(self.forward(white) * gain.unsqueeze(1), self.sounds.length)


def _repeated(windows: Array) -> bool:
    """Whether every window holds the whole of a short sound."""
    return bool((windows == windows[:1]).all())


def _edges(rate: int, count: int = ROWS) -> list[float]:
    """Where groups of mel bands meet, in Hz from below."""
    lowest, highest = (2595 * np.log10(1 + f / 700) for f in (LOWEST, rate / 2))
    shares = np.array([-(-i * BANDS // count) / BANDS for i in range(count + 1)])
    return list(700 * (10 ** ((lowest + shares * (highest - lowest)) / 2595) - 1))
