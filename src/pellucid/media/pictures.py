"""Decodes pictures of any format with Pillow, upright and at the size that is wanted."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.media.arrays import as_array
from pellucid.media.depth import eight_bits, is_deep, scaled, span
from pellucid.media.files import UnreadableError, contents
from pellucid.media.picture_faults import MOST_PIXELS, TOO_LARGE, faults_told, reason_of
from pellucid.media.recognition import RAW_ARRAY

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Span = tuple[float, float]  # what is taken for black and white

DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")  # modes of more than 8 bits
ALIKE = 1.25  # ratio of aspects up to which a picture is stretched rather than padded
GREY = 128


@dataclass(frozen=True)
class Form:
    """One form for all: size, colour, and what is black and white in pictures of many bits."""

    height: int
    width: int
    channels: int  # 1 for grey, 3 for colour
    black: float = 0.0
    white: float = 65_535.0


@dataclass(frozen=True)
class Look:
    """What a picture is like before it is brought to a form."""

    width: int
    height: int
    colour: bool
    deep: tuple[float, float] | None  # percentiles 1 and 99 of a picture of more than 8 bits


def decode(cell: str | bytes, form: Form) -> Pixels:
    """(height, width, channels) uint8; UnreadableError where the cell holds no whole picture."""
    picture = _opened(contents(cell), form, (form.black, form.white))
    if min(picture.size) <= 1:
        raise UnreadableError("a picture of a single pixel or line")
    return np.asarray(_fitted(picture, form)).reshape(form.height, form.width, form.channels)


def look(cell: str | bytes) -> Look:
    """Size, colour and depth."""
    content = contents(cell)
    picture = _opened(content, None)
    width, height = picture.size
    deep = _deep_values(content, picture)
    return Look(width, height, _has_colour(picture), None if deep is None else span(deep))


def thumbnail(
    cell: str | bytes, black: float = 0.0, white: float = 65_535.0, side: int = 112
) -> dict[str, str]:
    """A small picture as a data URI, and its true size in words."""
    picture = _opened(contents(cell), None, (black, white))
    words = f"{picture.width} × {picture.height} pixels"
    small = _plain(picture, black, white)
    small = small if small.mode in ("L", "RGB") else _converted(small, "RGB")
    small.thumbnail((side, side))
    return {"image": _as_uri(small), "words": words}


def as_data(pixels: np.ndarray[Any, Any]) -> str:
    """Pixels (height, width, channels) of 0 to 255 as a data URI."""
    return _as_uri(_from_array(_arranged(pixels)))


def _as_uri(picture: Image) -> str:
    buffer = io.BytesIO()
    tiny = max(picture.size) <= 32
    picture.save(buffer, "PNG" if tiny else "JPEG", **({} if tiny else {"quality": 80}))
    kind = "png" if tiny else "jpeg"
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode()


def _opened(content: bytes, form: Form | None, shown: Span | None = None) -> Image:
    """Upright; a JPEG is decoded at the smallest scale that is not below the form's size.

    An array of colours of more than 8 bits is brought to 8, by its own black and white if no others
    are `shown`, since Pillow knows no such pictures.
    """
    from PIL import Image, ImageOps

    if content.startswith(RAW_ARRAY):
        return _of_array(content, shown)
    with faults_told():
        picture: Image.Image = Image.open(io.BytesIO(content))
    if picture.width * picture.height > MOST_PIXELS:
        raise UnreadableError(TOO_LARGE)
    if form is not None and picture.format == "JPEG":
        side, mode = max(form.height, form.width), "L" if form.channels == 1 else "RGB"
        with faults_told():
            picture.draft(mode, (side, side))
    with faults_told():
        picture.load()
        return ImageOps.exif_transpose(picture)


def _of_array(content: bytes, shown: Span | None) -> Image:
    """Arrays come in any shape and type; what Pillow will not take is no picture."""
    try:
        return _from_array(_arranged(as_array(content)), shown)
    except (ValueError, TypeError) as error:
        raise UnreadableError(reason_of(error)) from error


def _arranged(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(height, width) of grey or (height, width, channels) of colour, if it can be either."""
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4):
        array = np.moveaxis(array, 0, 2)
    return array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array


def _from_array(array: np.ndarray[Any, Any], shown: Span | None = None) -> Image:
    """Arranged pixels: whole numbers to 255, parts of 1, or numbers of more than 8 bits."""
    from PIL import Image

    if array.ndim == 2 and array.size and is_deep(array):
        return Image.fromarray(array.astype(np.float32))
    if not _of_deep_colours(array):
        return Image.fromarray(eight_bits(array))
    colours = scaled(array[..., :3], *(shown or span(array[..., :3])))
    clear = (array[..., 3:] // 257).clip(0, 255).astype(np.uint8)
    return Image.fromarray(np.concatenate([colours, clear], 2))


def _of_deep_colours(array: np.ndarray[Any, Any]) -> bool:
    """By the type alone: other numbers beyond 255 are overshoot, and cut."""
    whole = array.dtype.kind in "iu" and array.dtype.itemsize == 2
    return whole and array.ndim == 3 and array.shape[2] in (3, 4) and array.size > 0


def _deep_values(content: bytes, picture: Image) -> np.ndarray[Any, Any] | None:
    """The numbers of a picture of more than 8 bits."""
    if picture.mode in DEEP:
        return np.asarray(picture)
    array = _arranged(as_array(content)) if content.startswith(RAW_ARRAY) else None
    return array[..., :3] if array is not None and _of_deep_colours(array) else None


def _fitted(picture: Image, form: Form) -> Image:
    from PIL import Image

    picture = _plain(picture, form.black, form.white)
    mode = "L" if form.channels == 1 else "RGB"
    picture = picture if picture.mode == mode else _converted(picture, mode)
    wanted = (form.width, form.height)
    if picture.size == wanted:
        return picture
    aspect = (picture.width / picture.height) / (form.width / form.height)
    if 1 / ALIKE < aspect < ALIKE:
        return picture.resize(wanted, Image.Resampling.BILINEAR, reducing_gap=2.0)
    scale = min(form.width / picture.width, form.height / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    padded = Image.new(mode, wanted, GREY if mode == "L" else (GREY, GREY, GREY))
    padded.paste(small, ((form.width - size[0]) // 2, (form.height - size[1]) // 2))
    return padded


def _plain(picture: Image, black: float, white: float) -> Image:
    """Eight bits, and on white where something shines through."""
    from PIL import Image

    if picture.mode in DEEP:
        values = np.asarray(picture)
        if not np.isfinite(values).any():
            raise UnreadableError("a picture without a number")
        return Image.fromarray(scaled(values, black, white))
    if picture.has_transparency_data:
        clear = _converted(picture, "RGBA")
        ground = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, clear).convert("RGB")
    return picture


def _converted(picture: Image, mode: str) -> Image:
    """In another mode, which Pillow cannot do with a few rare ones."""
    try:
        return picture.convert(mode)
    except (ValueError, OSError) as error:
        raise UnreadableError("a picture whose colours cannot be read") from error


def _has_colour(picture: Image) -> bool:
    if picture.mode in ("1", "L", "LA", "La", *DEEP):
        return False
    small = _converted(picture, "RGB")
    small.thumbnail((64, 64))
    pixels = np.asarray(small, dtype=np.int16)
    return bool(np.abs(np.diff(pixels, axis=2)).mean() > 2)
