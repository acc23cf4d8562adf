"""Text as a target: the measure, the search, the network, and a small translation learnt."""

from __future__ import annotations

import itertools
import unicodedata

import numpy as np
import polars as pl
import pytest
import sacrebleu
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from every_kind import plan
from pellucid import learn, load
from pellucid.errors import DataError, Mends
from pellucid.kinds import kind_named, recognise_target
from pellucid.kinds.contract import Beside
from pellucid.kinds.overlap import bleu, bleu_counts, chrf, signature
from pellucid.kinds.word_by_word import translated
from pellucid.kinds.wording import END, LONGEST, Wording
from pellucid.networks.layers import translator as translator_layer
from pellucid.networks.layers.beam import best_text
from pellucid.networks.layers.vocabulary import PIECE, token_losses
from pellucid.networks.network import Body
from pellucid.store import answers_of, build_store

COUNTS = {"one": "ein", "two": "zwei", "three": "drei", "four": "vier"}
COLOURS = {"red": "rote", "blue": "blaue", "old": "alte"}
THINGS = {"dogs": "Hunde", "birds": "Vögel", "houses": "Häuser", "cats": "Katzen"}
VERBS = {"sleep": "schlafen", "wait": "warten"}


def pairs(rows: int = 200, seed: int = 0) -> dict[str, list[str]]:
    """Sentences that are translated word by word."""
    rng = np.random.default_rng(seed)
    every = list(itertools.product(COUNTS, COLOURS, THINGS, VERBS))
    chosen = [every[i] for i in rng.integers(0, len(every), rows)]
    german = [
        f"{COUNTS[count]} {COLOURS[colour]} {THINGS[thing]} {VERBS[verb]} heute."
        for count, colour, thing, verb in chosen
    ]
    return {"english": [f"{' '.join(words)} today" for words in chosen], "german": german}


def fitted(table: dict[str, list[str]]) -> Wording:
    answers = pl.Series("german", table["german"])
    inputs = pl.DataFrame({"english": table["english"]})
    return Wording.fit_target(answers, Beside(inputs, answers, answers, {"english": "text"}))


def encoded(kind: Wording, cells: list[str]) -> torch.Tensor:
    rows = np.arange(len(cells))
    return answers_of(kind.encode_target(pl.Series("german", cells)), rows, len(cells))[rows]


def raw_of(kind: Wording, cells: list[str | None]) -> dict[str, torch.Tensor]:
    frame = pl.DataFrame({"english": cells}, schema={"english": pl.String})
    store = build_store([kind.encode_inputs(frame, Mends())])
    return store.batch(torch.arange(len(cells)))


# ---- the measure -------------------------------------------------------------------------------

SENTENCES = st.lists(st.sampled_from("the cat sat on a mat .".split()), max_size=8).map(" ".join)


@settings(deadline=None)
@given(st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=6))
def test_the_score_of_summed_counts_is_that_of_the_whole_corpus(rows):
    written, true = (list(side) for side in zip(*rows, strict=True))
    wanted = sacrebleu.corpus_bleu(written, [true]).score
    assert float(bleu(bleu_counts(written, true).sum(0))) == pytest.approx(wanted)


def test_published_scores_are_met():
    written = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
    true = ["The dog bit the man.", "It was not unexpected.", "The man bit him first."]
    kind = fitted({"english": ["a"] * 3, "german": true})
    output = np.pad(encoded(kind, written).numpy(), ((0, 0), (1, 0))).astype(float)
    measured = kind.metrics(output, encoded(kind, true).numpy())
    assert measured["BLEU"] == pytest.approx(sacrebleu.corpus_bleu(written, [true]).score)
    assert measured["chrF"] == pytest.approx(chrf(written, true))
    assert kind.aggregate(kind.row_losses(output, encoded(kind, true).numpy())) == pytest.approx(
        measured["BLEU"]
    )
    assert "tok:13a" in signature()
    assert kind.wrongness(output, encoded(kind, true).numpy()).argmin() == 0


# ---- cells -------------------------------------------------------------------------------------

LETTERS = st.text(alphabet="aé ßA猫の🙂λб!?.\n\u00a0½", min_size=1, max_size=30)


