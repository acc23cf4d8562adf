"""How a person sees and hears a sound in a report: waveform, spectrogram, and its beginning."""

from __future__ import annotations

import base64
import io
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.media.recordings import read_recording, recording_header
from pellucid.media.sounds import LOUDEST, NOTHING, Cut, Samples

LOW_RATE, RATE = 8_000, 16_000  # Hz
PLAYED = 6.0  # seconds that can be played
WIDTH, WAVE, SPECTRUM = 220, 30, 56  # pixels
FRAME = 512  # samples of a column of the spectrogram
DYNAMICS = 70.0  # decibels from the darkest to the brightest
PAPER, INK = (255, 255, 255), (47, 93, 138)
# From silence to loud: white, blue, violet, orange.
COLOURS = np.array(
    [(250, 250, 252), (168, 196, 224), (86, 110, 176), (120, 50, 110), (230, 120, 30)]
)


def sound_preview(cell: str | bytes) -> dict[str, str]:
    """A picture of the first seconds, the same to play, and the true length and rate in words."""
    header = recording_header(cell)
    rate = LOW_RATE if header.rate <= LOW_RATE else RATE
    windows, _ = read_recording(cell, Cut(rate, round(PLAYED * rate)))
    heard = windows[0][windows[0] != NOTHING]
    channels = {1: "mono", 2: "stereo"}.get(header.channels, f"{header.channels} channels")
    words = f"{header.seconds:.2f} s, {header.rate / 1000:g} kHz, {channels}"
    if header.seconds > PLAYED:
        words += f"; the first {PLAYED:g} s"
    words += f"; below the wave 0 to {rate // 2_000} kHz"
    return {
        "image": sound_picture(heard), "audio": playable(heard, rate), "words": words, "wide": "yes"
    }  # fmt: skip


def sound_picture(samples: Samples) -> str:
    """A waveform over its spectrogram as a data URI."""
    return png(np.concatenate([_wave(samples), _spectrum(samples)]))


def playable(samples: Samples, rate: int) -> str:
    """Samples as an MP3 in a data URI."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="MP3", subtype="MPEG_LAYER_III")
    return "data:audio/mpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def png(pixels: NDArray[np.uint8]) -> str:
    """Pixels (height, width, 3) as a small picture in a data URI."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).quantize(32).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _wave(samples: Samples) -> NDArray[np.uint8]:
    """A line from the lowest to the highest sample of each column of pixels, as loud as it gets."""
    edges = np.linspace(0, len(samples), WIDTH + 1).astype(int)
    loudest = max(int(np.abs(samples.astype(np.int32)).max(initial=0)), LOUDEST // 50)
    rows = np.arange(WAVE)[:, None]
    parts = [samples[a : max(b, a + 1)] for a, b in pairwise(edges)]
    middle = WAVE / 2
    top = np.array([middle - 1 - middle * int(p.max(initial=0)) / loudest for p in parts])
    bottom = np.array([middle - middle * int(p.min(initial=0)) / loudest for p in parts])
    return _coloured((rows >= np.floor(top)) & (rows <= np.ceil(bottom)))


def _coloured(inside: NDArray[Any]) -> NDArray[np.uint8]:
    return np.where(inside[..., None], INK, PAPER).astype(np.uint8)


def _spectrum(samples: Samples) -> NDArray[np.uint8]:
    """Power by frequency (upwards, the lower half spread out) and time, in decibels."""
    padded = np.pad(samples.astype(np.float32) / LOUDEST, FRAME // 2)
    starts = np.linspace(0, len(padded) - FRAME, WIDTH).astype(int)
    frames = np.stack([padded[start : start + FRAME] for start in starts]) * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(frames)) ** 2  # (width, bins)
    bins = ((np.arange(SPECTRUM) + 0.5) / SPECTRUM) ** 1.5 * (FRAME // 2)
    decibels = 10 * np.log10(power[:, bins.astype(int)] + 1e-9)
    shade = np.clip((decibels - decibels.max()) / DYNAMICS + 1, 0, 1) * (decibels.max() > -60)
    places = np.linspace(0, 1, len(COLOURS))
    colours = np.stack([np.interp(shade, places, COLOURS[:, i]) for i in range(3)], -1)
    return np.flip(colours.transpose(1, 0, 2), 0).astype(np.uint8)
