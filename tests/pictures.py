"""Small pictures for tests: stripes that lie or stand, in files of any format."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image


def stripes(number: int, upright: bool, side: int = 16, channels: int = 1) -> Image.Image:
    """Stripes of a phase, width and strength of their own, under noise."""
    rng = np.random.default_rng(number)
    across = np.arange(side) * rng.uniform(0.9, 1.4) + rng.uniform(0, 6)
    wave = np.broadcast_to(np.sin(across) * rng.uniform(40, 80), (side, side))
    pixels = 128 + (wave if upright else wave.T) + rng.normal(0, 8, (side, side))
    grey = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return grey if channels == 1 else grey.convert("RGB")


def scene(number: int, side: int = 64) -> Image.Image:
    """A picture of soft shapes, another for each number."""
    noise = np.random.default_rng(number).integers(0, 255, (6, 6)).astype(np.uint8)
    return Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)


def encoded(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def class_folders(folder: Path, each: int = 30, side: int = 16) -> Path:
    """A folder `upright` and a folder `lying` with so many pictures each."""
    for name in ("upright", "lying"):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            picture = stripes(i + 1_000 * (name == "lying"), name == "upright", side)
            picture.save(folder / name / f"{i:03}.png")
    return folder
