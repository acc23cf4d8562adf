"""The answer of the row that is most alike: the usual way to have a text without writing one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from pellucid.kinds.cells import Style, number_style, numbers
from pellucid.kinds.contract import Array

MOST_SEARCHED = 50_000  # rows among which the nearest is looked for
PARTS = np.linspace(0.1, 0.9, 9)  # at which numbers are cut into ten


def by_words(known: list[str], answers: pl.Series, asked: list[str]) -> list[str]:
    """The answer of the known text that shares most rare words with each that is asked."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    return _nearest(words, known, answers, asked)


def by_cells(known: pl.DataFrame, answers: pl.Series, asked: pl.DataFrame) -> list[str]:
    """The answer of the known row that shares most rare cells with each that is asked."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    cuts = {series.name: _cuts(series) for series in known}
    rows = [_told(frame, cuts) for frame in (known, asked)]
    cells = TfidfVectorizer(analyzer=str.splitlines)
    return _nearest(cells, rows[0], answers, rows[1])


def _cuts(cells: pl.Series) -> tuple[Style, Array] | None:
    """How a column's numbers are written, and where they are cut; None where it holds none."""
    style, share = number_style(cells)
    if share < 0.95:
        return None
    return style, np.nanquantile(numbers(cells, style).cast(pl.Float64).to_numpy(), PARTS)


def _told(frame: pl.DataFrame, cuts: dict[str, tuple[Style, Array] | None]) -> list[str]:
    """Each row as lines, one a cell; of a number the tenth that it lies in."""
    columns = []
    for series in frame:
        own = series.cast(pl.String).fill_null("")
        if (cut := cuts[series.name]) is not None:
            values = numbers(series, cut[0]).cast(pl.Float64).to_numpy()
            own = pl.Series(np.searchsorted(cut[1], values)).cast(pl.String)
        columns.append([f"{series.name}: {cell}".replace("\n", " ") for cell in own.to_list()])
    return ["\n".join(row) for row in zip(*columns, strict=True)]


def _nearest(vectorizer: Any, known: list[str], answers: pl.Series, asked: list[str]) -> list[str]:
    known, written = known[:MOST_SEARCHED], answers.cast(pl.String).fill_null("").to_list()
    try:
        table = vectorizer.fit_transform(known)
    except ValueError:  # no word at all
        return [written[0]] * len(asked)
    return [written[i] for part in _parts(asked) for i in _best(table, vectorizer.transform(part))]


def _parts(asked: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(asked), 512):
        yield asked[first : first + 512]


def _best(table: Any, asked: Any) -> list[int]:
    return [int(i) for i in np.asarray((asked @ table.T).toarray()).argmax(1)]
