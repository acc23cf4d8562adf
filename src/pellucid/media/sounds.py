"""Sound files as windows of samples: any format, rate and length, in bounded memory."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.media.arrays import array_in
from pellucid.media.files import UnreadableError, opened

if TYPE_CHECKING:
    from soundfile import SoundFile

Samples = NDArray[np.int16]

NOTHING = -32_768  # stands behind the end of a sound; real samples stop one short of it
LOUDEST = 32_767
ARRAY_RATE = 16_000  # Hz; an array does not say its own
SLOWEST, FASTEST = 1_000, 768_000  # rates in Hz that a recording can have
MOST_CHANNELS = 64
SHORTEST = 0.001  # seconds; a sound of one sample is that short at any rate
BROKEN = "broken off before its end"
CUT_SHORT = re.compile(r"^data : \d+ \(should be \d+\)", re.MULTILINE)  # libsndfile, of a WAV


@dataclass(frozen=True)
class Header:
    """What a sound file says of itself."""

    seconds: float
    rate: int  # Hz
    channels: int


@dataclass(frozen=True)
class Cut:
    """Which parts of a sound are kept: `count` windows of `length` samples at `rate` Hz."""

    rate: int
    length: int
    count: int = 1

    @property
    def samples(self) -> int:
        """Samples of all windows."""
        return self.count * self.length

    def starts(self, seconds: float) -> list[float]:
        """Where the windows begin: evenly from the beginning to the end, in seconds."""
        room = max(0.0, seconds - self.length / self.rate)
        return [room * i / max(self.count - 1, 1) for i in range(self.count)]


def sound_header(cell: str | bytes) -> Header:
    """Length, rate and channels without decoding; UnreadableError if it is no sound."""
    array = array_in(cell)
    if array is not None:
        return Header(len(_wave(array)) / ARRAY_RATE, ARRAY_RATE, 1)
    with _opened(cell) as file:
        return Header(file.frames / file.samplerate, file.samplerate, file.channels)


def read_sound(cell: str | bytes, cut: Cut) -> tuple[Samples, str | None]:
    """The windows of a sound, (count, length) int16 mono, NOTHING behind its end.

    Also what was wrong with it, None if nothing. A sound shorter than a window is in each of
    them; of a longer one only the windows are decoded, so that memory does not grow with hours.
    """
    array = array_in(cell)
    if array is not None:
        return _windows_of(_wave(array), cut), None
    with _opened(cell) as file:
        seconds = file.frames / file.samplerate
        fault = None
        windows: list[Samples] = []
        for start in cut.starts(seconds):
            same = bool(windows) and seconds <= cut.length / cut.rate
            if not same:
                wave, broken = _read_from(file, start, cut)
                fault = fault or broken
            windows.append(wave)
    if not any(len(wave) for wave in windows):
        raise UnreadableError(fault or "a sound without a sample")
    return np.stack([padded(wave, cut.length) for wave in windows]), fault


def unheard(windows: Samples, rate: int) -> str | None:
    """Why nothing can be heard of the windows (count, length) of a sound; None where it can."""
    real = windows != NOTHING
    if real.sum(-1).max() <= rate * SHORTEST:
        return "too short to hear, a thousandth of a second at most"
    return None if windows[real].any() else "silent"


def resampled(wave: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """The same sound at another rate, by a polyphase filter (SciPy's)."""
    if rate == wanted or not len(wave):
        return wave
    from scipy.signal import resample_poly

    common = math.gcd(rate, wanted)
    made: NDArray[np.float32] = resample_poly(wave, wanted // common, rate // common)
    return made.astype(np.float32)


def as_samples(wave: NDArray[np.float32]) -> Samples:
    """Values from -1 to 1 as int16; what is not finite becomes silence, what is too loud is cut."""
    finite = np.nan_to_num(wave, nan=0.0, posinf=1.0, neginf=-1.0)
    return np.clip(np.rint(finite * -NOTHING), -LOUDEST, LOUDEST).astype(np.int16)


def padded(wave: Samples, length: int) -> Samples:
    """Exactly `length` samples, NOTHING behind the end."""
    filled = np.full(length, NOTHING, np.int16)
    filled[: len(wave)] = wave[:length]
    return filled


def _wave(array: NDArray[Any]) -> NDArray[np.float32]:
    """An array of samples (n,) or (n, channels), whole numbers or parts of 1, as one channel."""
    if array.ndim not in (1, 2) or not array.size or array.dtype.kind not in "iuf":
        raise UnreadableError(f"an array {array.shape} in place of a sound")
    scale = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
    wave = array.astype(np.float32) / scale
    if array.dtype.kind == "u":
        wave = 2 * wave - 1
    if wave.ndim == 2:
        wave = wave.mean(int(wave.shape[0] > wave.shape[1]), dtype=np.float32)
    return wave


def _windows_of(wave: NDArray[np.float32], cut: Cut) -> Samples:
    made = as_samples(resampled(wave, ARRAY_RATE, cut.rate))
    starts = (round(start * cut.rate) for start in cut.starts(len(made) / cut.rate))
    return np.stack([padded(made[start:], cut.length) for start in starts])


@contextmanager
def _opened(cell: str | bytes) -> Iterator[SoundFile]:
    """The sound file, open; its name is hidden from the reader, which goes by the content."""
    import soundfile

    with opened(cell) as raw:
        try:
            file = soundfile.SoundFile(_Nameless(raw))
        except soundfile.SoundFileError as error:
            raise UnreadableError("no sound that can be read") from error
        with file:
            if not SLOWEST <= file.samplerate <= FASTEST:
                raise UnreadableError(f"a sound of {file.samplerate:,} Hz")
            if file.channels > MOST_CHANNELS:
                raise UnreadableError(f"a sound of {file.channels:,} channels")
            yield file


class _Nameless:
    """A binary file without a name: by a name such as "a.raw" a reader would guess wrongly."""

    def __init__(self, file: Any) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell
        self.readinto = file.readinto

    def write(self, data: bytes) -> int:
        raise io.UnsupportedOperation("write")


def _read_from(file: SoundFile, start: float, cut: Cut) -> tuple[Samples, str | None]:
    """One window, and what was wrong; a stream that breaks off gives what stands before it."""
    import soundfile

    first = round(start * file.samplerate)
    wanted = math.ceil(cut.length / cut.rate * file.samplerate)
    expected = min(wanted, file.frames - first)
    # One call reads all: between calls soundfile seeks, and a seek in an MP3 loses sound.
    wave = np.full((max(expected, 0), file.channels), np.nan, np.float32)
    fault = BROKEN if CUT_SHORT.search(file.extra_info) else None
    try:
        file.seek(first)
        wave = wave[: len(file.read(out=wave))]
    except soundfile.SoundFileError:
        fault = BROKEN
    wave = wave[: int(np.isfinite(wave).all(1).cumprod().sum())]  # what was read before a fault
    if len(wave) < expected - file.samplerate // 10:  # the length of an MP3 is an estimate
        fault = BROKEN
    mono = wave.mean(1, dtype=np.float32)
    return as_samples(resampled(mono, file.samplerate, cut.rate)), fault
