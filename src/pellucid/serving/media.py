"""Files of a request looked at before they are decoded: how large, how long."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping

from pellucid.media.files import UnreadableError
from pellucid.media.films import film_header
from pellucid.media.recordings import recording_header
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
    try:
        return _too_long(recording_header(content).seconds, "sound", limits)
    except UnreadableError as error:
        return str(error)


def _film(content: bytes, limits: Limits) -> str | None:
    try:
        header = film_header(content)
    except UnreadableError as error:
        return str(error)
    if header.width * header.height > limits.pixels:
        return f"a film of {header.width:,} × {header.height:,} pixels; at most {limits.pixels:,}"
    return _too_long(header.seconds, "film", limits)


def _too_long(seconds: float, what: str, limits: Limits) -> str | None:
    if seconds <= limits.seconds:
        return None
    return f"a {what} of {seconds:,.0f} s; at most {limits.seconds:,.0f} s are taken"


CHECKS: Mapping[str, Callable[[bytes, Limits], str | None]] = {
    "image": _picture,
    "audio": _sound,
    "video": _film,
}
