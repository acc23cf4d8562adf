"""The conventional ways to tag words: by the word alone, and by a conditional random field."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from pellucid.kinds.words import window_features

Sentences = Sequence[Sequence[str]]
PASSES = 20  # of the averaged perceptron
ITERATIONS = 60  # of the quasi-Newton solver
SECONDS = 2.5e-9  # of one iteration for each word and pair of tags, measured


def usual_tags(
    sentences: Sentences, tags: Sentences, asked: Sentences, seconds: float
) -> tuple[str, list[list[str]]]:
    """Each word's most frequent tag; a word never seen has the most frequent of all."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for words, names in zip(sentences, tags, strict=True):
        for word, tag in zip(words, names, strict=False):
            counts[word.lower()][tag] += 1
    every = sum(counts.values(), Counter())
    fallback = min(every, key=lambda tag: (-every[tag], tag), default="O")
    usual = {word: min(c, key=lambda tag: (-c[tag], tag)) for word, c in counts.items()}
    answers = [[usual.get(word.lower(), fallback) for word in words] for words in asked]
    return "each word's usual tag", answers


def random_field(
    sentences: Sentences, tags: Sentences, asked: Sentences, seconds: float
) -> tuple[str, list[list[str]]]:
    """A conditional random field (Lafferty et al. 2001) on the words around, by CRFsuite.

    Its likelihood is maximised where the time suffices, else it is an averaged perceptron.
    """
    from pycrfsuite import Tagger, Trainer

    words, sorts = sum(map(len, tags)), len({tag for names in tags for tag in names})
    quick = SECONDS * words * sorts**2 * ITERATIONS > seconds
    trainer = Trainer(algorithm="ap" if quick else "lbfgs", verbose=False)
    for row, names in zip(sentences, tags, strict=True):
        if row and len(row) == len(names):
            trainer.append(window_features(row), list(names))
    trainer.set_params(
        {"max_iterations": PASSES} if quick else {"max_iterations": ITERATIONS, "c2": 0.1}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "field")
        trainer.train(path)
        tagger = Tagger()
        tagger.open(path)
        answers = [tagger.tag(window_features(row)) if row else [] for row in asked]
        tagger.close()
    return "conditional random field", answers
