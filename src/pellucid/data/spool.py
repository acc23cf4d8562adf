"""Collects frames into one table: in memory while they are small, then in Parquet files."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path

import polars as pl

from pellucid.data.lines import Lines
from pellucid.data.table import Table
from pellucid.errors import DataError

MEMORY_BYTES = 512 << 20
PART_BYTES = 96 << 20  # few parts keep a slice quick, small ones keep memory low
GROUP_ROWS = 131_072


class Spool:
    """Frames are added in order; the table that comes out holds them all."""

    def __init__(self) -> None:
        self.height = 0
        self._frames: list[pl.DataFrame] = []
        self._bytes = 0
        self._parts: list[Path] = []
        self._folder: TemporaryFolder | None = None

    def add(self, frame: pl.DataFrame) -> None:
        """Take the next rows; write them to disk once all of them are more than memory allows."""
        self._frames.append(frame)
        self._bytes += _size(frame)
        self.height += frame.height
        if self._bytes > (MEMORY_BYTES if self._folder is None else PART_BYTES):
            self._flush()

    def table(self, name: str, lines: Lines | None = None) -> Table:
        """All rows as one table; columns that differ in type from frame to frame are widened."""
        if self._folder is None:
            frame = (
                pl.concat(self._frames, how="diagonal_relaxed") if self._frames else pl.DataFrame()
            )
            return Table(name, frame.lazy(), self.height, lines)
        self._flush()
        return Table(name, self._scan(), self.height, lines, self._folder)

    def _flush(self) -> None:
        """Write the waiting frames as Parquet files of about PART_BYTES each."""
        self._folder = self._folder or TemporaryFolder()
        waiting, size = [], 0
        for frame in self._frames:
            waiting.append(frame)
            size += _size(frame)
            if size > PART_BYTES:
                self._write(waiting)
                waiting, size = [], 0
        if waiting:
            self._write(waiting)
        self._frames, self._bytes = [], 0

    def _write(self, frames: list[pl.DataFrame]) -> None:
        assert self._folder is not None
        part = self._folder.path / f"{len(self._parts):06}.parquet"
        frame = pl.concat(frames, how="diagonal_relaxed")
        frames.clear()
        _write_part(frame, part)
        self._parts.append(part)

    def _scan(self) -> pl.LazyFrame:
        """One lazy frame over all parts, the odd ones rewritten to the common schema."""
        empty = [pl.DataFrame(schema=pl.read_parquet_schema(part)) for part in self._parts]
        common = pl.concat(empty, how="diagonal_relaxed")
        for part, schema in zip(self._parts, empty, strict=True):
            if schema.schema != common.schema:
                odd = pl.read_parquet(part, memory_map=False)
                _write_part(pl.concat([common, odd], how="diagonal_relaxed"), part)
        return pl.scan_parquet(self._parts, glob=False)


class TemporaryFolder:
    """A folder that goes when the last table over it goes, or at exit."""

    def __init__(self) -> None:
        try:
            self.path = Path(tempfile.mkdtemp(prefix="pellucid-"))
        except OSError as error:
            raise _no_room(tempfile.gettempdir(), error) from error
        weakref.finalize(self, _remove, self.path, os.getpid())


def _remove(path: Path, process: int) -> None:
    if os.getpid() == process:  # a forked child must not remove what its parent still reads
        shutil.rmtree(path, ignore_errors=True)


def _size(frame: pl.DataFrame) -> int:
    return (
        int(frame.estimated_size()) + 16 * frame.height * frame.width
    )  # 16 bytes: a string's view


def _write_part(frame: pl.DataFrame, part: Path) -> None:
    try:
        frame.write_parquet(part, compression="lz4", statistics=False, row_group_size=GROUP_ROWS)
    except (OSError, pl.exceptions.ComputeError) as error:
        raise _no_room(str(part.parent), error) from error


def _no_room(folder: str, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    return DataError(
        f'the table does not fit in memory, and its copy in "{folder}" cannot be written '
        f"({reason}); make room there, or set TMPDIR to a folder with room"
    )
