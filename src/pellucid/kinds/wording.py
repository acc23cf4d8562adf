"""Text as a target: a translation, a summary, an answer in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.counts import counted
from pellucid.errors import Mend, Mends
from pellucid.kinds import alike, word_by_word
from pellucid.kinds.cells import row_number, texts
from pellucid.kinds.contract import Array, Beside, Conventional, Encoded, Ragged
from pellucid.kinds.overlap import bleu, bleu_counts, chrf, sentence_bleu, signature
from pellucid.kinds.subwords import train_tokenizer
from pellucid.kinds.targets import DeepTarget, key_of
from pellucid.kinds.words import runs
from pellucid.networks.layers import Translator
from pellucid.networks.layers.input import Tensors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BEGIN, END = 1, 2
MARKS = ("[BEGIN]", "[END]")
FEWEST_PIECES, MOST_PIECES = 1_000, 6_000
LONGEST = 384  # subwords of a source or a target, the mark of its end among them
WIDTH = 128
PASSES = 24  # over the rows, at most; two thirds of them while the step size falls
SPACE = "Ġ"  # how a byte-level tokenizer writes the space before a word


@dataclass(frozen=True)
class Wording(DeepTarget):
    """A column of texts to be written, from texts of other columns and whatever else there is."""

    kind: ClassVar[str] = "text"
    higher_is_better: ClassVar[bool] = True
    metric: ClassVar[str] = "BLEU"

    columns: tuple[str, ...]
    sources: tuple[str, ...]  # columns of text that are read, subword by subword
    tokenizer: str  # the JSON of a byte-level BPE tokenizer of sources and target
    words: float  # mean number of words, for people
    usual: str  # a text of the usual length
    longest: int  # subwords that are written at least, if no end comes

    def __post_init__(self) -> None:
        if not 0 < self.longest <= LONGEST:
            raise ValueError(f"texts of {self.longest} subwords cannot be")

    @classmethod
    def matches_target(cls, cells: pl.Series) -> str | None:
        """Texts of several words."""
        words = float(cells.str.count_matches(r"\S+").mean() or 0)  # type: ignore[arg-type]
        return f"it holds texts of about {words:,.0f} words" if words >= 3 else None

    @classmethod
    def fit_target(cls, cells: pl.Series, beside: Beside | None = None) -> Self:
        """One set of subwords for the sources and the target."""
        beside = beside or Beside(pl.DataFrame(), cells, cells)
        sources = tuple(column for column, kind in beside.kinds.items() if kind == "text")
        written = texts(cells).fill_null("")
        columns = [written, *(_cells(beside.inputs[column]) for column in sources)]
        letters = sum(int(column.str.len_chars().sum()) for column in columns)
        pieces = int(np.clip(letters / 300, FEWEST_PIECES, MOST_PIECES))
        tokenizer = train_tokenizer(columns, pieces, lower=False, marks=MARKS)
        lengths = [len(ids) for ids in _pieces(tokenizer, written)]
        words = written.str.count_matches(r"\S+")
        order = (words - float(words.median() or 0)).abs().arg_sort()  # type: ignore[arg-type]
        return cls(
            columns=(cells.name,),
            sources=sources,
            tokenizer=tokenizer.to_str(),
            words=float(words.mean() or 0),  # type: ignore[arg-type]
            usual=written[int(order[0])],
            longest=min(LONGEST, int(1.3 * np.quantile(lengths, 0.99)) + 8),
        )

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self.tokenizer)

    def summary(self, column: str) -> str:
        """How long the texts are."""
        return f"about {counted(round(self.words), 'word')}"

    def task(self) -> str:
        """The text, and what it is written from."""
        sources = ", ".join(repr(column) for column in self.sources)
        read = f", reading {sources} word by word" if sources else ""
        return f"the text {self.columns[0]!r} ({self.summary(self.columns[0])}){read}"

    def encode_target(
        self,
        cells: pl.Series,
        place: Callable[[int], str] = row_number,
        inputs: Callable[[str], pl.Series] | None = None,
        mends: Mends | None = None,
    ) -> Ragged:
        """The subwords of each text, and the mark of its end."""
        pieces = self._pieces(texts(cells).fill_null(""))
        if mends is not None:
            how = "what is beyond them is left out", lambda row: place(row).rstrip(",")
            self._mend_long(cells.name, pieces, mends, how)
        return _ragged([[*ids[: LONGEST - 1], END] for ids in pieces])

    def encode_inputs(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """The sources' subwords one behind the other, a mark between them."""
        columns = [self._pieces(_cells(cells[column])) for column in self.sources]
        if not columns:
            return {self._key: _ragged([[END]] * cells.height)}
        for column, rows in zip(self.sources, columns, strict=True):
            how = "what is beyond them is not read", mends.place
            self._mend_long(column, rows, mends, how)
        joined = [
            [i for ids in row for i in (*ids[: LONGEST - 1], END)]
            for row in zip(*columns, strict=True)
        ]
        return {self._key: _ragged(joined)}

    def _mend_long(
        self,
        column: str,
        rows: list[list[int]],
        mends: Mends,
        how: tuple[str, Callable[[int], str]],
    ) -> None:
        """`how`: what is done with a text that is too long, and where a row stands."""
        long = [row for row, ids in enumerate(rows) if len(ids) > LONGEST - 1]
        where = tuple(how[1](row) for row in long[: mends.places])
        fault = f"a text of more than {LONGEST - 1} subwords"
        mends.add(Mend(fault, how[0], len(long), column, where))

    def _pieces(self, cells: pl.Series) -> list[list[int]]:
        return _pieces(self._tokenizer, cells)

    @property
    def _key(self) -> str:
        return f"{key_of('wording', self.columns[0])}.source"

    def decode(self, output: Array) -> pl.Series:
        """The texts; behind the first column of outputs stand their subwords."""
        return pl.Series(self.columns[0], self._written(output[:, 1:]), pl.String)

    def _written(self, tokens: Array) -> list[str]:
        rows = [[int(i) for i in row if i > END] for row in tokens]
        return [text.strip() for text in self._tokenizer.decode_batch(rows)]

    def read(self, cell: str) -> str | float:
        """The text without space around it."""
        return cell.strip()

    def confidence(self, output: Array) -> Array | None:
        """The mean probability of a subword (the geometric one)."""
        return np.asarray(np.exp(output[:, 0]))

    # ---- the deep path -------------------------------------------------------------------------

    def recipe(self, rows: int) -> Mapping[str, Any]:
        """One network, its step size rising for a while and then falling to the end."""
        batch = int(np.clip(rows // 100, 16, 128))
        per_epoch = -(-rows // batch)
        return {
            "folds": 1,
            "batch": batch,
            "rate": 2e-3,
            "warmup": min(100, 2 * per_epoch),
            "anneal": 2.0,
            "steps": max(1, PASSES * per_epoch // 3),
            "evaluate_every": per_epoch,
            "patience": 5,
        }

    def output_layer(self, members: int, width: int, generator: torch.Generator) -> nn.Module:
        """An encoder and a decoder."""
        own = min(WIDTH, max(32, width // 32 * 32))
        tokens = self._tokenizer.get_vocab_size()
        sizes = width, own, self.longest, LONGEST
        return Translator(tokens, self._key, sizes, generator, alone=not self.sources)

    def combine(self, output: Tensor) -> Tensor:
        """The first network's text: two texts have no mean."""
        return output[0]

    # ---- performance ---------------------------------------------------------------------------

    def row_losses(self, output: Array, target: Array) -> Array:
        """(rows, 10): lengths, n-grams that are right and n-grams that there are."""
        return bleu_counts(self._written(output[:, 1:]), self._written(target))

    def aggregate(self, losses: Array) -> Array:
        """BLEU of the sums."""
        return bleu(losses.sum(0))

    def metrics(self, output: Array, target: Array) -> Mapping[str, float]:
        """BLEU, chrF, and how long the texts are beside the true ones."""
        written, true = self._written(output[:, 1:]), self._written(target)
        counts = bleu_counts(written, true).sum(0)
        return {
            "BLEU": float(bleu(counts)),
            "chrF": chrf(written, true),
            "length ratio": float(counts[0] / max(1.0, counts[1])),
        }

    def wrongness(self, output: Array, target: Array) -> Array:
        """What a text's own BLEU lacks of 100, the surer the worse."""
        pairs = zip(self._written(output[:, 1:]), self._written(target), strict=True)
        lacks = np.array([100 - sentence_bleu(written, true) for written, true in pairs])
        return lacks * (1 + np.exp(output[:, 0]))

    def exhibits(self, outputs: Mapping[str, Array], target: Array, seed: int) -> dict[str, Any]:
        """By which version of the measure it was judged."""
        return {"note": signature()}

    def looks(
        self, layer: nn.Module, hidden: Tensor, raw: Tensors, output: Array
    ) -> list[dict[str, Any]]:
        """Of each row its words and the attention between them, that of subwords put together."""
        assert isinstance(layer, Translator)
        source, answer = raw[self._key], torch.as_tensor(output[:, 1:]).long()
        weights = layer.looks(layer.remember(hidden, source), answer).numpy()
        return [
            self._look(source[row].tolist(), answer[row].tolist(), weights[row, :, 1:])
            for row in range(len(answer))
        ]

    def _look(self, source: list[int], answer: list[int], weights: Array) -> dict[str, Any]:
        read, written = self._in_words(source), self._in_words(answer)
        table = [
            [round(float(weights[rows][:, places].sum(1).mean()), 3) for _, places in read]
            for _, rows in written
        ]
        return {
            "read": [word for word, _ in read],
            "written": [word for word, _ in written],
            "weights": table,
        }

    def _in_words(self, tokens: list[int]) -> list[tuple[str, list[int]]]:
        """Each word, and the places of its subwords."""
        words: list[list[int]] = []
        for place, token in enumerate(tokens):
            if token <= END:
                continue
            begins = (self._tokenizer.id_to_token(token) or "").startswith(SPACE)
            if begins or not words or words[-1][-1] != place - 1:
                words.append([])
            words[-1].append(place)
        texts_ = self._tokenizer.decode_batch([[tokens[i] for i in places] for places in words])
        return [(text.strip(), places) for text, places in zip(texts_, words, strict=True)]

    # ---- what the text rests on ----------------------------------------------------------------

    whole: ClassVar[str] = "the log-probability of the written text"

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that are read word by word."""
        return self.sources

    def parts_of(self, cell: str) -> list[str]:
        """Its words, in runs where there are many."""
        return [" ".join(run) for run in runs(cell.split())]

    def left_of(self, cell: str, kept: Array) -> list[str]:
        """The cell with some words alone."""
        words = self.parts_of(cell)
        return [" ".join(w for w, k in zip(words, row, strict=True) if k) for row in kept]

    def pieces(self, cells: pl.DataFrame, output: Array) -> tuple[str, ...]:
        """The written words, and the end."""
        tokens = output[0, 1:].astype(int).tolist()
        return (*(word for word, _ in self._in_words(tokens)), *["(the end)"] * tokens.count(END))

    def of_pieces(
        self, layers: Sequence[tuple[nn.Module, Tensor]], raw: Tensors, output: Tensor,
        answer: Callable[[], Tensor],
    ) -> Tensor:  # fmt: skip
        """The log-probability of each word of `output` in the rows `raw`: (rows, words)."""
        layer, hidden = layers[0]
        assert isinstance(layer, Translator)
        written = output[:, 1:].long()
        logs = layer.surenesses(layer.remember(hidden, raw[self._key]), written)
        tokens = written[0].tolist()
        places = [places for _, places in self._in_words(tokens)]
        places += [[place] for place, token in enumerate(tokens) if token == END]
        found = [logs[:, each].sum(1) for each in places]
        return torch.stack(found, 1) if found else logs.new_zeros(len(logs), 0)

    # ---- the conventional ways -----------------------------------------------------------------

    def simplest(self, target: Array, asked: Array) -> tuple[str, Array]:
        """Always the same text, of the usual length."""
        return "same text", np.tile(self._as_output([self.usual]), (len(asked), 1))

    def conventional(
        self, learnt: Callable[[], Beside], asked: Callable[[], pl.DataFrame],
        seconds: float, seed: int,
    ) -> Conventional:  # fmt: skip
        """The text of the nearest row, and of a text alone its translation word by word."""
        known = learnt()
        if not self.sources:
            found = alike.by_cells(known.inputs, known.answers, asked())
            yield "text of the most alike row", self._as_output(found)
            return
        sources, questions = self._joined(known.inputs), self._joined(asked())
        found = alike.by_words(sources, known.answers, questions)
        yield "text of the nearest row (TF-IDF)", self._as_output(found)
        if len(self.sources) == 1 and word_by_word.is_there():
            answers = _cells(known.answers).to_list()
            found = word_by_word.translated(sources, answers, questions, seconds)
            yield "word by word (IBM model 1)", self._as_output(found)

    def _joined(self, cells: pl.DataFrame) -> list[str]:
        columns = [_cells(cells[column]).to_list() for column in self.sources]
        return [" ".join(row) for row in zip(*columns, strict=True)]

    def _as_output(self, written: list[str]) -> Array:
        pieces = self._pieces(pl.Series(written, dtype=pl.String))
        rows = [ids[: LONGEST - 1] for ids in pieces]
        output = np.zeros((len(rows), 1 + max(map(len, rows), default=0)))
        for row, ids in enumerate(rows):
            output[row, 1 : 1 + len(ids)] = ids
        return output


def _cells(series: pl.Series) -> pl.Series:
    return series.cast(pl.String).fill_null("")


def _pieces(tokenizer: Tokenizer, cells: pl.Series) -> list[list[int]]:
    """The subwords of each text; of what is cut later, one more than is kept."""
    cut = [text[: 16 * LONGEST] for text in cells.to_list()]
    return [encoding.ids[:LONGEST] for encoding in tokenizer.encode_batch_fast(cut)]


def _ragged(rows: list[list[int]]) -> Ragged:
    values = np.fromiter((i for row in rows for i in row), np.int32)
    return Ragged(values, np.cumsum([0, *map(len, rows)]).astype(np.int64))