@settings(deadline=None, max_examples=60)
@given(LETTERS.map(lambda text: "x" + unicodedata.normalize("NFC", text) + "x"))
def test_any_text_of_any_script_is_had_back_as_it_was_written(text):
    kind = fitted({"english": ["a b c"] * 3, "german": ["d e f", "g h i", "j k l"]})
    output = np.pad(encoded(kind, [text]).numpy(), ((0, 0), (1, 0))).astype(float)
    assert kind.decode(output).to_list() == [text]


def test_texts_of_many_words_are_recognised_as_a_target_and_asked_for_by_name():
    german = pl.Series("german", [f"{i} Hunde gehen nach Hause" for i in range(50)])
    found, reason = recognise_target(german)
    assert (found, reason) == (Wording, "it holds texts of about 5 words")
    assert kind_named("text", target=True) is Wording
    with pytest.raises(DataError, match="different texts"):
        recognise_target(pl.Series("name", [f"name {i}" for i in range(50)]))


def test_long_texts_are_cut_before_they_cost_anything():
    kind = fitted(pairs(20))
    raw = raw_of(kind, ["dogs " * 100_000, "", None])
    source = next(iter(raw.values()))
    assert source.shape[1] <= LONGEST
    assert (source[1:, 0] == END).all()
    assert not source[1:, 1:].any()


def test_target_texts_that_are_cut_are_counted_where_they_are_learnt_and_judged():
    table = pairs(60)
    table["german"][7] = "Hunde " * 500
    model = learn(pl.DataFrame(table), "german", minutes=0.1, plan=plan(folds=1), verbose=False)
    (mend,) = (each for each in model.evidence["data"]["mends"] if each["column"] == "german")
    assert mend["count"] == 1
    assert mend["where"] == ["the given table, row 8"]
    with pytest.warns(UserWarning, match="1 × a text of more than 383 subwords.*left out"):
        model.evaluate(pl.DataFrame(table)[:20])


# ---- the search --------------------------------------------------------------------------------


def walk(logs):
    """A step over a table of which token follows which: (vocabulary, vocabulary)."""
    return lambda tokens, rows: logs[tokens].clone()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_more_beams_find_no_worse_a_text_and_every_score_is_that_of_its_text(seed):
    logs = torch.randn(6, 6, generator=torch.Generator().manual_seed(seed)) * 2
    logs[:, :END] = -1e9
    logs = logs.log_softmax(-1)
    found = [best_text(walk(logs), 2, beams, 5) for beams in (1, 4)]
    for text in found:
        for score, *tokens in text.tolist():
            ids = [1, *(int(t) for t in tokens if t)]
            assert ids[-1] == END
            mean = sum(logs[a, b].item() for a, b in itertools.pairwise(ids)) / (len(ids) - 1)
            assert score == pytest.approx(mean, abs=1e-4)
    assert found[0][0].tolist() == found[0][1].tolist()


def test_one_beam_takes_the_likeliest_token_each_time():
    logs = torch.full((5, 5), -9.0)
    for before, after in ((1, 3), (3, 4), (4, END)):
        logs[before, after] = -0.1
    assert best_text(walk(logs), 1, 1, 9)[0, 1:].tolist() == [3, 4, END]


# ---- the network -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parts():
    """A kind and a layer with weights drawn at random."""
    kind = fitted(pairs(60))
    layer = kind.output_layer(2, 64, torch.Generator().manual_seed(0)).eval()
    return kind, layer


