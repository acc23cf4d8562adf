"""Sound files of any format: by libsndfile, and those in AAC, which it cannot read, by FFmpeg."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pellucid.errors import DataError
from pellucid.media.files import UnreadableError, opened
from pellucid.media.films import read_track, track_header
from pellucid.media.sounds import Cut, Header, Samples, read_sound, sound_header

NO_READER = "a sound in AAC, for which PyAV is not installed (pip install 'pellucid[video]')"

Found = TypeVar("Found")


def recording_header(cell: str | bytes) -> Header:
    """Length, rate and channels; UnreadableError if it is no sound."""
    return _read(cell, sound_header, track_header)


def read_recording(cell: str | bytes, cut: Cut) -> tuple[Samples, str | None]:
    """The windows of a sound as `read_sound` gives them, and what was wrong with it."""
    return _read(cell, lambda it: read_sound(it, cut), lambda it: _of_track(it, cut))


def _read(
    cell: str | bytes, usual: Callable[[str | bytes], Found], other: Callable[[str | bytes], Found]
) -> Found:
    try:
        return usual(cell)
    except UnreadableError:
        if not _is_aac(cell):
            raise
    try:
        return other(cell)
    except DataError as error:
        raise UnreadableError(NO_READER) from error


def _of_track(cell: str | bytes, cut: Cut) -> tuple[Samples, str | None]:
    samples, fault = read_track(cell, cut)
    if samples is None:
        raise UnreadableError("a sound that cannot be decoded")
    return samples, fault


def _is_aac(cell: str | bytes) -> bool:
    """By the first bytes: an MP4 (.m4a), or a frame of AAC alone."""
    with opened(cell) as raw:
        head = raw.read(8)
    return head[4:] == b"ftyp" or (head[:1] == b"\xff" and head[1:2] in (b"\xf1", b"\xf9"))
