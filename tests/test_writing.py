"""Files come whole or not at all, and fingerprints tell tables apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.data.fingerprint import fingerprint
from pellucid.data.reading import read
from pellucid.data.table import Table
from pellucid.data.writing import writer
from pellucid.errors import DataError, Mends, PellucidError, UsageError

SUFFIXES = ["csv", "tsv", "jsonl", "parquet", "arrow"]
FRAME = pl.DataFrame({"a": ["1", None, "3"], "b": ["x, y", 'say "hi"\nthere', "ü"]})


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    with writer(path) as file:
        file.write(frame)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    write_frame(FRAME, path)
    assert read(path, Mends()).lazy.collect().equals(FRAME)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_are_appended(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    with writer(path) as file:
        for _ in range(3):
            file.write(FRAME)
        assert not path.exists()
    assert read(path, Mends()).lazy.collect().equals(pl.concat([FRAME] * 3))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_fault_on_the_way_leaves_the_older_file_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), writer(path) as file:
        file.write(FRAME)
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    script = f"""
import resource, signal
import polars as pl
from pellucid.data.writing import writer
from pellucid.errors import DataError
frame = pl.DataFrame({{"a": pl.int_range(200_000, eager=True).hash().cast(pl.String)}})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with writer({str(tmp_path / f"t.{suffix}")!r}) as file:
        file.write(frame)
except DataError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert f't.{suffix}" cannot be written: ' in done.stdout
    assert "has room" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.csv").mkdir()
    for path in (tmp_path / "none" / "t.csv", tmp_path / "file" / "t.csv", tmp_path / "folder.csv"):
        with pytest.raises(DataError, match="cannot be written"):
            write_frame(FRAME, path)
    with pytest.raises(UsageError, match=r"end the name in one of \.csv"):
        write_frame(FRAME, tmp_path / "t.docx")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.csv"]


def table_of(frame: pl.DataFrame) -> Table:
    return Table("t", frame.lazy(), frame.height)


CELLS = {
    "text": st.none() | st.text(max_size=3),
    "number": st.none() | st.floats(allow_nan=False),
    "truth": st.none() | st.booleans(),
    "day": st.none() | st.dates(),
    "bytes": st.none() | st.binary(max_size=2),
    "list": st.none() | st.lists(st.integers(0, 9), max_size=2),
}
TYPES = dict(
    zip(
        CELLS,
        (pl.String, pl.Float64, pl.Boolean, pl.Date, pl.Binary, pl.List(pl.Int64)),
        strict=True,
    )
)
ROWS = st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=6)


@given(ROWS, st.integers(1, 7), st.data())
def test_a_fingerprint_depends_on_every_cell_and_on_nothing_else(
    rows: list[dict[str, object]], size: int, data: st.DataObject
) -> None:
    frame = pl.DataFrame(rows, schema=TYPES)
    first = fingerprint(table_of(frame))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "_slice_rows", lambda self, columns: size)
        assert fingerprint(table_of(pl.concat([frame[:1], frame[1:]]))) == first
    row = data.draw(st.integers(0, len(rows) - 1))
    name = data.draw(st.sampled_from(sorted(CELLS)))
    other = data.draw(CELLS[name])
    rows[row] = {**rows[row], name: other}
    changed = pl.DataFrame(rows, schema=TYPES)
    assert (fingerprint(table_of(changed)) == first) == changed.equals(frame, null_equal=True)


def test_a_fingerprint_sees_names_and_where_cells_end() -> None:
    frames = [
        pl.DataFrame({"a": ["x", "yz"]}),
        pl.DataFrame({"a": ["xy", "z"]}),
        pl.DataFrame({"b": ["x", "yz"]}),
        pl.DataFrame({"a": ["x", "yz", None]}),
        pl.DataFrame({"a": ["x", "yz", ""]}),
    ]
    assert len({fingerprint(table_of(frame)) for frame in frames}) == len(frames)


def test_damage_found_while_reading_slices_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": range(1_000)}).write_parquet(path, compression="uncompressed")
    table = read(path, Mends())
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(bytes(content))
    with pytest.raises(PellucidError, match=str(path)):
        list(table.batches())
