"""Columns of sounds: how they are cut, what is missing, and what is learnt from them."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest
import soundfile
import torch

import pellucid
from pellucid.errors import DataError, Mends
from pellucid.kinds import recognise
from pellucid.kinds.audio import Audio
from pellucid.media.sounds import NOTHING
from pellucid.schema import from_json, to_json
from sounding import small_plan, tone, write_sound

SILENT = np.zeros(400, np.float32)


def wav(wave, rate=8_000):
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def column(*waves, rate=8_000):
    return pl.DataFrame({"sound": [None if w is None else wav(w, rate) for w in waves]})


def noisy_tone(frequency, loudness, rng):
    wave = tone(frequency, 0.3, loudness=loudness)
    return (wave + rng.normal(0, 0.02, len(wave)).astype(np.float32)).clip(-1, 1)


def folder_of_tones(folder, count=16):
    """Class folders of low and high tones with noise; the loudness says nothing."""
    rng = np.random.default_rng(0)
    for name, frequency in (("low", 300), ("high", 1_200)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            wave = noisy_tone(frequency * rng.uniform(0.9, 1.1), rng.uniform(0.1, 0.9), rng)
            write_sound(folder / name / f"{number}.wav", wave)
    return folder


def test_paths_and_bytes_of_sounds_are_recognised():
    paths = pl.Series("a", [f"speech/{i}.{form}" for i in range(5) for form in ("wav", "MP3")])
    assert recognise(paths) == (Audio, "it holds sounds")
    assert recognise(column(SILENT, SILENT)["sound"]) == (Audio, "it holds sounds")


def test_sounds_are_heard_whole_at_their_own_rate_up_to_8_khz_else_at_16():
    slow = Audio.fit(column(*[tone(seconds=0.3 + i / 100) for i in range(20)]))
    assert (slow.sounds.rate, slow.sounds.count) == (8_000, 1)
    assert slow.sounds.length == pytest.approx(0.48 * 8_000, abs=80)
    fast = Audio.fit(column(*[tone(seconds=0.3, rate=44_100)] * 20, rate=44_100))
    assert fast.sounds.rate == 16_000
    assert fast.summary("sound") == "about 0.3 seconds at 44.1 kHz"


def test_long_sounds_are_heard_in_windows():
    fitted = Audio.fit(column(*[tone(seconds=22.0)] * 3))
    assert (fitted.sounds.length, fitted.sounds.count) == (40_000, 5)
    encoded = fitted.encode(column(tone(seconds=22.0), tone(seconds=1.0)), Mends())
    assert encoded["audio"].shape == (2, 1, 5, 40_000)
    assert (encoded["audio"][0] != NOTHING).all()
    assert (encoded["audio"][1] != NOTHING).sum(-1).tolist() == [[8_000] * 5]


def test_what_cannot_be_read_is_missing_and_what_is_damaged_is_kept_each_counted():
    cells = column(*[tone(frequency=100 * i) for i in range(1, 9)])
    fitted, mends = Audio.fit(cells), Mends()
    bad = [b"", b"nonsense", wav(tone(seconds=2.0))[:9_000], None, wav(tone())]
    encoded = fitted.encode(pl.DataFrame({"sound": bad}), mends)
    assert encoded["audio.missing"][:, 0].tolist() == [True, True, False, True, False]
    assert [str(mend) for mend in mends.found] == [
        "column 'sound': 1 × 0 bytes, taken as missing (row 1: 0 bytes)",
        "column 'sound': 1 × no sound that can be read, taken as missing (row 2: 8 bytes)",
        "column 'sound': 1 × a sound broken off before its end, the rest of it taken "
        "(row 3: 9,000 bytes)",
    ]
    with pytest.raises(DataError, match="strict"):
        fitted.encode(pl.DataFrame({"sound": bad[2:3]}), Mends(strict=True))


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_silence_and_a_single_sample_are_kept_each_counted(rate):
    fitted, mends = Audio.fit(column(*[tone(seconds=0.3, rate=rate)] * 4, rate=rate)), Mends()
    bad = column(tone(seconds=0.3), SILENT, np.ones(1, np.float32), tone(seconds=0.01))
    encoded = fitted.encode(bad, mends)
    assert not encoded["audio.missing"].any()
    assert [str(mend) for mend in mends.found] == [
        "column 'sound': 1 × a sound that is silent, kept as silence (row 2: 844 bytes)",
        "column 'sound': 1 × a sound that is too short to hear, a thousandth of a second at most, "
        "kept as silence (row 3: 46 bytes)",
    ]
    with pytest.raises(DataError, match=r"silent.*strict"):
        fitted.encode(bad[1:2], Mends(strict=True))


def test_a_column_of_which_nothing_can_be_read_is_an_error_that_says_how_to_mend_it():
    cells = pl.DataFrame({"sound": ["/no/where/a.wav", "/no/where/b.wav"]})
    with pytest.raises(DataError, match=r"None of the sounds of column 'sound'.*no such file"):
        Audio.fit(cells)


def test_a_copy_of_a_sound_is_like_it_and_another_is_not():
    rng = np.random.default_rng(0)
    noise, other = (
        np.pad(rng.normal(0, 0.1, 4_800) * np.repeat(rng.uniform(0, 1, 12), 400), 1_600)
        for _ in range(2)
    )
    late, cut = np.pad(noise, (320, 0))[:8_000], noise[1_000:]
    cells = column(noise, 0.7 * noise, other, SILENT, late, cut)
    fitted = Audio.fit(cells)
    encoded = fitted.encode(cells, Mends())
    like = fitted.likeness({k: torch.from_numpy(v) for k, v in encoded.items()})[:, 0]
    products = like @ like.T
    assert products[0, 1] > 0.9999  # softer
    assert products[0, 4] > 0.997  # later
    assert products[0, 5] > 0.997  # cut
    assert products[0, 2] < 0.99
    torch.testing.assert_close(like[:3].norm(dim=1), torch.ones(3))
    assert (like[3] == 0).all()  # nothing can be told of silence


def test_a_saved_kind_with_impossible_windows_is_refused():
    arrays: dict[str, np.ndarray] = {}
    saved = to_json(Audio.fit(column(SILENT, SILENT)), arrays)
    assert from_json(saved, arrays).sounds.length == 2_000
    saved["sounds"]["length"] = 10**9
    with pytest.raises(ValueError, match="windows of 1000000000 samples"):
        from_json(saved, arrays)


def test_a_folder_of_sounds_is_learnt_and_new_sounds_are_predicted(tmp_path):
    folder = folder_of_tones(tmp_path / "tones")
    write_sound(folder / "low" / "cut.wav", tone(300, 0.3))
    content = (folder / "low" / "cut.wav").read_bytes()
    (folder / "low" / "cut.wav").write_bytes(content[: len(content) // 2])
    (folder / "high" / "empty.wav").write_bytes(b"")
    write_sound(folder / "high" / "silent.wav", SILENT)
    write_sound(folder / "high" / "one.wav", SILENT[:1])
    model = pellucid.learn(folder, plan=small_plan(), verbose=False, output=tmp_path / "model")
    assert model.evidence["targets"]["folder"]["performance"]["value"] >= 0.8
    mends = model.evidence["data"]["mends"]
    faults = {m["fault"]: (m["count"], m["where"][0].split("/")[-1]) for m in mends}
    assert faults == {
        "a sound broken off before its end": (1, 'cut.wav"'),
        "0 bytes": (1, 'empty.wav"'),
        "a sound that is silent": (1, 'silent.wav"'),
        "a sound that is too short to hear, a thousandth of a second at most": (1, 'one.wav"'),
    }
    again = pellucid.load(tmp_path / "model")
    rng = np.random.default_rng(1)
    new = pl.DataFrame({"audio": [wav(noisy_tone(f, 0.5, rng)) for f in (320, 1_150, 290, 1_300)]})
    assert again.predict(new).to_list() == ["low", "high"] * 2
    assert again.predict_proba(new).equals(model.predict_proba(new))
