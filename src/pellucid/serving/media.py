"""Files of a request looked at before they are decoded: how large, how long."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping

from pellucid.serving.limits import Limits


def check_file(content: bytes, kind: str, limits: Limits) -> str | None:
    """What is wrong with a file by its head alone; None if it may be decoded."""
    return CHECKS[kind](content, limits) if kind in CHECKS else None


def _picture(content: bytes, limits: Limits) -> str | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                width, height = image.size
    except Image.DecompressionBombError:
        return f"a picture of more than {limits.pixels:,} pixels"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return "not a picture that can be read"
    if width * height > limits.pixels:
        return f"a picture of {width:,} × {height:,} pixels; at most {limits.pixels:,} are taken"
    return None


def _sound(content: bytes, limits: Limits) -> str | None:
    import soundfile

    try:
        header = soundfile.info(io.BytesIO(content))
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError):
        return None  # another reader may know it: what the kind cannot decode it names itself
    if header.duration > limits.seconds:
        return f"a sound of {header.duration:,.0f} s; at most {limits.seconds:,.0f} s are taken"
    return None


CHECKS: Mapping[str, Callable[[bytes, Limits], str | None]] = {
    "image": _picture,
    "audio": _sound,
}
