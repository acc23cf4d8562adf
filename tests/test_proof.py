"""What a run proves: on rows that nothing saw, with intervals that hold, and noise called noise."""

from __future__ import annotations

import re
import time

import numpy as np
import polars as pl
import pytest

import pellucid
from every_kind import plan
from pellucid import learning
from pellucid.evidence import curve, judgement, rows
from pellucid.kinds.number import Number
from pellucid.summary import summary


def learnt(source, target, **options):
    options = {"plan": plan(), "verbose": False, **options}
    return pellucid.learn(source, target, **options)


def weights(model):
    return {name: tensor.numpy().tobytes() for name, tensor in model.network.state_dict().items()}


def marked(rows=200, seed=0):
    """A table of every kind whose column `part` says what each row is for."""
    rng = np.random.default_rng(seed)
    x, colour = rng.normal(size=rows), rng.choice(["red", "green", "blue"], rows)
    words = rng.choice(["good", "bad", "fine", "poor"], (rows, 6))
    amount = 2 * x + (colour == "red") + rng.normal(0, 0.3, rows)
    return pl.DataFrame(
        {
            "x": x,
            "z": rng.normal(size=rows),
            "colour": colour,
            "day": [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(rows)],
            "text": [" ".join(row) + f" {i}" for i, row in enumerate(words)],
            "level": np.where(amount > 0.3, "high", "low"),
            "amount": amount,
            "part": [("train", "train", "train", "valid", "test")[i % 5] for i in range(rows)],
        }
    )


def with_other_proving_rows(frame):
    """The same learning rows, but other inputs and other targets in the rows to prove on."""
    test = pl.col("part") == "test"
    other = {
        "text": pl.lit("entirely other words: zebra"),
        "x": pl.col("x") * 1e6,
        "z": pl.lit(None, pl.Float64),
        "colour": pl.lit("never seen before"),
        "day": pl.lit("1999-12-31"),
        "level": pl.when(pl.col("level") == "high").then(pl.lit("low")).otherwise(pl.lit("high")),
        "amount": -pl.col("amount") * 100,
    }
    return frame.with_columns(
        pl.when(test).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in other.items()
        if name in frame.columns
    )


@pytest.mark.parametrize(("target", "folds"), [("amount", 1), ("level", 3)])
def test_proving_rows_leave_no_trace_in_the_weights(target, folds):
    frame = marked()
    ignore = ["amount" if target == "level" else "level"]
    options = {"test": "part", "ignore": ignore, "plan": plan(folds=folds, steps=30, trees=10)}
    one = learnt(frame, target, **options)
    other = learnt(with_other_proving_rows(frame), target, **options)
    assert weights(one) == weights(other)
    before, after = (m.evidence["targets"][target]["performance"] for m in (one, other))
    assert before["rows"] == after["rows"] == 40
    assert before["value"] != after["value"]


def test_proving_answers_do_not_move_the_rows_to_choose_on():
    part = pl.col("part").replace("valid", "train")
    frame = marked().drop("text", "level").with_columns(part)
    moved = pl.when(pl.col("part") == "test").then(-100 * pl.col("amount")).otherwise("amount")
    models = [learnt(f, "amount", test="part") for f in (frame, frame.with_columns(amount=moved))]
    assert weights(models[0]) == weights(models[1])


def test_rows_of_an_own_test_table_leave_no_trace_either():
    frame = marked().drop("text")
    learn, prove = (frame.filter((pl.col("part") == "test") == test) for test in (False, True))
    changed = with_other_proving_rows(prove)
    models = [learnt(learn.drop("part"), "level", test=t.drop("part")) for t in (prove, changed)]
    assert weights(models[0]) == weights(models[1])
    assert models[0].evidence["data"]["split"]["prove"] == 40
    assert models[0].evidence["data"]["split"]["how"].endswith("your own test rows prove")
    told = [learnt(learn.drop("part"), "level", test=t.drop("part")).evidence["data"]["warnings"]
            for t in (prove, learn)]  # fmt: skip
    again = [any("same inputs as a row that is learnt from" in w for w in each) for each in told]
    assert again == [False, True]


