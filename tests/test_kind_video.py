"""Columns of films: what is seen, what is heard, and what is learnt from them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import pellucid
from pellucid.errors import DataError, Mends
from pellucid.kinds import recognise
from pellucid.kinds.video import Video
from pellucid.media.sounds import NOTHING
from pellucid.schema import from_json, to_json
from sounding import moving_square, small_plan, tone, write_film


def folder_of_films(folder, count=8):
    """Class folders of squares that move to the right and to the left, half of them with sound."""
    rng = np.random.default_rng(0)
    for name, step in (("rightwards", 3), ("leftwards", -3)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            colour = rng.integers(120, 255, 3)
            pixels = np.roll(moving_square(12, step, (32, 48), colour), rng.integers(48), 2)
            sound = tone(400, 1.2, 16_000) if number % 2 else None
            write_film(folder / name / f"{number}.mp4", pixels, sound)
    return folder


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return folder_of_films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def cells(films):
    return pl.DataFrame({"film": sorted(map(str, films.rglob("*.mp4")))})


@pytest.fixture(scope="module")
def fitted(cells):
    return Video.fit(cells)


def test_paths_and_bytes_of_films_are_recognised(cells):
    assert recognise(cells["film"]) == (Video, "it holds films")
    content = [Path(path).read_bytes() for path in cells["film"][:3]]
    assert recognise(pl.Series("film", content)) == (Video, "it holds films")


def test_frames_keep_the_shape_of_the_films_and_sound_is_heard_where_there_is_some(cells, fitted):
    assert (fitted.height, fitted.width) == (32, 48)
    encoded = fitted.encode(cells, Mends(strict=True))
    assert encoded["video"].shape == (16, 1, 8, 2, 32, 48, 3)
    assert not encoded["video.missing"].any()
    silent = (encoded["video.sound"] == NOTHING).all((1, 2, 3))
    assert silent.tolist() == [True, False] * 8
    assert fitted.summary("film") == "about 1.2 seconds with sound, seen at 48 × 32 pixels"


def test_films_without_any_sound_are_only_watched(tmp_path):
    paths = [write_film(tmp_path / f"{i}.mp4", moving_square(5, i)) for i in range(3)]
    fitted = Video.fit(pl.DataFrame({"film": paths}))
    assert fitted.sounds is None
    assert set(fitted.encode(pl.DataFrame({"film": paths}), Mends())) == {"video", "video.missing"}


def test_what_cannot_be_read_is_missing_and_counted_with_its_row(cells, fitted, tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_bytes(b"text" * 99)
    names = [tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "none.mp4", tmp_path]
    bad = pl.DataFrame({"film": [*map(str, names), cells["film"][0], None]})
    mends = Mends()
    encoded = fitted.encode(bad, mends)
    assert encoded["video.missing"][:, 0].tolist() == [True] * 4 + [False, True]
    assert [(mend.fault, mend.where[0].split(":")[0]) for mend in mends.found] == [
        ("0 bytes", "row 1"),
        ("no film that can be read", "row 2"),
        ("no such file", "row 3"),
        ("a folder in place of a file", "row 4"),
    ]
    with pytest.raises(DataError, match=r"None of the films of column 'film'"):
        Video.fit(bad.head(4))


def test_a_silent_sound_track_is_counted_and_none_at_all_is_no_fault(cells, fitted, tmp_path):
    silent = write_film(tmp_path / "a.mp4", moving_square(12), np.zeros(16_000, np.float32))
    mends = Mends()
    fitted.encode(pl.DataFrame({"film": [*cells["film"][:2], silent]}), mends)
    assert [(mend.fault, mend.count, mend.where[0][:5]) for mend in mends.found] == [
        ("a film with a sound track that is silent", 1, "row 3")
    ]


def test_a_sound_track_that_cannot_be_decoded_is_counted_and_the_film_is_seen(
    cells, fitted, tmp_path
):
    path = tmp_path / "a.avi"
    write_film(path, moving_square(12), tone(440, 1.2, 16_000), codecs=("mpeg4", "mp3"))
    content = path.read_bytes()
    for found in re.finditer(b"01wb", content[: content.index(b"idx1")]):  # packets of sound
        start = found.end() + 4
        size = int.from_bytes(content[found.end() : start], "little")
        content = content[:start] + bytes(size) + content[start + size :]
    path.write_bytes(content)
    mends = Mends()
    encoded = fitted.encode(pl.DataFrame({"film": [cells["film"][1], str(path)]}), mends)
    assert not encoded["video.missing"].any()
    assert [(mend.fault, mend.where[0][:5]) for mend in mends.found] == [
        ("a film with a sound track that cannot be decoded", "row 2")
    ]


def test_without_its_reader_films_ask_for_it(cells, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(DataError, match=r"pip install 'pellucid\[video\]'"):
        Video.fit(cells)


def test_the_measurements_are_the_terms_and_missing_films_have_none(cells, fitted):
    some = pl.DataFrame({"film": [cells["film"][0], None]})
    raw = {k: torch.from_numpy(v) for k, v in fitted.encode(some, Mends()).items()}
    layer = fitted.input_layer(8, torch.Generator().manual_seed(0)).eval()
    measured, (_, terms) = layer.measurements(raw), layer.terms(raw)
    torch.testing.assert_close(measured[0].float(), terms[0])
    assert measured[1].isnan().all()
    assert (terms[1] == 0).all()


def test_a_film_saved_again_is_like_it_and_another_is_not(tmp_path):
    paths = [
        write_film(tmp_path / "a.mp4", moving_square()),
        write_film(tmp_path / "b.avi", moving_square(), codecs=("mpeg4", "mp3")),
        write_film(tmp_path / "c.mp4", moving_square(step=1)),
    ]
    cells = pl.DataFrame({"film": paths})
    fitted = Video.fit(cells)
    raw = {k: torch.from_numpy(v) for k, v in fitted.encode(cells, Mends()).items()}
    products = fitted.likeness(raw)[:, 0] @ fitted.likeness(raw)[:, 0].T
    assert products[0, 1] > 0.98
    assert products[0, 2] < 0.95


def test_a_saved_kind_of_impossible_size_is_refused(fitted):
    arrays: dict[str, np.ndarray] = {}
    saved = to_json(fitted, arrays)
    assert from_json(saved, arrays).height == 32
    with pytest.raises(ValueError, match="films of 1000000 × 48 pixels"):
        from_json({**saved, "height": 10**6}, arrays)


def test_a_folder_of_films_is_learnt_by_how_they_move(films, tmp_path):
    model = pellucid.learn(films, plan=small_plan(), verbose=False)
    new = [
        write_film(tmp_path / "right.mp4", moving_square(12, 3, (32, 48), (200, 200, 90))),
        write_film(tmp_path / "left.mp4", moving_square(12, -3, (32, 48), (200, 200, 90))),
    ]
    predicted = model.predict(pl.DataFrame({"video": new})).to_list()
    assert predicted == ["rightwards", "leftwards"]
