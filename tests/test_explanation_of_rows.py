"""A model's answer for one row, worked in the network's own numbers."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pandas as pd
import polars as pl
import pytest
import torch
from typer.testing import CliRunner

import every_kind
import pellucid
from pellucid.cli import app
from pellucid.errors import UsageError
from pellucid.explanation.result import Explanation
from pellucid.model import Model
from pellucid.training.plan import Plan

FRAME = every_kind.table()


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    """A class from every kind of column; a number; both at once, in folds."""

    def learnt(target: list[str], plan: Plan) -> Model:
        left_out = [name for name in ("liked", "paid") if name not in target]
        source = FRAME.drop(left_out)
        return pellucid.learn(source, target, minutes=0.2, verbose=False, plan=plan)

    return {
        "class": learnt(["liked"], every_kind.plan(trees=10)),
        "number": learnt(["paid"], every_kind.plan(trees=10)),
        "both": learnt(["liked", "paid"], every_kind.plan(folds=2, steps=20)),
    }


@pytest.fixture(scope="module")
def found(models: dict[str, Model]) -> Explanation:
    return models["class"].explain(FRAME[6])


@pytest.mark.parametrize("name", ["class", "number", "both"])
def test_the_working_of_a_row_ends_in_the_model_s_own_answer(
    models: dict[str, Model], name: str
) -> None:
    model = models[name]
    found = model.explain(FRAME[6])
    answer = model.predict(FRAME[6])
    cells = answer.row(0) if isinstance(answer, pl.DataFrame) else (answer[0],)
    for target, cell in zip(model.targets, cells, strict=True):
        said = [step.rule for step in found.step.steps if step.rule.startswith("The answer")]
        wanted = cell if isinstance(cell, str) else f"{cell:.5g}"[:4]
        assert any(rule.startswith(f"The answer: {target} is {wanted}") for rule in said), said
    assert found.differences["float32"] < 1e-4
    assert found.differences["autograd"] < 1e-12
    assert found.differences["the optimizer that the network learnt with"] < 1e-12


def test_all_three_paths_and_their_blend_are_shown(found: Explanation) -> None:
    modules = {operation.module.split(".")[0] for operation in found.operations}
    assert {"deep", "linear", "trees", "blend"} <= modules
    text = found.text()
    for part in ("Deep network 1 of 1", "The linear path", "The tree-shaped path", "The blend"):
        assert part in text
    score = found.step.find("score")
    assert "weight" in score.rule or "score" in score.rule


def test_the_raw_cells_are_told_with_what_they_became(found: Explanation) -> None:
    cells = found.step.find("How the raw row became tensors")
    rows = {row[0]: row for step in cells.steps if step.table for row in step.table.rows}
    assert float(rows["weight"][1]) == FRAME["weight"][6] == pytest.approx(rows["weight"][2])
    assert set(rows) == set(FRAME.columns) - {"liked", "paid"}


def test_the_step_is_that_of_the_plan_and_of_torch(models: dict[str, Model]) -> None:
    """The first linear layer's weight, by torch's own autograd, clipping and AdamW."""
    model, weight = models["class"], "deep.0.hidden.0.weight"
    found = model.explain(FRAME[6], weight=f"{weight}[3,5]")
    twin = every_kind_in_doubles(model)
    optimizer = torch.optim.AdamW(
        [twin.get_parameter(weight)], lr=model.plan.rate, weight_decay=model.plan.decay
    )
    by_paths = found.step.find(f"The gradient of {weight}[3,5] by its paths")
    update = found.step.find(f"One step of AdamW on {weight}[3,5]")
    parameter = twin.get_parameter(weight)
    own = float(parameter[3, 5].detach())
    clipped = update.given["g_1"]
    parameter.grad = torch.zeros_like(parameter)
    parameter.grad[3, 5] = clipped
    optimizer.step()
    assert abs(clipped) <= abs(by_paths.result) + 1e-15
    assert update.given["w_0"] == own
    assert update.result == pytest.approx(float(parameter[3, 5].detach()), abs=1e-12)


def every_kind_in_doubles(model: Model) -> torch.nn.Module:
    import copy

    return copy.deepcopy(model.network).double()


def test_a_row_may_be_a_mapping_a_series_or_a_frame(models: dict[str, Model]) -> None:
    model, row = models["number"], FRAME[6].rows(named=True)[0]
    series = FRAME.to_pandas().iloc[6]
    assert isinstance(series, pd.Series)
    forms = (row, FRAME[6], FRAME[6].to_pandas(), series)
    answers = {next(iter(model.explain(form).operations[-1].values)) for form in forms}
    assert len(answers) == 1


def test_without_its_target_a_row_has_no_loss_and_it_is_said(models: dict[str, Model]) -> None:
    model = models["class"]
    without = model.explain(FRAME[6].drop("liked")).step.find("No loss")
    assert without.reason.startswith("The row has no column 'liked'")
    missing = FRAME[6].with_columns(pl.lit(None, pl.String).alias("liked"))
    assert "'liked' is missing" in model.explain(missing).step.find("No loss").reason
    new = FRAME[6].with_columns(pl.lit("perhaps").alias("liked"))
    assert "'perhaps'" in model.explain(new).step.find("No loss").reason


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ("trees.0.threshold[0]", "grown by gradient boosting"),
        ("linear.0.weight[0,0]", "found by a convex solver"),
        ("deep.0.hiden.0.weight[1,1]", "Did you mean 'deep.0.hidden.0.weight'"),
        ("deep.0.hidden.0.weight[1,1,1]", "is no place in it"),
    ],
)
def test_a_weight_that_does_not_descend_is_told(
    models: dict[str, Model], weight: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        models["class"].explain(FRAME[6], weight=weight)


def test_predictions_in_another_thread_do_not_notice_an_explanation(
    models: dict[str, Model],
) -> None:
    model, ended = models["class"], Event()
    wanted = model.predict_proba(FRAME)

    def predict() -> list[bool]:
        same = [model.predict_proba(FRAME).equals(wanted)]
        while not ended.is_set():
            same.append(model.predict_proba(FRAME).equals(wanted))
        return same

    with ThreadPoolExecutor(1) as pool:
        predicting = pool.submit(predict)
        try:
            for _ in range(2):
                model.explain(FRAME[6])
        finally:
            ended.set()
    assert all(predicting.result())


def test_what_is_no_row_is_told(models: dict[str, Model]) -> None:
    with pytest.raises(UsageError, match="One row is explained at a time, however: 160 rows"):
        models["class"].explain(FRAME)
    with pytest.raises(UsageError, match="A row is a mapping"):
        models["class"].explain(17)


def test_the_command_explains_a_row_of_a_file(models: dict[str, Model], tmp_path: Path) -> None:
    folder, file = models["class"].save(tmp_path / "m.pellucid"), tmp_path / "rows.csv"
    FRAME.write_csv(file)
    command = ["explain", str(folder), str(file), "--row", "7"]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0 and "row 7 (line 8)" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    full = CliRunner().invoke(app, [*command, "--format", "json"])
    again = Explanation.from_json(full.stdout)
    assert len(again.operations) == len(json.loads(full.stdout)["operations"]) > 50
    page = CliRunner().invoke(app, [*command, "--format", "html"])
    assert page.stdout.startswith("<!doctype html>") and "<math" in page.stdout
    far = CliRunner().invoke(app, [*command[:-1], "161"])
    assert isinstance(far.exception, UsageError) and "from 1 to 160" in str(far.exception)
    odd = CliRunner().invoke(app, [*command, "--format", "pdf"])
    assert isinstance(odd.exception, UsageError) and "no format is called" in str(odd.exception)


def test_a_tree_that_parts_a_category_names_its_levels() -> None:
    effects = [7.0, -3.0, 5.0, -6.0, 1.0, -8.0, 3.0, -1.0, 9.0, -5.0]
    states = [row % 10 for row in range(300)]
    noise = [((row * 37) % 11) / 20 for row in range(300)]
    frame = pl.DataFrame(
        {
            "state": [f"state-{state}" for state in states],
            "x": noise[::-1],
            "y": [effects[state] + more for state, more in zip(states, noise, strict=True)],
        }
    )
    plan = every_kind.plan(trees=10)
    model = pellucid.learn(frame, "y", minutes=0.2, verbose=False, plan=plan)
    told = model.explain(frame[0]).step
    rows = [row for step in told.walk() for row in (step.table.rows if step.table else ())]
    asked = [row for row in rows if str(row[0]).startswith("state one of state-")]
    assert asked and all(row[1] == "state-0" for row in asked)
