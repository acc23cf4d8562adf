"""Writes frames as CSV, Parquet, Arrow or JSON lines: a whole file or none."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import polars as pl

from pellucid.data.spool import Spool
from pellucid.errors import DataError, UsageError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
RECORDS = (".jsonl", ".ndjson")
COLUMNS = (".parquet", ".arrow", ".feather")


class Writer(Protocol):
    """Takes the frames of one file in order; all have the same columns."""

    def write(self, frame: pl.DataFrame) -> None:
        """Append the rows of a frame."""

    def finish(self) -> None:
        """Write what is still held back."""

    def close(self) -> None:
        """Let go of the file, finished or not."""


@contextmanager
def writer(path: str | Path) -> Iterator[Writer]:
    """A file that frames are appended to; it stands under its name once all is written."""
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    made = _writer(path, beside)
    try:
        yield made
        with _explained(path):
            made.finish()
            beside.replace(path)
    finally:
        with suppress(OSError):
            made.close()
        with suppress(OSError):
            beside.unlink()


def _writer(path: Path, beside: Path) -> Writer:
    suffix = path.suffix.lower()
    if suffix in COLUMNS:
        return _ColumnWriter(path, beside)
    if suffix in RECORDS or suffix in SEPARATORS:
        return _RowWriter(path, beside)
    known = ", ".join((*SEPARATORS, *RECORDS, *COLUMNS))
    raise UsageError(f'"{path}": end the name in one of {known}, which says how rows are written')


class _RowWriter:
    """CSV, TSV and JSON lines grow row by row."""

    def __init__(self, path: Path, beside: Path) -> None:
        self._path, self._suffix, self._first = path, path.suffix.lower(), True
        with _explained(path):
            self._file = beside.open("wb")

    def write(self, frame: pl.DataFrame) -> None:
        text = io.BytesIO()  # so that a full disk is Python's error, with its reason
        with _explained(self._path):
            if self._suffix in RECORDS:
                frame.write_ndjson(text)
            else:
                separator = SEPARATORS[self._suffix]
                frame.write_csv(text, include_header=self._first, separator=separator)
            self._file.write(text.getbuffer())
        self._first = False

    def finish(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class _ColumnWriter:
    """Parquet and Arrow are laid out by columns: rows are gathered first, on disk if many."""

    def __init__(self, path: Path, beside: Path) -> None:
        self._path, self._beside, self._spool = path, beside, Spool()
        with _explained(path):
            beside.touch()  # what cannot be written shows before the work is done

    def write(self, frame: pl.DataFrame) -> None:
        self._spool.add(frame)

    def finish(self) -> None:
        table = self._spool.table(str(self._path))
        if self._path.suffix.lower() == ".parquet":
            table.lazy.sink_parquet(self._beside)
        else:
            table.lazy.sink_ipc(self._beside)

    def close(self) -> None:
        self._spool = Spool()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise DataError(
            f'"{path}" cannot be written: {reason}; choose a folder that exists, that you may '
            "write in and that has room"
        ) from error
