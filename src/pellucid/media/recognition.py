"""What medium a file, a cell or a column is: picture, sound or film, by extension and content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

import polars as pl

Medium = str  # "image", "audio" or "video"

EXTENSIONS: Final[dict[Medium, tuple[str, ...]]] = {
    "image": ("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "ppm",
              "pgm", "tga", "jp2", "avif"),
    "audio": ("wav", "wave", "flac", "ogg", "oga", "opus", "mp3", "aif", "aiff", "m4a", "aac"),
    "video": ("mp4", "m4v", "webm", "avi", "mov", "mkv", "mpg", "mpeg", "wmv"),
}  # fmt: skip
BY_EXTENSION: Final = {name: medium for medium, names in EXTENSIONS.items() for name in names}
RAW_ARRAY = b"\x93NUMPY"
# The first bytes of a file; a dot stands for any byte.
MAGIC: Final[tuple[tuple[bytes, Medium], ...]] = (
    (b"\xff\xd8\xff", "image"),
    (b"\x89PNG", "image"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"RIFF....WEBP", "image"),
    (b"RIFF....WAVE", "audio"),
    (b"RIFF....AVI ", "video"),
    (b"....ftypavif", "image"),
    (b"....ftypM4A", "audio"),
    (b"....ftyp", "video"),
    (b"fLaC", "audio"),
    (b"OggS", "audio"),
    (b"ID3", "audio"),
    (b"FORM....AIF", "audio"),
    (b"\xff\xfb", "audio"),
    (b"\xff\xf3", "audio"),
    (b"\xff\xf1", "audio"),
    (b"\xff\xf9", "audio"),
    (b"\x1a\x45\xdf\xa3", "video"),
)
MOST_CHANNELS = 2  # of an array that is taken for a sound; more lines are a picture
SHARE = 0.8  # of a column's cells, for the column to be of that medium
ROWS = 1_000  # that are looked at


def medium_of(cells: pl.Series) -> Medium | None:
    """The medium that most cells of a column name (paths, data URIs) or hold (bytes)."""
    present = cells.drop_nulls().head(ROWS)
    if cells.dtype == pl.Binary:
        found = pl.Series([medium_of_bytes(cell) for cell in present.head(20)], dtype=pl.String)
    elif cells.dtype == pl.String:
        extension = present.str.strip_chars().str.to_lowercase().str.extract(r"\.([a-z0-9]{2,5})$")
        inline = present.str.extract(r"^data:(image|audio|video)/")
        named = extension.replace_strict(BY_EXTENSION, default=None, return_dtype=pl.String)
        found = inline.fill_null(named)
    else:
        return None
    counts = found.alias("medium").drop_nulls().value_counts(sort=True)
    if not len(found) or not counts.height or counts["count"][0] < SHARE * len(found):
        return None
    return str(counts["medium"][0])


def medium_of_name(name: str) -> Medium | None:
    """The medium that a file's extension stands for."""
    return BY_EXTENSION.get(PurePath(name).suffix.lower().removeprefix("."))


def medium_of_bytes(content: bytes) -> Medium | None:
    """The medium that the first bytes of a file tell."""
    if content.startswith(RAW_ARRAY):
        return _medium_of_array(content)
    for magic, medium in MAGIC:
        head = content[: len(magic)]
        if len(head) == len(magic) and all(
            b == m or m == ord(".") for b, m in zip(head, magic, strict=True)
        ):
            return medium
    return None


def medium_of_shape(shape: Sequence[int]) -> Medium | None:
    """By the number of dimensions: a wave has one, a picture two or three, a film four.

    Two dimensions of which one is no more than two are the channels of a sound.
    """
    if len(shape) == 2 and min(shape) <= MOST_CHANNELS:
        return "audio"
    return {1: "audio", 2: "image", 3: "image", 4: "video"}.get(len(shape))


def _medium_of_array(content: bytes) -> Medium | None:
    header = content[8:200].partition(b"(")[2].partition(b")")[0]
    sides = [part.strip() for part in header.split(b",") if part.strip()]
    return (
        medium_of_shape([int(side) for side in sides]) if all(map(bytes.isdigit, sides)) else None
    )
