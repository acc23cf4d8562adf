"""Text: from a few words to long articles, in any script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.backbones import Backbone
from pellucid.counts import counted
from pellucid.errors import Mends
from pellucid.kinds.cells import texts
from pellucid.kinds.contract import Array, Encoded, Ragged
from pellucid.kinds.parted import Parts
from pellucid.kinds.pretrained import Pretrained, some
from pellucid.kinds.subwords import train_tokenizer
from pellucid.kinds.terms import Vocabulary, count_terms, fit_vocabulary
from pellucid.networks.layers import InputLayer, SequenceEncoder
from pellucid.networks.layers.input import Tensors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES = 8_000  # subwords of the tokenizer
LENGTH = 192  # subwords read of one text: the first and the last half of a longer one
WORD = re.compile(r"\S+")
MOST_PARTS = 64  # of a longer text several words are one part
Item = TypeVar("Item")
CHANNELS, EMBEDDING = 64, 96


@dataclass(frozen=True)
class Text:
    """Columns of text: terms for the linear path, subwords for the deep one."""

    kind: ClassVar[str] = "text"
    reads: ClassVar[str] = "text"
    readings: ClassVar[int] = 1_000
    plain: ClassVar[bool] = False

    columns: tuple[str, ...]
    vocabularies: tuple[Vocabulary, ...]
    tokenizer: str  # the JSON of a byte-level BPE tokenizer, learnt from all the columns
    length: int
    words: tuple[float, ...]  # mean number of words, for people
    pretrained: Pretrained | None = None  # a backbone that reads the texts too

    @classmethod
    def matches(cls, cells: pl.Series) -> str | None:
        """Whatever is left that can be written down."""
        if cells.dtype.is_nested() or cells.dtype == pl.Object:
            return None
        return "it holds text"

    @classmethod
    def fit(cls, cells: pl.DataFrame) -> Self:
        """Terms by document frequency and subwords by byte-pair encoding."""
        columns = [_filled(series) for series in cells]
        tokenizer = train_tokenizer(columns, PIECES)
        lengths = [len(e.ids) for series in columns for e in _encode(tokenizer, series.head(2000))]
        length = int(min(LENGTH, max(8, np.quantile(lengths or [8], 0.99))))
        return cls(
            columns=tuple(cells.columns),
            vocabularies=tuple(fit_vocabulary(series) for series in columns),
            tokenizer=tokenizer.to_str(),
            length=length + length % 2,
            words=tuple(float(s.str.count_matches(r"\S+").mean() or 0) for s in columns),  # type: ignore[arg-type]
        )

    def with_backbone(self, backbone: Backbone, cells: pl.DataFrame) -> Self:
        """The same with the vectors of a backbone of texts beside it."""
        read = [text for column in self.columns for text in _filled(cells[column])]
        fitted = Pretrained.fit(backbone, lambda it: it.vectors([str(t) for t in some(read)]))
        return replace(self, pretrained=fitted)

    @property
    def measured(self) -> int:
        """How many plain numbers trees see: main directions of a backbone's vectors."""
        return 0 if self.pretrained is None else len(self.columns) * self.pretrained.axes.shape[1]

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self.tokenizer)

    def encode(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """Subword ids, a sequence a row for each column; term ids and counts over all columns."""
        columns = [_filled(cells[column]) for column in self.columns]
        pieces = {
            f"text.pieces.{position}": self._pieces(series)
            for position, series in enumerate(columns)
        }
        return {**pieces, **self._terms(columns), **self.vectors(cells)}

    def vectors(self, cells: pl.DataFrame) -> Encoded:
        """(rows, columns, width) float16, where there is a backbone."""
        if self.pretrained is None:
            return {}
        read = self.pretrained.backbone.vectors
        found = [read(_filled(cells[column]).to_list()) for column in self.columns]
        return {"text.vectors": np.stack(found, 1)}

    def live(self, cells: pl.DataFrame, mirrored: Array | None = None) -> Tensor:
        """(rows, columns, width) of a few rows, of which gradients can be taken."""
        assert self.pretrained is not None
        read = self.pretrained.backbone.network.read
        return torch.stack([read(_filled(cells[column]).to_list()) for column in self.columns], 1)

    def _pieces(self, series: pl.Series) -> Ragged:
        sequences = [encoding.ids for encoding in _encode(self._tokenizer, series)]
        cut = [_cut(ids, self.length) for ids in sequences]
        values = np.fromiter((i for ids in cut for i in ids), np.int32)
        return Ragged(values, _offsets(np.array([len(ids) for ids in cut], np.int64)))

    def _terms(self, columns: list[pl.Series]) -> Encoded:
        rows, index, count, first = [], [], [], 0
        for vocabulary, series in zip(self.vocabularies, columns, strict=True):
            of_row, of_term, counted = count_terms(vocabulary, series)
            rows.append(of_row)
            index.append(of_term + first)
            count.append(counted)
            first += len(vocabulary.rarity)
        order = np.argsort(np.concatenate(rows), kind="stable")
        lengths = np.bincount(np.concatenate(rows), minlength=len(columns[0]))
        offsets = _offsets(lengths)
        return {
            "text.terms": Ragged(np.concatenate(index)[order].astype(np.int32), offsets),
            "text.counts": Ragged(np.concatenate(count)[order].astype(np.float32), offsets),
        }

    def parts(self, cells: pl.DataFrame, column: str, encoded: Encoded) -> Parts:
        """The words, and the word that each subword belongs to."""
        text = _filled(cells[column])[0]
        spans = _spans(text)
        encoding = self._tokenizer.encode(text)
        offsets = _cut(encoding.offsets, self.length)
        ends = np.array([end for _, end in spans] or [0])
        words = np.searchsorted(ends, [max(end, 1) for _, end in offsets])
        places = np.where(words < len(spans), words, -1)
        return Parts(tuple(text[first:last] for first, last in spans), places)

    def keeping(self, cells: pl.DataFrame, kept: Mapping[str, Array], encoded: Encoded) -> Encoded:
        """The texts with some of their words alone."""
        columns = []
        for column, masks in kept.items():
            text = _filled(cells[column])[0]
            words = [text[first:last] for first, last in _spans(text)] if masks.shape[1] else []
            rows = [" ".join(w for w, k in zip(words, m, strict=True) if k) for m in masks]
            columns.append(pl.Series(column, rows, dtype=pl.String))
        return self.encode(pl.DataFrame(columns), Mends())

    def input_layer(self, width: int, generator: torch.Generator) -> InputLayer:
        """One encoder for all the columns; `width` is that of the other kinds and not used."""
        return TextInput(self, generator)

    def summary(self, column: str) -> str:
        """How long the texts are, and what else reads them."""
        words = f"about {counted(round(self.words[self.columns.index(column)]), 'word')}"
        return words + ("" if self.pretrained is None else f", read by {self.pretrained.told}")


class TextInput(InputLayer):
    """Subwords (batch, length) of each column -> (batch, columns, width)."""

    rarity: Tensor
    group: Tensor

    def __init__(self, fitted: Text, generator: torch.Generator) -> None:
        super().__init__()
        self.columns = len(fitted.columns)
        self.encoder = SequenceEncoder(
            fitted._tokenizer.get_vocab_size(), EMBEDDING, CHANNELS, generator
        )
        self.vectors = (
            None if fitted.pretrained is None else fitted.pretrained.layer(self.columns, generator)
        )
        self.width = self.encoder.width + (0 if self.vectors is None else self.vectors.width)
        rarity = np.concatenate([v.rarity for v in fitted.vocabularies])
        groups = [
            2 * position + (np.arange(len(v.rarity)) >= v.words)
            for position, v in enumerate(fitted.vocabularies)
        ]
        self.words = max(1, len(rarity))  # columns without a word have no term to look up
        group = np.concatenate(groups)
        short = (0, self.words - len(rarity))
        self.register_buffer("rarity", torch.tensor(np.pad(rarity, short), dtype=torch.float32))
        self.register_buffer("group", torch.tensor(np.pad(group, short)))
        self.features = self.words + (0 if self.vectors is None else self.vectors.features)
        self.measured = 0 if self.vectors is None else self.vectors.measured

    def forward(self, raw: Tensors) -> Tensor:
        """Encode column by column, each padded only to its own longest text."""
        columns = [self.encoder(raw[f"text.pieces.{i}"]) for i in range(self.columns)]
        found = torch.stack(columns, 1)
        if self.vectors is None:
            return found
        return torch.cat([found, self.vectors(raw["text.vectors"])], 2)

    def face(self) -> nn.Module:
        """The vectors of the subwords."""
        return self.encoder.embedding

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """TF-IDF with sublinear counts, words and n-grams of length 1; a backbone's vectors."""
        index, count = raw["text.terms"], raw["text.counts"]
        value = torch.where(count > 0, 1 + count.clamp(min=1).log(), 0.0) * self.rarity[index]
        group = self.group[index]
        squares = torch.zeros(len(index), 2 * self.columns).scatter_add(1, group, value.square())
        length = squares.clamp(min=1e-12).sqrt().gather(1, group)
        value = value / length
        if self.vectors is None:
            return index, value
        read = self.vectors.terms(raw["text.vectors"], _none_missing(raw))
        places = torch.arange(self.words, self.features).expand(read.shape)
        return torch.cat([index, places], 1), torch.cat([value, read], 1)

    def measurements(self, raw: Tensors) -> Tensor:
        """Main directions of a backbone's vectors; without one, trees have no way with text."""
        if self.vectors is None:
            return torch.zeros(0, 0, dtype=torch.float64)
        return self.vectors.measurements(raw["text.vectors"], _none_missing(raw))


def _filled(cells: pl.Series) -> pl.Series:
    return texts(cells).fill_null("")


def _none_missing(raw: Tensors) -> Tensor:
    """(batch, columns): a text that is missing is read as one without words."""
    return torch.zeros(raw["text.vectors"].shape[:2], dtype=torch.bool)


def _encode(tokenizer: Tokenizer, series: pl.Series) -> list[Any]:
    """Long texts are cut first: the middle is never read, and encoding it would cost time."""
    room = 16 * LENGTH
    cut = [t if len(t) <= 2 * room else t[:room] + " " + t[-room:] for t in series.to_list()]
    return tokenizer.encode_batch_fast(cut)


def _spans(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends; in a long text, each few words."""
    words = [found.span() for found in WORD.finditer(text)]
    few = -(-len(words) // MOST_PARTS) or 1
    groups = [words[first : first + few] for first in range(0, len(words), few)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _cut(items: list[Item], length: int) -> list[Item]:
    """The first and the last half of what is longer than `length`."""
    half = length // 2
    return items if len(items) <= length else items[:half] + items[-half:]


def _offsets(lengths: Array) -> Array:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
