"""Folders of pictures as tables: what makes rows, and what is left out and told of."""

from __future__ import annotations

import os

import polars as pl
import pytest

from pellucid.data.reading import read
from pellucid.errors import DataError, Mends
from pellucid.media.files import UnreadableError, contents
from pictures import stripes


def pictures_at(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        stripes(0, True, 8).save(folder / name)


def rows_of(folder):
    """The rows of a folder, and what was left out."""
    mends = Mends()
    table = read(folder, mends)
    return table.lazy.collect().rows(), [(m.fault, m.action, m.where) for m in mends.found]


SPLIT_FOLDERS = ("train/cat/1.png", "train/dog/2.png", "Test/cat/3.png", "Test/dog/4.png")
SPLIT_ROWS = [
    ("Test/cat/3.png", "Test", "cat"),
    ("Test/dog/4.png", "Test", "dog"),
    ("train/cat/1.png", "train", "cat"),
    ("train/dog/2.png", "train", "dog"),
]


@pytest.mark.parametrize("stray", ["cover.png", "extra/cat/9.png", "test/3.png", "train/3.png"])
def test_a_stray_file_does_not_make_classes_of_train_and_test(stray, tmp_path):
    pictures_at(tmp_path, *SPLIT_FOLDERS, stray)
    rows, ((fault, action, where),) = rows_of(tmp_path)
    assert rows == SPLIT_ROWS
    assert (action, where) == ("row skipped", (stray,))
    outside = "a file outside of the folders to learn and to test on"
    unlabelled = "a file without a label, for it lies in no class folder"
    assert fault == (unlabelled if stray in ("test/3.png", "train/3.png") else outside)


def test_test_files_without_labels_are_left_out_and_told_of(tmp_path):
    pictures_at(tmp_path, "train/cat/1.png", "train/dog/2.png", "test/3.png", "test/4.png")
    rows, ((_, _, where),) = rows_of(tmp_path)
    assert rows == [("train/cat/1.png", "train", "cat"), ("train/dog/2.png", "train", "dog")]
    assert where == ("test/3.png", "test/4.png")


def test_a_class_may_be_called_as_a_side_is(tmp_path):
    pictures_at(tmp_path, "train/1.png", "car/2.png")
    assert rows_of(tmp_path) == ([("car/2.png", "car"), ("train/1.png", "train")], [])
    pictures_at(tmp_path / "sides", "train/1.png", "test/2.png")  # two sides, without classes
    table = read(tmp_path / "sides", Mends(strict=True))
    assert (table.split, table.target, table.height) == ("split", None, 2)


def test_a_folder_that_cannot_be_listed_is_counted_and_named(tmp_path, monkeypatch):
    pictures_at(tmp_path, "cat/1.png", "dog/2.png", "locked/3.png")
    listed = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    rows, told = rows_of(tmp_path)
    assert rows == [("cat/1.png", "cat"), ("dog/2.png", "dog")]
    assert told == [("a folder that cannot be listed", "left out", ("locked",))]
    with pytest.raises(DataError, match=r"1 × a folder that cannot be listed \(locked"):
        monkeypatch.setattr("pellucid.data.folders.medium_of_name", lambda name: None)
        read(tmp_path, Mends())


def test_links_to_folders_are_followed_but_not_round_and_round(tmp_path):
    photos = tmp_path / "photos"
    pictures_at(tmp_path, "birds/1.png", "photos/cat/2.png")
    (photos / "bird").symlink_to(tmp_path / "birds")
    (photos / "cat" / "back").symlink_to(photos)
    (tmp_path / "birds" / "up").symlink_to(tmp_path)  # above the source itself
    (photos / "cat" / "same").symlink_to(photos / "cat")
    rows, told = rows_of(photos)
    assert rows == [("bird/1.png", "bird"), ("cat/2.png", "cat")]
    fault = "a link to a folder that it lies in itself"
    assert told == [(fault, "left out", ("bird/up", "cat/back", "cat/same"))]


def test_file_names_that_are_no_utf8_are_counted_and_named(tmp_path):
    pictures_at(tmp_path, "cat/1.png", "dog/2.png")
    try:
        (tmp_path / "cat" / os.fsdecode(b"caf\xe9.png")).write_bytes(b"x")
        (tmp_path / "dog" / os.fsdecode(b"notes \xe9.txt")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no such names")
    rows, told = rows_of(tmp_path)
    assert rows == [("cat/1.png", "cat"), ("dog/2.png", "dog")]
    where = (r"cat/caf\xe9.png", r"dog/notes \xe9.txt")
    assert told == [("a file whose path is no UTF-8", "row skipped", where)]


def test_names_are_taken_as_they_are_written_if_there_is_such_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    listed = (" bird/4.png", "cat /2.png", "cat/3.png", "~no-such-user/5.png", "~/6.png")
    pictures_at(tmp_path / "data", *listed)
    pictures_at(tmp_path, "home/mine.png")
    table = read(tmp_path / "data", Mends(strict=True))
    located = table.files.locate(table.lazy.select("image").collect(), Mends())
    assert sorted(located["image"]) == sorted(str(tmp_path / "data" / name) for name in listed)
    assert all(contents(cell) for cell in located["image"])
    cells = pl.DataFrame({"image": ["~/mine.png", " cat/3.png\t", "~IMG.png"]})
    home, blank, missing = table.files.locate(cells, Mends())["image"]
    assert (home, blank) == (str(tmp_path / "home/mine.png"), str(tmp_path / "data/cat/3.png"))
    with pytest.raises(UnreadableError, match="no such file"):
        contents(missing)
    assert read("~/../data", Mends()).height == 5
    with pytest.raises(DataError, match="~no-such-user"):
        read("~no-such-user/data.csv", Mends())
