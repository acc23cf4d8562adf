"""Sound files: every format, rate and length, whole or damaged, as windows of samples."""

from __future__ import annotations

import sys
import time
import tracemalloc

import numpy as np
import polars as pl
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import DataError, Mends
from pellucid.kinds.audio import Audio
from pellucid.media.arrays import as_bytes
from pellucid.media.files import UnreadableError
from pellucid.media.recordings import read_recording, recording_header
from pellucid.media.sounds import NOTHING, Cut, read_sound, sound_header
from pellucid.media.waveforms import sound_preview
from sounding import resident, tone, write_sound

WHOLE = Cut(8_000, 4_000)


def loudest_frequency(samples, rate):
    """In Hz."""
    spectrum = np.abs(np.fft.rfft(samples.astype(float) * np.hanning(len(samples))))
    return spectrum.argmax() * rate / len(samples)


def read(cell, cut=WHOLE):
    """The first window without what stands behind the sound's end, and what was wrong."""
    windows, fault = read_sound(cell, cut)
    assert windows.shape == (cut.count, cut.length)
    assert windows.dtype == np.int16
    return windows[0][windows[0] != NOTHING], fault


@pytest.mark.parametrize("form", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_every_format_and_rate_gives_the_same_tone(tmp_path, form, rate):
    path = write_sound(tmp_path / f"a.{form}", tone(440, 0.5, rate), rate)
    samples, fault = read(path, Cut(16_000, 8_000))
    assert fault is None
    assert abs(len(samples) - 8_000) <= 80
    assert loudest_frequency(samples, 16_000) == pytest.approx(440, abs=4)
    middle = samples[2_000:6_000].astype(float)
    assert middle.std() / 32_767 == pytest.approx(0.5 / 2**0.5, rel=0.05)
    header = sound_header(path)
    assert (header.rate, header.channels) == (rate, 1)
    assert header.seconds == pytest.approx(0.5, abs=0.06)


def test_whole_numbers_come_through_as_they_are(tmp_path):
    wave = np.array([0, 1, -1, 32_767, -32_767, -32_768, 12_345], np.int16)
    samples, _ = read(write_sound(tmp_path / "a.wav", wave))
    # The lowest value stands for what is not there, so a sample there is one louder.
    assert samples.tolist() == [0, 1, -1, 32_767, -32_767, -32_767, 12_345]


def test_a_24_bit_sound_and_one_of_floats_keep_their_loudness(tmp_path):
    for subtype in ("PCM_24", "FLOAT", "PCM_U8"):
        path = write_sound(tmp_path / f"{subtype}.wav", tone(loudness=0.25), subtype=subtype)
        samples, _ = read(path)
        assert np.abs(samples).max() / 32_767 == pytest.approx(0.25, abs=0.01)


def test_channels_are_averaged(tmp_path):
    left = tone(loudness=0.4)
    samples, _ = read(write_sound(tmp_path / "a.wav", np.stack([left, -left / 2], 1)))
    assert np.abs(samples).max() / 32_767 == pytest.approx(0.1, abs=0.01)
    assert sound_header(str(tmp_path / "a.wav")).channels == 2


def test_of_channels_that_cancel_each_other_one_is_heard(tmp_path):
    left = tone(loudness=0.4)
    alone = read(write_sound(tmp_path / "alone.wav", left))[0]
    both = np.stack([left, -left], 1)
    np.testing.assert_array_equal(read(write_sound(tmp_path / "a.wav", both))[0], alone)
    array = np.stack([tone(rate=16_000), -tone(rate=16_000)])  # (channels, n)
    np.testing.assert_array_equal(read(as_bytes(array))[0], read(as_bytes(array[0]))[0])


def test_samples_that_are_no_number_are_silent_and_counted_as_damage(tmp_path):
    wave = np.full(100, 0.5, np.float32)
    wave[50], wave[60] = np.nan, np.inf
    expected = np.full(100, 16_384)
    expected[[50, 60]] = 0
    samples, fault = read(write_sound(tmp_path / "b.wav", wave, subtype="FLOAT"))
    assert fault == "damaged in places"
    np.testing.assert_array_equal(samples, expected)
    samples, fault = read(as_bytes(np.tile(wave, 20)), Cut(16_000, 100))
    assert fault == "damaged in places"
    np.testing.assert_array_equal(samples, expected)


def test_floats_beyond_one_keep_their_form(tmp_path):
    wave = tone(loudness=1.0)
    for loudness in (3.0, 20_000.0):
        path = write_sound(tmp_path / "a.wav", wave * np.float32(loudness), subtype="FLOAT")
        np.testing.assert_allclose(read(path)[0], wave * 32_767, atol=2)
        loud = as_bytes(tone(rate=16_000) * loudness)
        quiet = as_bytes(tone(rate=16_000, loudness=1.0))
        np.testing.assert_allclose(read(loud)[0], read(quiet)[0], atol=2)
    # Windows of one sound are made quieter alike.
    rising = np.repeat(np.float32([1, 2, 4]), 800)
    windows, _ = read_sound(
        write_sound(tmp_path / "b.wav", rising, subtype="FLOAT"), Cut(8_000, 800, 3)
    )
    np.testing.assert_allclose(windows.mean(1) / 32_767, [0.25, 0.5, 1], atol=1e-3)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64])
