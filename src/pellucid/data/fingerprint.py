"""One short text that two tables share only if all their names, types and cells are equal.

Where cells name pictures, sounds or films, what these files hold counts too.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import numpy as np
import polars as pl

from pellucid.data.cells import as_text
from pellucid.data.table import Table
from pellucid.errors import Mends
from pellucid.media.files import UnreadableError, in_parallel, opened
from pellucid.media.recognition import medium_of

BLOCK = 64 * 2**10  # bytes
ABSENT = bytes(32)


def fingerprint(table: Table) -> str:
    """SHA-256 over names, types and cells in order, the same whatever the size of the slices."""
    columns = {name: (hashlib.sha256(), hashlib.sha256()) for name in table.columns}
    types = {name: str(dtype) for name, dtype in table.lazy.collect_schema().items()}
    named = _naming_files(table)  # columns that name files, and what these hold
    for frame in table.batches():
        for column in frame:
            sizes, contents = columns[column.name]
            size, content = _as_bytes(column)
            sizes.update(size)
            contents.update(content)
            if column.name in named:
                located = table.files.locate(column.to_frame(), Mends()).to_series()
                for sketch in in_parallel(sketch_of, located.to_list()):
                    named[column.name].update(sketch if isinstance(sketch, bytes) else ABSENT)
    digests = [[a.hexdigest(), b.hexdigest()] for a, b in columns.values()]
    of_files = [[name, digest.hexdigest()] for name, digest in named.items()]
    whole = [table.height, types, digests, *([of_files] if of_files else [])]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def sketch_of(cell: str | bytes) -> bytes:
    """32 bytes of a located file: its size, its beginning, middle and end.

    Of a longer file no more than three blocks are read, so that an hour of film costs what a
    picture does; UnreadableError where it cannot be opened.
    """
    try:
        with opened(cell) as file:
            size = file.seek(0, os.SEEK_END)
            digest = hashlib.sha256(str(size).encode())
            long, last = size > 3 * BLOCK, size - BLOCK
            for start in (0, last // 2, last) if long else (0,):
                file.seek(start)
                digest.update(file.read(BLOCK if long else size))
            return digest.digest()
    except OSError as error:
        raise UnreadableError("a file that cannot be read") from error


def _naming_files(table: Table) -> dict[str, Any]:
    texts = [name for name, dtype in table.lazy.collect_schema().items() if dtype == pl.String]
    frame = next(table.batches(texts), pl.DataFrame()) if texts else pl.DataFrame()
    return {column.name: hashlib.sha256() for column in frame if medium_of(column) is not None}


def _as_bytes(column: pl.Series) -> tuple[bytes, bytes]:
    """The lengths of all cells, -1 for a missing one, and their bytes one after the other."""
    if column.dtype.is_temporal():
        column = column.to_physical()
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        missing = column.is_null().to_numpy().tobytes()
        values = column.cast(pl.UInt8) if column.dtype == pl.Boolean else column
        filled = values.fill_null(0).to_numpy()
        return missing, np.ascontiguousarray(filled, filled.dtype.newbyteorder("<")).tobytes()
    if column.dtype == pl.Binary:
        cells = column.to_list()
        sizes = np.array([-1 if cell is None else len(cell) for cell in cells], "<i4")
        return sizes.tobytes(), b"".join(cell or b"" for cell in cells)
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    elif column.dtype != pl.String:
        column = pl.Series(column.name, [as_text(cell) for cell in column.to_list()], pl.String)
    lengths = column.str.len_bytes().cast(pl.Int32).fill_null(-1).to_numpy()
    joined: str = column.str.join("").item()
    return lengths.astype("<i4").tobytes(), joined.encode()
