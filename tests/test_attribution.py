"""What an answer rests on: shares that add up, known answers, and a control that knows nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

import every_kind
import pellucid
from pellucid.errors import Mends
from pellucid.explanation.attribution import Attribution, attribute, shuffled
from pellucid.explanation.parts import columns_of, count, encodings, keeping
from pellucid.explanation.resting import bar, marked, resting_step
from pellucid.model import Model
from pellucid.store import build_store
from pellucid.training.plan import Plan

FRAME = every_kind.table()


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    def learnt(target: str, other: str) -> Model:
        source, plan = FRAME.drop(other), every_kind.plan(trees=20, steps=150)
        return pellucid.learn(source, target, minutes=0.2, verbose=False, plan=plan)

    return {"liked": learnt("liked", "paid"), "paid": learnt("paid", "liked")}


def cells(model: Model, row: int) -> pl.DataFrame:
    return model.schema.complete(FRAME[row], Mends()).select(model.schema.columns)


def found(model: Model, row: int) -> Attribution:
    attribution = attribute(model.schema, model.network, cells(model, row))
    assert attribution is not None
    return attribution


def by_part(attribution: Attribution) -> dict[tuple[str, str], float]:
    names = [(c.name, part) for c in attribution.columns for part in c.parts.names]
    return dict(zip(names, attribution.gradients.tolist(), strict=True))


@pytest.mark.parametrize("row", [0, 3, 9])
@pytest.mark.parametrize("target", ["liked", "paid"])
def test_the_shares_add_up_from_nothing_to_the_answer(
    models: dict[str, Model], target: str, row: int
) -> None:
    model = models[target]
    attribution = found(model, row)
    difference = attribution.answer - attribution.nothing
    assert attribution.gap == pytest.approx(difference - attribution.gradients.sum())
    assert abs(attribution.gap) < 0.05 * max(1.0, np.abs(attribution.gradients).sum())


def test_the_answer_that_is_explained_is_the_model_s(models: dict[str, Model]) -> None:
    chances = models["liked"].predict_proba(FRAME[3]).row(0, named=True)
    odds = np.log(max(chances.values()) / min(chances.values()))
    assert found(models["liked"], 3).answer == pytest.approx(odds, abs=1e-3)
    assert found(models["paid"], 3).answer == pytest.approx(
        models["paid"].predict(FRAME[3])[0], abs=1e-3
    )


def test_the_words_that_decide_have_the_largest_share(models: dict[str, Model]) -> None:
    for row in range(4):
        attribution = found(models["liked"], row)
        shares = by_part(attribution)
        judged = next(j for j in every_kind.JUDGEMENTS if j in FRAME["review"][row])
        decisive = max(shares, key=lambda part: shares[part])
        assert decisive[0] == "review" and judged in decisive[1]


def test_the_column_that_decides_a_number_has_the_largest_share(models: dict[str, Model]) -> None:
    """`paid` grows by 3 with each unit of weight."""
    far = int(np.abs(FRAME["weight"].to_numpy() - 5).argmax())
    shares = by_part(found(models["paid"], far))
    largest = max(shares, key=lambda part: abs(shares[part]))
    assert largest[0] == "weight"
    assert np.sign(shares[largest]) == np.sign(FRAME["weight"][far] - 5)


def test_occlusion_is_the_loss_of_the_answer_without_that_cell(models: dict[str, Model]) -> None:
    model = models["paid"]
    attribution = found(model, 3)
    names = [c.name for c in attribution.columns for _ in c.parts.names]
    place = names.index("weight")
    missing = FRAME[3].with_columns(pl.lit(None, pl.Float64).alias("weight"))
    lost = model.predict(FRAME[3])[0] - model.predict(missing)[0]
    assert attribution.occlusion[place] == pytest.approx(lost, abs=1e-3)


def test_all_parts_kept_is_the_row_itself_whatever_its_kinds(models: dict[str, Model]) -> None:
    schema, row = models["liked"].schema, cells(models["liked"], 5)
    encoded = encodings(schema, row)
    columns = columns_of(schema, row, encoded)
    whole = keeping(schema, row, encoded, columns, np.ones((2, count(columns)), bool))
    own = build_store([schema.encode(row, Mends())]).batch(torch.tensor([0, 0]))
    assert set(whole) == set(own)
    for name, values in own.items():
        assert torch.equal(values.nan_to_num(-7.0), whole[name].nan_to_num(-7.0)), name


def test_every_place_of_a_text_belongs_to_the_word_that_it_is_written_in(
    models: dict[str, Model],
) -> None:
    (kind,) = (kind for kind in models["liked"].schema.inputs if kind.kind == "text")
    row = pl.DataFrame({"review": ["ein lamp über 東京, splendid  and  shoddy"]})
    parts = kind.parts(row, "review", {})  # type: ignore[attr-defined]
    assert parts.names == ("ein", "lamp", "über", "東京,", "splendid", "and", "shoddy")
    assert sorted(set(parts.places.tolist())) == list(range(7))
    assert (np.diff(parts.places) >= 0).all()
    long = kind.parts(pl.DataFrame({"review": ["word " * 500]}), "review", {})  # type: ignore[attr-defined]
    assert len(long.names) <= 64 and " ".join(long.names).count("word") == 500


def test_a_missing_cell_has_no_part(models: dict[str, Model]) -> None:
    row = int(FRAME["age"].is_null().arg_true()[0])
    attribution = found(models["paid"], row)
    assert "age" not in {column for column, _ in by_part(attribution)}


def test_the_control_has_the_same_weights_in_other_places(models: dict[str, Model]) -> None:
    network = models["liked"].network
    twin = shuffled(network)
    for (name, own), other in zip(network.named_parameters(), twin.parameters(), strict=True):
        assert torch.equal(own.flatten().sort().values, other.flatten().sort().values), name
    assert any(
        not torch.equal(a, b) for a, b in zip(network.parameters(), twin.parameters(), strict=True)
    )
    attribution = found(models["liked"], 3)
    assert np.abs(attribution.control - attribution.gradients).max() > 0.1
    assert -1 <= attribution.likeness <= 1


def test_the_step_tells_shares_gap_and_words_in_their_order(models: dict[str, Model]) -> None:
    attribution = found(models["liked"], 3)
    step = resting_step(attribution)
    assert step.result == pytest.approx(attribution.answer)
    assert step.given["gap"] == pytest.approx(attribution.gap)
    assert step.table is not None and len(step.table.rows) == len(attribution.gradients)
    text = " ".join(step.text().split())
    assert "in a network with shuffled weights" in text and "[++" in text
    (words,) = step.steps
    assert (
        words.reason.replace("[++", "")
        .replace("++]", "")
        .split()[-1]
        .startswith(FRAME["review"][3].split()[-1][:3])
    )


def test_bars_and_marks_tell_sign_and_size() -> None:
    assert (bar(1.0), bar(-0.5), bar(0.01)) == ("++++++++", "−−−−", "")
    assert marked(("a", "b", "c"), np.array([1.0, -0.3, 0.1])) == "[++a++] [−b−] c"


def test_the_explanation_of_a_row_ends_with_what_it_rests_on(models: dict[str, Model]) -> None:
    steps = models["paid"].explain(FRAME[3]).step.steps
    assert steps[-1].rule == "What the answer rests on: paid"


def test_the_report_shows_what_some_answers_rest_on(models: dict[str, Model], tmp_path) -> None:
    from pellucid.evidence.report import write_report

    target = {**models["liked"].evidence["targets"]["liked"], "reasons": [reason()]}
    write_report({**models["liked"].evidence, "targets": {"liked": target}}, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "What the answers rest on" in page
    assert '<mark class="for" style="--strength: 100%"><bdi>splendid</bdi></mark>' in page
    assert "<bdi>&lt;b&gt;</bdi>" in page  # a word of the data commands nothing
    assert "Completeness gap: −0.25" in page and 'class="against"' in page


def reason() -> dict[str, object]:
    def column(name: str, parts: list[str], shares: list[float], shape: list[int] | None) -> dict:
        zeros = [0.0] * len(parts)
        return {
            "column": name, "parts": parts, "shares": shares, "shape": shape,
            "without": zeros, "control": zeros,
        }  # fmt: skip

    return {
        "row": "line 8", "right": False, "of": "the log-odds of liked = yes against no",
        "true": "no", "answer": 1.5, "nothing": 0.5, "gap": -0.25, "likeness": 0.1,
        "columns": [
            column("review", ["splendid", "<b>"], [2.0, 0.0], None),
            column("age", ["30"], [-1.0], None),
            column("photo", ["field 1, 1", "field 1, 2"], [0.25, 0.0], [1, 2]),
        ],
    }  # fmt: skip


def test_learning_looks_for_reasons_within_its_time(table: pl.DataFrame, plan: Plan) -> None:
    source = table.drop("paid")
    model = pellucid.learn(source, "liked", minutes=1.5, verbose=False, plan=plan)
    found = model.evidence["targets"]["liked"]["reasons"]
    assert 1 <= len(found) <= 5
    assert {"right", "gap", "likeness", "columns"} <= set(found[0])
    assert any(each["right"] for each in found)
