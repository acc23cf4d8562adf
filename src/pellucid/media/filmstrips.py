"""How a person sees a film in a report: a strip of its frames, and its sound."""

from __future__ import annotations

import base64
import io

import numpy as np

from pellucid.media.films import Frames, Shots, film_header, read_frames, read_track
from pellucid.media.sounds import NOTHING, Cut
from pellucid.media.waveforms import PLAYED, RATE, playable

FRAMES, LONGER = 4, 84  # frames of the strip, and pixels of their longer side
GAP = 2


def film_preview(cell: str | bytes) -> dict[str, str]:
    """Frames side by side, the beginning of the sound to play, length and size in words."""
    header = film_header(cell)
    scale = LONGER / max(header.width, header.height, 1)
    height, width = (max(1, round(side * scale)) for side in (header.height, header.width))
    pairs, _ = read_frames(cell, Shots(FRAMES, height, width))
    gap = np.full((height, GAP, 3), 255, np.uint8)
    strip = np.concatenate([part for pair in pairs for part in (pair[1], gap)][:-1], 1)
    words = f"{header.seconds:.1f} s, " if header.seconds else ""
    words += f"{header.width} × {header.height} pixels"
    preview = {"image": _jpeg(strip)}
    windows, _ = read_track(cell, Cut(RATE, round(PLAYED * RATE)))
    if windows is not None:
        preview["audio"] = playable(windows[0][windows[0] != NOTHING], RATE)
        words += ", with sound"
    return {**preview, "words": words, "wide": "yes"}


def lines_of(frames: Frames, lines: int) -> str:
    """Frames (count, height, width, 3) in lines, edge to edge, as a data URI."""
    strips = [np.concatenate(list(line), 1) for line in np.split(frames, lines)]
    return _jpeg(np.concatenate(strips, 0))


def _jpeg(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
