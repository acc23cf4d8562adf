"""Turns a list of Python values into one column of a fitting type, losing nothing unseen."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from pellucid.errors import Mend, Mends
from pellucid.media.arrays import are_media, as_bytes
from pellucid.media.files import UnreadableError

INT64 = 2**63
BYTES = (bytes, bytearray, memoryview)

# Which cells can stand in one column; the first that matches counts, so bool comes before int.
FAMILIES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool, np.bool_), "truth"),
    ((int, float, Decimal, np.integer, np.floating), "number"),
    ((str,), "text"),
    ((datetime,), "moment"),
    ((date,), "date"),
    ((time,), "time"),
    ((timedelta,), "duration"),
    (BYTES, "bytes"),
)


def series_of(name: str, values: Sequence[Any], mends: Mends) -> pl.Series:
    """The column; cells of several types become text and are counted."""
    cells = [None if _is_missing(value) else value for value in values]
    media = are_media(cells)
    if any(media):
        files = sum(isinstance(cell, BYTES) for cell in cells)
        if 2 * (sum(media) + files) > sum(cell is not None for cell in cells):
            return _of_media(name, cells, media, mends)
    families = [None if cell is None else _family(cell) for cell in cells]
    found = Counter(family for family in families if family is not None)
    if set(found) == {"number"}:
        return _numbers(name, cells)
    if set(found) == {"bytes"}:
        return pl.Series(name, [None if cell is None else bytes(cell) for cell in cells])
    if len(found) == 1 and not {"text", "other"} & set(found):
        return pl.Series(name, cells, strict=False)
    if len(found) > 1:
        usual = found.most_common(1)[0][0]
        odd = [row for row, family in enumerate(families) if family not in (None, usual)]
        where = tuple(f"row {row + 1}: {str(cells[row])[:30]!r}" for row in odd[:3])
        mends.add(
            Mend("cell of another type than most", "column taken as text", len(odd), name, where)
        )
    return pl.Series(
        name, _whole_letters(name, [as_text(cell) for cell in cells], mends), pl.String
    )


def _of_media(name: str, cells: list[Any], media: list[bool], mends: Mends) -> pl.Series:
    """Pictures, sounds or films as bytes; what is none among them is missing and counted."""
    made: list[bytes | None] = []
    faults: dict[str, list[int]] = {}
    for row, (cell, medium) in enumerate(zip(cells, media, strict=True)):
        content = None
        if isinstance(cell, BYTES):  # of a file
            content = bytes(cell)
        elif not medium and cell is not None:
            faults.setdefault("cell that is no picture, sound or film", []).append(row)
        elif medium:
            try:
                content = as_bytes(cell)
            except UnreadableError as error:
                faults.setdefault(str(error), []).append(row)
        made.append(content)
    for fault, rows in faults.items():
        where = tuple(f"row {row + 1}: {_shown(cells[row])}" for row in rows[:3])
        mends.add(Mend(fault, "taken as missing", len(rows), name, where))
    return pl.Series(name, made, pl.Binary)


def _shown(cell: Any) -> str:
    return repr(cell[:30]) if isinstance(cell, str) else f"a {type(cell).__name__}"


def _whole_letters(name: str, cells: list[str | None], mends: Mends) -> list[str | None]:
    """Half letters, which no encoding can write, become question marks and are counted."""
    halves = [row for row, cell in enumerate(cells) if cell and not whole(cell)]
    if not halves:
        return cells
    where = tuple(f"row {row + 1}" for row in halves[:3])
    mends.add(Mend("half a letter", "replaced by a question mark", len(halves), name, where))
    return [None if cell is None else whole_text(cell) for cell in cells]


def whole(text: str) -> bool:
    """Whether every letter can be written in UTF-8."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def whole_text(text: str) -> str:
    """The text with a question mark for each half letter."""
    return text.encode("utf-8", "replace").decode("utf-8")


def as_text(cell: Any) -> str | None:
    """A cell as text: lists and mappings as JSON, bytes as UTF-8."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, list | tuple | dict):
        return json.dumps(cell, ensure_ascii=False, default=str)
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def _is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT, told by name so that pandas need not be imported."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _family(cell: Any) -> str:
    return next((name for types, name in FAMILIES if isinstance(cell, types)), "other")


def _numbers(name: str, cells: list[Any]) -> pl.Series:
    """Whole numbers as such where all are and fit, else floats."""
    filled = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, int | np.integer) and -INT64 <= cell < INT64 for cell in filled):
        return pl.Series(name, [None if cell is None else int(cell) for cell in cells], pl.Int64)
    return pl.Series(name, [None if cell is None else _float(cell) for cell in cells], pl.Float64)


def _float(cell: Any) -> float:
    try:
        return float(cell)
    except OverflowError:  # a whole number beyond 1e308
        return math.inf if cell > 0 else -math.inf