def test_whole_numbers_of_sixteen_bits_are_heard_from_arrays_of_any_type(dtype):
    whole = (tone(rate=16_000) * 32_767).astype(np.int16)
    np.testing.assert_array_equal(read(as_bytes(whole.astype(dtype)))[0], read(as_bytes(whole))[0])
    if dtype != np.int16:
        wide = whole.astype(dtype) * 2**16  # of 32 bits
        np.testing.assert_allclose(read(as_bytes(wide))[0], read(as_bytes(whole))[0], atol=2)


def write_aac(path, wave):
    """The path as text; a sound at 16,000 Hz in AAC, by the name in an MP4 or alone."""
    import av

    with av.open(str(path), "w", format="adts" if path.suffix == ".aac" else "ipod") as container:
        track = container.add_stream("aac", rate=16_000, layout="mono")
        heard = av.AudioFrame.from_ndarray((wave * 32_767).astype(np.int16)[None], "s16", "mono")
        heard.sample_rate = 16_000
        container.mux([*track.encode(heard), *track.encode()])
    return str(path)


def without_length(path):
    """A FLAC as it is streamed: its head does not say how many samples follow."""
    content = bytearray(path.read_bytes())
    assert content[:4] == b"fLaC"
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    return str(path)


def test_a_flac_that_does_not_say_its_length_is_read_to_its_end(tmp_path):
    steps = np.repeat(np.arange(10) / 20, 8_000).astype(np.float32)
    write_sound(tmp_path / "a.flac", steps)
    cut = Cut(8_000, 8_000, 4)
    expected = read_sound(str(tmp_path / "a.flac"), cut)[0]
    path = without_length(tmp_path / "a.flac")
    assert sound_header(path).seconds == 10
    windows, fault = read_sound(path, cut)
    assert fault is None
    np.testing.assert_array_equal(windows, expected)


def test_a_rate_that_has_no_simple_ratio_costs_little_time(tmp_path):
    path = write_sound(tmp_path / "a.wav", tone(440, 0.5, 95_989), 95_989)
    began = time.process_time()
    samples, _ = read(path, Cut(16_000, 8_000))
    assert time.process_time() - began < 0.3  # a filter of the exact ratio takes some seconds
    assert abs(len(samples) - 8_000) <= 8
    assert loudest_frequency(samples, 16_000) == pytest.approx(440, abs=3)


def test_silence_and_one_sample_are_sounds(tmp_path):
    silent, fault = read(write_sound(tmp_path / "silent.wav", np.zeros(800, np.float32)))
    assert fault is None
    assert silent.tolist() == [0] * 800
    one, fault = read(write_sound(tmp_path / "one.wav", np.array([0.5], np.float32)))
    assert (len(one), fault) == (1, None)


def test_the_name_says_nothing_and_the_content_all(tmp_path):
    flac = write_sound(tmp_path / "a.flac", tone())
    for name in ("a.wav", "a.raw", "a.mp3", "no extension"):
        (tmp_path / name).write_bytes((tmp_path / "a.flac").read_bytes())
        np.testing.assert_array_equal(read(str(tmp_path / name))[0], read(flac)[0])


def test_bytes_and_arrays_are_read_like_files(tmp_path):
    path = write_sound(tmp_path / "a.wav", tone(rate=16_000), 16_000)
    samples = read(path)[0]
    np.testing.assert_array_equal(read((tmp_path / "a.wav").read_bytes())[0], samples)
    from_array = read(as_bytes(tone(rate=16_000)))[0]
    assert np.abs(from_array.astype(int) - samples).max() <= 2
    whole_numbers = (tone(rate=16_000) * 32_767).astype(np.int16)
    assert np.abs(read(as_bytes(whole_numbers))[0].astype(int) - samples).max() <= 2
    with pytest.raises(UnreadableError, match="in place of a sound"):
        read(as_bytes(np.zeros((2, 3, 4, 5), np.uint8)))


