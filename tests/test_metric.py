"""Performance P is what one says: of numbers the root mean square error or the mean absolute."""

import numpy as np
import polars as pl
import pytest
import torch

import tiny
from pellucid.data.reading import read
from pellucid.errors import Mends, UsageError
from pellucid.evidence.report import write_report
from pellucid.experience import gather
from pellucid.keeping import load
from pellucid.kinds.number import Number
from pellucid.networks.layers import Trees
from pellucid.planning import task_of
from pellucid.reproduction import reproduce
from pellucid.settings import Settings
from pellucid.training.boosting import Measured, answers, boost, take_over
from pellucid.training.budget import Probe, fit_to_time
from pellucid.training.draft import first_plan

SKEWED = [0.0] * 70 + [10.0] * 30  # the median is 0, the mean 3


def absolute():
    return Number(**{**vars(Number.fit_target(pl.Series("paid", SKEWED))), "metric": "MAE"})


def squared():
    return Number.fit_target(pl.Series("paid", SKEWED))


@pytest.mark.parametrize(
    ("kind", "name", "value"), [(squared(), "mean", 3), (absolute(), "median", 0)]
)
def test_the_loss_is_least_at_what_the_metric_asks_for(kind, name, value):
    target = torch.from_numpy(kind.encode_target(pl.Series("paid", SKEWED)))
    output = torch.zeros(1, len(SKEWED), 3, requires_grad=True)
    guess = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([guess], 0.02)
    for _ in range(500):
        optimizer.zero_grad()
        kind.loss(torch.cat([output[..., :1] + guess, output[..., 1:]], -1), target).backward()
        optimizer.step()
    found = kind.decode(guess.detach().reshape(1, 1).numpy())[0]
    assert found == pytest.approx(value, abs=0.2)
    simplest, always = kind.simplest(target.numpy(), target.numpy()[:1])
    assert simplest == name
    assert kind.decode(always)[0] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("kind", [squared(), absolute()])
def test_what_rows_add_up_to_is_the_metric(kind):
    rng = np.random.default_rng(0)
    output, target = rng.normal(size=(50, 3)), rng.normal(size=50)
    metrics = kind.metrics(output, target)
    assert next(iter(metrics)) == kind.metric
    whole = kind.aggregate(kind.row_losses(output, target))
    assert whole == pytest.approx(metrics[kind.metric])
    assert set(metrics) == {"RMSE", "MAE", "R²"}


def test_the_linear_path_is_not_led_astray_by_a_few_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    y = x @ [2.0, -1.0] + 0.5
    y[::10] += 50
    weight, bias = absolute().solve_linear(x, y, 0.1)
    assert [*weight[:, 0], *bias] == pytest.approx([2, -1, 0.5], abs=0.05)


def test_the_blend_leans_on_the_path_that_knows_the_median():
    rng = np.random.default_rng(0)
    median, mean = rng.normal(size=500), rng.normal(size=500)
    y = median + np.where(rng.random(500) < 0.2, 20 * np.abs(mean), 0)
    paths = [torch.zeros(500, 1)] * 4
    paths[1] = torch.tensor(median[:, None])
    paths[2] = torch.tensor(np.stack([mean, np.ones(500), np.ones(500)], 1))
    paths[3] = torch.ones(500, 3)
    state = absolute().fit_blend(paths, torch.tensor(y))
    assert state["weights"].tolist() == pytest.approx([0, 1, 0, 0, 0], abs=0.1)


def test_the_linear_path_takes_fewer_rows_where_it_is_solved_several_times(skewed):
    rows = {}
    for metric in ("RMSE", "MAE"):
        settings = Settings(metric=metric)
        experience = gather((read(skewed, Mends()),), ["label"], settings, None, Mends())
        draft = first_plan(experience.schema, 300)
        task = task_of(experience, draft, settings)
        probed = Probe(threads=1, step_seconds=1e-3, row_seconds=1e-6, terms=20)
        rows[metric] = fit_to_time(draft, task, probed, 10).linear_rows
    times = task.schema.targets[0].linear_solutions
    assert times > 1
    assert rows["MAE"] * times == pytest.approx(rows["RMSE"], 0.01)


