"""Film files as a few pairs of frames and their sound: any container, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import DataError
from pellucid.media.arrays import array_in
from pellucid.media.depth import eight_bits, is_deep, scaled, span
from pellucid.media.files import UnreadableError, opened
from pellucid.media.sounds import BROKEN, DAMAGED, Cut, Header, Samples, padded

if TYPE_CHECKING:
    from av.container import InputContainer

Frames = NDArray[np.uint8]

MOST_VALUES = 2**24  # of a film of more than 8 bits, from which its black and white are taken
MOST_PIXELS = 2**26  # of a frame; more is a decompression bomb
NO_LOWER = np.int16(-32_767)  # of a sample: what lies below stands for what is not there
NO_FRAME = "a film of which no frame can be decoded"
# Only containers of pictures and sound; playlists could name other files and addresses.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,asf,flv,ogg,gif,wav,mp3,flac,aac"
)
SEEK_BEYOND = 10.0  # seconds between two wanted frames; nearer ones are reached by decoding on


@dataclass(frozen=True)
class Shots:
    """Which frames are kept: `count` moments of two neighbouring frames, height x width pixels."""

    count: int
    height: int
    width: int

    def moments(self, seconds: float) -> list[float]:
        """The middles of `count` equal parts of the film, in seconds."""
        return [seconds * (i + 0.5) / self.count for i in range(self.count)]


@dataclass(frozen=True)
class FilmHeader:
    """What a film says of itself; the size is as it is shown, after turning."""

    seconds: float
    width: int
    height: int
    sound_rate: int | None  # Hz; None without a sound track


def film_header(cell: str | bytes) -> FilmHeader:
    """Length, size and sound of a film from its first frame; UnreadableError if there is none."""
    array = array_in(cell)
    if array is not None:
        height, width = _film_array(array).shape[1:3]
        return FilmHeader(0.0, width, height, None)
    with _opened(cell) as container:
        stream = _picture_stream(container)
        seconds = _seconds(container, stream)
        frame = next(_Decoder(container, stream).frames, None)
        if frame is None:
            raise UnreadableError(NO_FRAME)
        width, height = frame.width, frame.height
        if frame.rotation % 180:
            width, height = height, width
        tracks = container.streams.audio
        rate = tracks[0].codec_context.sample_rate if tracks else None
        return FilmHeader(seconds, width, height, rate or None)


def read_frames(cell: str | bytes, shots: Shots) -> tuple[Frames, str | None]:
    """Frames at equal distances in time, each with the one before: (count, 2, height, width, 3).

    Time is that of each frame's own stamp, so a varying frame rate does no harm. Only the wanted
    frames are converted, at the wanted size. Also what was wrong, None if nothing.
    """
    array = array_in(cell)
    if array is not None:
        return _from_array(_film_array(array), shots), None
    with _opened(cell) as container:
        stream = _picture_stream(container)
        seconds = _seconds(container, stream)
        decoder = _Decoder(container, stream)
        pairs = []
        for moment in shots.moments(seconds):
            if moment - decoder.time > SEEK_BEYOND:
                decoder.seek(moment)
            pairs.append(np.stack([_picture(frame, shots) for frame in decoder.pair(moment)]))
        short = moment - decoder.time > max(0.5, seconds / shots.count)
        return np.stack(pairs), DAMAGED if decoder.broken else BROKEN if short else None


def track_header(cell: str | bytes) -> Header:
    """Length, rate and channels of the sound in any file that FFmpeg reads."""
    with _opened(cell) as container:
        if not container.streams.audio:
            raise UnreadableError("no sound that can be read")
        stream = container.streams.audio[0]
        rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
        return Header(_seconds(container, stream), rate, channels)


def read_track(cell: str | bytes, cut: Cut) -> tuple[Samples | None, str | None]:
    """As `read_sound`, of any file that FFmpeg reads; None if nothing is to be heard in it."""
    if array_in(cell) is not None:
        return None, None
    with _opened(cell) as container:
        if not container.streams.audio:
            return None, None
        stream = container.streams.audio[0]
        seconds = _seconds(container, stream)
        broken = 0
        windows: list[Samples] = []
        for start in cut.starts(seconds):
            if windows and seconds <= cut.length / cut.rate:
                windows.append(windows[0])
                continue
            decoder = _Decoder(container, stream)
            windows.append(_window(decoder, start, cut))
            broken += decoder.broken
    if not any(len(wave) for wave in windows):
        return None, "with a sound track that cannot be decoded"
    return np.stack([padded(wave, cut.length) for wave in windows]), DAMAGED if broken else None


def _film_array(array: NDArray[Any]) -> Frames:
    """(frames, height, width, 3) uint8 from an array in a cell."""
    if array.ndim != 4 or array.shape[3] not in (1, 3, 4) or not array.size:
        raise UnreadableError(f"an array {array.shape} in place of a film")
    _check_size(array.shape[2], array.shape[1])
    if is_deep(array):
        some = array[:: max(1, array.size // MOST_VALUES)]
        pixels = scaled(array, *span(some))
    else:
        pixels = eight_bits(array)
    return np.repeat(pixels, 3, 3) if pixels.shape[3] == 1 else pixels[..., :3]


def _from_array(pixels: Frames, shots: Shots) -> Frames:
    from av import VideoFrame

    pairs = []
    for moment in shots.moments(len(pixels)):
        last = min(int(moment), len(pixels) - 1)
        pair = (pixels[max(last - 1, 0)], pixels[last])
        frames = [VideoFrame.from_ndarray(np.ascontiguousarray(p), "rgb24") for p in pair]
        pairs.append(np.stack([_picture(frame, shots) for frame in frames]))
    return np.stack(pairs)


class _Decoder:
    """The frames of a stream in order; what cannot be decoded is counted and passed over."""

    def __init__(self, container: InputContainer, stream: Any) -> None:
        self.container, self.stream = container, stream
        self.broken = 0
        self.time = 0.0  # of the last frame, in seconds from the beginning
        self.before: Any = None
        self.last: Any = None
        self.frames = self._decoded()

    def seek(self, seconds: float) -> None:
        """Go to the last key frame before a moment; where one cannot, decoding on comes there."""
        import av

        ticks = int(seconds / self.stream.time_base) + (self.stream.start_time or 0)
        try:
            self.container.seek(ticks, stream=self.stream)
        except av.FFmpegError:
            return
        self.before = self.last = None
        self.frames = self._decoded()

    def pair(self, moment: float) -> tuple[Any, Any]:
        """The first frame from a moment on, after the one before it; at the end the last two."""
        while self.time < moment or self.before is None:
            frame = next(self.frames, None)
            if frame is None:
                break
            self.time = self.time_of(frame)
            self.before, self.last = self.last, frame
        if self.last is None:
            raise UnreadableError(NO_FRAME)
        return self.before or self.last, self.last

    def time_of(self, frame: Any) -> float:
        """Seconds from the beginning; if a frame's stamp does not move on, by the rate."""
        time = -1.0
        if frame.pts is not None:
            time = float((frame.pts - (self.stream.start_time or 0)) * frame.time_base)
        if time < 0 or (time <= self.time and self.last is not None):
            return self.time + 1 / float(getattr(self.stream, "average_rate", None) or 25)
        return time

    def _decoded(self) -> Iterator[Any]:
        import av

        try:
            for packet in self.container.demux(self.stream):
                try:
                    yield from packet.decode()
                except av.FFmpegError:
                    self.broken += 1
        except av.FFmpegError:
            self.broken += 1


