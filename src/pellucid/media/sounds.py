"""Sound files as windows of samples: any format, rate and length, in bounded memory."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.media.arrays import array_in
from pellucid.media.files import UnreadableError, opened

if TYPE_CHECKING:
    from soundfile import SoundFile

Samples = NDArray[np.int16]
Wave = NDArray[np.float32]

NOTHING = -32_768  # stands behind the end of a sound; real samples stop one short of it
LOUDEST = 32_767
ARRAY_RATE = 16_000  # Hz; an array does not say its own
SLOWEST, FASTEST = 1_000, 768_000  # rates in Hz that a recording can have
MOST_CHANNELS = 64
SHORTEST = 0.001  # seconds; a sound of one sample is that short at any rate
BROKEN = "broken off before its end"
DAMAGED = "damaged in places"
FLOATS = ("FLOAT", "DOUBLE")  # subtypes of which samples may mean to be beyond ±1
LARGEST_TERM = 1_000  # of a ratio of rates
CANCELLED = 1e-4  # of a channel's power; a mean below it is of channels in opposite phase
UNKNOWN = 2**62  # frames; libsndfile says so many where a file does not say
MOST_COUNTED = 4 * 3_600  # seconds
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
        return Header(_frames(cell, file) / file.samplerate, file.samplerate, file.channels)


def read_sound(cell: str | bytes, cut: Cut) -> tuple[Samples, str | None]:
    """The windows of a sound, (count, length) int16 mono, NOTHING behind its end.

    Also what was wrong with it, None if nothing. A sound shorter than a window is in each of
    them; of a longer one only the windows are decoded, so that memory does not grow with hours.
    """
    array = array_in(cell)
    if array is not None:
        return _of_array(array, cut)
    with _opened(cell) as file:
        frames, rate = _frames(cell, file), file.samplerate
        seconds = frames / rate
        fault = None
        waves: list[Wave] = []
        for start in cut.starts(seconds):
            same = bool(waves) and seconds <= cut.length / cut.rate
            if not same:
                wave, broken = _read_from(file, frames, start, cut)
                fault = fault or broken
            waves.append(wave)
        if file.subtype in FLOATS:  # a lossy codec may overshoot by a little, which is cut
            waves = _within_one(waves)
    if not any(len(wave) for wave in waves):
        raise UnreadableError(fault or "a sound without a sample")
    made = [as_samples(resampled(wave, rate, cut.rate)) for wave in waves]
    return np.stack([padded(samples, cut.length) for samples in made]), fault


def unheard(windows: Samples, rate: int) -> str | None:
    """Why nothing can be heard of the windows (count, length) of a sound; None where it can."""
    real = windows != NOTHING
    if real.sum(-1).max() <= rate * SHORTEST:
        return "too short to hear, a thousandth of a second at most"
    return None if windows[real].any() else "silent"


def resampled(wave: Wave, rate: int, wanted: int) -> Wave:
    """The same sound at another rate, by a polyphase filter (SciPy's)."""
    if rate == wanted or not len(wave):
        return wave
    from scipy.signal import resample_poly

    # The filter is as long as the larger term: ratios such as 16,000 : 95,989 are rounded, by less
    # than a thousandth.
    ratio = Fraction(min(rate, wanted), max(rate, wanted)).limit_denominator(LARGEST_TERM)
    terms = (ratio.numerator, ratio.denominator)
    up, down = terms if wanted < rate else reversed(terms)
    made: Wave = resample_poly(wave, up, down)
    return made.astype(np.float32)


def as_samples(wave: Wave) -> Samples:
    """Values from -1 to 1 as int16; what is not finite becomes silence, what is too loud is cut."""
    finite = np.nan_to_num(wave, nan=0.0, posinf=1.0, neginf=-1.0)
    return np.clip(np.rint(finite * -NOTHING), -LOUDEST, LOUDEST).astype(np.int16)


def padded(wave: Samples, length: int) -> Samples:
    """Exactly `length` samples, NOTHING behind the end."""
    filled = np.full(length, NOTHING, np.int16)
    filled[: len(wave)] = wave[:length]
    return filled


def _wave(array: NDArray[Any]) -> Wave:
    """An array of samples (n,) or (n, channels), whole numbers or floats, as one channel."""
    if array.ndim not in (1, 2) or not array.size or array.dtype.kind not in "iuf":
        raise UnreadableError(f"an array {array.shape} in place of a sound")
    wave = array.astype(np.float32) / _scale(array)
    if array.dtype.kind == "u":
        wave = 2 * wave - 1
    if wave.ndim == 2:
        wave = _mixed(wave if wave.shape[0] > wave.shape[1] else wave.T)
    return wave


def _scale(array: NDArray[Any]) -> float:
    """The largest number that an array of its type can hold; wide types often hold 16 bits only."""
    if array.dtype.kind == "f":
        return 1.0
    if array.dtype.kind == "i" and array.dtype.itemsize > 2:
        largest = max(-int(array.min()), int(array.max()))
        return next(float(2**bits - 1) for bits in (15, 31, 63) if largest <= 2**bits)
    return float(np.iinfo(array.dtype).max)


def _mixed(wave: Wave) -> Wave:
    """The mean of the channels (n, channels); the loudest alone where they cancel each other."""
    mean = wave.mean(1, dtype=np.float32)
    power = np.square(wave, dtype=np.float32).sum(0)
    if len(power) > 1 and np.square(mean).sum() < CANCELLED * power.max():
        return wave[:, int(power.argmax())]
    return mean


def _finite(wave: Wave) -> tuple[Wave, str | None]:
    """What is no number as silence, and that there was any."""
    finite = np.isfinite(wave)
    return (wave, None) if finite.all() else (np.where(finite, wave, np.float32(0)), DAMAGED)


def _within_one(waves: list[Wave]) -> list[Wave]:
    """Parts of a sound that go beyond ±1, divided by the loudest sample of all."""
    loudest = max((float(np.abs(wave).max(initial=0)) for wave in waves), default=0.0)
    return [wave / np.float32(loudest) for wave in waves] if loudest > 1 else waves


def _of_array(array: NDArray[Any], cut: Cut) -> tuple[Samples, str | None]:
    known, fault = _finite(array) if array.dtype.kind == "f" else (array, None)
    wave = _wave(known)
    if array.dtype.kind == "f":
        (wave,) = _within_one([wave])
    made = as_samples(resampled(wave, ARRAY_RATE, cut.rate))
    starts = (round(start * cut.rate) for start in cut.starts(len(made) / cut.rate))
    return np.stack([padded(made[start:], cut.length) for start in starts]), fault


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


def _frames(cell: str | bytes, file: SoundFile) -> int:
    """How many there are; counted, up to some hours, where a streamed FLAC does not say."""
    import soundfile

    if file.frames < UNKNOWN:
        return int(file.frames)
    count = 0
    with _opened(cell) as again:  # at the end of such a file libsndfile fails, and seeks no more
        for _ in range(MOST_COUNTED):
            second = np.full((file.samplerate, file.channels), np.nan, np.float32)
            try:
                read = len(again.read(out=second))
            except soundfile.SoundFileError:
                read = _filled(second)
            count += read
            if read < len(second):
                break
    return count


def _filled(wave: Wave) -> int:
    """How many samples (n, channels) were read, the rest being NaN as before."""
    known = np.flatnonzero(np.isfinite(wave).any(1))
    return int(known[-1]) + 1 if len(known) else 0


def _read_from(file: SoundFile, frames: int, start: float, cut: Cut) -> tuple[Wave, str | None]:
    """One window, and what was wrong; a stream that breaks off gives what stands before it."""
    import soundfile

    first = round(start * file.samplerate)
    wanted = math.ceil(cut.length / cut.rate * file.samplerate)
    expected = min(wanted, frames - first)
    # One call reads all: between calls soundfile seeks, and a seek in an MP3 loses sound.
    wave = np.full((max(expected, 0), file.channels), np.nan, np.float32)
    fault = BROKEN if CUT_SHORT.search(file.extra_info) else None
    try:
        file.seek(first)
        wave = wave[: len(file.read(out=wave))]
    except soundfile.SoundFileError:
        fault = fault if file.frames >= UNKNOWN else BROKEN
        wave = wave[: _filled(wave)]  # what was read before the fault
    if len(wave) < expected - file.samplerate // 10:  # the length of an MP3 is an estimate
        fault = BROKEN
    wave, damaged = _finite(wave)
    return _mixed(wave), fault or damaged