@pytest.mark.parametrize("form", ["m4a", "aac"])
def test_sounds_in_aac_are_heard_where_their_reader_is_installed(tmp_path, form, monkeypatch):
    path = write_aac(tmp_path / f"a.{form}", tone(440, 2.0, 16_000))
    for cell in (path, (tmp_path / f"a.{form}").read_bytes()):
        windows, fault = read_recording(cell, Cut(8_000, 8_000, 2))
        assert fault is None
        assert windows.shape == (2, 8_000)
        for window in windows:
            real = window[window != NOTHING]
            assert loudest_frequency(real, 8_000) == pytest.approx(440, abs=4)
        header = recording_header(cell)
        assert (header.rate, header.channels) == (16_000, 1)
        assert header.seconds == pytest.approx(2.0, abs=0.3)
    kind, cells = Audio.fit(pl.DataFrame({"a": [path]})), pl.DataFrame({"a": [path, None]})
    assert kind.encode(cells, Mends(strict=True))["audio.missing"].tolist() == [[False], [True]]
    assert kind.preview(path)["audio"].startswith("data:audio/mpeg")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(DataError, match=r"PyAV is not installed \(pip install 'pellucid\[video\]'"):
        Audio.fit(cells)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes"),
        (b"no sound at all" * 100, "no sound that can be read"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", "no sound that can be read"),
    ],
)
def test_what_is_no_sound_is_unreadable_with_its_reason(tmp_path, content, reason):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=reason):
        read(str(path))
    with pytest.raises(UnreadableError, match=reason):
        sound_header(str(path))


def test_a_missing_file_a_folder_and_an_empty_sound_are_unreadable(tmp_path):
    for name, reason in (("none.wav", "no such file"), (".", "a folder in place of a file")):
        with pytest.raises(UnreadableError, match=reason):
            read(str(tmp_path / name))
    with pytest.raises(UnreadableError, match="without a sample"):
        read(write_sound(tmp_path / "empty.wav", np.zeros(0, np.float32)))


@pytest.mark.parametrize("form", ["wav", "flac", "mp3"])
def test_a_file_cut_short_gives_what_is_left_and_says_so(tmp_path, form, capfd):
    path = tmp_path / f"a.{form}"
    write_sound(path, tone(seconds=3.0, rate=16_000), 16_000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    samples, fault = read(str(path), Cut(16_000, 48_000))
    assert fault == "broken off before its end"
    assert 10_000 < len(samples) < 30_000
    assert loudest_frequency(samples[2_000:10_000], 16_000) == pytest.approx(440, abs=4)


def test_damage_in_the_middle_keeps_what_stands_before_it(tmp_path):
    path = tmp_path / "a.flac"
    rng = np.random.default_rng(0)
    write_sound(path, rng.normal(0, 0.1, 48_000).astype(np.float32), 16_000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3_000] = bytes(3_000)
    path.write_bytes(content)
    samples, fault = read(str(path), Cut(16_000, 48_000))
    assert fault == "broken off before its end"
    assert 10_000 < len(samples) < 48_000


def test_windows_of_a_long_sound_go_from_its_beginning_to_its_end(tmp_path):
    steps = np.repeat(np.arange(10) / 20, 800).astype(np.float32)  # louder each tenth of a second
    path = write_sound(tmp_path / "a.wav", steps)
    windows, _ = read_sound(path, Cut(8_000, 800, 4))
    assert (windows.mean(1) / 32_767 * 20).round().tolist() == [0, 3, 6, 9]
    short, _ = read_sound(path, Cut(8_000, 16_000, 3))
    assert (short == short[0]).all()


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1e5), st.integers(1, 6), st.integers(80, 160_000))
def test_windows_lie_within_the_sound_in_order(seconds, count, length):
    cut = Cut(16_000, length, count)
    starts = cut.starts(seconds)
    assert len(starts) == count
    assert starts == sorted(starts)
    assert starts[0] == 0
    assert starts[-1] <= max(0.0, seconds - length / 16_000) + 1e-6


def test_a_long_sound_takes_no_more_memory_than_its_windows(tmp_path):
    path = tmp_path / "hour.wav"
    with soundfile.SoundFile(path, "w", 8_000, 1, subtype="PCM_U8") as file:
        for _ in range(60):
            file.write(np.zeros(480_000, np.float32))
    cut = Cut(8_000, 8_000, 6)
    tracemalloc.start()
    read_sound(str(path), cut)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sound_header(str(path)).seconds == 3_600
    assert peak < 2e6


def test_ten_thousand_sounds_leave_no_memory_behind(tmp_path):
    whole = write_sound(tmp_path / "a.flac", tone(seconds=0.1))
    broken = tmp_path / "b.flac"
    broken.write_bytes((tmp_path / "a.flac").read_bytes()[:-200])
    cut = Cut(8_000, 800)

    def many(count):
        for _ in range(count):
            read_sound(whole, cut)
            with pytest.raises(UnreadableError):
                read_sound(str(broken), cut)

    many(500)
    before = resident()
    many(4_500)
    assert resident() - before < 4e6


def test_a_preview_shows_and_plays_the_sound(tmp_path):
    preview = sound_preview(write_sound(tmp_path / "a.wav", tone(seconds=9.0)))
    assert preview["words"] == "9.00 s, 8 kHz, mono; the first 6 s; below the wave 0 to 4 kHz"
    assert preview["image"].startswith("data:image/png;base64,")
    assert preview["audio"].startswith("data:audio/mpeg;base64,")
    assert sum(map(len, preview.values())) < 60_000
    sound_preview(write_sound(tmp_path / "b.wav", np.array([0.0], np.float32)))