def test_what_is_written_step_by_step_has_the_probability_that_it_has_as_a_whole(parts):
    kind, layer = parts
    raw = raw_of(kind, ["two red dogs", "four", "", "three old houses wait today"])
    hidden = torch.randn(2, 4, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        output = layer(hidden, raw)
        answer = output[0, :, 1:].long()
        summed, tokens = layer(hidden, raw, answer)[0].unbind(-1)
    torch.testing.assert_close(output[0, :, 0], -summed / tokens, atol=1e-4, rtol=1e-4)
    assert (answer == END).sum(1).tolist() == [1] * 4


def test_a_row_is_written_alike_alone_and_among_others(parts):
    kind, layer = parts
    said = ["two red dogs", "東京 です", "three old houses wait today and " * 9]
    with torch.inference_mode():
        together = kind.combine(layer(torch.ones(2, 3, 64), raw_of(kind, said)))
        for row, text in enumerate(said):
            alone = kind.combine(layer(torch.ones(2, 1, 64), raw_of(kind, [text])))[0]
            shorter = min(len(alone), together.shape[1])
            same = alone[1:shorter] == together[row, 1:shorter]
            assert same[: int(alone[1:].bool().sum())].float().mean() > 0.6  # where it may end


def test_many_rows_are_written_a_few_at_a_time_and_alike(parts, monkeypatch):
    kind, layer = parts
    raw = raw_of(kind, ["two red dogs", "four", "", "three old houses wait today", "one bird"])
    hidden = torch.randn(2, 5, 64, generator=torch.Generator().manual_seed(3))
    asked, write = [], translator_layer.Translator.write

    def counted(module, memory, longest):
        asked.append(len(memory[1]))
        return write(module, memory, longest)

    monkeypatch.setattr(translator_layer.Translator, "write", counted)
    with torch.inference_mode():
        together = layer(hidden, raw)
        monkeypatch.setattr(translator_layer, "AT_ONCE", 2)
        apart = layer(hidden, raw)
    assert asked == [5, 2, 2, 1]
    torch.testing.assert_close(apart, together, atol=1e-4, rtol=1e-4)


def test_the_gradient_reaches_every_weight_and_padding_counts_for_nothing(parts):
    kind, layer = parts
    raw, answer = raw_of(kind, ["two", "four red dogs"]), encoded(kind, ["zwei", "vier Hunde."])
    output = layer(torch.ones(2, 2, 64), raw, answer)
    kind.loss(output, answer).backward()
    assert all(weight.grad.abs().sum() > 0 for weight in layer.parameters())
    wider = layer(torch.ones(2, 2, 64), raw, torch.nn.functional.pad(answer, (0, 5)))
    torch.testing.assert_close(wider, output)
    assert output[0, :, 1].tolist() == (answer > 0).sum(1).tolist()


TINY = {"body": Body(members=2, width=64, blocks=1, embedding=8), "anneal": 1.0}


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    """A model of the small language, and where it is."""
    folder = tmp_path_factory.mktemp("pairs") / "pairs.pellucid"
    made = plan(steps=90, evaluate_every=45, **TINY)
    kinds = {"german": "text"}  # so few sentences would pass as classes
    model = learn(pairs(), "german", plan=made, kinds=kinds, verbose=False, output=folder)
    return model, folder


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_in_pieces_is_the_cross_entropy_of_torch_and_has_its_gradient(smoothing):
    generator = torch.Generator().manual_seed(0)
    x, table, weight = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((2 * PIECE + 5, 7), (31, 7), (2 * PIECE + 5,))
    )
    answer = torch.randint(0, 31, (len(x),), generator=generator)
    found = []
    for own in (True, False):
        a, b = x.clone().requires_grad_(), table.clone().requires_grad_()
        losses = (
            token_losses(a, b, answer, smoothing)
            if own
            else torch.nn.functional.cross_entropy(
                a @ b.T, answer, reduction="none", label_smoothing=smoothing
            )
        )
        (losses * weight).sum().backward()  # each token counts differently
        found.append((losses.detach(), a.grad, b.grad))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_a_small_language_is_learnt(translator):
    model, folder = translator
    assert "Where it looked" in (folder / "report.html").read_text("utf-8")
    new = pairs(20, seed=7)
    written = model.predict({"english": new["english"]})
    assert written.name == "german"
    score = sacrebleu.corpus_bleu(written.to_list(), [new["german"]]).score
    assert score > 40
    measured = model.evaluate(new)["german"]
    assert measured["performance"]["value"] == pytest.approx(score)
    assert load(folder).predict({"english": new["english"]}).equals(written)


