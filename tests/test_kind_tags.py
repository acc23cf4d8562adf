"""Tags: spans by seqeval's rules, the chain over tags, and a model of intent and slots."""

from __future__ import annotations

import itertools
import json

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from every_kind import plan
from pellucid import learn, load
from pellucid.data.reading import read
from pellucid.errors import DataError, Mends
from pellucid.evidence.marking import marked_spans
from pellucid.kinds import recognise_target
from pellucid.kinds.contract import Beside
from pellucid.kinds.random_field import random_field, usual_tags
from pellucid.kinds.spans import is_prefixed, legal_transitions, spans
from pellucid.kinds.tags import MOST_WORDS, Tags
from pellucid.kinds.words import words_of
from pellucid.networks.layers import most_probable
from pellucid.networks.layers.tagger import RandomField
from pellucid.store import answers_of, build_store
from requests_of_things import requests

TRUE = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
FOUND = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]


def fitted(said: list[str], slots: list[str]) -> Tags:
    answers = pl.Series("slots", slots)
    return Tags.fit_target(answers, Beside(pl.DataFrame({"said": said}), answers, answers))


def answers(kind: Tags, slots: list[str]) -> np.ndarray:
    encoded = kind.encode_target(pl.Series("slots", slots))
    rows = np.arange(len(slots))
    return answers_of(encoded, rows, len(slots))[rows].numpy()


def as_output(numbers: np.ndarray) -> np.ndarray:
    """The output of a network that is sure of these tags."""
    return np.concatenate([np.zeros((len(numbers), 1)), numbers], 1)


# ---- spans -------------------------------------------------------------------------------------


