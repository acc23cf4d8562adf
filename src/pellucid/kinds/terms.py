"""Terms of a text: words, pairs of words, and the character n-grams inside words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from pellucid.kinds.contract import Array

TOKEN = re.compile(r"\w{1,40}|[^\w\s]")
NGRAMS = (2, 3, 4, 5)
MOST_TERMS = 2**17  # of words and of n-grams each
CHUNK = 4_096
LONGEST_WORD = 40  # n-grams of a longer one are taken from its beginning


@dataclass(frozen=True)
class Vocabulary:
    """The terms of one column: first the words and pairs, then the n-grams."""

    terms: Array  # (bytes,) uint8: all terms, one a line, in UTF-8
    rarity: Array  # (terms,) ln((1 + documents) / (1 + documents with the term)) + 1
    words: int  # how many of the terms are words and pairs

    @cached_property
    def names(self) -> list[str]:
        """Every term as written; a pair has a space in the middle."""
        return (
            bytes(self.terms.astype(np.uint8)).decode("utf-8").split("\n")
            if len(self.terms)
            else []
        )

    @cached_property
    def index(self) -> tuple[dict[str, int], dict[str, int]]:
        """Position of each word or pair, and of each n-gram."""
        words = {name: i for i, name in enumerate(self.names[: self.words])}
        ngrams = {name: i for i, name in enumerate(self.names[self.words :], self.words)}
        return words, ngrams


def fit_vocabulary(texts: pl.Series) -> Vocabulary:
    """The most frequent terms; those of a single text are left out when there are many texts."""
    words: dict[str, int] = {}
    ngrams: dict[str, int] = {}
    documents = [np.zeros(0, np.int64), np.zeros(0, np.int64)]
    for chunk in _chunks(texts):
        for kind, (table, terms) in enumerate(_chunk_terms(chunk, words, ngrams, grow=True)):
            del table
            row, term = terms
            pairs = np.unique(row.astype(np.int64) * 2**32 + term) % 2**32
            counted = np.bincount(pairs)
            size = max(len(counted), len(documents[kind]))
            documents[kind] = _padded(documents[kind], size) + _padded(counted, size)
    least = 2 if len(texts) >= 2000 else 1
    kept = [_frequent(documents[0], least), _frequent(documents[1], least)]
    spelt = [list(words), list(ngrams)]
    names = [[table[i] for i in keep] for table, keep in zip(spelt, kept, strict=True)]
    frequency = np.concatenate([documents[0][kept[0]], documents[1][kept[1]]])
    joined = "\n".join(names[0] + names[1]).encode()
    rarity = np.log((1 + len(texts)) / (1 + frequency)) + 1
    return Vocabulary(np.frombuffer(joined, np.uint8), rarity.astype(np.float32), len(names[0]))


def count_terms(vocabulary: Vocabulary, texts: pl.Series) -> tuple[Array, Array, Array]:
    """Row, term and count of every term of the vocabulary that occurs; sorted by row, then term."""
    words, ngrams = vocabulary.index
    size = max(len(vocabulary.rarity), 1)
    found, start = [np.zeros(0, np.int64)], 0
    for chunk in _chunks(texts):
        for _, (row, term) in _chunk_terms(chunk, words, ngrams, grow=False):
            found.append((row + start) * size + term)
        start += len(chunk)
    key, count = np.unique(np.concatenate(found), return_counts=True)
    return key // size, key % size, count


def _chunks(texts: pl.Series) -> Iterator[list[str]]:
    for start in range(0, len(texts), CHUNK):
        yield texts.slice(start, CHUNK).str.to_lowercase().to_list()


def _chunk_terms(
    chunk: list[str], words: dict[str, int], ngrams: dict[str, int], grow: bool
) -> list[tuple[dict[str, int], tuple[Array, Array]]]:
    """(row, term) of every occurrence: words and pairs, then n-grams.

    Python sees each word of a text once and each distinct word once more; the rest is NumPy.
    """
    local: dict[str, int] = {}
    tokens = [[local.setdefault(t, len(local)) for t in TOKEN.findall(text)] for text in chunk]
    lengths = np.array([len(t) for t in tokens], np.int64)
    flat = np.fromiter((t for text in tokens for t in text), np.int64, int(lengths.sum()))
    row = np.repeat(np.arange(len(chunk)), lengths)
    names = list(local)
    single = _look_up(names, words, grow)[flat]
    pair_row, pair = _pairs(flat, row, names, words, grow)
    known = single >= 0
    all_words = (
        np.concatenate([row[known], pair_row]),
        np.concatenate([single[known], pair]),
    )
    return [(words, all_words), (ngrams, _ngrams(flat, row, names, ngrams, grow))]


def _pairs(
    flat: Array, row: Array, names: list[str], words: dict[str, int], grow: bool
) -> tuple[Array, Array]:
    together = row[1:] == row[:-1]
    key = (flat[:-1] * len(names) + flat[1:])[together]
    distinct, inverse = np.unique(key, return_inverse=True)
    spelt = [f"{names[k // len(names)]} {names[k % len(names)]}" for k in distinct.tolist()]
    term = _look_up(spelt, words, grow)[inverse]
    known = term >= 0
    return row[1:][together][known], term[known]


def _ngrams(
    flat: Array, row: Array, names: list[str], ngrams: dict[str, int], grow: bool
) -> tuple[Array, Array]:
    of_word = [_look_up(list(_ngrams_of(name)), ngrams, grow) for name in names]
    of_word = [ids[ids >= 0] for ids in of_word]
    sizes = np.array([len(ids) for ids in of_word], np.int64)
    first = np.concatenate([[0], np.cumsum(sizes)])[:-1] if len(sizes) else sizes
    everything = np.concatenate(of_word) if of_word else np.zeros(0, np.int64)
    repeats = sizes[flat]
    ends = np.cumsum(repeats)
    within = np.arange(int(repeats.sum())) - np.repeat(ends - repeats, repeats)
    return np.repeat(row, repeats), everything[np.repeat(first[flat], repeats) + within]


def _ngrams_of(word: str) -> Iterator[str]:
    padded = f" {word[:LONGEST_WORD]} "
    for size in NGRAMS:
        for start in range(max(1, len(padded) - size + 1)):
            yield padded[start : start + size]
        if size >= len(padded):
            return


def _look_up(names: list[str], table: dict[str, int], grow: bool) -> Array:
    if grow:
        ids = (table.setdefault(name, len(table)) for name in names)
    else:
        ids = (table.get(name, -1) for name in names)
    return np.fromiter(ids, np.int64, len(names))


def _frequent(documents: Array, least: int) -> Array:
    candidates = np.flatnonzero(documents >= least)
    order = np.argsort(-documents[candidates], kind="stable")
    return candidates[order[:MOST_TERMS]]


def _padded(counts: Array, size: int) -> Array:
    return np.pad(counts, (0, size - len(counts)))