@pytest.mark.parametrize("way", ["file", "column"])
def test_the_verdict_counts_the_rows_that_it_had_learned_from(tmp_path, way):
    frame = marked().drop("text", "amount", "day")
    rows, new = frame.filter(pl.col("part") != "test"), frame.filter(pl.col("part") == "test")
    test = pl.concat([rows.head(15).with_columns(part=pl.lit("test")), new])
    source = pl.concat([rows, test]) if way == "column" else rows.drop("part")
    given = "part" if way == "column" else test.drop("part")
    model = learnt(source, "level", test=given, output=tmp_path / "m.pellucid")
    target = model.evidence["targets"]["level"]
    assert target["performance"]["repeats"] == 15
    said = "55 test rows, 15 of which repeat rows that it learned from"
    assert said in " ".join(target["verdict"]["sentences"])
    assert said in (tmp_path / "m.pellucid" / "README.md").read_text("utf-8")
    page = (tmp_path / "m.pellucid" / "report.html").read_text("utf-8")
    assert said in page.replace("\u00a0", " ").replace("&nbsp;", " ")
    for text in (page, (tmp_path / "m.pellucid" / "README.md").read_text("utf-8")):
        assert not re.search(
            "never saw|unseen|no part in learning",
            re.sub("<script.*?</script>", "", text, flags=re.DOTALL),
        )
    assert summary(model, tmp_path)["performance"]["repeats"] == 15
    clean = learnt(rows.drop("part"), "level", test=new.drop("part"))
    assert clean.evidence["targets"]["level"]["performance"]["repeats"] == 0
    assert "on 40 rows it never saw" in " ".join(
        clean.evidence["targets"]["level"]["verdict"]["sentences"]
    )


def test_a_learning_row_does_leave_a_trace():
    frame = marked().drop("text")
    first = pl.int_range(pl.len()) == 0
    moved = frame.with_columns(pl.when(first).then(9.0).otherwise(pl.col("x")).alias("x"))
    one, other = (learnt(f, "level", test="part") for f in (frame, moved))
    assert weights(one) != weights(other)


@pytest.mark.parametrize("target", ["class", "number"])
def test_of_pure_noise_it_says_that_it_did_not_learn(target):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.normal(size=(500, 4)), schema=list("abcd"))
    noise = rng.choice(["x", "y", "z"], 500) if target == "class" else rng.normal(size=500)
    model = learnt(
        frame.with_columns(noise=pl.Series(noise)), "noise", plan=plan(folds=3, trees=20)
    )
    verdict = model.evidence["targets"]["noise"]["verdict"]
    assert not verdict["learned"]
    assert verdict["sentences"][0].startswith("It did not learn: ")


@pytest.fixture(scope="module")
def one_column_matters():
    """Class from `x` alone among five columns of numbers."""
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.normal(size=(800, 5)), schema=["a", "b", "x", "c", "d"])
    frame = frame.with_columns(
        up=pl.when(pl.col("x") > 0).then(pl.lit("yes")).otherwise(pl.lit("no"))
    )
    sizes = (70, 140, 280, 560)
    return learnt(frame, "up", plan=plan(curve=sizes, steps=120)).evidence["targets"]["up"]


def test_importance_finds_the_one_column_that_matters(one_column_matters):
    first, *others = one_column_matters["importance"]
    assert first["column"] == "x"
    assert first["low"] > 0.3
    assert len(others) == 4
    assert all(abs(other["value"]) < 0.05 for other in others)


def test_importance_of_many_columns_encodes_each_only_once(monkeypatch):
    rng, encoded, during = np.random.default_rng(0), [], []
    encode, importance = Number.encode, learning.column_importance

    def counting(kind, cells, mends):
        encoded.append(cells.width)
        return encode(kind, cells, mends)

    def watched(*given):
        encoded.clear()
        found = importance(*given)
        during.extend(encoded)
        return found

    frame = pl.DataFrame(rng.normal(size=(60, 80)), schema=[f"x{i}" for i in range(80)])
    frame = frame.with_columns(y=pl.Series(["a", "b"] * 30))
    monkeypatch.setattr(Number, "encode", counting)
    monkeypatch.setattr(learning, "column_importance", watched)
    model = learnt(frame, "y", plan=plan(steps=10))
    assert len(model.evidence["targets"]["y"]["importance"]) == 80
    assert sum(during) <= 80


