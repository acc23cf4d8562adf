"""One value of a request as a cell of its column: always of the column's one type.

A batch holds the records of many clients. Were a column of it to hold numbers from one and texts
from another, all would be read as texts; so each cell is brought to its column's type alone.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from pellucid.data.cells import whole
from pellucid.kinds.cells import numbers, texts
from pellucid.kinds.date import moments
from pellucid.serving.fields import Field

PLAIN = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
Read = Callable[[Any, Field], Any]
EPOCH = datetime(1970, 1, 1)


def cell_of(value: Any, field: Field) -> Any:
    """The cell, None where missing; ValueError with the reason if the field takes no such value."""
    if value is None:
        return None
    if isinstance(value, list | dict):
        raise ValueError(f"a {field.kind} is one value, not a list or an object")
    if isinstance(value, str) and not whole(value):
        raise ValueError("it holds half a letter (a lone surrogate)")
    read: Read = READ.get(field.kind, _text)
    return read(value, field)


def dtype_of(field: Field) -> Any:
    """The type of the column that holds such cells."""
    return DTYPES.get(field.kind, pl.String)


def _number(value: Any, field: Field) -> float | None:
    if isinstance(value, bool):
        raise ValueError("not a number but a truth value")
    if isinstance(value, str):
        if field.written == "plain" and PLAIN.fullmatch(value):
            return float(value)
        text = texts(pl.Series([value]))
        number = None if text[0] is None else numbers(text, field.written or "plain")[0]
        if text[0] is not None and number is None:
            raise ValueError("not a number")
    else:
        number = _float(value)
    if number is not None and not math.isfinite(number):
        raise ValueError("an infinite number")
    return number


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _date(value: Any, field: Field) -> datetime | None:
    """ISO 8601 always, in UTC or as the clock showed; else as the column writes its dates."""
    if not isinstance(value, str):
        raise ValueError("not a date; write it as 2024-05-31 or 2024-05-31T12:30")
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        text = texts(pl.Series([value]))
    if text[0] is None:
        return None
    seconds = moments(text, field.written)[0] if len(value) <= 100 else None
    if seconds is None:
        also = f" or as {field.written}" if field.written else ""
        raise ValueError(f"not a date; write it as 2024-05-31{also}")
    return EPOCH + timedelta(seconds=seconds)


def _name(value: Any, field: Field) -> str | None:
    """A name as the kind reads it: 3.0 is 3, and a truth value is a word."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("an infinite number")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else texts(pl.Series([value]))[0]


def _text(value: Any, field: Field) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _file(value: Any, field: Field) -> bytes:
    """A path would open the server's own files, an address would fetch: only bytes are taken."""
    if isinstance(value, bytes):
        return value
    raise ValueError("a file: send multipart/form-data, with the other fields as part 'record'")


READ: Mapping[str, Read] = {
    "number": _number,
    "date": _date,
    "category": _name,
    "text": _text,
    "image": _file,
    "audio": _file,
    "video": _file,
}
DTYPES: Mapping[str, Any] = {
    "number": pl.Float64,
    "date": pl.Datetime("us"),
    "image": pl.Binary,
    "audio": pl.Binary,
    "video": pl.Binary,
}
