"""Pixels of any type of number as eight bits: parts of 1, whole numbers to 255, or of more bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.media.files import UnreadableError

EIGHT_BITS = 255

Array = np.ndarray[Any, np.dtype[Any]]
Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def is_deep(pixels: Array) -> bool:
    """Whether the numbers are of more than 8 bits: by their type, if that is one of 16 bits."""
    if pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= 2:
        return pixels.dtype.itemsize == 2
    return pixels.dtype.kind != "b" and _largest(pixels) > EIGHT_BITS


def span(pixels: Array) -> tuple[float, float]:
    """What is taken for black and white: percentiles 1 and 99 of the numbers that are finite."""
    finite = pixels[np.isfinite(pixels)]
    if not finite.size:
        raise UnreadableError("a picture without a number")
    low, high = np.percentile(finite.astype(np.float64), [1, 99])
    return float(low), float(high)


def scaled(pixels: Array, black: float, white: float) -> Pixels:
    """Numbers of more than 8 bits between black and white; what is no number is black."""
    wide = np.dtype(np.float64 if pixels.ndim == 2 else np.float32)  # a film is large
    values = (pixels.astype(wide) - black) * (EIGHT_BITS / max(white - black, 1e-9))
    return np.nan_to_num(values).clip(0, EIGHT_BITS).astype(np.uint8)


def eight_bits(pixels: Array) -> Pixels:
    """Truth values, parts of 1 or whole numbers to 255."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "b":
        return pixels * np.uint8(EIGHT_BITS)
    if pixels.dtype.kind == "f" and _largest(np.abs(pixels)) <= 1:
        pixels = np.nan_to_num(pixels).clip(0, 1) * EIGHT_BITS
    return np.nan_to_num(pixels).clip(0, EIGHT_BITS).astype(np.uint8)


def _largest(pixels: Array) -> float:
    finite = pixels[np.isfinite(pixels)]
    return float(finite.max()) if finite.size else -np.inf
