"""Translation word by word: the statistical model that came before networks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np

ROUNDS = 4  # of expectation and maximisation
PAIR_SECONDS = 1.2e-6  # of a word beside a word of the other text, in each round
LONGEST = 60  # words of a text that is learned from


def is_there() -> bool:
    """Whether nltk is installed."""
    return find_spec("nltk") is not None


def translated(
    known: Sequence[str], answers: Sequence[str], asked: Sequence[str], seconds: float
) -> list[str]:
    """Each word of `asked` as the word that most likely stands for it, in the same order.

    IBM model 1 (Brown et al. 1993), learned from the first pairs of `known` and `answers`, as many
    as the seconds allow. A word never met stays as it is.
    """
    from nltk.translate import AlignedSent, IBMModel1

    pairs = [(words(a)[:LONGEST], words(b)[:LONGEST]) for a, b in zip(known, answers, strict=True)]
    pairs = [pair for pair in pairs if all(pair)]
    cost = np.cumsum([len(a) * len(b) for a, b in pairs]) * ROUNDS * PAIR_SECONDS
    some = pairs[: max(1, int((cost < seconds).sum()))]
    if not some:
        return list(asked)
    model = IBMModel1([AlignedSent(answer, source) for source, answer in some], ROUNDS)
    best: dict[str, tuple[float, str]] = {}
    for answer, sources in model.translation_table.items():
        for source, probability in sources.items():
            if source is not None and (probability, answer) > best.get(source, (0.0, "")):
                best[source] = (probability, answer)
    return [joined([best.get(word, (0.0, word))[1] for word in words(text)]) for text in asked]


def words(text: str) -> list[str]:
    """Words and marks, one by one."""
    return re.findall(r"\w+|[^\w\s]", text)


def joined(pieces: Sequence[str]) -> str:
    """With a space before each word, none before a mark that closes."""
    return re.sub(r" ([.,!?;:])", r"\1", " ".join(pieces))
