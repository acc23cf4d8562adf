"""Reads the first sheet of an Excel or OpenDocument workbook as text cells."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pellucid.data.names import unique_names
from pellucid.errors import DataError, Mend, Mends


def read_excel(path: Path, mends: Mends) -> pl.DataFrame:
    """The first filled row names the columns; cells are text, as in a delimited file."""
    try:
        import fastexcel
    except ImportError as error:
        raise DataError(f'"{path}" is an Excel file: pip install "pellucid[excel]"') from error
    try:
        book = fastexcel.read_excel(path)
        sheet = book.load_sheet(0, header_row=None, dtypes="string", schema_sample_rows=None)
        cells = pl.DataFrame(sheet)
    except fastexcel.FastExcelError as error:
        reason = str(error).splitlines()[0]
        raise DataError(f'"{path}" cannot be read as an Excel file: {reason}') from error
    others = book.sheet_names[1:]
    mends.add(Mend("sheet after the first", "left out", len(others), where=tuple(others[:3])))
    filled = cells.filter(~pl.all_horizontal(pl.all().is_null()))
    mends.add(Mend("empty row", "left out", cells.height - filled.height))
    if not filled.height:
        raise DataError(f'"{path}": the first sheet, {book.sheet_names[0]!r}, is empty')
    names = unique_names([name or "" for name in filled.row(0)], mends)
    return filled[1:].rename(dict(zip(filled.columns, names, strict=True)))