def test_the_example_of_seqevals_own_page_scores_one_half():
    slots = [" ".join(row) for row in TRUE]
    kind = fitted(["a b c d e f g", "a b c"], slots)
    found = answers(kind, [" ".join(row) for row in FOUND])
    measured = kind.metrics(as_output(found), answers(kind, slots))
    assert measured["span F1"] == measured["precision"] == measured["recall"] == 0.5
    assert measured["word accuracy"] == pytest.approx(0.8)  # its accuracy_score
    assert measured["whole rows right"] == 0.5


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ("B-PER I-PER O B-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),  # seqeval's get_entities
        ("I-PER I-PER O I-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),  # the oldest scheme
        ("B-PER B-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("B-PER I-LOC", [("PER", 0, 0), ("LOC", 1, 1)]),
        ("S-LOC B-PER I-PER E-PER", [("LOC", 0, 0), ("PER", 1, 3)]),
        ("U-LOC B-PER L-PER", [("LOC", 0, 0), ("PER", 1, 2)]),
        ("B-PER E-PER I-PER", [("PER", 0, 1), ("PER", 2, 2)]),
        ("B-a-b I-a-b", [("a-b", 0, 1)]),
        ("O O", []),
        ("", []),
    ],
)
def test_spans_follow_the_rules_of_conlleval(tags, wanted):
    assert spans(tags.split()) == wanted


SPANS = st.lists(st.tuples(st.sampled_from(["", "x", "y"]), st.integers(1, 3)), max_size=5)


@given(SPANS)
def test_what_is_written_as_tags_is_read_as_the_same_spans(parts):
    tags, wanted = [], []
    for sort, length in parts:
        if sort:
            wanted.append((sort, len(tags), len(tags) + length - 1))
        names = [f"B-{sort}", *[f"I-{sort}"] * (length - 1)] if sort else ["O"] * length
        tags += names
    assert spans(tags) == wanted
    legal = legal_transitions(("B-x", "B-y", "I-x", "I-y", "O"), [tags])
    places = [0, *(("B-x", "B-y", "I-x", "I-y", "O").index(tag) + 1 for tag in tags), 0]
    assert all(legal[a, b] for a, b in itertools.pairwise(places))


def test_a_scheme_that_begins_spans_with_i_excludes_nothing():
    assert not legal_transitions(("B-x", "I-x", "O"), [["B-x", "I-x"]]).all()
    assert legal_transitions(("B-x", "I-x", "O"), [["I-x", "I-x", "O", "I-x"]]).all()


# ---- the chain ---------------------------------------------------------------------------------


def every_sequence(legal: Tensor, length: int):
    for tags in itertools.product(range(len(legal) - 1), repeat=length):
        places = [0, *(tag + 1 for tag in tags), 0]
        if all(legal[a, b] for a, b in itertools.pairwise(places)):
            yield tags


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_the_chain_agrees_with_a_sum_over_all_sequences(seed, length):
    draw = torch.Generator().manual_seed(seed)
    legal = torch.as_tensor(legal_transitions(("B-x", "I-x", "O"), [["B-x"]]))
    field = RandomField(legal)
    field.transitions.data.normal_(generator=draw)
    scores = torch.randn(2, 4, 3, generator=draw)
    real = torch.arange(4) < torch.tensor([[length], [4]])
    with torch.no_grad():
        logs = field.marginals(scores, real)
        chances = {}
        for tags in every_sequence(legal, length):
            row = torch.tensor([[*tags, *[0] * (4 - length)]])
            chances[tags] = (-field.surprise(scores[:1], real[:1], row)).exp().item()
    assert sum(chances.values()) == pytest.approx(1, abs=1e-4)
    for word, tag in itertools.product(range(length), range(3)):
        wanted = sum(chance for tags, chance in chances.items() if tags[word] == tag)
        assert logs[0, word, tag].exp().item() == pytest.approx(wanted, abs=1e-4)
    assert not logs[0, length:].any()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_the_best_sequence_is_the_best_of_all_that_are_legal(seed):
    legal = torch.as_tensor(legal_transitions(("B-x", "B-y", "I-x", "I-y", "O"), [["B-x"]]))
    logs = torch.randn(1, 3, 5, generator=torch.Generator().manual_seed(seed)).log_softmax(-1)
    padded = torch.cat([logs, torch.zeros(1, 2, 5)], 1)
    found = most_probable(padded, legal)[0].tolist()
    score = {tags: sum(logs[0, i, t].item() for i, t in enumerate(tags))
             for tags in every_sequence(legal, 3)}  # fmt: skip
    assert found[3:] == [0, 0]
    assert tuple(tag - 1 for tag in found[:3]) == max(score, key=score.get)


# ---- cells -------------------------------------------------------------------------------------


def test_words_are_what_spaces_part_or_the_texts_of_a_json_list():
    cells = pl.Series(["a  b\tc", '["New York", "is"]', "[not json", "", None, "[1, 2]"])
    wanted = [["a", "b", "c"], ["New York", "is"], ["[not", "json"], [], [], ["[1,", "2]"]]
    assert words_of(cells) == wanted


def test_tags_are_recognised_and_plain_names_are_not():
    assert recognise_target(pl.Series("t", ["O B-x I-x", "O O"] * 20))[0] is Tags
    assert recognise_target(pl.Series("t", ['["O", "B-x"]', '["O"]'] * 20))[0] is Tags
    assert recognise_target(pl.Series("t", ["O", "B-x"] * 20))[0].kind == "category"
    assert not is_prefixed(["NN", "O"])


def test_a_row_with_more_words_than_tags_is_an_error_with_its_line(tmp_path):
    table = requests(40)
    table["slots"][20] += " O"
    pl.DataFrame(table).write_csv(tmp_path / "said.csv")
    with pytest.raises(DataError, match=r"line 22, has \d words in 'said' but \d tags in 'slots'"):
        learn(tmp_path / "said.csv", "slots", plan=plan(steps=2), verbose=False)


def test_tags_without_a_column_of_words_are_an_error_that_says_so():
    table = {"said": ["x y z"] * 30, "slots": ["O B-x", "B-x I-x"] * 15}
    with pytest.raises(DataError, match="no input column has as many words as there are tags"):
        fitted(**table)


def test_a_tag_never_seen_is_an_error_that_names_it():
    kind = fitted(["a b"] * 2, ["O B-x", "B-x I-x"])
    with pytest.raises(DataError, match=r"row 2 holds 'B-y', which is none of them"):
        kind.encode_target(pl.Series("slots", ["O O", "O B-y"]))


def test_words_beyond_the_most_are_counted_and_get_no_tag():
    kind, mends = fitted(["a b"] * 2, ["O B-x", "B-x I-x"]), Mends()
    encoded = kind.encode_inputs(pl.DataFrame({"said": ["a", "word " * 100_000]}), mends)
    assert (mends.found[0].count, mends.found[0].where) == (1, ("row 2: 100,000 words",))
    words = next(value for name, value in encoded.items() if name.endswith("words"))
    assert list(np.diff(words.offsets)) == [1, MOST_WORDS]


# ---- the network -------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [["play the north", "", "東京 で 見る 猫", "x" * 5_000]])
def test_a_row_is_tagged_alike_alone_and_among_others(said):
    table = requests(30)
    kind = fitted(table["said"], table["slots"])
    layer = kind.output_layer(2, 16, torch.Generator().manual_seed(0)).eval()
    layer.window.weight.data.normal_(generator=torch.Generator().manual_seed(1))

    def tagged(cells):
        store = build_store([kind.encode_inputs(pl.DataFrame({"said": cells}), Mends())])
        raw = store.batch(torch.arange(len(cells)))
        with torch.no_grad():
            return kind.combine(layer(torch.ones(2, len(cells), 16), raw)).numpy()

    together = kind.decode(tagged(said)).to_list()
    assert together == [kind.decode(tagged([one])).to_list()[0] for one in said]
    assert [len(tags.split()) for tags in together] == [3, 0, 4, 1]


def test_the_gradient_reaches_every_weight():
    table = requests(30)
    kind = fitted(table["said"], table["slots"])
    layer = kind.output_layer(2, 16, torch.Generator().manual_seed(0)).eval()
    raw = build_store([kind.encode_inputs(pl.DataFrame({"said": table["said"]}), Mends())])
    answer = torch.as_tensor(answers(kind, table["slots"]))
    output = layer(torch.randn(2, 30, 16), raw.batch(torch.arange(30)), answer)
    loss = kind.loss(output, answer)
    loss.backward()
    assert loss.item() == pytest.approx(kind.choosing_score(output, answer))
    assert all(weight.grad.abs().sum() > 0 for weight in layer.parameters())


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    """A model of intents and slots, and where it is."""
    folder = tmp_path_factory.mktemp("said") / "said.pellucid"
    model = learn(
        requests(), ["intent", "slots"], plan=plan(steps=50, batch=16), minutes=0.2,
        verbose=False, output=folder,
    )  # fmt: skip
    return model, folder


def test_intent_and_slots_are_learnt_in_one_model(assistant):
    model, folder = assistant
    new = requests(40, seed=1)
    predicted = model.predict(pl.DataFrame(new).select("said"))
    assert predicted.columns == ["intent", "slots"]
    assert (predicted["intent"] == pl.Series(new["intent"])).mean() > 0.9
    measured = model.evaluate(pl.DataFrame(new))["slots"]["performance"]
    assert measured["metric"] == "span F1"
    assert measured["value"] > 0.9
    assert load(folder).predict(new).equals(predicted)


def test_the_evidence_has_the_conventional_ways_and_the_words_of_mistakes(assistant):
    evidence = assistant[0].evidence["targets"]["slots"]
    names = [way["name"] for way in evidence["baselines"]]
    assert names == ["each word's usual tag", "conditional random field"]
    assert evidence["performance"]["low"] <= evidence["performance"]["value"]
    assert sum(map(sum, evidence["confusion"]["counts"])) > 0
    assert evidence["calibration"]["bins"]
    for mistake in evidence["mistakes"]:
        words, predicted, true = zip(*mistake["marked"], strict=True)
        assert " ".join(words) == mistake["cells"]["said"]
        assert (" ".join(predicted), " ".join(true)) == (mistake["predicted"], mistake["true"])


def test_an_explanation_works_the_class_and_the_tags(assistant):
    explained = assistant[0].explain({"said": "is it cold in Oslo today"}).text()
    assert "The answer: intent is weather" in explained
    assert "The answer: slots is O O O O B-town O" in explained


def test_an_empty_sentence_has_no_tags(assistant):
    predicted = assistant[0].predict({"said": ["", "is it cold in Oslo today", None]})
    assert predicted["slots"].to_list()[0] == predicted["slots"].to_list()[2] == ""
    assert len(predicted["slots"].to_list()[1].split()) == 6


def test_plain_labels_are_judged_word_by_word():
    table = requests(80)
    plain = [" ".join(t[2:] or "none" for t in row.split()) for row in table["slots"]]
    rows = {"said": table["said"], "label": plain}
    model = learn(rows, "label", kinds={"label": "tags"}, plan=plan(steps=40), verbose=False)
    target = model.evidence["targets"]["label"]
    assert target["performance"]["metric"] == "word accuracy"
    assert target["performance"]["value"] > 0.8


# ---- the conventional ways ---------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_random_field_finds_what_the_words_around_tell(seconds):
    table = requests(100)
    words, tags = ([row.split() for row in table[name]] for name in ("said", "slots"))
    _, usual = usual_tags(words[:80], tags[:80], words[80:], seconds)
    name, found = random_field(words[:80], tags[:80], [*words[80:], []], seconds)
    assert name == "conditional random field"
    assert found == [*tags[80:], []]
    assert [len(row) for row in usual] == [len(row) for row in words[80:]]


# ---- reading -----------------------------------------------------------------------------------


def test_json_lists_and_conll_files_give_the_same_sentences(tmp_path):
    table = requests(20)
    pairs = [(w.split(), t.split()) for w, t in zip(table["said"], table["slots"], strict=True)]
    lists = tmp_path / "said.jsonl"
    lists.write_text("\n".join(json.dumps({"words": w, "tags": t}) for w, t in pairs))
    conll = tmp_path / "said.conll"
    sentences = ("\n".join(map(" ".join, zip(w, t, strict=True))) for w, t in pairs)
    conll.write_text("-DOCSTART- O\n\n" + "\n\n".join(sentences) + "\n")
    from_lists, from_conll = (read(path, Mends(strict=True)) for path in (lists, conll))
    for name in ("words", "tags"):
        assert words_of(from_lists.column(name)) == words_of(from_conll.column(name))
    assert from_conll.columns == ["words", "tags"]
    assert from_conll.place(1) == f"line {4 + len(pairs[0][0])}"


def test_an_uneven_sentence_of_a_conll_file_is_skipped_and_counted_or_keeps_its_words(tmp_path):
    path = tmp_path / "news.conll"
    path.write_text(
        "EU NNP B-ORG\nrejects VBZ O\n\nPeter NNP\nB NNP I-PER\n\n# a comment\na DT O\n"
    )
    mends = Mends()
    table = read(path, mends)
    assert table.lazy.collect().rows() == [("EU rejects", "NNP VBZ", "B-ORG O"), ("a", "DT", "O")]
    assert (mends.found[0].count, mends.found[0].where) == (1, ("line 4",))
    kept = read(path, Mends(), ragged="mend").lazy.collect()
    assert kept.row(1) == ("Peter B", None, None)


# ---- the report --------------------------------------------------------------------------------


def test_words_of_one_span_stand_together_in_the_report():
    words = [
        ["the", "O", "O"], ["New", "B-town", "B-town"], ["York", "I-town", "I-town"],
        ["bell", "O", "B-film"], ["rings", "I-film", "I-film"],
    ]  # fmt: skip
    marked = marked_spans(words)
    assert [span.text for span in marked] == ["the", "New York", "bell", "rings"]
    assert [span.wrong for span in marked] == [False, False, True, False]