def test_the_evidence_names_the_measure_the_conventional_ways_and_the_worst_texts(translator):
    evidence = translator[0].evidence["targets"]["german"]
    assert evidence["performance"]["metric"] == "BLEU"
    assert evidence["note"] == signature()
    names = [way["name"] for way in evidence["baselines"]]
    assert sorted(names) == ["text of the nearest row (TF-IDF)", "word by word (IBM model 1)"]
    assert evidence["performance"]["low"] <= evidence["performance"]["high"]
    assert set(evidence["others"]) == {"chrF", "length ratio"}
    for look in evidence["looks"]:
        assert [len(row) for row in look["weights"]] == [len(look["read"])] * len(look["written"])
        assert all(0 <= sum(row) <= 1.01 for row in look["weights"])
        assert look["read"][-1] == "today"
    for mistake in evidence["mistakes"]:
        assert mistake["true"] != mistake["predicted"]
        assert 0 <= mistake["confidence"] <= 1


def test_predictions_come_with_their_confidence_for_any_text(translator):
    odd = ["", "東京 で 犬", "dogs " * 5_000]
    frames = list(translator[0].predictions({"english": odd}, Mends()))
    assert frames[0].columns == ["german", "german confidence"]
    assert frames[0].height == 3
    assert frames[0]["german confidence"].is_between(0, 1).all()


def test_word_by_word_a_language_of_the_same_order_is_translated_and_new_words_stay():
    known, new = pairs(), pairs(20, seed=7)
    asked = [*new["english"], "two red zebras sleep today", ""]
    written = translated(known["english"], known["german"], asked, 5)
    assert sacrebleu.corpus_bleu(written[:-2], [new["german"]]).score > 80
    assert written[-2:] == ["zwei rote zebras schlafen heute", ""]
    assert translated(known["english"], known["german"], asked, 0)[-1] == ""  # one pair at least
    assert translated([""], ["leer"], ["same"], 5) == ["same"]


def test_an_explanation_ends_in_the_text_that_is_predicted(translator):
    row = {"english": "two red dogs sleep today"}
    written = translator[0].predict({"english": [row["english"]]})[0]
    assert f"answer = {written}" in translator[0].explain(row).text()


def test_a_row_of_numbers_and_names_becomes_a_text():
    rng = np.random.default_rng(0)
    price, colour = rng.integers(1, 100, 120), rng.choice(["red", "blue"], 120)
    words = ["a cheap" if each < 50 else "a very dear" for each in price]
    texts = [f"{words[i]} car, it is {colour[i]}, number {i}" for i in range(120)]
    table = {"price": price, "colour": colour, "text": texts}
    made = plan(steps=40, evaluate_every=20, **TINY)
    model = learn(table, "text", plan=made, minutes=0.1, verbose=False)
    evidence = model.evidence["targets"]["text"]
    assert [way["name"] for way in evidence["baselines"]] == ["text of the most alike row"]
    assert evidence["baselines"][0]["value"] > 80
    assert evidence["performance"]["value"] > 70
    written = model.predict({"price": [5, 5, 95], "colour": ["red", "blue", "blue"]})
    assert ["red" in text for text in written] == [True, False, False]
    assert ["cheap" in text for text in written] == [True, True, False]


def test_as_much_may_be_written_as_was_learnt_however_little_is_read():
    texts = [" ".join(f"word{i}" for i in range(40))] * 30
    kind = Wording.fit_target(pl.Series("german", texts))
    layer = kind.output_layer(2, 64, torch.Generator().manual_seed(0)).eval()
    layer.beams = 1
    raw = build_store([kind.encode_inputs(pl.DataFrame({"x": [1]}), Mends())]).batch(
        torch.arange(1)
    )
    with torch.inference_mode():
        layer.embedding.weight[END] = 0.0  # no end is likely
        written = kind.combine(layer(torch.ones(2, 1, 64), raw))
    assert written.shape[1] > len(encoded(kind, texts[:1])[0])


def test_what_is_beyond_the_longest_text_is_counted_and_an_error_when_strict():
    words = pl.Series("english", ["a b c", "word " * 1_000, "d e f"])
    kind = Wording.fit_target(
        pl.Series("german", ["x y z"] * 3),
        Beside(words.to_frame(), words, words, {"english": "text"}),
    )
    mends = Mends()
    kind.encode_inputs(words.to_frame(), mends)
    (mend,) = mends.found
    assert (mend.count, mend.column, mend.where) == (1, "english", ("row 2",))
    assert "383 subwords" in mend.fault
    with pytest.raises(DataError, match="strict"):
        kind.encode_inputs(words.to_frame(), Mends(strict=True))
