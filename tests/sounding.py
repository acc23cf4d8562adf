"""Sound and film files that tests write for themselves: tones, and a square that moves."""

from __future__ import annotations

import gc
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile

from every_kind import plan
from pellucid.networks.layers import Encoder
from pellucid.networks.network import Body

RATE = 8_000


def tone(frequency=440.0, seconds=0.5, rate=RATE, loudness=0.5):
    """A sine wave of float32 samples."""
    time = np.arange(round(seconds * rate)) / rate
    return (loudness * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def write_sound(path, wave, rate=RATE, **how):
    """The path as text; the form is that of the name, unless `how` says another."""
    soundfile.write(path, wave, rate, **how)
    return str(path)


def resident():
    """Bytes of memory that this process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def moving_square(frames=20, step=3, size=(48, 64), colour=(255, 40, 40)):
    """(frames, height, width, 3): a square that goes to the right by `step` pixels a frame."""
    pixels = np.full((frames, *size, 3), 30, np.uint8)
    for number in range(frames):
        left = (5 + number * step) % (size[1] - 16)
        pixels[number, 16:32, left : left + 16] = colour
    return pixels


def write_film(
    path,
    pixels,
    sound=None,
    stamps=None,
    codecs=("mpeg4", "aac"),
    rotation=0,
    rate=16_000,
    title="",
):
    """The path as text; `stamps` are milliseconds, else there are 10 frames a second."""
    import av

    with av.open(str(path), "w") as container:
        container.metadata.update({"title": title} if title else {})
        stream = container.add_stream(codecs[0], rate=10)
        stream.height, stream.width = pixels.shape[1:3]
        stream.pix_fmt, stream.gop_size = "yuv420p", 5
        base = Fraction(1, 1000) if stamps else Fraction(1, 10)
        if stamps:
            stream.codec_context.time_base = stream.time_base = base
        if rotation:
            stream.set_display_rotation(rotation)
        layout = "mono" if sound is None or sound.ndim == 1 else "stereo"
        track = None
        if sound is not None:
            track = container.add_stream(codecs[1], rate=rate, layout=layout)
        for number, picture in enumerate(pixels):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = (stamps[number] if stamps else number), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if track is not None:
            samples = (sound * 32_767).astype(np.int16).reshape(1, -1)
            heard = av.AudioFrame.from_ndarray(samples, "s16", layout)
            heard.sample_rate = rate
            container.mux(track.encode(heard))
            container.mux(track.encode())
    return str(path)


def small_plan(**changes):
    """A plan of one small network that sees and hears, and of few steps."""
    body = Body(members=2, width=16, blocks=0, embedding=8, encoder=Encoder(channels=8))
    values = {"body": body, "batch": 8, "steps": 25, "trees": 30, "rate": 3e-3}
    return plan(**{**values, **changes})
