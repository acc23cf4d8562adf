"""What is wrong with a picture that Pillow will not decode, in a few words."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.media.files import UnreadableError

MOST_PIXELS = (
    80_000_000  # more is a mistake, or an attack by a small file that unpacks to a huge one
)
TOO_LARGE = f"a picture of more than {MOST_PIXELS // 10**6} million pixels"
# What Pillow's decoders raise for files that are damaged or made to harm.
FAULTS = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, TypeError, IndexError, KeyError,
    ArithmeticError, MemoryError, AttributeError, RuntimeError,
)  # fmt: skip


@contextmanager
def faults_told() -> Iterator[None]:
    """Pillow's faults as UnreadableError; nothing but calls of Pillow's stands in it."""
    from PIL import Image

    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableError(TOO_LARGE) from error
    except FAULTS as error:
        raise UnreadableError(reason_of(error)) from error


def reason_of(error: Exception) -> str:
    """What such a fault means."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "no picture, by its content"
    if isinstance(error, MemoryError):
        return "a picture too large for the memory"
    return "a picture that is cut short or damaged"
