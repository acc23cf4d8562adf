"""Reads a column of raw cells as numbers, to look at the data; kinds do it to learn from them."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

CLASSES = 20  # more distinct numbers than this are a quantity
TOLERANCE = 0.02  # of the cells may be words for "missing"


def as_numbers(column: pl.Series) -> Numbers | None:
    """The cells as numbers, NaN where missing; None where they are not numbers."""
    if column.dtype.is_temporal():
        column = column.to_physical()
    if column.dtype == pl.String:
        column = _parsed(column.str.strip_chars())
    if not column.dtype.is_numeric() or column.null_count() == len(column):
        return None
    values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return np.asarray(values, np.float64)


def _parsed(cells: pl.Series) -> pl.Series:
    """With a decimal point, else with a decimal comma; the cells themselves if neither fits."""
    allowed = cells.null_count() + TOLERANCE * len(cells)
    numbers = cells.cast(pl.Float64, strict=False)
    if numbers.null_count() > allowed and 2 * cells.str.contains(",", literal=True).sum() > len(
        cells
    ):
        commas = cells.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        numbers = commas.cast(pl.Float64, strict=False)
    return numbers if numbers.null_count() <= allowed else cells


def is_number(column: pl.Series) -> bool:
    """Whether a target is a quantity rather than a class."""
    return column.n_unique() > CLASSES and as_numbers(column) is not None