def noise(rows):
    """Four columns that say nothing of the class, and a split into halves."""
    numbers = np.random.default_rng(0).normal(size=(rows, 4))
    sides = ["train", "train", "test", "test"] * (rows // 4)
    classes = ["a", "b"] * (rows // 2)
    return pl.DataFrame(numbers, schema=list("abcd")).with_columns(
        y=pl.Series(classes), side=pl.Series(sides)
    )


def test_where_time_is_short_importance_looks_at_fewer_rows_not_at_fewer_columns(monkeypatch):
    measured, importance = [], learning.column_importance
    predict = rows.predict

    def watched(experience, network, prove, seconds, seed):
        return importance(experience, network, prove, 1.0, seed)

    def slow(network, store, which):
        measured.append(len(which))
        time.sleep(len(which) / 1000)
        return predict(network, store, which)

    frame = noise(1_200)
    monkeypatch.setattr(learning, "column_importance", watched)
    monkeypatch.setattr(rows, "predict", slow)
    model = learnt(frame, "y", plan=plan(steps=10), test="side")
    assert len(model.evidence["targets"]["y"]["importance"]) == 4
    assert measured[0] == 100  # to see how long rows take
    assert 100 <= min(measured) and max(measured) < 300


def test_importance_looks_at_no_more_rows_than_fit_in_memory_twice(monkeypatch):
    sizes, importance, predict = [], learning.column_importance, rows.predict

    def watched(experience, *given):
        room = 2 * 150 * experience.store.row_bytes + 155
        monkeypatch.setattr(rows, "IMPORTANCE_BYTES", room)
        return importance(experience, *given)

    def sized(network, store, which):
        sizes.append(store.height)
        return predict(network, store, which)

    frame = noise(600)
    monkeypatch.setattr(learning, "column_importance", watched)
    monkeypatch.setattr(rows, "predict", sized)
    model = learnt(frame, "y", plan=plan(steps=10), test="side")
    assert len(model.evidence["targets"]["y"]["importance"]) == 4
    assert sizes == [100, 150, 150, 150, 150, 150]


def test_the_learning_curve_has_growing_sizes_and_better_ends_than_beginnings(one_column_matters):
    points = one_column_matters["curve"]
    assert [point["rows"] for point in points] == [70, 140, 280, 560]
    assert all(point["low"] <= point["value"] <= point["high"] for point in points)
    assert points[-1]["value"] > 0.9


def test_the_performance_is_that_of_the_confusion_and_the_mistakes_are_mistakes(one_column_matters):
    counts = np.array(one_column_matters["confusion"]["counts"])
    performance = one_column_matters["performance"]
    assert counts.sum() == performance["rows"] == 120
    assert np.trace(counts) / counts.sum() == pytest.approx(performance["value"])
    mistakes = one_column_matters["mistakes"]
    assert len(mistakes) == min(12, 120 - np.trace(counts))
    for mistake in mistakes:
        assert mistake["true"] != mistake["predicted"]
        assert mistake["row"].startswith("row ")
        assert set(mistake["cells"]) == {"a", "b", "x", "c", "d"}
        assert abs(mistake["cells"]["x"] if isinstance(mistake["cells"]["x"], float) else 0) < 1


def test_it_beats_saying_always_the_same_and_names_the_conventional_ways(one_column_matters):
    names = [way["name"] for way in one_column_matters["baselines"]]
    assert names == ["linear model", "gradient-boosted trees"]
    assert one_column_matters["simplest"]["name"] == "majority class"
    assert 0.4 < one_column_matters["simplest"]["value"] < 0.6
    assert all(way["value"] > 0.9 for way in one_column_matters["baselines"])
    best = max(one_column_matters["baselines"], key=lambda way: way["value"])
    assert one_column_matters["baseline"]["value"] == best["value"]
    gap = one_column_matters["performance"]["value"] - best["value"]
    assert one_column_matters["gap"]["value"] == pytest.approx(gap)
    assert one_column_matters["verdict"]["learned"]


def test_trees_for_very_many_levels_are_few_where_time_is_short_and_named_so():
    frame = pl.DataFrame({"x": np.arange(600) % 150, "z": np.arange(600) % 7})
    frame = frame.with_columns(y="L" + pl.col("x").cast(pl.String))
    target = learnt(frame, "y", minutes=0.02, plan=plan(steps=2)).evidence["targets"]["y"]
    names = [way["name"] for way in target["baselines"]]
    assert any(name.startswith("gradient-boosted trees of ") for name in names)


def test_the_parts_of_the_learning_curve_are_nested_and_hold_no_proving_row(monkeypatch):
    seen = []

    def watched(task, *rest):
        seen.append(task.folds[0])
        return fit(task, *rest)

    fit = curve.fit
    monkeypatch.setattr(curve, "fit", watched)
    frame = marked().drop("text")
    model = learnt(frame, "level", test="part", plan=plan(curve=(30, 60, 120)))
    prove = set(np.flatnonzero(frame["part"] == "test"))
    learn = [set(fold[0].tolist()) for fold in seen]
    choose = [set(fold[1].tolist()) for fold in seen]
    assert [len(rows) for rows in learn] == [30, 60, 120]
    assert learn[0] < learn[1] < learn[2]
    assert choose[0] <= choose[1] <= choose[2]
    assert not prove & (learn[2] | choose[2])
    assert not learn[2] & choose[2]
    assert [p["rows"] for p in model.evidence["targets"]["level"]["curve"]] == [30, 60, 120]


@pytest.mark.parametrize(("sizes", "told"), [((30, 60, 120), True), ((15, 30, 60), False)])
def test_only_a_curve_of_all_rows_tells_what_twice_the_rows_would_bring(sizes, told, monkeypatch):
    gain = {"value": 0.05, "low": 0.04, "high": 0.06}
    monkeypatch.setattr(judgement, "_doubled", lambda kind, points: gain)
    frame = marked().drop("text", "amount")
    model = learnt(frame, "level", test="part", plan=plan(curve=sizes))
    verdict = model.evidence["targets"]["level"]["verdict"]
    assert verdict["learned"]
    assert any("twice the rows" in sentence for sentence in verdict["sentences"]) == told


@pytest.mark.parametrize("folds", [2, 4])
def test_the_learning_curve_claims_no_more_rows_than_were_learnt_from(monkeypatch, folds):
    seen = []

    def watched(task, *rest):
        seen.append(len(task.folds[0][0]))
        return fit(task, *rest)

    fit = curve.fit
    monkeypatch.setattr(curve, "fit", watched)
    frame = marked().drop("text")
    sizes = curve.curve_sizes(140)
    model = learnt(frame, "level", ignore=["part"], plan=plan(folds=folds, curve=sizes))
    assert [p["rows"] for p in model.evidence["targets"]["level"]["curve"]] == seen


@pytest.mark.parametrize("shape", ["even", "uneven"])
def test_the_90_percent_interval_covers_new_rows_in_85_to_95_percent(shape):
    def simulated(rows, seed):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-2, 2, (rows, 2))
        spread = 0.5 if shape == "even" else 0.1 + np.abs(x[:, 1])
        y = 100 + 10 * (np.sin(2 * x[:, 0]) + spread * rng.normal(size=rows))
        return pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y})

    model = learnt(simulated(900, 0), "y", plan=plan(folds=4, steps=150))
    new = simulated(3_000, 1)
    interval = model.predict_interval(new)
    inside = (new["y"] >= interval["low"]) & (new["y"] <= interval["high"])
    assert 0.85 <= inside.mean() <= 0.95
    told = model.evidence["targets"]["y"]["calibration"]
    assert told["nominal"] == 0.9
    assert 0.8 <= told["coverage"] <= 0.98
    assert told["width"] == pytest.approx((interval["high"] - interval["low"]).mean(), rel=0.15)
    if shape == "uneven":  # and it is wide where the noise is
        widths, far = interval["high"] - interval["low"], new["b"].abs() > 1.5
        assert widths.filter(far).mean() > 1.05 * widths.filter(new["b"].abs() < 0.5).mean()


