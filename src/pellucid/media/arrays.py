"""Pictures and arrays that stand in Python cells, as the bytes of a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.media.files import INLINE, UnreadableError, contents
from pellucid.media.picture_faults import faults_told
from pellucid.media.recognition import RAW_ARRAY, medium_of_shape

SHORTEST_WAVE = 1_000  # numbers of the array by which a column is taken for one of sounds


def is_medium(cell: Any) -> bool:
    """Whether a cell is a Pillow image or an array of pixels, frames or samples."""
    return _is_pillow(cell) or (
        _is_array(cell) and (cell.ndim > 1 or (cell.ndim == 1 and len(cell) >= SHORTEST_WAVE))
    )


def are_media(cells: Sequence[Any]) -> list[bool]:
    """Which cells of a column are media; among waves a short array is a short sound."""
    found = [is_medium(cell) for cell in cells]
    if any(yes and _is_wave(cell) for yes, cell in zip(found, cells, strict=True)):
        found = [yes or _is_wave(cell) for yes, cell in zip(found, cells, strict=True)]
    return found


def as_bytes(cell: Any) -> bytes:
    """A picture or an array as the bytes of a NumPy file: lossless, and quick to read.

    UnreadableError where the file behind a picture breaks off, which shows only now.
    """
    array = _pixels(cell) if _is_pillow(cell) else cell
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def as_array(content: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    """The inverse of `as_bytes`; no code of the bytes is run."""
    try:
        array: np.ndarray[Any, np.dtype[Any]] = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError) as error:
        raise UnreadableError("an array that is damaged") from error
    return array


def array_in(cell: str | bytes) -> np.ndarray[Any, np.dtype[Any]] | None:
    """The array that a located cell holds; None where it names or holds a file."""
    if isinstance(cell, str) and not cell.startswith(INLINE):
        return None
    content = contents(cell)
    return as_array(content) if content.startswith(RAW_ARRAY) else None


def _is_array(cell: Any) -> bool:
    return isinstance(cell, np.ndarray) and cell.dtype.kind in "biuf"


def _is_wave(cell: Any) -> bool:
    return _is_array(cell) and medium_of_shape(cell.shape) == "audio"


def _is_pillow(cell: Any) -> bool:
    """Told by name, so that Pillow need not be imported where there is none of it."""
    return any(
        kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(cell).__mro__
    )


def _pixels(picture: Any) -> np.ndarray[Any, np.dtype[Any]]:
    from PIL import ImageOps

    with faults_told():
        upright = ImageOps.exif_transpose(picture)
        plain = upright.mode in ("L", "RGB", "RGBA", "I;16", "I", "F")
        return np.asarray(upright if plain else upright.convert("RGBA"))