def test_trees_of_absolute_errors_are_taken_over_as_they_are():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3))
    y = np.where(x[:, 0] > 0, 1.0, 0.0) + np.where(rng.random(500) < 0.2, 30.0, 0.0)
    kind = absolute()
    model = boost(kind, 0, 60, Measured(x, ()), y, 0)
    error = np.abs(answers(kind, model, x)[:, 0] - (x[:, 0] > 0))
    assert np.quantile(error, 0.8) < 0.1  # of the mean it would be 6 nearly everywhere
    layer = Trees(3, 1)
    take_over(layer, kind, model, x)
    np.testing.assert_allclose(
        layer(torch.from_numpy(x)).numpy(), answers(kind, model, x), atol=1e-4
    )


@pytest.fixture(scope="module")
def skewed():
    rng = np.random.default_rng(0)
    age = np.array(tiny.inputs(400)["age"])
    paid = np.where(rng.random(400) < 0.3, 200.0, 0.0) + age
    return tiny.table(400, label=paid.tolist())


def test_learning_predicts_the_median_and_is_judged_by_it(skewed):
    found = {metric: tiny.learnt(skewed, metric=metric) for metric in (None, "mae")}
    shown = {m: model.evidence["targets"]["label"] for m, model in found.items()}
    assert shown[None]["performance"]["metric"] == "RMSE"
    assert shown["mae"]["performance"]["metric"] == "MAE"
    assert shown["mae"]["simplest"]["name"] == "median"
    assert shown["mae"]["performance"]["value"] < shown[None]["others"]["MAE"] - 5
    answers = {m: np.mean(list(model.predict(skewed))) for m, model in found.items()}
    assert answers[None] > answers["mae"] + 30


def test_it_is_kept_with_the_model_and_learnt_the_same_again(skewed, tmp_path):
    source, output = tmp_path / "paid.csv", tmp_path / "paid.pellucid"
    pl.DataFrame(skewed).write_csv(source)
    tiny.learnt(str(source), metric="MAE", output=output)
    assert reproduce(output, str(source)).same
    model = load(output)
    assert model.evaluate(str(source))["label"]["performance"]["metric"] == "MAE"
    explained = str(model.explain({name: cells[0] for name, cells in skewed.items()}))
    assert "absolute_error" in explained
    assert "squared_error" not in explained


@pytest.mark.parametrize(("metric", "name"), [(None, "squared error"), ("MAE", "absolute error")])
def test_the_report_says_what_was_measured_on_the_choosing_rows(skewed, metric, name, tmp_path):
    evidence = tiny.learnt(skewed, metric=metric).evidence
    write_report(evidence, tmp_path / "report.html")
    assert f"{name} on choosing rows" in (tmp_path / "report.html").read_text("utf-8")


def test_texts_are_learnt_from_for_the_median_too(skewed):
    texts = [f"it was {'early' if age > 45 else 'late'} then" for age in skewed["age"]]
    model = tiny.learnt({"note": texts, "label": skewed["label"]}, metric="MAE")
    shown = model.evidence["targets"]["label"]
    assert shown["simplest"]["name"] == "median"
    assert shown["performance"]["value"] <= 1.02 * shown["simplest"]["value"]


def test_a_few_large_values_do_not_change_the_units_of_absolute_errors():
    cells = pl.Series("paid", [*np.linspace(0, 10, 99), 1e6])
    plain = Number.fit_target(cells)
    assert plain.scale[0] > 1e4
    assert plain.with_metric("RMSE", cells) is plain
    kind = plain.with_metric("MAE", cells)
    assert kind.centre[0] == pytest.approx(5, abs=0.2)
    assert 1 < kind.scale[0] < 10
    target = kind.encode_target(cells)
    output = np.stack([target * 0, target * 0, target * 0], 1)
    error = np.abs(cells.to_numpy() - kind.centre[0]).mean()
    assert kind.metrics(output, target)["MAE"] == pytest.approx(error, rel=1e-5)


def test_a_metric_that_a_target_does_not_know_is_one_clear_error():
    with pytest.raises(UsageError, match=r"'accuracy', only 'age' by RMSE or MAE"):
        tiny.learnt(tiny.table(), "age", metric="accuracy")
    assert tiny.learnt(tiny.table(), metric="Accuracy").evidence["targets"]
    with pytest.raises(UsageError, match="only 'label' by accuracy"):
        tiny.learnt(tiny.table(), metric="MAE")
    with pytest.raises(UsageError, match="names a measure"):
        tiny.learnt(tiny.table(), metric=3)


def test_of_several_targets_those_that_know_it_are_measured_by_it():
    model = tiny.learnt(tiny.table(), ["label", "age"], metric="MAE")
    shown = model.evidence["targets"]
    assert {name: shown[name]["performance"]["metric"] for name in shown} == {
        "label": "accuracy",
        "age": "MAE",
    }
