"""Reads delimited text (CSV, TSV and their kin) into a table of strings, whatever its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pellucid.data.dialect import Dialect, recognise_dialect
from pellucid.data.lines import LineIndex
from pellucid.data.records import Records, find_records, quote_strays
from pellucid.data.sources import text_chunks
from pellucid.data.spool import Spool
from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends

Ragged = Literal["skip", "mend"]
Flags = NDArray[np.bool_]
CELL_BYTES = 64 << 20  # a quoted field that does not end within this many bytes never does
FEWER, MORE = "fewer fields than the header", "more fields than the header"


def read_delimited(path: Path, mends: Mends, ragged: Ragged = "skip") -> Table:
    """Every cell as written, an empty field as null; records of another width as `ragged` says."""
    texts = text_chunks(path, mends)
    first = next(texts, b"")
    dialect = recognise_dialect(first, str(path), mends)
    spool, lines, skipped = Spool(), LineIndex(), 0
    spool.add(pl.DataFrame(schema=dict.fromkeys(dialect.names, pl.String)))
    for block in _blocks(chain([first], texts), dialect):
        mended = _mend(block, dialect, ragged, mends)
        skipped += mended.skipped
        if skipped > max(spool.height + mended.lines.size, 2):
            raise _mostly_ragged(path, block, dialect)
        if mended.lines.size:
            spool.add(_parse(mended, dialect))
            lines.add(mended.lines)
    return spool.table(str(path), lines.finish())


@dataclass(frozen=True)
class Block:
    """A piece of text that holds whole records, from a known line on."""

    text: bytes
    records: Records
    line: int


@dataclass(frozen=True)
class Mended:
    """Rectangular text, and the line at which each of its rows starts."""

    text: bytes
    lines: NDArray[np.int64]
    skipped: int


def _blocks(texts: Iterator[bytes], dialect: Dialect) -> Iterator[Block]:
    """Cut text at the ends of records, leaving out what stands above the data."""
    rest, line, above = b"", 1, dialect.above
    upcoming = next(texts, None)
    while upcoming is not None:
        text, upcoming = rest + upcoming, next(texts, None)
        last = upcoming is None or len(rest) > CELL_BYTES
        if above:
            line += text.count(b"\n", 0, above)
            text, above = text[above:], 0
        if not text:
            continue
        records = find_records(text, dialect.separator, last)
        if records.size:
            yield Block(text, records, line)
            line += text.count(b"\n", 0, records.size)
        rest = text[records.size :]


def _mend(block: Block, dialect: Dialect, ragged: Ragged, mends: Mends) -> Mended:
    """Leave out blank lines, make every record as wide as the header, and count what was done."""
    records, lines = block.records, block.line + block.records.lines
    text = np.frombuffer(block.text, np.uint8)
    length = records.ends - records.starts
    blank = (length == 0) | ((length == 1) & (text[records.starts] == ord("\r")))
    fewer = (records.fields < dialect.width) & ~blank
    more = records.fields > dialect.width
    stray = np.zeros_like(blank)
    stray[np.searchsorted(records.ends, records.strays)] = True
    if not (blank | fewer | more | stray).any():
        return Mended(block.text[: records.size], lines, 0)
    before_end = np.arange(blank.size) < np.flatnonzero(~blank).max(initial=-1)
    _count(mends, "blank line", "left out", lines[blank & before_end])
    skipping = ragged == "skip"
    _count(mends, FEWER, "row skipped" if skipping else "missing fields left empty", lines[fewer])
    _count(mends, MORE, "row skipped" if skipping else "the fields beyond it cut off", lines[more])
    dropped = blank | ((fewer | more) & skipping)
    _count(mends, "quote without its partner", "kept as written", lines[stray & ~dropped])
    rewritten = _rewrite(block, dialect, dropped, fewer | more | stray | dropped, stray)
    return Mended(rewritten, lines[~dropped], int((dropped & ~blank).sum()))


def _count(mends: Mends, fault: str, action: str, lines: NDArray[np.int64]) -> None:
    mends.add(Mend(fault, action, lines.size, where=tuple(f"line {line:,}" for line in lines[:3])))


def _rewrite(block: Block, dialect: Dialect, dropped: Flags, touched: Flags, stray: Flags) -> bytes:
    """The text with its touched records dropped, or quoted, cut and filled."""
    records, text, done, pieces = block.records, block.text, 0, []
    for i in np.flatnonzero(touched):
        start, end, fields = int(records.starts[i]), int(records.ends[i]), int(records.fields[i])
        pieces.append(text[done:start])
        done = end + 1
        if dropped[i]:
            continue
        if fields > dialect.width:
            first = int(np.searchsorted(records.separators, start))
            end = int(records.separators[first + dialect.width - 1])
        record = text[start:end].removesuffix(b"\r")
        record = quote_strays(record, dialect.separator) if stray[i] else record
        pieces += [record, dialect.separator * (dialect.width - fields), b"\n"]
    return b"".join([*pieces, text[done : records.size]])


def _parse(mended: Mended, dialect: Dialect) -> pl.DataFrame:
    """Rectangular text as a frame of strings."""
    frame = pl.read_csv(
        mended.text,
        has_header=False,
        schema=dict.fromkeys(dialect.names, pl.String),
        separator=dialect.separator.decode(),
        quote_char='"' if b'"' in mended.text else None,
    )
    if frame.height != mended.lines.size:
        raise DataError(
            f"lines {mended.lines[0]} to {mended.lines[-1]} hold {mended.lines.size} records, of "
            f"which {frame.height} could be read; check the quotes there"
        )
    return frame.with_columns(pl.all().replace("", None)) if b'""' in mended.text else frame


def _mostly_ragged(path: Path, block: Block, dialect: Dialect) -> DataError:
    odd = np.flatnonzero(block.records.fields != dialect.width)[0]
    return DataError(
        f'"{path}": most rows do not have the {dialect.width} fields of the header (separated by '
        f"{dialect.separator.decode()!r}); line {block.line + block.records.lines[odd]:,} has "
        f"{block.records.fields[odd]}: correct the header, or quote fields that hold a separator"
    )
