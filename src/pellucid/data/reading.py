"""Reads a table from any source: a file, a frame of pandas, polars or Arrow, SQL, a sample."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from pellucid.data.conll import SUFFIXES, read_conll
from pellucid.data.databases import Query, read_only_table, read_query
from pellucid.data.delimited import read_delimited
from pellucid.data.excel import read_excel
from pellucid.data.folders import read_folder, table_in
from pellucid.data.frames import frame_of, plain
from pellucid.data.json_lines import read_json, read_json_lines
from pellucid.data.samples import sample
from pellucid.data.sources import find_file, recognise_format
from pellucid.data.table import Table
from pellucid.errors import DataError, Mends, UsageError
from pellucid.media.files import Files, meant

Ragged = Literal["skip", "mend"]
SAMPLE = "sample:"


def read(source: Any, mends: Mends, ragged: Ragged = "skip") -> Table:
    """The table a source holds; faults of the data are counted in `mends`, or an error.

    A record with other than the header's number of fields is left out, or with `ragged="mend"`
    cut or filled, so that every row stays.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, Query):
        return _table(str(source), read_query(source, mends))
    if isinstance(source, str) and source.startswith(SAMPLE):
        return _table(source, sample(source.removeprefix(SAMPLE)))
    if isinstance(source, str | os.PathLike):
        return _checked(_read_path(_path(source), mends, ragged))
    frame = frame_of(source, mends)
    if frame is None:
        raise UsageError(
            f"a {type(source).__name__} is no table; pass a path, a pandas, polars or Arrow "
            "frame, a mapping of columns, a Query or 'sample:NAME'"
        )
    return _table("the given table", frame)


def _path(source: str | os.PathLike[str]) -> Path:
    text = os.fspath(source)
    if "://" in text:
        raise DataError(f'"{text}" is an address; pellucid downloads nothing: fetch the file first')
    return meant(Path(), text)


def _read_path(path: Path, mends: Mends, ragged: Ragged) -> Table:
    """A file, or a folder: of files, or with the table that names them."""
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir() fails for too long a name)
        table = table_in(path)
        if table is None:
            return read_folder(path, mends)
        path = table
    read_table = _read_file(find_file(path), mends, ragged)
    return replace(read_table, files=Files(path.parent))


def _read_file(path: Path, mends: Mends, ragged: Ragged) -> Table:
    form = recognise_format(path)
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in (".gz", ".zst")]
    suffix = suffixes[-1] if suffixes else ""
    if form in ("parquet", "arrow", "arrow stream"):
        return _read_columns(path, form)
    if form == "excel":
        return _table(str(path), read_excel(path, mends))
    if form == "sqlite":
        return _table(str(path), read_only_table(path, mends))
    if suffix in SUFFIXES:
        return read_conll(path, mends, ragged)
    if suffix in (".jsonl", ".ndjson"):
        return read_json_lines(path, mends, ragged)
    return (
        read_json(path, mends, ragged) if suffix == ".json" else read_delimited(path, mends, ragged)
    )


def _read_columns(path: Path, form: str) -> Table:
    """Files that hold typed columns; they are scanned where they lie, never read whole."""
    try:
        if form == "arrow stream":
            return _table(str(path), plain(pl.read_ipc_stream(path).lazy()).collect())
        lazy = pl.scan_parquet(path, glob=False) if form == "parquet" else pl.scan_ipc(path)
        height = int(lazy.select(pl.len()).collect().item())
        return Table(str(path), plain(lazy), height)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f'"{path}" is damaged: {reason}; write or copy it again') from error


def _table(name: str, frame: pl.DataFrame) -> Table:
    return _checked(Table(name, frame.lazy(), frame.height))


def _checked(table: Table) -> Table:
    """The table if it has something in it."""
    if not table.columns:
        raise DataError(f"{table.name} has no columns")
    if not table.height:
        raise DataError(
            f"{table.name} has no rows of data, only the columns {', '.join(table.columns[:5])}"
        )
    return table
