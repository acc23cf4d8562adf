"""Film files: frames by their time, sound, turning, damage, and nothing but the file itself."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.media.arrays import as_bytes
from pellucid.media.files import UnreadableError
from pellucid.media.films import Shots, film_header, read_frames, read_track
from pellucid.media.filmstrips import film_preview
from pellucid.media.sounds import NOTHING, Cut
from sounding import moving_square, resident, tone, write_film

SHOTS = Shots(5, 48, 64)
CONTAINERS = [("mp4", ("mpeg4", "aac")), ("avi", ("mpeg4", "mp3")), ("webm", ("vp8", "libopus"))]


def place(picture):
    """The column in which the bright square begins."""
    red = picture[24, :, 0].astype(int) - picture[24, :, 2]
    return int(np.flatnonzero(red > 80)[0])


@pytest.mark.parametrize(("form", "codecs"), CONTAINERS)
def test_frames_come_evenly_from_every_container_with_the_one_before(tmp_path, form, codecs):
    path = write_film(tmp_path / f"a.{form}", moving_square(step=2), codecs=codecs)
    pairs, fault = read_frames(path, SHOTS)
    assert fault is None
    assert pairs.shape == (5, 2, 48, 64, 3)
    assert pairs.dtype == np.uint8
    # 20 frames in 2 seconds: the middles of five parts are at the frames 2, 6, 10, 14, 18.
    now = [place(pair[1]) for pair in pairs]
    before = [place(pair[0]) for pair in pairs]
    np.testing.assert_allclose(now, [9, 17, 25, 33, 41], atol=2.1)
    np.testing.assert_allclose(np.subtract(now, before), 2, atol=1)
    header = film_header(path)
    assert (header.width, header.height, header.sound_rate) == (64, 48, None)
    assert header.seconds == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize(("form", "codecs"), CONTAINERS)
def test_the_sound_track_is_heard(tmp_path, form, codecs):
    sound = tone(440, 2.0, 16_000)
    path = write_film(tmp_path / f"a.{form}", moving_square(), sound, codecs=codecs)
    windows, fault = read_track(path, Cut(8_000, 8_000, 2))
    assert fault is None
    assert windows.shape == (2, 8_000)
    for window in windows:
        real = window[window != NOTHING].astype(float)
        assert len(real) > 7_000
        spectrum = np.abs(np.fft.rfft(real * np.hanning(len(real))))
        assert spectrum.argmax() * 8_000 / len(real) == pytest.approx(440, abs=4)
    assert film_header(path).sound_rate in (16_000, 48_000)


def test_a_title_that_is_not_in_utf_8_does_no_harm(tmp_path):
    path = tmp_path / "a.avi"
    write_film(
        path, moving_square(4), tone(440, 0.4, 16_000), codecs=("mpeg4", "mp3"), title="Cafe"
    )
    content = path.read_bytes()
    assert b"Cafe" in content
    path.write_bytes(content.replace(b"Cafe", "Café".encode("latin-1")))
    assert film_header(str(path)).width == 64
    assert read_frames(str(path), SHOTS)[1] is None
    assert read_track(str(path), Cut(8_000, 2_000))[1] is None


def test_sound_that_changes_its_rate_and_channels_midway_is_heard_on(tmp_path):
    stereo = np.repeat(tone(880, 1.0, 48_000)[:, None], 2, 1)
    for name, sound, rate in (("a", tone(440, 1.0, 44_100), 44_100), ("b", stereo, 48_000)):
        made = tmp_path / f"{name}.ts"
        write_film(made, moving_square(10), sound, codecs=("mpeg4", "mp2"), rate=rate)
    joined = tmp_path / "joined.ts"
    joined.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    windows, fault = read_track(str(joined), Cut(8_000, 24_000))
    real = windows[0][windows[0] != NOTHING].astype(float)
    assert fault is None
    assert len(real) > 15_000
    for part, pitch in ((real[1_000:7_000], 440), (real[9_000:15_000], 880)):
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        assert spectrum.argmax() * 8_000 / len(part) == pytest.approx(pitch, abs=4)


def test_without_a_sound_track_nothing_is_heard_and_nothing_is_wrong(tmp_path):
    path = write_film(tmp_path / "a.mp4", moving_square())
    assert read_track(path, Cut(8_000, 8_000)) == (None, None)


def test_frames_are_taken_by_their_time_not_by_their_number(tmp_path):
    stamps = [10 * i for i in range(10)] + [100 + 190 * i for i in range(1, 11)]
    path = write_film(tmp_path / "a.mp4", moving_square(step=2), stamps=stamps)
    pairs, _ = read_frames(path, Shots(2, 48, 64))
    # Half of the frames lie in the first twentieth of the time: a quarter of the time is frame 12.
    assert abs(place(pairs[0, 1]) - (5 + 2 * 12)) <= 2


def test_a_film_that_was_turned_is_seen_upright(tmp_path):
    path = write_film(tmp_path / "a.mp4", moving_square(frames=3), rotation=90)
    header = film_header(path)
    assert (header.width, header.height) == (48, 64)
    pairs, _ = read_frames(path, Shots(1, 64, 48))
    straight = write_film(tmp_path / "b.mp4", moving_square(frames=3))
    upright, _ = read_frames(straight, Shots(1, 48, 64))
    turned = np.rot90(upright[0, 1], 1).astype(int)
    assert np.abs(pairs[0, 1] - turned).mean() < 10


def test_a_film_of_one_frame_shows_it_everywhere(tmp_path):
    path = write_film(tmp_path / "a.mp4", moving_square(frames=1))
    pairs, fault = read_frames(path, SHOTS)
    assert fault is None
    assert (pairs == pairs[0, 0]).all()


def test_damage_in_the_middle_costs_a_few_frames_only(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (20, 48, 64, 3), dtype=np.uint8)
    path = tmp_path / "a.avi"
    write_film(path, noise)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4_000] = b"\x55" * 4_000
    path.write_bytes(content)
    pairs, _ = read_frames(str(path), SHOTS)
    assert np.abs(pairs[0, 1].astype(int) - pairs[-1, 1]).mean() > 20


def test_a_film_cut_short_gives_what_is_left_and_says_so(tmp_path):
    path = tmp_path / "a.webm"
    write_film(path, moving_square(frames=40, step=1), codecs=("vp8", "libopus"))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    pairs, fault = read_frames(str(path), SHOTS)
    assert fault == "broken off before its end"
    assert place(pairs[0, 1]) == pytest.approx(9, abs=2)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.mp4", b"", "0 bytes"),
        ("a.mp4", b"no film at all" * 200, "no film that can be read"),
        ("a.m3u8", b"#EXTM3U\n#EXTINF:2,\nsecret.mp4\n#EXT-X-ENDLIST\n", "no film"),
        ("a.txt", b"ffconcat version 1.0\nfile 'secret.mp4'\n", "no film"),
    ],
)
def test_what_is_no_film_is_unreadable_and_opens_no_other_file(tmp_path, name, content, reason):
    write_film(tmp_path / "secret.mp4", moving_square(frames=3))
    (tmp_path / name).write_bytes(content)
    for read in (film_header, lambda path: read_frames(path, SHOTS)):
        with pytest.raises(UnreadableError, match=reason):
            read(str(tmp_path / name))


def test_a_truncated_mp4_a_folder_and_a_missing_file_are_unreadable(tmp_path):
    path = tmp_path / "a.mp4"
    write_film(path, moving_square())
    path.write_bytes(path.read_bytes()[:600])
    for name, reason in ((path, "no film"), (tmp_path, "a folder"), ("none.mp4", "no such file")):
        with pytest.raises(UnreadableError, match=reason):
            read_frames(str(name), SHOTS)


def test_a_sound_is_no_film_but_its_track_can_be_heard(tmp_path):
    import soundfile

    path = str(tmp_path / "a.wav")
    soundfile.write(path, tone(), 8_000)
    with pytest.raises(UnreadableError, match="a film without pictures"):
        read_frames(path, SHOTS)
    assert read_track(path, Cut(8_000, 4_000))[0] is not None


def test_bytes_and_arrays_are_films_too(tmp_path):
    path = tmp_path / "a.mp4"
    expected, _ = read_frames(write_film(path, moving_square()), SHOTS)
    np.testing.assert_array_equal(read_frames(path.read_bytes(), SHOTS)[0], expected)
    pairs, _ = read_frames(as_bytes(moving_square(step=2)), SHOTS)
    assert [place(pair[1]) for pair in pairs] == [9, 17, 25, 33, 41]
    with pytest.raises(UnreadableError, match="in place of a film"):
        read_frames(as_bytes(np.zeros((3, 3), np.uint8)), SHOTS)


@pytest.mark.parametrize(
    "form",
    ["parts of 1", "floats to 255", "with a NaN", "truth", "int64", "uint16", "uint8"],
)
def test_arrays_of_every_type_show_the_same_film(form):
    grey = moving_square(step=2)[..., :1] > 100  # the square is bright, all else dark
    made = {
        "parts of 1": grey * 1.0,
        "floats to 255": grey * 255.0,
        "with a NaN": np.where(np.arange(48)[:, None, None] == 47, np.nan, grey * 255.0),
        "truth": grey,
        "int64": grey * 255,
        "uint16": (grey * 4_095).astype(np.uint16),
        "uint8": (grey * 255).astype(np.uint8),
    }
    pairs, _ = read_frames(as_bytes(made[form]), SHOTS)
    for pair, left in zip(pairs, (9, 17, 25, 33, 41), strict=True):
        expected = np.zeros((48, 64, 3), np.uint8)
        expected[16:32, left : left + 16] = 255
        assert np.abs(pair[1].astype(int) - expected).max() <= 1


def test_many_films_leave_no_memory_behind(tmp_path):
    path = write_film(tmp_path / "a.mp4", moving_square(6), tone(440, 0.5, 16_000))
    (tmp_path / "broken.mp4").write_bytes(b"nonsense" * 100)

    def many(count):
        for _ in range(count):
            read_frames(path, SHOTS)
            read_track(path, Cut(8_000, 4_000))
            with pytest.raises(UnreadableError):
                read_frames(str(tmp_path / "broken.mp4"), SHOTS)

    many(80)
    before = resident()
    many(200)
    assert resident() - before < 12e6


def test_a_preview_shows_a_strip_and_plays_the_sound(tmp_path):
    path = write_film(tmp_path / "a.mp4", moving_square(), tone(440, 2.0, 16_000))
    preview = film_preview(path)
    assert preview["words"] == "2.0 s, 64 × 48 pixels, with sound"
    assert preview["image"].startswith("data:image/jpeg;base64,")
    assert preview["audio"].startswith("data:audio/mpeg;base64,")
    silent = film_preview(write_film(tmp_path / "b.mp4", moving_square()))
    assert "audio" not in silent
