"""Which cells of a column can hold a medium at all, and what to say where none can be read."""

from __future__ import annotations

import polars as pl

from pellucid.errors import DataError

HOLDING = (pl.String, pl.Binary)  # paths, data URIs and contents


def readable_cells(cells: pl.Series) -> list[str | bytes | None]:
    """The cells of a column; those of a type that can hold no medium count as missing."""
    return cells.to_list() if cells.dtype in HOLDING else [None] * len(cells)


def sampled_cells(what: str, cells: pl.Series, most: int) -> list[str | bytes]:
    """About `most` of the cells that are there; DataError for a column of another type."""
    sample = cells.drop_nulls()
    if len(sample) and sample.dtype not in HOLDING:
        raise DataError(
            f"Column {cells.name!r} is to hold {what}: paths, contents or arrays; but it holds "
            f"{sample.dtype} such as {sample[0]}. Give it another kind, or leave its kind out."
        )
    return sample.gather_every(max(1, len(sample) // most)).to_list()


def nothing_read(what: str, column: str, first: object) -> DataError:
    """The error where none of a column's files can be read."""
    return DataError(
        f"None of the {what} of column {column!r} that were tried could be read: the first is "
        f"{first}. Paths are relative to the folder of the table; correct them, or leave the "
        f'column out with --ignore "{column}".'
    )