def _window(decoder: _Decoder, start: float, cut: Cut) -> Samples:
    """Up to `length` samples from `start` on."""
    decoder.seek(start)
    later = (
        frame
        for frame in decoder.frames
        if decoder.time_of(frame) + frame.samples / frame.sample_rate > start
    )
    pieces = [np.zeros(0, np.int16)]
    have = 0
    for piece in _resampled(later, cut.rate):
        pieces.append(piece)
        have += len(piece)
        if have >= cut.length:
            break
    return np.maximum(np.concatenate(pieces)[: cut.length], NO_LOWER)


def _resampled(frames: Iterable[Any], rate: int) -> Iterator[Samples]:
    """Frames of sound as mono at one rate; where their own form changes, by a new resampler."""
    import av

    resampler, form = None, None
    for frame in frames:
        own = (frame.format.name, frame.layout.name, frame.sample_rate)
        if own != form:
            if resampler is not None:
                yield _mono(resampler.resample(None))
            resampler, form = av.AudioResampler(format="s16", layout="mono", rate=rate), own
        assert resampler is not None
        yield _mono(resampler.resample(frame))
    if resampler is not None:
        yield _mono(resampler.resample(None))


def _mono(frames: Sequence[Any]) -> Samples:
    return np.concatenate([np.zeros(0, np.int16), *(f.to_ndarray().reshape(-1) for f in frames)])


def _picture(frame: Any, shots: Shots) -> Frames:
    """A frame as it is shown, at the wanted size: (height, width, 3)."""
    _check_size(frame.width, frame.height)
    turned = frame.rotation % 180 != 0
    width, height = (shots.height, shots.width) if turned else (shots.width, shots.height)
    made = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return np.ascontiguousarray(np.rot90(made.to_ndarray(), frame.rotation // 90))


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise UnreadableError(f"a film of {width:,} × {height:,} pixels")


@contextmanager
def _opened(cell: str | bytes) -> Iterator[InputContainer]:
    """The container, open; FFmpeg is given the bytes alone, so no name can lead it elsewhere."""
    try:
        import av
    except ImportError as error:
        raise DataError(
            "film is read by PyAV, which is not installed: pip install 'pellucid[video]'"
        ) from error
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
    with opened(cell) as raw:
        try:
            # Titles in other encodings than UTF-8 are common in old files, and are not asked for.
            with av.open(raw, "r", options=options, metadata_errors="replace") as container:
                yield container
        except (av.FFmpegError, OSError) as error:
            raise UnreadableError("no film that can be read") from error


def _picture_stream(container: InputContainer) -> Any:
    if not container.streams.video or container.streams.video[0].codec_context is None:
        raise UnreadableError("a film without pictures")
    stream = container.streams.video[0]
    _check_size(stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.thread_count = 1  # several films are decoded side by side
    return stream


def _seconds(container: InputContainer, stream: Any) -> float:
    """How long it lasts; read off the packets where the container does not say."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / 1e6
    last = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None:
            last = max(last, float((packet.pts + (packet.duration or 0)) * stream.time_base))
    container.seek(0)
    return last
