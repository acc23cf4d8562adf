"""Finds the records of delimited text: where each starts, ends and how many fields it has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]

NEWLINE, RETURN, QUOTE = b'\n\r"'


@dataclass(frozen=True)
class Records:
    """The whole records of a block of text, as offsets in bytes.

    A field is quoted when its first and last characters are quotes and those inside are doubled;
    any other quote is a stray: an ordinary character. A newline inside quotes ends no record.
    """

    starts: Positions  # the first byte of each record
    ends: Positions  # the newline that ends it
    fields: Positions  # its number of fields
    lines: Positions  # newlines of the block before it
    separators: Positions  # those between fields
    strays: Positions  # quotes that neither open nor close a field

    @property
    def size(self) -> int:
        """Bytes up to the end of the last whole record."""
        return int(self.ends[-1]) + 1 if self.ends.size else 0


def find_records(text: bytes, separator: bytes, last: bool) -> Records:
    """The whole records of a text that ends with a newline; unless `last`, more text follows."""
    cells = np.frombuffer(text, np.uint8)
    quoted, strays, limit = _find_quoted(text, cells, separator, last)
    newlines = np.flatnonzero(cells == NEWLINE)
    ends = _outside(newlines, quoted, limit)
    limit = int(ends[-1]) + 1 if ends.size else 0
    separators = _outside(np.flatnonzero(cells == separator[0]), quoted, limit)
    starts = np.concatenate([[0], ends[:-1] + 1]) if ends.size else ends
    lines = np.arange(starts.size) if not quoted.size else np.searchsorted(newlines, starts)
    fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    return Records(starts, ends, fields, lines, separators, strays[strays < limit])


def split_record(record: bytes, separator: bytes) -> list[bytes]:
    """The fields of one record, with their quotes taken off."""
    pattern, fields, at = _field_pattern(separator), [], 0
    while at <= len(record):
        match = pattern.match(record, at)
        assert match is not None  # the pattern matches an empty field everywhere
        quoted, plain = match.group("quoted", "plain")
        fields.append(plain if quoted is None else quoted.replace(b'""', b'"'))
        at = match.end() + 1
    return fields


def quote_strays(record: bytes, separator: bytes) -> bytes:
    """The same record with its stray quotes inside properly quoted fields."""
    fields = split_record(record, separator)
    return separator.join(
        b'"%s"' % field.replace(b'"', b'""') if field else b"" for field in fields
    )


def _outside(positions: Positions, quoted: Positions, limit: int) -> Positions:
    """Those before `limit` and in no quoted field."""
    before: Positions = positions[: np.searchsorted(positions, limit)]
    if quoted.size:
        before = before[np.searchsorted(quoted, before) % 2 == 0]
    return before


def _find_quoted(
    text: bytes, cells: NDArray[np.uint8], separator: bytes, last: bool
) -> tuple[Positions, Positions, int]:
    """Opening and closing quotes in turn, stray quotes, and where an unfinished field opens."""
    quotes = np.flatnonzero(cells == QUOTE)
    none, opens, closes = quotes[:0], quotes[0::2], quotes[1::2]
    # Quotes open and close in turn where each opening one has a boundary before it and each
    # closing one a boundary after it; a doubled quote closes and opens again.
    edge = np.zeros(256, bool)
    edge[[NEWLINE, separator[0], QUOTE]] = True
    after = cells[closes + 1]
    line_end = (after == RETURN) & (cells[np.minimum(closes + 2, cells.size - 1)] == NEWLINE)
    if edge[cells[opens - 1]].all() and (edge[after] | line_end).all():
        if quotes.size % 2 == 0:
            return quotes, none, len(text)
        if not last:
            return quotes[:-1], none, int(quotes[-1])
    return _search_quoted(text, quotes, separator, last)


def _search_quoted(
    text: bytes, quotes: Positions, separator: bytes, last: bool
) -> tuple[Positions, Positions, int]:
    """The same for text with stray quotes, from field to field."""
    bounds, limit = [], len(text)
    for match in _quoted_pattern(separator, last).finditer(text):
        if match["end"] is None:
            limit = match.start()
            break
        bounds += [match.start(), match.end() - 1]
    quoted = np.array(bounds, dtype=np.int64)
    outside = quotes[np.searchsorted(quoted, quotes) % 2 == 0]
    return quoted, outside[~np.isin(outside, quoted)], limit


@cache
def _quoted_pattern(separator: bytes, last: bool) -> re.Pattern[bytes]:
    mark, unfinished = re.escape(separator), rb"" if last else rb"|\Z"
    return re.compile(
        rb'(?<![^%b\n])"[^"]*+(?:""[^"]*+)*+(?:(?P<end>")(?=%b|\r?\n)%b)' % (mark, mark, unfinished)
    )


@cache
def _field_pattern(separator: bytes) -> re.Pattern[bytes]:
    mark = re.escape(separator)
    return re.compile(
        rb'"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"(?=%b|\Z)|(?P<plain>[^%b]*+)' % (mark, mark)
    )
