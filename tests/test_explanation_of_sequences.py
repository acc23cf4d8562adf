"""Tags, written texts and forecasts are worked and attributed like any other answer."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import pellucid
from every_kind import plan
from pellucid.cli import app
from pellucid.errors import Mends, UsageError
from pellucid.explanation.attribution import Attribution, attribute
from pellucid.explanation.resting import resting_step
from pellucid.explanation.result import Explanation
from pellucid.model import Model
from pellucid.networks.network import Body
from pellucid.working.step import Step
from requests_of_things import requests

ENGLISH = ("one", "two", "red", "old", "dogs", "birds", "sleep", "wait")
GERMAN = ("ein", "zwei", "rote", "alte", "Hunde", "Vögel", "schlafen", "warten")


@pytest.fixture(scope="module")
def said() -> pl.DataFrame:
    return pl.DataFrame(requests(120))


@pytest.fixture(scope="module")
def tagger(said: pl.DataFrame) -> Model:
    how = plan(steps=150, rate=8e-3, evaluate_every=50, trees=10)
    return pellucid.learn(said, ["slots", "intent"], minutes=0.5, verbose=False, plan=how)


@pytest.fixture(scope="module")
def pairs() -> pl.DataFrame:
    """Four words of which each stands for one."""
    draw, rows = random.Random(0), []
    for _ in range(160):
        chosen = [draw.choice((2 * k, 2 * k + 1)) for k in range(4)]
        rows.append(tuple(" ".join(each[k] for k in chosen) for each in (ENGLISH, GERMAN)))
    return pl.DataFrame(rows, ["english", "german"], orient="row")


@pytest.fixture(scope="module")
def translator(pairs: pl.DataFrame) -> Model:
    body = Body(members=1, width=64, blocks=1, embedding=8, dropout=0.1)
    how = plan(body=body, steps=250, rate=3e-3, evaluate_every=100, batch=32)
    kinds = {"english": "text", "german": "text"}
    return pellucid.learn(pairs, "german", minutes=0.5, verbose=False, plan=how, kinds=kinds)


@pytest.fixture(scope="module")
def sales() -> pl.DataFrame:
    months = np.arange(150)
    values = 10 + 3 * np.sin(months * np.pi / 6) + 0.02 * np.random.default_rng(0).normal(size=150)
    dates = [f"{2000 + month // 12}-{month % 12 + 1:02d}-01" for month in months.tolist()]
    return pl.DataFrame({"month": dates, "sold": values.round(4)})


@pytest.fixture(scope="module")
def forecaster(sales: pl.DataFrame) -> Model:
    return pellucid.learn(
        sales, "sold", time="month", horizon=6, minutes=0.5, verbose=False, plan=plan(steps=20)
    )


def found(model: Model, row: pl.DataFrame, position: int = 0) -> Attribution:
    cells = model.schema.complete(row, Mends()).select(model.schema.columns)
    attribution = attribute(model.schema, model.network, cells, position)
    assert attribution is not None
    return attribution


def beginning(explained: Explanation, rule: str) -> Step:
    return next(step for step in explained.step.walk() if step.rule.startswith(rule))


def lost_most(attribution: Attribution) -> list[str]:
    """For each piece of the answer the part without which it loses most."""
    assert attribution.pieces is not None
    parts = [name for column in attribution.columns for name in column.parts.names]
    return [parts[int(lost.argmax())] for lost in attribution.pieces.lost]


@pytest.mark.parametrize(
    ("model", "rows", "operation"),
    [("tagger", "said", "lstm"), ("translator", "pairs", "scaled_dot_product_attention")],
)
def test_a_sequence_is_worked_like_any_other_answer(
    model: str, rows: str, operation: str, request: pytest.FixtureRequest
) -> None:
    learnt, row = request.getfixturevalue(model), request.getfixturevalue(rows)[3]
    explained = learnt.explain(row)
    assert explained.differences["float32"] < 1e-4
    assert explained.differences["autograd"] < 1e-12
    assert explained.differences["measured"] < 1e-7
    assert operation in {each.operation for each in explained.operations}
    answers = learnt.predict(row)
    answer = answers[learnt.targets[0]][0] if isinstance(answers, pl.DataFrame) else answers[0]
    assert beginning(explained, "The answer: ").result == answer
    beginning(explained, "One step of")
    assert max(map(len, explained.text().splitlines())) <= 80


def test_a_tag_rests_on_its_word(tagger: Model, said: pl.DataFrame) -> None:
    row = next(i for i, text in enumerate(said["said"]) if text.startswith("show me"))
    attribution = found(tagger, said[row])
    words = said["said"][row].split()
    assert attribution.pieces is not None and len(attribution.pieces.names) == len(words)
    assert attribution.pieces.names[-1].startswith(f"{words[-1]}: ")
    own = [word == most for word, most in zip(words, lost_most(attribution), strict=True)]
    assert sum(own) > len(words) / 2


def test_shares_of_a_sequence_add_up_and_know_what_was_learnt(
    tagger: Model, said: pl.DataFrame
) -> None:
    attribution = found(tagger, said[3])
    assert attribution.pieces is not None
    assert attribution.answer == pytest.approx(attribution.pieces.numbers.sum())
    assert abs(attribution.gap) < 1e-6 * max(1.0, np.abs(attribution.gradients).sum())
    assert np.abs(attribution.gradients).sum() > np.abs(attribution.control).sum()


def test_a_written_word_rests_on_the_word_that_it_stands_for(
    translator: Model, pairs: pl.DataFrame
) -> None:
    hits, words = 0, 0
    for row in range(6):
        attribution = found(translator, pairs[row])
        assert attribution.pieces is not None
        meant = dict(zip(GERMAN, ENGLISH, strict=True))
        for piece, most in zip(attribution.pieces.names, lost_most(attribution), strict=True):
            if piece in meant:
                words, hits = words + 1, hits + (meant[piece] == most)
    assert words >= 18 and hits > 0.7 * words


def test_the_steps_of_a_sequence_read_back_and_fit_a_terminal(
    translator: Model, pairs: pl.DataFrame
) -> None:
    step = resting_step(found(translator, pairs[0]))
    assert type(step).from_json(step.json()).html() == step.html()
    assert max(map(len, step.text().splitlines())) <= 80
    table = step.find("What each piece of the answer rests on").table
    assert table is not None and table.rows[-1][0] == "(the end)"


def test_a_forecast_is_explained_at_a_row_of_its_table(
    forecaster: Model, sales: pl.DataFrame, tmp_path: Path
) -> None:
    folder, file = forecaster.save(tmp_path / "m.pellucid"), tmp_path / "sales.csv"
    sales.write_csv(file)
    command = ["explain", str(folder), str(file), "--row"]
    past = CliRunner().invoke(app, [*command, "100"])
    assert past.exit_code == 0 and "One step of AdamW" in past.stdout
    last = CliRunner().invoke(app, [*command, "150"])
    assert last.exit_code == 0 and "'sold' is missing, so there is no loss" in " ".join(
        last.stdout.split()
    )
    assert max(map(len, last.stdout.splitlines())) <= 80


def test_a_forecast_rests_on_its_latest_season_and_its_parts_add_up(
    forecaster: Model, sales: pl.DataFrame
) -> None:
    explained = forecaster.explain(sales[:100])
    values = forecaster.predict(sales[:100])["sold"].to_numpy()
    step = beginning(explained, "What the answer rests on")
    assert step.result == pytest.approx(values.sum(), rel=1e-4)
    assert step.given["gap"] == pytest.approx(0, abs=1e-4)
    assert step.table is not None
    largest = max(step.table.rows, key=lambda row: abs(float(row[2])))
    assert largest[1].endswith(" to 1")


def test_several_series_are_not_one_forecast(forecaster: Model, sales: pl.DataFrame) -> None:
    two = pl.concat([sales, sales]).with_columns(pl.Series("shop", ["a", "b"] * len(sales)))
    model = pellucid.learn(
        two, "sold", time="month", series="shop", horizon=6, minutes=0.3, verbose=False,
        plan=plan(steps=10),
    )  # fmt: skip
    with pytest.raises(UsageError, match="One forecast is explained at a time, however: 2 series"):
        model.explain(two)
