"""Tells whether a column names rows, or groups of rows, rather than describing them."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from pellucid.data.numbers import Numbers, as_numbers

FEWEST_ROWS = 20  # with fewer rows, distinct values mean nothing
FIRST_ROWS, MANY_ROWS = 200, 10_000
FEWEST_GROUPS = 3
ID = "an id: every value differs"
ID_WORDS = {"id", "ids", "uuid", "guid", "fips", "isbn", "ssn", "iban", "rowid", "unnamed"}
LAST_ID_WORDS = {"no", "nr", "num", "number", "idx", "key", "row", "serial", "case"}
LONE_ID_WORDS = {"index", "code"}
LONE_IDS = (["id"], ["rowid"], ["row", "id"], ["uuid"], ["guid"])
TIME_WORDS = {"year", "month", "week", "day", "date", "time", "hour", "minute", "second", "step"}
GROUP_WORDS = {
    *("user", "customer", "client", "patient", "subject", "person", "participant", "member"),
    *("speaker", "player", "author", "driver", "student", "session", "household", "account"),
}
RANDOM_CODE = r"^([0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F-]+|[^@\s]+@[^@\s]+\.\w+)$"
NUMBERED = r"^a[a/_.:#-]*9"  # letters, then digits: user_17, img/0001.jpg


def identifier_reason(column: pl.Series) -> str | None:
    """Why the column is an id; None if it may describe its row."""
    filled = column.drop_nulls()
    if len(filled) < max(FEWEST_ROWS, 0.99 * len(column)) or filled.dtype.is_temporal():
        return None
    distinct = filled.n_unique() / len(filled)
    if _words(column.name) in LONE_IDS and distinct > 0.5:
        return ID if distinct == 1 else f"an id by its name: {filled.n_unique():,} values"
    if distinct < 0.95:
        return None
    first = as_numbers(filled.head(FIRST_ROWS))
    if first is not None and not _are_whole(first):
        return None  # a measurement, by a quick look
    numbers = as_numbers(filled)
    if numbers is not None:
        return _number_reason(filled, numbers, distinct)
    if filled.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return None
    return _text_reason(filled.cast(pl.String), distinct)


def group_count(column: pl.Series) -> int:
    """How many groups the column seems to name; 0 if it names none."""
    words = _words(column.name)
    named = words and (words[-1] in GROUP_WORDS or bool(ID_WORDS & set(words)))
    numbers = as_numbers(column)
    if not named or (numbers is not None and not _are_whole(numbers)):
        return 0
    groups = column.drop_nulls().n_unique()
    return groups if FEWEST_GROUPS <= groups <= len(column) / 2 else 0


def _words(name: str) -> list[str]:
    """customerID, customer_id and "Customer Id" are all customer, id."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.findall(r"[a-z]+", parted.lower())


def _has_id_name(name: str) -> bool:
    words = _words(name)
    lone = len(words) == 1 and words[0] in LONE_ID_WORDS
    return bool(words) and (bool(ID_WORDS & set(words)) or words[-1] in LAST_ID_WORDS or lone)


def _are_whole(numbers: Numbers) -> bool:
    known = numbers[~np.isnan(numbers)]
    return bool(np.isfinite(known).all() and (known == np.floor(known)).all())


def _number_reason(cells: pl.Series, numbers: Numbers, distinct: float) -> str | None:
    """Whole numbers that an id's name, leading zeros or a steady count give away."""
    if not _are_whole(numbers) or set(_words(cells.name)) & TIME_WORDS:
        return None
    if _has_id_name(cells.name):
        return ID
    if distinct < 1:
        return None
    if cells.dtype == pl.String and _padded(cells):
        return f"{ID}, written with leading zeros"
    return "an id: it counts the rows" if _counts_rows(numbers) else None


def _counts_rows(numbers: Numbers) -> bool:
    """Ascending with few gaps, or steadily in a sample of very many rows."""
    if not (np.diff(numbers) > 0).all():
        return False
    dense = np.ptp(numbers) < 2 * len(numbers)
    steady = np.corrcoef(numbers, np.arange(len(numbers)))[0, 1] > 0.9999
    return bool(dense or (len(numbers) >= MANY_ROWS and steady))


def _padded(cells: pl.Series) -> bool:
    return cells.str.len_chars().n_unique() == 1 and cells.str.starts_with("0").any()


def _share(flags: pl.Series) -> float:
    return float(flags.to_numpy().mean())


def _text_reason(cells: pl.Series, distinct: float) -> str | None:
    """Single words that an id's name, the look of a random code or a running number give away."""
    some = cells.str.strip_chars().head(5_000)
    if _share(some.str.contains(r"\s")) > 0.1:
        return None
    if _has_id_name(cells.name):
        return ID
    if distinct < 1:
        return None
    if _share(some.str.contains(RANDOM_CODE)) > 0.9:
        return f"{ID}, by the look of a code"
    capitals = some.str.contains("^[0-9A-Z-]{6,}$") & some.str.contains("[0-9]")
    capitals &= some.str.contains("[A-Z]")
    if _share(capitals) > 0.9 and some.str.len_chars().n_unique() == 1:
        return f"{ID}, by the look of a code"
    patterns = some.str.replace_all("[a-zA-Z]+", "a").str.replace_all("[0-9]+", "9")
    numbered = patterns.str.contains(NUMBERED) & ~patterns.str.contains(r"9[.,]9")
    if _share(numbered) > 0.9 and patterns.n_unique() <= max(3, 0.05 * len(some)):
        return f"{ID}, and all are numbered, like {cells[0]!r}"
    return None
