"""Text: TF-IDF as scikit-learn computes it, subwords of any script, from nothing to very long."""

from __future__ import annotations

import itertools
import time

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from pellucid.errors import Mends
from pellucid.kinds.terms import MOST_TERMS, TOKEN, fit_vocabulary
from pellucid.kinds.text import LENGTH, Text
from pellucid.store import build_store

DOCUMENTS = [
    "The cat sat on the mat!",
    "the dog, the cat & the bird; the dog again",
    "",
    "élan vital — naïve café",
    "猫が好きです。犬も好き",
    "Привет, мир! мир",
    "a a a a b b c 12 12.5",
    "an_underscore and\nline\tbreaks",
]


def fitted(*columns):
    return Text.fit(pl.DataFrame({f"t{i}": column for i, column in enumerate(columns)}))


def raw_of(kind, *columns):
    cells = pl.DataFrame({f"t{i}": column for i, column in enumerate(columns)})
    store = build_store([kind.encode(cells, Mends())])
    return store.batch(torch.arange(cells.height))


def layer_of(kind):
    return kind.input_layer(8, torch.Generator().manual_seed(0)).eval()


def dense_terms(kind, *columns):
    """(rows, features) of the linear path."""
    layer = layer_of(kind)
    index, value = layer.terms(raw_of(kind, *columns))
    return torch.zeros(len(index), layer.features).scatter_add_(1, index, value).numpy()


def tokens(text):
    return TOKEN.findall(text.lower())


def words_and_pairs(text):
    found = tokens(text)
    return found + [f"{a} {b}" for a, b in itertools.pairwise(found)]


def by_scikit_learn(learnt, asked, vocabulary):
    """The two blocks of TF-IDF, each row of each of length 1, over the same terms."""
    of_words = TfidfVectorizer(
        analyzer=words_and_pairs, sublinear_tf=True, vocabulary=vocabulary.names[: vocabulary.words]
    )
    of_ngrams = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(2, 5),
        sublinear_tf=True,
        vocabulary=vocabulary.names[vocabulary.words :],
        preprocessor=lambda text: " ".join(tokens(text)),
    )
    blocks = (of_words, of_ngrams)
    return np.hstack([block.fit(learnt).transform(asked).toarray() for block in blocks])


def test_terms_are_those_of_scikit_learn():
    (vocabulary,) = fitted(DOCUMENTS).vocabularies
    of_words = TfidfVectorizer(analyzer=words_and_pairs).fit(DOCUMENTS)
    of_ngrams = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(2, 5),
        preprocessor=lambda text: " ".join(tokens(text)),
    ).fit(DOCUMENTS)
    assert set(vocabulary.names[: vocabulary.words]) == set(of_words.vocabulary_)
    assert set(vocabulary.names[vocabulary.words :]) == set(of_ngrams.vocabulary_)


@pytest.mark.parametrize(
    "asked", [DOCUMENTS, ["the cat and a new dog", "", "unbekannt", "мир мир мир cat"]]
)
def test_weights_are_those_of_scikit_learn(asked):
    kind = fitted(DOCUMENTS)
    want = by_scikit_learn(DOCUMENTS, asked, kind.vocabularies[0])
    np.testing.assert_allclose(dense_terms(kind, asked), want, atol=1e-6)


def test_each_column_has_terms_and_a_length_of_its_own():
    other = list(reversed(DOCUMENTS))
    kind = fitted(DOCUMENTS, other)
    first, second = kind.vocabularies
    got = dense_terms(kind, DOCUMENTS, other)
    want = [
        by_scikit_learn(DOCUMENTS, DOCUMENTS, first),
        by_scikit_learn(other, other, second),
    ]
    np.testing.assert_allclose(got, np.hstack(want), atol=1e-6)


def test_terms_of_a_single_text_are_left_out_where_texts_are_many():
    texts = pl.Series([f"common word{i % 100}" for i in range(2_000)])
    names = fit_vocabulary(texts.set(pl.Series(range(2_000)) == 7, "common unique")).names
    assert "common" in names
    assert "word5" in names
    assert "unique" not in names


def test_the_most_frequent_terms_are_kept_where_there_are_too_many():
    letters = np.random.default_rng(0).integers(0x4E00, 0x9E00, (1_500, 100))
    texts = ["frequent " + " ".join(map(chr, row)) for row in letters]  # most pairs occur once
    vocabulary = fit_vocabulary(pl.Series(texts))
    assert vocabulary.words == MOST_TERMS
    assert vocabulary.names[0] == "frequent"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8), st.text(max_size=60))