def test_probabilities_are_calibrated_on_new_rows():
    def simulated(rows, seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(rows, 3))
        up = rng.random(rows) < 1 / (1 + np.exp(-1.5 * x[:, 0] + x[:, 1]))
        frame = pl.DataFrame(x, schema=list("abc"))
        return frame.with_columns(up=pl.Series(np.where(up, "yes", "no")))

    model = learnt(simulated(1_200, 0), "up", plan=plan(folds=3, rate=2e-2, steps=200))
    new = simulated(4_000, 1)
    probability = model.predict_proba(new)["yes"].to_numpy()
    happened = (new["up"] == "yes").to_numpy()
    parts = np.array_split(np.argsort(probability), 8)
    errors = [abs(probability[part].mean() - happened[part].mean()) for part in parts]
    assert np.mean(errors) < 0.04


def test_evaluation_says_whether_performance_held():
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(rng.normal(size=(400, 2)), schema=["x", "z"])
    frame = frame.with_columns(y=pl.Series(np.where(frame["x"] > 0, "up", "down")))
    model = learnt(frame, "y", plan=plan(steps=120))
    new = pl.DataFrame(rng.normal(size=(300, 2)), schema=["x", "z"])
    same = new.with_columns(y=pl.Series(np.where(new["x"] > 0, "up", "down")))
    drifted = new.with_columns(y=pl.Series(np.where(new["z"] > 0, "up", "down")))
    held, broken = model.evaluate(same)["y"], model.evaluate(drifted)["y"]
    assert held["held"]
    assert "performance held" in held["sentence"]
    assert not broken["held"]
    assert "performance did not hold" in broken["sentence"]
    assert broken["performance"]["rows"] == 300
    seen = model.evaluate(frame)["y"]  # what it has learnt by heart proves nothing
    assert seen["learnt_from"] and seen["held"] is None
    assert "made of these very rows" in seen["sentence"]
    gaps = same.with_columns(
        pl.when(pl.int_range(300) < 100).then(None).otherwise(pl.col("y")).alias("y")
    )
    assert model.evaluate(gaps)["y"]["performance"]["rows"] == 200


def test_the_network_that_is_kept_is_the_one_that_was_judged():
    frame = marked().drop("text")
    model = learnt(frame, "amount", test="part", ignore=["level"])
    prove = frame.filter(pl.col("part") == "test")
    error = np.sqrt(np.square(model.predict(prove).to_numpy() - prove["amount"].to_numpy()).mean())
    judged = model.evidence["targets"]["amount"]["performance"]["value"]
    assert judged == pytest.approx(error, rel=1e-4)
