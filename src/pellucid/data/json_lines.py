"""Reads JSON lines, and JSON files that hold a list of records, into a table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from pellucid.data.frames import frame_of, frame_of_records
from pellucid.data.lines import LineIndex
from pellucid.data.sources import text_chunks
from pellucid.data.spool import Spool
from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends

Ragged = Literal["skip", "mend"]
PLAIN = (pl.String, pl.Boolean, pl.Int64, pl.Float64, pl.Null)


def read_json(path: Path, mends: Mends, ragged: Ragged = "skip") -> Table:
    """A list of records or an object of columns; what begins with a whole record is JSON lines."""
    text = b"".join(text_chunks(path, mends))
    first, _, others = text.lstrip().partition(b"\n")
    if _record(first) is not None and others.strip():
        return _read_lines([text], path, mends, ragged)
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f'"{path}" is not sound JSON: {error}') from error
    if isinstance(content, dict) and not any(isinstance(cell, list) for cell in content.values()):
        content = [content]
    frame = frame_of(content, mends)
    if frame is None:
        raise DataError(
            f'"{path}" holds no list of records, like [{{"name": "Ann", "age": 7}}, …]; '
            "write it so, or as JSON lines"
        )
    return Table(str(path), frame.lazy(), frame.height)


def read_json_lines(path: Path, mends: Mends, ragged: Ragged = "skip") -> Table:
    """One record a line; what is no record is skipped or, to keep every row, left empty."""
    return _read_lines(text_chunks(path, mends), path, mends, ragged)


def _read_lines(chunks: Iterable[bytes], path: Path, mends: Mends, ragged: Ragged) -> Table:
    spool, lines, line = Spool(), LineIndex(), 1
    for text in chunks:
        filled = [
            (number, row) for number, row in enumerate(text.split(b"\n"), line) if row.strip()
        ]
        line += text.count(b"\n")
        frame = _quickly(text)
        if frame is None or frame.height != len(filled):
            frame, filled = _one_by_one(filled, path, mends, ragged)
        if filled:
            spool.add(frame)
            lines.add(np.array([number for number, _ in filled], np.int64))
    return spool.table(str(path), lines.finish())


def _quickly(text: bytes) -> pl.DataFrame | None:
    """By polars, where every line is a record of plain cells."""
    try:
        frame = pl.read_ndjson(text, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        return None
    return frame if all(isinstance(dtype, PLAIN) for dtype in frame.dtypes) else None


def _one_by_one(
    filled: list[tuple[int, bytes]], path: Path, mends: Mends, ragged: Ragged
) -> tuple[pl.DataFrame, list[tuple[int, bytes]]]:
    records = [_record(row) for _, row in filled]
    bad = [number for (number, _), record in zip(filled, records, strict=True) if record is None]
    if 2 * len(bad) > len(filled):
        raise DataError(f'"{path}" is not JSON lines: line {bad[0]:,} is no record in braces')
    action = "row skipped" if ragged == "skip" else "all its cells left empty"
    where = tuple(f"line {number:,}" for number in bad[:3])
    mends.add(Mend("line that is no JSON record", action, len(bad), where=where))
    if ragged == "skip":
        filled = [pair for pair, record in zip(filled, records, strict=True) if record is not None]
        records = [record for record in records if record is not None]
    return frame_of_records([record or {} for record in records], mends), filled


def _record(text: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