def test_any_text_gives_terms_of_length_one_and_a_finite_vector(learnt, asked):
    learnt = [f"start {text}" for text in learnt]
    kind = fitted(pl.Series(learnt, dtype=pl.String))
    texts = pl.Series([*learnt, asked], dtype=pl.String)
    terms = dense_terms(kind, texts)
    words = kind.vocabularies[0].words
    for block in (terms[:, :words], terms[:, words:]):
        lengths = np.linalg.norm(block, axis=1)
        assert ((np.abs(lengths - 1) < 1e-5) | (lengths == 0)).all()
        assert (lengths[: len(learnt)] > 0).all()
    assert layer_of(kind)(raw_of(kind, texts)).isfinite().all()


@pytest.mark.parametrize(
    "words",
    [
        ("gut", "schlecht"), ("хорошо", "плохо"), ("好き", "嫌い"), ("좋아요", "싫어요"),
        ("रोचक", "नीरस"), ("جيد", "سيئ"), ("😀", "😡"), ("ดี", "แย่"),
    ],
)  # fmt: skip
def test_texts_of_any_script_are_told_apart_on_both_paths(words):
    texts = [f"{words[i % 2]} {i}" for i in range(40)]
    kind = fitted(texts)
    terms = dense_terms(kind, [words[0], words[1]])
    assert (terms[0] * terms[1]).sum() < 0.9 * np.square(terms[0]).sum()
    vectors = layer_of(kind)(raw_of(kind, [words[0], words[1]]))
    assert not vectors[0].equal(vectors[1])


def test_case_and_width_do_not_matter_to_the_subwords():
    kind = fitted(DOCUMENTS)
    vectors = layer_of(kind)(raw_of(kind, ["The Cat", "the cat", "ＴＨＥ cat"]))
    assert vectors[0].equal(vectors[1])
    torch.testing.assert_close(vectors[0], vectors[2])


def test_an_empty_text_is_like_a_missing_one_and_has_no_terms():
    kind = fitted(DOCUMENTS)
    texts = pl.Series(["", None, "   ", "n/a"], dtype=pl.String)
    assert not dense_terms(kind, texts).any()
    vectors = layer_of(kind)(raw_of(kind, texts))
    assert vectors.isfinite().all()
    assert all(vector.equal(vectors[0]) for vector in vectors)


def test_a_column_without_a_single_word_is_no_fault():
    kind = fitted(["-", "n/a", "?"] * 5)
    assert not dense_terms(kind, ["-", "word", "?"]).any()
    assert layer_of(kind)(raw_of(kind, ["-", "word"])).isfinite().all()


def test_a_script_without_spaces_is_read_to_its_end():
    run = "".join(chr(0x4E00 + i) for i in range(60))
    names = fit_vocabulary(pl.Series([run + "素晴", run + "残念"])).names
    assert "素晴" in names


def test_of_a_long_text_the_beginning_and_the_end_are_read():
    filler = "and so on it went for many an hour without an end in sight " * 200
    kind = fitted([f"first{i % 9} {filler} last{i % 7}" for i in range(60)])
    assert kind.length == LENGTH
    texts = [f"first1 {filler} last1", f"first2 {filler} last1", f"first1 {filler} last2"]
    raw = raw_of(kind, texts)
    assert raw["text.pieces.0"].shape == (3, LENGTH)
    vectors = layer_of(kind)(raw)
    assert not vectors[0].equal(vectors[1])
    assert not vectors[0].equal(vectors[2])


def test_the_cost_of_a_very_long_text_grows_no_faster_than_its_length():
    kind = fitted(DOCUMENTS)
    seconds = []
    for words in (20_000, 200_000):
        text = " ".join(f"w{i % 5000}" for i in range(words))
        started = time.process_time()
        raw_of(kind, [text])
        seconds.append(time.process_time() - started)
    assert seconds[1] < 30 * max(seconds[0], 0.02)


def test_short_texts_are_not_padded_to_the_length_of_long_ones():
    kind = fitted(["short one", "another short one"] * 30)
    assert kind.length < 20
    cells = pl.DataFrame({"t0": ["one", "a much longer text of many more words than that"]})
    store = build_store([kind.encode(cells, Mends())])
    assert store.batch(torch.tensor([0]))["text.pieces.0"].shape[1] < 5


def test_encoding_in_slices_is_encoding_at_once():
    kind = fitted(DOCUMENTS, DOCUMENTS[::-1])
    frame = pl.DataFrame({"t0": DOCUMENTS, "t1": DOCUMENTS[::-1]})
    rows = torch.tensor([6, 0, 2, 7])
    whole = build_store([kind.encode(frame, Mends())]).batch(rows)
    parts = [kind.encode(frame[start : start + 3], Mends()) for start in (0, 3, 6)]
    for name, tensor in build_store(parts).batch(rows).items():
        assert tensor.equal(whole[name]), name


def test_the_summary_tells_the_mean_number_of_words():
    assert fitted(["one two three", "four"]).summary("t0") == "about 2 words"
