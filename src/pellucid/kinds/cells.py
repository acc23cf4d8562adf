"""How raw cells are read as numbers or as text, and which of them mean "missing"."""

from __future__ import annotations

import re
from typing import Literal

import polars as pl

from pellucid.errors import Mend, Mends

MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "missing")
Style = Literal["plain", "comma", "stripped"]  # 1234.5 · 1.234,5 · $1,234.50 or 12 %
CODE_NAME = re.compile(
    r"(^|[\W_])(zip|zipcode|postal|postcode|plz|fips|code)([\W_]|$)", re.IGNORECASE
)
MARKS = r"[\s\u00a0\u202f_'’$€£¥%]"

THOUSANDS = r"\s\u00a0\u202f'’"
LEAD = r"^\D{0,3}[+-]?([1-9]\d{0,2}"  # no thousands begin with 0: 0,126 has a decimal comma
POINT = rf"{LEAD}([,{THOUSANDS}]\d{{3}})+|\d+)(\.\d+)?\s?\D{{0,3}}$"
COMMA = rf"{LEAD}([.{THOUSANDS}]\d{{3}})+|\d+)(,\d+)?\s?\D{{0,3}}$"


def texts(cells: pl.Series) -> pl.Series:
    """Cells as stripped strings; null where missing."""
    if cells.dtype == pl.Boolean:
        return cells.cast(pl.Int8).replace_strict({0: "false", 1: "true"}, return_dtype=pl.String)
    if cells.dtype.is_float():
        whole = cells.is_finite() & (cells == cells.round())
        text = cells.fill_nan(None).cast(pl.String)
        return text.zip_with(~whole.fill_null(False), text.str.strip_suffix(".0"))
    text = cells.cast(pl.String).str.strip_chars()
    return text.set(text.str.to_lowercase().is_in(MISSING).fill_null(False), None)


def numbers(cells: pl.Series, style: Style = "plain") -> pl.Series:
    """Cells as float64; null where missing or not a number, infinite where infinite."""
    if cells.dtype != pl.String:
        unlike = cells.dtype.is_nested() or cells.dtype.is_temporal()
        if unlike or cells.dtype in (pl.Object, pl.Binary):
            return pl.Series(cells.name, [None] * len(cells), dtype=pl.Float64)
        if cells.dtype in (pl.Categorical, pl.Enum):
            return numbers(cells.cast(pl.String), style)
        return cells.cast(pl.Float64, strict=False).fill_nan(None)
    text = cells.str.strip_chars().str.replace("\u2212", "-", literal=True)
    if style == "comma":
        text = text.str.replace_all(MARKS, "").str.replace_all(".", "", literal=True)
        text = text.str.replace_all(",", ".", literal=True)
    elif style == "stripped":
        text = text.str.replace_all(MARKS, "").str.replace_all(",", "", literal=True)
    return text.cast(pl.Float64, strict=False).fill_nan(None)


def number_style(cells: pl.Series) -> tuple[Style, float]:
    """The style that reads most of the cells that are not missing, and the share it reads."""
    if cells.dtype != pl.String:
        present = cells.drop_nulls()
        read = numbers(present).is_not_null().mean() if len(present) else 0.0
        return "plain", float(read or 0.0)  # type: ignore[arg-type]
    present = texts(cells).drop_nulls()
    if not len(present):
        return "plain", 0.0
    shares: dict[Style, float] = {"plain": float(numbers(present).is_not_null().mean())}  # type: ignore[arg-type]
    if shares["plain"] < 0.99:
        point = present.str.contains(POINT)
        comma = present.str.contains(COMMA)
        stripped = numbers(present, "stripped").is_not_null() & point
        decimal = numbers(present, "comma").is_not_null() & comma
        shares["stripped"] = float(stripped.mean())  # type: ignore[arg-type]
        shares["comma"] = float(decimal.mean())  # type: ignore[arg-type]
    best = max(shares, key=lambda style: shares[style])
    return best, shares[best]


def is_code(cells: pl.Series) -> bool:
    """Whole numbers that repeat, in a column whose name says that they are names of things."""
    if not CODE_NAME.search(cells.name):
        return False
    present = texts(cells).drop_nulls()
    if not len(present) or not present.str.contains(r"^\d+$").all():
        return False
    return 1 < present.n_unique() <= max(2, len(present) // 2)


def row_number(row: int) -> str:
    """Where a row stands, when nothing better is known."""
    return f"row {row + 1}"


def mend_of(fault: str, cells: pl.Series, wrong: pl.Series, mends: Mends) -> Mend:
    """The mend of the cells marked as wrong, each taken as missing."""
    first = wrong.arg_true().head(mends.places).to_list() if wrong.any() else []
    where = tuple(f"{mends.place(row)}: {str(cells[row])[:40]!r}" for row in first)
    return Mend(fault, "taken as missing", int(wrong.sum()), cells.name, where)
