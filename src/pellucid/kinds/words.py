"""The words of a cell: a sentence or a JSON list, as numbers that a network reads."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from pellucid.kinds.contract import Array

LETTERS = 16  # bytes read of a word: the first and the last half of a longer one
WINDOW = 12  # features of a word and of those around it
SLOTS = 2**15  # in which these features are counted
MOST_KNOWN = 30_000  # words that have a vector of their own
MOST_RUNS = 48  # parts that an answer may rest on
FIRST_WORD = 2  # 0 is padding, 1 a word not known


def words_of(cells: pl.Series) -> list[list[str]]:
    """The words of each cell: the texts of a JSON list, else what white space parts."""
    return [_words(cell) for cell in cells.cast(pl.String).fill_null("").to_list()]


def runs(words: Sequence[str], most: int = MOST_RUNS) -> list[list[str]]:
    """The words one by one, or in runs of equal length where there are more than `most`."""
    size = -(-len(words) // most) or 1
    return [list(words[i : i + size]) for i in range(0, len(words), size)]


def known_words(sentences: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Lower-cased words seen twice or more, most frequent first."""
    counts = Counter(word.lower() for sentence in sentences for word in sentence)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(word for word, count in ordered[:MOST_KNOWN] if count > 1)


def as_numbers(sentences: Iterable[Sequence[str]], known: Sequence[str]) -> tuple[Array, Array]:
    """Each word's number (words,), and its letters as bytes from 1 up (words, LETTERS)."""
    places = {word: place for place, word in enumerate(known, FIRST_WORD)}
    every = [word for sentence in sentences for word in sentence]
    numbers = np.array([places.get(word.lower(), 1) for word in every], np.int32)
    letters = np.zeros((len(every), LETTERS), np.int32)
    for row, word in enumerate(every):
        spelt = word.encode("utf-8", "replace")
        half = LETTERS // 2
        kept = spelt if len(spelt) <= LETTERS else spelt[:half] + spelt[-half:]
        letters[row, : len(kept)] = np.frombuffer(kept, np.uint8)
        letters[row, : len(kept)] += 1
    return numbers, letters


def window_features(words: Sequence[str]) -> list[list[str]]:
    """Of each word: itself and two on either side, pairs, its ends and its shape; WINDOW in all."""
    lower = ["<s>", "<s>", *(word.lower() for word in words), "</s>", "</s>"]
    return [
        [
            *(f"{step}={lower[place + step]}" for step in (-2, -1, 0, 1, 2)),
            f"before={lower[place - 1]} {lower[place]}",
            f"after={lower[place]} {lower[place + 1]}",
            *(f"first {n}={word[:n]}" for n in (2, 3)),
            *(f"last {n}={word[-n:]}" for n in (2, 3)),
            f"shape={_shape(word)}",
        ]
        for place, word in enumerate(words, 2)
    ]


def window_numbers(sentences: Iterable[Sequence[str]]) -> Array:
    """The slots, from 1 up, of every word's window features: (words, WINDOW)."""
    slots = [
        [1 + zlib.crc32(feature.encode("utf-8", "replace")) % SLOTS for feature in features]
        for sentence in sentences
        for features in window_features(sentence)
    ]
    return np.array(slots, np.int32).reshape(-1, WINDOW)


def _shape(word: str) -> str:
    """Aa for Paris, 99 for 1987."""
    kinds = (
        "9" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in word
    )
    shape = "".join(kinds)
    return shape if len(shape) <= 2 else shape[0] + shape[1] + shape[-1]


def _words(cell: str) -> list[str]:
    if cell.lstrip().startswith("["):
        try:
            content = json.loads(cell)
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, list) and all(isinstance(word, str) for word in content):
            return content
    return cell.split()
