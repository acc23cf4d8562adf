"""Recognises how a delimited text is written: its separator, header and column names."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.data.names import unique_names
from pellucid.data.records import find_records, split_record
from pellucid.errors import DataError, Mend, Mends

SEPARATORS = (b"\t", b";", b"|", b",")  # in order of preference where several fit
NO_SEPARATOR = b"\x1f"  # for a single column, whose text may hold any of them
SAMPLE_BYTES = 1 << 18
SAMPLE_RECORDS = 200
MOST_ABOVE = 20  # lines of a title above the header
DATA = re.compile(r"(?=.*\d)[-+.,:/ '%()\d]+([eE][-+]?\d+|T[\d:.]+Z?)?")  # a number, a date


@dataclass(frozen=True)
class Dialect:
    """How the text is written; `above` bytes stand before its first row of data."""

    separator: bytes
    names: list[str]
    above: int

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.names)


@dataclass(frozen=True)
class Sample:
    """The first records of a text, as one separator cuts them, without blank ones."""

    separator: bytes
    records: list[bytes]
    starts: list[int]
    counts: list[int]  # fields of each record

    @property
    def below(self) -> NDArray[np.int64]:
        """The counts of all records but the first, where there are more."""
        return np.array(self.counts[1:] or self.counts)

    @property
    def usual(self) -> int:
        """The most frequent number of fields."""
        return int(np.bincount(self.below).argmax())

    @property
    def share(self) -> int:
        """How many records have it, in twentieths."""
        return round(20 * float(np.mean(self.below == self.usual)))

    @property
    def fits(self) -> bool:
        """Whether the first record has as many fields as most others, or one name fewer."""
        return 1 < self.counts[0] and self.usual - self.counts[0] in (0, 1) and self.share >= 10

    @property
    def title(self) -> int:
        """How many lines of a title stand above a table of three columns or more."""
        top = self.counts.index(self.usual) if self.usual in self.counts else 0
        alike = np.mean(np.array(self.counts[top:]) == self.usual)
        return top if self.usual > 2 and top <= MOST_ABOVE and alike > 0.9 else 0


def recognise_dialect(text: bytes, name: str, mends: Mends) -> Dialect:
    """Look at the first records; every guess that is not the plain case is counted."""
    samples = [_sample(text, separator) for separator in SEPARATORS]
    if not samples[0].records:
        raise DataError(f'"{name}" holds only blank lines')
    sample = _best(samples) or _sample(text, NO_SEPARATOR)
    top = 0 if sample.fits else sample.title
    mends.add(Mend("line above the header", "left out", top))
    rows = [_fields(record, sample.separator) for record in sample.records[top:]]
    if _has_header(rows):
        names = unique_names(_whole_header(rows, sample.usual), mends)
        end = sample.starts[top] + len(sample.records[top])
        return Dialect(sample.separator, names, text.index(b"\n", end) + 1)
    names = [f"column_{position}" for position in range(1, sample.usual + 1)]
    mends.add(Mend("no header", f"columns named column_1 to column_{len(names)}", 1))
    return Dialect(sample.separator, names, sample.starts[top])


def _sample(text: bytes, separator: bytes) -> Sample:
    piece = text[: text.rfind(b"\n", 0, SAMPLE_BYTES) + 1]
    found = find_records(piece, separator, last=False) if piece else None
    if found is None or found.ends.size < 2:
        found = find_records(text, separator, last=True)
    sample = Sample(separator, [], [], [])
    for start, end, fields in zip(found.starts, found.ends, found.fields, strict=True):
        record = text[start:end].removesuffix(b"\r")
        if record and len(sample.records) < SAMPLE_RECORDS:
            sample.records.append(record)
            sample.starts.append(int(start))
            sample.counts.append(int(fields))
    return sample


def _best(samples: list[Sample]) -> Sample | None:
    """The sample whose separator cuts the records most alike; None for a single column."""
    if fitting := [sample for sample in samples if sample.fits]:
        return max(fitting, key=lambda sample: sample.share)
    if titled := [sample for sample in samples if sample.title]:
        return max(titled, key=lambda sample: sample.share)
    ragged = [sample for sample in samples if sample.counts[0] > 1]
    return max(ragged, key=lambda sample: sample.counts[0], default=None)


def _fields(record: bytes, separator: bytes) -> list[str]:
    return [field.decode() for field in split_record(record, separator)]


def _has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: it is text above numbers, or nothing is against."""
    first, body = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    if not body or _counts_up(first):
        return True
    votes = 0
    for name, cells in zip(first, zip(*body, strict=True), strict=True):
        filled = [cell for cell in cells if cell.strip()]
        if not filled or not name.strip():
            continue
        if np.mean([DATA.fullmatch(cell[:64]) is not None for cell in filled]) > 0.9:
            votes += -1 if DATA.fullmatch(name) else 1
        elif name in filled and len(set(filled)) < len(filled) / 2:
            votes -= 1
    return votes >= 0


def _counts_up(names: list[str]) -> bool:
    """Whether the numbers among the names are consecutive: positions or years."""
    numbers = [int(name) for name in names if name.strip().isdecimal()]
    return len(numbers) > 2 and bool((np.diff(numbers) == 1).all())


def _whole_header(rows: list[list[str]], width: int) -> list[str]:
    """The names; where there is one too few, the last column is empty or the first has none."""
    header = rows[0]
    if len(header) != width - 1:
        return header
    full = [row for row in rows[1:] if len(row) == width]
    return [*header, ""] if not any(row[-1].strip() for row in full) else ["", *header]
