"""Tags: one for each word of a text, as slots of a request or names in the news."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.counts import counted
from pellucid.errors import DataError, Mend, Mends
from pellucid.kinds.calibration import reliability
from pellucid.kinds.cells import row_number
from pellucid.kinds.contract import Array, Beside, Conventional, Encoded, Ragged
from pellucid.kinds.random_field import random_field, usual_tags
from pellucid.kinds.spans import is_prefixed, legal_transitions, spans
from pellucid.kinds.targets import DeepTarget, key_of
from pellucid.kinds.words import (
    FIRST_WORD,
    LETTERS,
    SLOTS,
    WINDOW,
    as_numbers,
    known_words,
    runs,
    window_numbers,
    words_of,
)
from pellucid.networks.layers import Tagger, Window, Words, most_probable
from pellucid.networks.layers.input import Tensors

MOST_WORDS = 1_000  # read of one row
NO_WORD = "\u2026"  # stands where a word is taken out
EPOCHS, PATIENCE, BATCH = 40, 8, 32
UNITS = 128  # of the recurrent layers, at most
CONFUSION_TAGS = 60


@dataclass(frozen=True)
class Tags(DeepTarget):
    """A column with one tag for each word of another column."""

    kind: ClassVar[str] = "tags"
    higher_is_better: ClassVar[bool] = True

    columns: tuple[str, ...]
    source: str  # the column that holds the words
    tags: tuple[str, ...]
    usual: int  # the place of the most frequent tag
    known: tuple[str, ...]  # words that have a vector of their own
    legal: Array  # (tags + 1, tags + 1) bool: what may follow what, 0 is a sentence's end
    words: float  # mean number a row, for people

    @classmethod
    def matches_target(cls, cells: pl.Series) -> str | None:
        """B-name, I-name and O, one a word."""
        rows = words_of(cells.drop_nulls().head(1_000))
        every = [tag for row in rows for tag in row]
        if len(every) <= len(rows) or not is_prefixed(every):
            return None
        return "it holds a tag for each word (B-name, I-name, O)"

    @classmethod
    def fit_target(cls, cells: pl.Series, beside: Beside | None = None) -> Self:
        """The tags of all rows, the words of those that are learnt from, what may follow what."""
        beside = beside or Beside(pl.DataFrame(), cells, cells)
        sentences = words_of(beside.answers)
        source = _source(sentences, beside, cells.name)
        words = words_of(beside.inputs[source])
        counts = Counter(tag for row in words_of(beside.everything) for tag in row)
        tags = tuple(sorted(counts))
        return cls(
            columns=(cells.name,),
            source=source,
            tags=tags,
            usual=tags.index(counts.most_common(1)[0][0]) + 1,
            known=known_words(words),
            legal=legal_transitions(tags, sentences),
            words=sum(map(len, words)) / max(1, len(words)),
        )

    @property
    def metric(self) -> str:
        """F1 over spans; plain labels are right or wrong word by word."""
        return "span F1" if self._has_spans else "word accuracy"

    @property
    def _has_spans(self) -> bool:
        return is_prefixed(self.tags)

    def summary(self, column: str) -> str:
        """How many sorts of spans, or of tags."""
        sorts = {tag.partition("-")[2] for tag in self.tags} - {""}
        kept = f"{len(sorts)} sorts of spans" if self._has_spans else f"{len(self.tags)} tags"
        return f"{kept}, about {counted(round(self.words), 'word')}"

    def task(self) -> str:
        """The tags, and the words that they belong to."""
        name = self.columns[0]
        return f"the tags {name!r} of the words in {self.source!r} ({self.summary(name)})"

    def encode_target(
        self,
        cells: pl.Series,
        place: Callable[[int], str] = row_number,
        inputs: Callable[[str], pl.Series] | None = None,
        mends: Mends | None = None,
    ) -> Ragged:
        """The place of each tag, from 1 up; as many as there are words, or it is an error."""
        numbers = {tag: number for number, tag in enumerate(self.tags, 1)}
        rows = words_of(cells)
        words = None if inputs is None else words_of(inputs(self.source))
        for row, tags in enumerate(rows):
            if words is not None and len(words[row]) != len(tags):
                raise DataError(
                    f"{place(row)} has {counted(len(words[row]), 'word')} in {self.source!r} but "
                    f"{counted(len(tags), 'tag')} in {cells.name!r}; there is one tag a word. "
                    "Correct it or leave the row out."
                )
            if unknown := next((tag for tag in tags if tag not in numbers), None):
                raise DataError(
                    f"The target {cells.name!r} has {len(self.tags)} tags; {place(row)} holds "
                    f"{unknown!r}, which is none of them. Correct it or leave the row out."
                )
        values = [numbers[tag] for tags in rows for tag in tags[:MOST_WORDS]]
        lengths = [min(len(tags), MOST_WORDS) for tags in rows]
        return Ragged(np.array(values, np.int32), np.cumsum([0, *lengths]).astype(np.int64))

    def encode_inputs(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """The words' numbers, their letters, and the features of the words around them."""
        rows = words_of(cells[self.source])
        self._mend_long(rows, mends)
        rows = [row[:MOST_WORDS] for row in rows]
        numbers, letters = as_numbers(rows, self.known)
        offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
        found = (numbers, letters.ravel(), window_numbers(rows).ravel())
        each = (1, LETTERS, WINDOW)
        return {
            key: Ragged(values, offsets * size)
            for key, values, size in zip(self._keys, found, each, strict=True)
        }

    def _mend_long(self, rows: list[list[str]], mends: Mends) -> None:
        long = [row for row, words in enumerate(rows) if len(words) > MOST_WORDS]
        where = tuple(f"{mends.place(row)}: {len(rows[row]):,} words" for row in long[:3])
        fault = f"a text of more than {MOST_WORDS:,} words"
        mends.add(Mend(fault, "the words beyond get no tag", len(long), self.source, where))

    @property
    def _keys(self) -> tuple[str, str, str]:
        name = key_of("tags", self.columns[0])
        return f"{name}.words", f"{name}.letters", f"{name}.window"

    def decode(self, output: Array) -> pl.Series:
        """The tags in the words' order, a space between them."""
        return pl.Series(self.columns[0], [" ".join(row) for row in self._rows(output)], pl.String)

    def _rows(self, output: Array) -> list[list[str]]:
        """The tags of outputs, behind how sure they are."""
        return self._named(output[:, 1:])

    def _named(self, numbers: Array) -> list[list[str]]:
        return [[self.tags[int(number) - 1] for number in row if number] for row in numbers]

    def read(self, cell: str) -> str | float:
        """The tags, a space between them."""
        return " ".join(words_of(pl.Series([cell]))[0])

    def confidence(self, output: Array) -> Array | None:
        """The probability of the least sure tag; a product would make too little of the others."""
        return np.asarray(np.exp(output[:, 0]))

    # ---- the deep path -------------------------------------------------------------------------

    def recipe(self, rows: int) -> Mapping[str, Any]:
        """Small batches and many passes: sentences are short."""
        per_epoch = -(-rows // min(BATCH, rows))
        return {
            "batch": min(BATCH, rows),
            "steps": EPOCHS * per_epoch,
            "evaluate_every": per_epoch,
            "patience": PATIENCE,
        }

    def output_layer(self, members: int, width: int, generator: torch.Generator) -> nn.Module:
        """The sentence read in both directions, one score a tag for each word."""
        words = Words(len(self.known) + FIRST_WORD, LETTERS, generator)
        legal = torch.as_tensor(self.legal)
        window = Window(SLOTS, WINDOW, len(self.tags))
        return Tagger(words, window, self._keys, legal, (width, min(UNITS, width)), generator)

    def combine(self, output: Tensor) -> Tensor:
        """The mean of the networks' probabilities, and the most probable legal tags.

        (networks, batch, length, tags) -> (batch, 1 + length): the log-probability of the least
        sure tag, then the places of the tags.
        """
        logs = output.logsumexp(0) - float(np.log(len(output)))
        logs = logs * (output != 0).any(-1).any(0).unsqueeze(-1)  # 0 at the padding
        tags = most_probable(logs, torch.as_tensor(self.legal))
        sure = logs.gather(2, (tags - 1).clamp(min=0).unsqueeze(2)).amin((1, 2))
        return torch.cat([sure.unsqueeze(1), tags.to(logs.dtype)], 1)

    # ---- performance ---------------------------------------------------------------------------

    def row_losses(self, output: Array, target: Array) -> Array:
        """(rows, 3): spans that are right, that were found, that there are."""
        pairs = zip(self._rows(output), self._named(target), strict=True)
        return np.array([self._counts(found, true) for found, true in pairs], float).reshape(-1, 3)

    def _counts(self, found: list[str], true: list[str]) -> tuple[int, int, int]:
        if not self._has_spans:
            return sum(a == b for a, b in zip(found, true, strict=False)), len(true), len(true)
        ours, theirs = spans(found), spans(true)
        return len(set(ours) & set(theirs)), len(ours), len(theirs)

    def aggregate(self, losses: Array) -> Array:
        """F1 = 2 right / (found + there)."""
        right, found, there = np.moveaxis(losses.sum(0), -1, 0)
        return np.asarray(2 * right / np.maximum(found + there, 1e-12))

    def metrics(self, output: Array, target: Array) -> Mapping[str, float]:
        """F1, precision and recall of spans, accuracy of words, and whole rows that are right."""
        right, found, there = self.row_losses(output, target).sum(0)
        tags = _aligned(output[:, 1:], target)
        words = target > 0
        measured = {
            self.metric: 2 * right / max(found + there, 1e-12),
            "precision": right / max(found, 1),
            "recall": right / max(there, 1),
            "word accuracy": (tags == target)[words].mean() if words.any() else 1.0,
            "whole rows right": (tags == target).all(1).mean(),
        }
        if not self._has_spans:
            del measured["precision"], measured["recall"]
        return {name: float(value) for name, value in measured.items()}

    def wrongness(self, output: Array, target: Array) -> Array:
        """How many tags are wrong, the surer the worse."""
        wrong = (_aligned(output[:, 1:], target) != target).sum(1)
        return wrong * (1 + np.exp(output[:, 0]))

    def exhibits(self, outputs: Mapping[str, Array], target: Array, seed: int) -> dict[str, Any]:
        """Which sort of span is taken for which, and whether its confidence can be believed."""
        output = outputs["answer"]
        tags = _aligned(output[:, 1:], target)
        whole = reliability(np.exp(output[:, 0]), (tags == target).all(1))
        return {"calibration": whole, "confusion": self._confusion(tags, target)}

    def _confusion(self, tags: Array, target: Array) -> dict[str, Any] | None:
        sort = [tag.partition("-")[2] or tag for tag in self.tags] if self._has_spans else self.tags
        sorts = sorted(set(sort))
        if len(sorts) > CONFUSION_TAGS:
            return None
        places = np.array([0, *(sorts.index(each) for each in sort)])
        words = (target > 0) & (tags > 0)
        pairs = places[target[words]] * len(sorts) + places[tags[words]]
        counts = np.bincount(pairs, minlength=len(sorts) ** 2).reshape(len(sorts), -1)
        return {"levels": sorts, "counts": counts.tolist()}

    def marked(self, cells: Mapping[str, Any], predicted: Any, true: Any) -> list[list[str]] | None:
        """Each word with its predicted and its true tag."""
        words = words_of(pl.Series([cells[self.source]]))[0]
        triples = zip(words, predicted.split(" "), true.split(" "), strict=False)
        return [list(triple) for triple in triples]

    # ---- what the tags rest on -----------------------------------------------------------------

    whole: ClassVar[str] = "the log-probability of the tags, added up"

    @property
    def reads(self) -> tuple[str, ...]:
        """The column that is read word by word."""
        return (self.source,)

    def parts_of(self, cell: str) -> list[str]:
        """Its words, in runs where there are many."""
        return [" ".join(run) for run in runs(self._words_of(cell))]

    def left_of(self, cell: str, kept: Array) -> list[str]:
        """The cell with some words alone; the others keep their places, but say nothing."""
        each = runs(self._words_of(cell))
        left = [
            [word if keep else NO_WORD for run, keep in zip(each, row, strict=True) for word in run]
            for row in kept
        ]
        listed = cell.split() != self._words_of(cell)
        return [json.dumps(words) if listed else " ".join(words) for words in left]

    def pieces(self, cells: pl.DataFrame, output: Array) -> tuple[str, ...]:
        """Each word with its tag."""
        pairs = zip(self._words_of(cells[self.source][0]), self._rows(output)[0], strict=True)
        return tuple(f"{word}: {tag}" for word, tag in pairs)

    def _words_of(self, cell: str) -> list[str]:
        return words_of(pl.Series([cell]))[0][:MOST_WORDS]

    def of_pieces(
        self, layers: Sequence[tuple[nn.Module, Tensor]], raw: Tensors, output: Tensor,
        answer: Callable[[], Tensor],
    ) -> Tensor:  # fmt: skip
        """The log-probability of each tag of `output` in the rows `raw`: (rows, words)."""
        found = torch.cat([layer(hidden, raw, None) for layer, hidden in layers])
        logs = found.logsumexp(0) - float(np.log(len(found)))
        tags = (output[:, 1:].long() - 1).expand(len(logs), -1).unsqueeze(2)
        return logs.gather(2, tags).squeeze(2)

    # ---- the conventional ways -----------------------------------------------------------------

    def simplest(self, target: Array, asked: Array) -> tuple[str, Array]:
        """Always the most frequent tag."""
        return "most frequent tag", np.full((len(asked), 1 + target.shape[1]), float(self.usual))

    def conventional(
        self,
        learnt: Callable[[], Beside],
        asked: Callable[[], pl.DataFrame],
        seconds: float,
        seed: int,
    ) -> Conventional:
        """Each word's usual tag, and a conditional random field on a window of words."""
        known = learnt()
        sentences, tags = words_of(known.inputs[self.source]), words_of(known.answers)
        questions = [row[:MOST_WORDS] for row in words_of(asked()[self.source])]
        for way in (usual_tags, random_field):
            name, answers = way(sentences, tags, questions, seconds)
            yield name, self._as_output(answers)

    def _as_output(self, rows: list[list[str]]) -> Array:
        numbers = {tag: number for number, tag in enumerate(self.tags, 1)}
        output = np.zeros((len(rows), 1 + max(map(len, rows), default=0)))
        for row, tags in enumerate(rows):
            output[row, 1 : 1 + len(tags)] = [numbers.get(tag, self.usual) for tag in tags]
        return output


def _source(sentences: list[list[str]], beside: Beside, target: str) -> str:
    """The input column with as many words as there are tags, in most rows."""
    lengths = np.array([len(tags) for tags in sentences])
    shares = {
        column: float((lengths == [len(words) for words in words_of(beside.inputs[column])]).mean())
        for column in beside.inputs.columns
    }
    best = max(shares, key=lambda column: shares[column], default=None)
    if best is None or shares[best] < 0.5:
        closest = "" if best is None else f" (the nearest, {best!r}, in {shares[best]:.0%} of rows)"
        raise DataError(
            f"The target {target!r} holds several tags a row, but no input column has as many "
            f"words as there are tags{closest}. Give the words a column of their own, parted by "
            "spaces as the tags are."
        )
    return best


def _aligned(tags: Array, target: Array) -> Array:
    """The tags at the target's places, as many as it has."""
    width = target.shape[1]
    return np.pad(tags[:, :width], ((0, 0), (0, max(0, width - tags.shape[1])))).astype(np.int64)
