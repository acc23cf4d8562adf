"""Pictures and arrays that stand in Python cells, as the bytes of a file."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from pellucid.media.files import INLINE, UnreadableError, contents
from pellucid.media.recognition import RAW_ARRAY

SHORTEST_WAVE = 1_000  # numbers in a row that are taken for a sound


def is_medium(cell: Any) -> bool:
    """Whether a cell is a Pillow image or an array of pixels, frames or samples."""
    if isinstance(cell, np.ndarray):
        wave = cell.ndim == 1 and len(cell) >= SHORTEST_WAVE
        return cell.dtype.kind in "biuf" and (cell.ndim > 1 or wave)
    return _is_pillow(cell)


def as_bytes(cell: Any) -> bytes:
    """A picture or an array as the bytes of a NumPy file: lossless, and quick to read."""
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


def _is_pillow(cell: Any) -> bool:
    """Told by name, so that Pillow need not be imported where there is none of it."""
    return any(
        kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(cell).__mro__
    )


def _pixels(picture: Any) -> np.ndarray[Any, np.dtype[Any]]:
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    plain = upright.mode in ("L", "RGB", "RGBA", "I;16", "I", "F")
    return np.asarray(upright if plain else upright.convert("RGBA"))
