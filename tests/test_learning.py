"""The main job by its one call: samples, targets, groups, time, overrides, plans, Ctrl-C."""

from __future__ import annotations

import io
import random
import signal
import time

import numpy as np
import polars as pl
import pytest
import torch

import pellucid
from every_kind import plan, table
from pellucid import learning
from pellucid.errors import DataError, UsageError
from pellucid.training.watch import Watch

SEPARABLE = {"breast-cancer": 0.9, "wine": 0.85, "iris": 0.8, "moons": 0.9, "reviews": 0.45}
NUMBERS = {"diabetes": 65, "houses": 60_000}  # RMSE below
TARGETS = {
    "breast-cancer": "diagnosis", "wine": "grape", "iris": "species", "moons": "moon",
    "reviews": "stars", "diabetes": "progression", "houses": "price", "digits": "digit",
}  # fmt: skip


def learnt(source, target, **options):
    options = {"plan": plan(), "verbose": False, **options}
    return pellucid.learn(source, target, **options)


def weights(model):
    return {name: tensor.numpy().tobytes() for name, tensor in model.network.state_dict().items()}


def numbers(rows=150, seed=0):
    """Two numbers, of which the first mostly decides the class."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(rng.normal(size=(rows, 2)), schema=["x", "z"])
    score = frame["x"].to_numpy() + rng.normal(0, 0.5, rows)
    return frame.with_columns(y=pl.Series(np.where(score > 0, "up", "down")))


# ---- what comes out ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SEPARABLE, *NUMBERS])
def test_every_sample_is_learnt_and_has_its_verdict(name):
    chosen = plan(folds=2, trees=30, steps=120)
    model = learnt(f"sample:{name}", TARGETS[name], plan=chosen)
    target = model.evidence["targets"][TARGETS[name]]
    assert target["verdict"]["learned"]
    assert len(target["verdict"]["sentences"]) >= 2
    value = target["performance"]["value"]
    if name in SEPARABLE:
        assert value >= SEPARABLE[name]
    else:
        assert value <= NUMBERS[name]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("digits", 0.96), ("reviews", 0.6)])
def test_larger_samples_are_learnt_well_in_half_a_minute(name, least):
    model = learnt(f"sample:{name}", TARGETS[name], plan=None, minutes=0.5)
    assert model.evidence["targets"][TARGETS[name]]["performance"]["value"] >= least


@pytest.fixture(scope="module")
def both():
    """One model of a class and a number, from every kind of column."""
    return learnt(table(), ["liked", "paid"], plan=plan(steps=120))


def test_several_targets_are_learnt_in_one_model(both):
    assert both.targets == ("liked", "paid")
    targets = both.evidence["targets"]
    assert {name: target["kind"] for name, target in targets.items()} == {
        "liked": "category",
        "paid": "number",
    }
    assert all(target["verdict"]["learned"] for target in targets.values())
    assert not {"liked", "paid"} & set(both.schema.columns)
    new = table(40, seed=1)
    predicted = both.predict(new)
    assert predicted.columns == ["liked", "paid"]
    assert (predicted["liked"] == new["liked"]).mean() > 0.9
    assert np.sqrt(((predicted["paid"] - new["paid"]) ** 2).mean()) < 3


def test_every_kind_is_recognised_with_a_reason_and_every_row_accounted_for(both):
    columns = {column["name"]: column["kind"] for column in both.evidence["data"]["columns"]}
    assert columns == {
        "weight": "number", "age": "number", "colour": "category", "zip code": "category",
        "bought": "date", "review": "text",
    }  # fmt: skip
    assert all(column["reason"] for column in both.evidence["data"]["columns"])
    split = both.evidence["data"]["split"]
    assert split["learn"] + split["choose"] + split["prove"] == 160


def test_kinds_and_ignored_columns_are_as_one_says():
    model = learnt(
        table(), "liked", kinds={"zip code": "number", "colour": "text"}, ignore=["age", "paid"]
    )
    columns = {c["name"]: (c["kind"], c["reason"]) for c in model.evidence["data"]["columns"]}
    assert columns["zip code"] == ("number", "you said so")
    assert columns["colour"] == ("text", "you said so")
    assert not {"age", "paid"} & columns.keys()
    ignored = {i["column"]: i["reason"] for i in model.evidence["data"]["ignored"]}
    assert ignored == {"age": "as you asked", "paid": "as you asked"}


def test_a_number_is_learnt_as_a_class_if_one_says_so():
    frame = numbers().with_columns(y=(pl.col("x") * 10).round().clip(-3, 3).cast(pl.Int64))
    as_class = learnt(frame, "y", kinds={"y": "category"}).evidence["targets"]["y"]
    as_number = learnt(frame, "y", kinds={"y": "number"}).evidence["targets"]["y"]
    assert (as_class["kind"], as_class["performance"]["metric"]) == ("category", "accuracy")
    assert (as_number["kind"], as_number["performance"]["metric"]) == ("number", "RMSE")


def test_columns_that_say_nothing_are_no_obstacle():
    letters = np.random.default_rng(0).choice(list("abcdefghij"), (150, 7))
    frame = numbers().with_columns(
        surname=pl.Series(["".join(row) for row in letters]),  # none of them comes twice
        gone=pl.Series([float("inf"), float("-inf"), None] * 50),
        nowhere=pl.Series(["-", "n/a", "?"] * 50),
    )
    model = learnt(frame, "y", kinds={"nowhere": "number"}, plan=plan(trees=10))
    assert model.evidence["targets"]["y"]["verdict"]["learned"]
    blank = frame.head(5).with_columns(pl.lit(None).alias(name) for name in ("surname", "gone"))
    assert len(model.predict(blank)) == 5


@pytest.mark.parametrize("of", ["target", "input"])
def test_a_column_may_be_named_count(of):
    frame = numbers()
    if of == "target":
        model = learnt(frame.rename({"y": "count"}), "count")
    else:
        model = learnt(frame.with_columns(count=pl.Series(["a", "b", "c"] * 50)), "y")
    assert all(target["verdict"] for target in model.evidence["targets"].values())


# ---- which rows are seen for what --------------------------------------------------------------


def groups(count=60, of_each=6):
    """Each group has its own place and, by chance, its own class: known groups are easy."""
    rng = np.random.default_rng(0)
    place, label = rng.normal(size=(count, 2)), rng.choice(["a", "b"], count)
    of_row = np.repeat(np.arange(count), of_each)
    order = rng.permutation(len(of_row))
    cells = place[of_row] + rng.normal(0, 1e-3, (len(of_row), 2))
    frame = pl.DataFrame(cells, schema=["x", "z"]).with_columns(
        user=pl.Series([f"user {g}" for g in of_row]), y=pl.Series(label[of_row])
    )
    return frame[order]


def test_rows_of_one_group_are_never_on_both_sides():
    chosen = plan(steps=400, patience=100, trees=60)
    apart = learnt(groups(), "y", group="user", plan=chosen)
    how = apart.evidence["data"]["split"]["how"]
    assert how.endswith("rows of one 'user' stay together")
    mixed = learnt(groups(), "y", ignore=["user"], plan=chosen)
    values = [m.evidence["targets"]["y"]["performance"]["value"] for m in (apart, mixed)]
    assert values[0] < 0.75
    assert values[1] > 0.9
    assert "user" not in apart.schema.columns
    assert not apart.evidence["targets"]["y"]["verdict"]["learned"]


def test_the_past_learns_and_the_future_proves():
    """From the 86th of 100 days on the rule is turned around."""
    rng = np.random.default_rng(0)
    day, x = rng.permutation(np.repeat(np.arange(100), 4)), rng.normal(size=400)
    frame = pl.DataFrame(
        {
            "x": x,
            "day": [f"2024-{1 + d // 28:02}-{1 + d % 28:02}" for d in day],
            "y": np.where((x > 0) == (day < 85), "up", "down"),
        }
    )
    by_time = learnt(frame, "y", time="day", kinds={"day": "date"}, plan=plan(steps=150))
    target = by_time.evidence["targets"]["y"]
    assert target["performance"]["value"] < 0.25
    assert target["performance"]["rows"] == 60
    assert "by time" in by_time.evidence["data"]["split"]["how"]
    at_random = learnt(frame, "y", plan=plan(steps=150)).evidence["targets"]["y"]
    assert at_random["performance"]["value"] > 0.7


def test_who_learns_from_numbers_or_truth_values_is_told_such():
    import pandas as pd

    frame = numbers().drop("y").with_columns(y=pl.col("x") > 0)
    whole = frame.with_columns(pl.col("y").cast(pl.Int64)).to_pandas()
    told = learnt(whole, "y", plan=plan(steps=60)).predict(whole)
    assert pd.api.types.is_integer_dtype(told)
    assert (told == whole["y"]).mean() > 0.9
    told = learnt(frame, "y", plan=plan(steps=60)).predict(frame)
    assert told.dtype == pl.Boolean
    assert (told == frame["y"]).mean() > 0.9


# ---- the request -------------------------------------------------------------------------------


def test_the_words_of_other_libraries_mean_the_same():
    one = learnt(numbers(), "y", minutes=0.5, seed=3)
    other = learnt(numbers(), None, label="y", time_limit=30, random_state=3)
    assert one.settings == other.settings
    assert weights(one) == weights(other)
    numpys = learnt(numbers(), "y", minutes=np.float32(0.5), seed=np.int64(3))
    assert weights(numpys) == weights(one)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"target": None}, UsageError, "Say what to predict"),
        ({"target": "word"}, DataError, "no column 'word'.*did you mean 'words'"),
        ({"target": ["y", "y"]}, UsageError, "named twice: y, y"),
        ({"minutes": 0}, UsageError, "minutes must be a number above 0"),
        ({"minutes": -1}, UsageError, "minutes must be a number above 0"),
        ({"time_limit": float("nan")}, UsageError, "minutes must be a number above 0"),
        ({"epochs": 3}, UsageError, "learn.. knows no epochs"),
        ({"kinds": {"xx": "number"}}, DataError, "no column 'xx'; did you mean 'x'"),
        ({"kinds": {"x": "numbr"}}, UsageError, "Did you mean 'number'"),
        ({"ignore": ["zz"]}, DataError, "no column 'zz'.*did you mean 'z'"),
        ({"group": "zz"}, DataError, "no column 'zz'"),
        ({"time": "words"}, DataError, "'words' holds neither dates nor numbers"),
        ({"group": "words", "time": "z"}, UsageError, "group and time ask for different splits"),
        ({"test": "wrds"}, DataError, "no column 'wrds'; did you mean 'words'"),
        ({"test": "gone.csv"}, DataError, 'no file "gone.csv"'),
        ({"test": "words", "time": "z"}, UsageError, "'words' says how .* split, and so does time"),
        ({"kinds": ["x"]}, UsageError, "kinds maps columns to kinds"),
        ({"ignore": ["x", "z", "words"]}, DataError, "No column is left to predict 'y' from"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_clear_error(words, error, message):
    options = {"target": "y", "verbose": False, **words}
    frame = numbers().with_columns(words=pl.Series(["many", "few", "no"] * 50))
    with pytest.raises(error, match=f"(?s){message}"):
        pellucid.learn(frame, **options)


def test_strict_makes_an_error_of_a_mend():
    frame = numbers().with_columns(x=pl.col("x").cast(pl.String))
    broken = frame.with_columns(
        pl.when(pl.int_range(150) == 7).then(pl.lit("oops")).otherwise("x").alias("x")
    )
    model = learnt(broken, "y")
    (mend,) = model.evidence["data"]["mends"]
    assert (mend["count"], mend["column"], mend["where"]) == (1, "x", ["row 8: 'oops'"])
    with pytest.raises(DataError, match=r"'oops'.*strict"):
        learnt(broken, "y", strict=True)


def test_rows_without_an_answer_are_skipped_and_counted():
    frame = numbers().with_columns(pl.when(pl.int_range(150) >= 30).then("y").alias("y"))
    model = learnt(frame, "y")
    (mend,) = model.evidence["data"]["mends"]
    assert (mend["fault"], mend["action"], mend["count"]) == (
        "the target is missing", "row skipped", 30,
    )  # fmt: skip
    split = model.evidence["data"]["split"]
    assert split["learn"] + split["choose"] + split["prove"] == 120


# ---- the same again ----------------------------------------------------------------------------


def test_the_plan_of_one_run_gives_the_weights_of_another_byte_for_byte(tmp_path):
    first = learnt(numbers(), "y", plan=None, minutes=0.05, output=tmp_path / "first")
    assert first.plan.steps > 0
    for given in (first.plan, str(tmp_path / "first")):
        assert weights(learnt(numbers(), "y", plan=given)) == weights(first)
    assert weights(pellucid.load(tmp_path / "first")) == weights(first)


def test_every_kind_and_both_targets_are_learnt_the_same_again(both):
    again = learnt(table(), ["liked", "paid"], plan=both.plan)
    assert weights(again) == weights(both)
    assert (
        again.evidence["targets"]["liked"]["performance"]
        == (both.evidence["targets"]["liked"]["performance"])
    )


def test_another_seed_gives_other_weights_and_another_split():
    one, other = (learnt(numbers(), "y", seed=seed) for seed in (0, 1))
    assert weights(one) != weights(other)


def test_nothing_global_is_touched():
    frame = table()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    settings = torch.get_num_threads(), torch.get_default_dtype(), signal.getsignal(signal.SIGINT)
    learnt(frame, "liked", plan=None, minutes=0.05)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]
    assert torch.get_rng_state().equal(before[2])
    now = torch.get_num_threads(), torch.get_default_dtype(), signal.getsignal(signal.SIGINT)
    assert now == settings
    assert frame.equals(table())


# ---- on the way --------------------------------------------------------------------------------


def test_the_time_that_reading_takes_is_of_the_budget(monkeypatch):
    read = learning.read

    def slowly(*arguments):
        time.sleep(0.6)
        return read(*arguments)

    monkeypatch.setattr(learning, "read", slowly)
    slow = learnt(numbers(), "y").evidence["actual"]
    assert slow["stages"][0]["seconds"] >= 0.6
    assert slow["seconds"] > sum(stage["seconds"] for stage in slow["stages"]) - 0.3


class Pressing(io.StringIO):
    """Somebody presses Ctrl-C when a certain line is printed."""

    def __init__(self, heading):
        super().__init__()
        self.heading = heading

    def write(self, text):
        if text.startswith(self.heading):
            self.heading = "\0"
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


def test_ctrl_c_anneals_and_finishes_and_what_came_of_it_can_be_done_over():
    stream = Pressing("plan")
    model = learnt(numbers(), "y", plan=None, minutes=1, verbose=stream)
    assert "annealing and finishing" in stream.getvalue()
    assert model.plan.cuts
    assert model.evidence["actual"]["schedule_changed"]
    assert not model.evidence["actual"]["settled"]
    assert model.evidence["targets"]["y"]["verdict"]["sentences"]
    assert weights(learnt(numbers(), "y", plan=model.plan)) == weights(model)


def test_ctrl_c_while_a_plan_is_followed_keeps_the_cuts_of_the_other_networks(monkeypatch):
    followed, looked, look = plan(folds=2, cuts={"0": {"anneal_at": 20}}), [], Watch.look

    def pressing(watch, *rest):
        looked.append(1)
        if len(looked) == 6:  # in the second network
            signal.raise_signal(signal.SIGINT)
        return look(watch, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Watch, "look", pressing)
        model = learnt(numbers(), "y", plan=followed)
    assert set(model.plan.cuts) == {"0", "1"}
    assert weights(learnt(numbers(), "y", plan=model.plan)) == weights(model)


def test_a_run_killed_while_learning_goes_on_and_ends_with_the_same_weights(tmp_path, monkeypatch):
    chosen, output = plan(folds=3, trees=10), tmp_path / "model"
    undisturbed = learnt(numbers(), "y", plan=chosen)
    looked, look = [], Watch.look

    def killing(watch, *rest):
        looked.append(1)
        watch.save(*rest[:3])
        if len(looked) == 10:  # in the second of the three networks
            raise KeyboardInterrupt
        return look(watch, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Watch, "look", killing)
        with pytest.raises(KeyboardInterrupt):
            learnt(numbers(), "y", plan=chosen, output=output)
    assert not output.exists()
    stream = io.StringIO()
    model = learnt(numbers(), "y", plan=chosen, output=output, verbose=stream)
    assert "goes on from its checkpoints" in stream.getvalue()
    assert weights(model) == weights(undisturbed)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_each_stage_is_told_under_its_heading_and_silence_is_silence(capsys):
    stream = io.StringIO()
    learnt(numbers(), "y", verbose=stream)
    headings = [line.split()[0] for line in stream.getvalue().splitlines() if line[:1].strip()]
    assert headings == ["data", "task", "inputs", "split", "plan", "learning", "verdict"]
    learnt(numbers(), "y")
    assert capsys.readouterr() == ("", "")
