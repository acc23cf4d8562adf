"""Reads CoNLL files, one word a line and a blank line between sentences, as one row a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from pellucid.data.lines import LineIndex
from pellucid.data.sources import text_chunks
from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends

Ragged = Literal["skip", "mend"]
Sentence = tuple[int, list[list[str]]]  # its first line, and the fields of each of its words
SUFFIXES = (".conll", ".conll2002", ".conll2003", ".bio", ".iob", ".iob2")
DOCUMENT = "-DOCSTART-"


def read_conll(path: Path, mends: Mends, ragged: Ragged = "skip") -> Table:
    """Columns `words` and `tags` (the first and the last field), between them `column_2`, …

    The cells of a sentence are joined by spaces. A sentence in which a line has more or fewer
    fields than most is skipped or, to keep every row, left without all but its words.
    """
    sentences = list(_sentences(path, mends))
    counts = Counter(len(fields) for _, words in sentences for fields in words)
    if not counts:
        raise DataError(f'"{path}" holds no sentence: one word a line, then its tag')
    width = counts.most_common(1)[0][0]
    bad = [line for line, words in sentences if _is_uneven(words, width)]
    where = tuple(f"line {line:,}" for line in bad[:3])
    action = "row skipped" if ragged == "skip" else "only its words kept"
    fault = f"sentence in which a line has not {width} fields"
    mends.add(Mend(fault, action, len(bad), where=where))
    if ragged == "skip":
        sentences = [pair for pair in sentences if not _is_uneven(pair[1], width)]
    names = ["words", *(f"column_{place}" for place in range(2, width)), "tags"][: max(1, width)]
    frame = pl.DataFrame(
        {name: [_joined(words, place, width) for _, words in sentences]
         for place, name in enumerate(names)},
        schema=dict.fromkeys(names, pl.String),
    )  # fmt: skip
    lines = LineIndex()
    if sentences:
        lines.add(np.array([line for line, _ in sentences], np.int64))
    return Table(str(path), frame.lazy(), frame.height, lines.finish())


def _sentences(path: Path, mends: Mends) -> Iterator[Sentence]:
    number, first, words = 0, 1, list[list[str]]()
    for chunk in text_chunks(path, mends):
        for line in chunk.decode("utf-8", "replace").split("\n")[:-1]:
            number += 1
            fields = line.split()
            if not fields or fields[0] == DOCUMENT:
                if words:
                    yield first, words
                words = []
            elif not (line.startswith("# ") and len(fields) != _width(words)):  # no comment
                first = number if not words else first
                words.append(fields)
    if words:
        yield first, words


def _width(words: list[list[str]]) -> int:
    return len(words[-1]) if words else 2


def _is_uneven(words: list[list[str]], width: int) -> bool:
    return any(len(fields) != width for fields in words)


def _joined(words: list[list[str]], place: int, width: int) -> str | None:
    if place and _is_uneven(words, width):
        return None
    return " ".join(fields[place] for fields in words)
