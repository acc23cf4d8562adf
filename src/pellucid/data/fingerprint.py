"""One short text that two tables share only if all their names, types and cells are equal."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import polars as pl

from pellucid.data.cells import as_text
from pellucid.data.table import Table


def fingerprint(table: Table) -> str:
    """SHA-256 over names, types and cells in order, the same whatever the size of the slices."""
    columns = {name: (hashlib.sha256(), hashlib.sha256()) for name in table.columns}
    types = {name: str(dtype) for name, dtype in table.lazy.collect_schema().items()}
    for frame in table.batches():
        for column in frame:
            sizes, contents = columns[column.name]
            size, content = _as_bytes(column)
            sizes.update(size)
            contents.update(content)
    digests = [[a.hexdigest(), b.hexdigest()] for a, b in columns.values()]
    return hashlib.sha256(json.dumps([table.height, types, digests]).encode()).hexdigest()


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
