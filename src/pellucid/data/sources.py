"""Opens a file by what its first bytes say it is, and text as chunks of clean UTF-8."""

from __future__ import annotations

import codecs
import difflib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from pellucid.data.decoding import Decoder
from pellucid.errors import DataError, Mends

CHUNK_BYTES = 16 << 20
LINE_BYTES = 512 << 20  # longer lines are taken for a file that is no text table

# What a file is, told by its first bytes; a name in words is something that holds no table.
MAGIC = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow stream"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0", "excel"),
    (b"SQLite format 3\0", "sqlite"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"RIFF", "a sound or film"),
    (b"OggS", "a sound or film"),
    (b"ID3", "a sound"),
    (b"fLaC", "a sound"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"FEA1", "a Feather file of the old version 1"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"\x7fELF", "a program"),
)
TABLES = (".csv", ".tsv", ".parquet", ".arrow", ".feather", ".jsonl", ".json", ".xlsx")
REMEDY = "pass a CSV, Parquet, Arrow, JSON lines or Excel file"


def find_file(path: Path) -> Path:
    """The path itself if it is a file that can be read, else an error that helps."""
    try:
        if path.is_dir():
            inside = sorted(entry for entry in path.iterdir() if entry.suffix in TABLES)
            example = f', such as "{inside[0]}"' if inside else ""
            raise DataError(f'"{path}" is a folder; name one file of it{example}')
        with path.open("rb"):
            return path
    except PermissionError as error:
        raise DataError(f'"{path}" may not be read: ask its owner for permission') from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f'no file "{path}"{_nearest_file(path)}') from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f'"{str(path)[:80]}" cannot be opened: {reason}') from error


def _nearest_file(path: Path) -> str:
    if not path.parent.is_dir():
        return f', and no folder "{path.parent}"'
    names = [entry.name for entry in path.parent.iterdir()]
    close = difflib.get_close_matches(path.name, names, 1, 0.75)
    return f'; did you mean "{path.parent / close[0]}"?' if close else ""


def recognise_format(path: Path) -> str:
    """One of parquet, arrow, arrow stream, excel, sqlite, gzip, zstd, text."""
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise DataError(f'"{path}" is empty (0 bytes); {REMEDY}')
    name = next((name for magic, name in MAGIC if head.startswith(magic)), "text")
    if name == "zip":
        return _recognise_zip(path)
    if " " in name and name != "arrow stream":
        raise DataError(f'"{path}" is {name}, not a table; {REMEDY}')
    return name


def _recognise_zip(path: Path) -> str:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise DataError(f'"{path}" is a damaged ZIP archive or Excel file: {error}') from error
    if any(name.startswith("xl/") for name in names) or "content.xml" in names:
        return "excel"
    raise DataError(f'"{path}" is a ZIP archive, not a table; unpack it and pass a file of it')


def text_chunks(path: Path, mends: Mends) -> Iterator[bytes]:
    """A text file as UTF-8 in chunks of whole lines, without NUL bytes; every mend is counted."""
    decoder = Decoder(mends)
    rest = b""
    for chunk in _with_newlines(_as_bytes_of_utf8(path, mends)):
        data = rest + chunk
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        if cut:
            yield decoder.decode(data[:cut])
        elif len(rest) > LINE_BYTES:
            raise DataError(f'"{path}" has no line end in {len(rest) >> 20} MB: not a text table')
    if rest:
        yield decoder.decode(rest + b"\n")


def _with_newlines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same text; where only carriage returns end its lines, newlines instead."""
    first = next(chunks, b"")
    if b"\n" in first or b"\r" not in first[:-1]:
        yield first
        yield from chunks
        return
    yield first.replace(b"\r", b"\n")
    for chunk in chunks:
        yield chunk.replace(b"\r", b"\n")


def _as_bytes_of_utf8(path: Path, mends: Mends) -> Iterator[bytes]:
    """The file's bytes; UTF-16 and UTF-32 are turned into UTF-8, other encodings come later."""
    chunks = _raw_chunks(path)
    first = next(chunks, b"")
    if not first:
        raise DataError(f'"{path}" is empty; {REMEDY}')
    encoding, mark = _wide_encoding(first)
    first = first[mark:]
    if encoding is None:
        _refuse_junk(path, first)
        yield first
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(first).encode()
    for chunk in chunks:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _wide_encoding(head: bytes) -> tuple[str | None, int]:
    """The encoding if its units are wider than a byte, and the length of the byte order mark."""
    marks = (
        (codecs.BOM_UTF8, None),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    )
    for mark, encoding in marks:
        if head.startswith(mark):
            return encoding, len(mark)
    zero = np.frombuffer(head[: 1 << 16], np.uint8) == 0
    even, odd = float(zero[0::2].mean()), float(zero[1::2].mean()) if zero.size > 1 else 0.0
    if odd > 0.4 and even < 0.05:
        return "utf-16-le", 0
    return ("utf-16-be", 0) if even > 0.4 and odd < 0.05 else (None, 0)


def _refuse_junk(path: Path, head: bytes) -> None:
    cells = np.frombuffer(head[: 1 << 16], np.uint8)
    control = (cells < 32) & ~np.isin(cells, (0, 9, 10, 11, 12, 13, 26, 27))
    if control.mean() > 0.02 or (cells == 0).mean() > 0.3:
        raise DataError(f'"{path}" does not look like text or any table known here; {REMEDY}')


def _raw_chunks(path: Path) -> Iterator[bytes]:
    form = recognise_format(path)
    if form == "zstd":
        yield from _zstd_chunks(path)
        return
    try:
        with gzip.open(path) if form == "gzip" else path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f'"{path}" is damaged: {error}; compress or copy it again') from error
    except OSError as error:
        raise DataError(f'"{path}" cannot be read: {error}') from error


def _zstd_chunks(path: Path) -> Iterator[bytes]:
    """Decompressed by polars line by line, so that zstd needs no further dependency."""
    try:
        for frame in pl.scan_lines(path, glob=False).collect_batches(maintain_order=True):
            yield "\n".join([*frame.to_series(), ""]).encode()
    except (pl.exceptions.ComputeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f'"{path}" cannot be decompressed ({reason}); unpack it first') from error
