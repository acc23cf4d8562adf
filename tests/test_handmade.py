"""Hand-made features and a shallow model: the conventional way with pictures, sounds and films."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import pellucid
from every_kind import plan, table
from pellucid.evidence.handmade import fit_within
from pellucid.kinds.category import Category
from pellucid.kinds.number import Number
from sounding import small_plan, tone
from test_kind_audio import wav


def tones(rows=40):
    """Noisy tones whose pitch is the answer, as a class and as a number."""
    rng = np.random.default_rng(0)
    pitch = rng.uniform(200, 1_500, rows)
    waves = [tone(f, 0.3) + rng.normal(0, 0.02, 2_400).astype(np.float32) for f in pitch]
    levels = np.where(pitch > 800, "high", "low")
    return pl.DataFrame({"sound": [wav(w) for w in waves], "level": levels, "pitch": pitch})


def ways(model, target):
    return {way["name"]: way["value"] for way in model.evidence["targets"][target]["baselines"]}


@pytest.fixture(scope="module")
def model():
    return pellucid.learn(
        tones(), target=["level", "pitch"], plan=small_plan(steps=3), verbose=False
    )


def test_sounds_are_judged_beside_cepstra_with_an_svm_and_a_forest(model):
    found = ways(model, "level")
    assert {f"MFCC statistics + {name}" for name in ("SVM", "forest", "linear model")} <= set(found)
    assert found["MFCC statistics + forest"] >= 0.8
    numbers = ways(model, "pitch")
    simplest = model.evidence["targets"]["pitch"]["simplest"]["value"]
    assert numbers["MFCC statistics + forest"] < 0.5 * simplest
    assert "MFCC statistics + SVM" in numbers


def test_tables_without_media_have_the_ways_that_they_had():
    model = pellucid.learn(
        table().drop("review"), target="paid", ignore="liked", plan=plan(steps=3), verbose=False
    )
    assert set(ways(model, "paid")) <= {"linear model", "gradient-boosted trees"}


def test_a_forest_that_takes_too_long_is_stopped_and_says_so():
    x, y = np.random.default_rng(0).normal(size=(30, 4)), np.repeat([0.0, 2.0], 15)
    kind = Number.fit_target(pl.Series("y", y))
    for seconds, trees, said in ((0, 10, " of 10 trees"), (60, 100, "")):
        machines = kind.machines(0)
        assert fit_within(machines["forest"], x, y, seconds) == said
        assert len(machines["forest"].estimators_) == trees
        assert fit_within(machines["SVM"], x, y, seconds) == ""
        assert machines["SVM"].predict(x).shape == (30,)


def test_machines_answer_for_every_level_even_for_one_they_never_saw():
    kind = Category.fit_target(pl.Series("y", ["a", "b", "c"]))
    x, y = np.random.default_rng(0).normal(size=(30, 4)), np.repeat([0, 2], 15)
    x[y == 2] += 3
    for model in kind.machines(0).values():
        output = kind.boosted_output(model.fit(x, y), x)
        assert output.shape == (30, 3)
        np.testing.assert_allclose(np.exp(output).sum(1), 1, atol=1e-6)
        assert (output.argmax(1) == y).mean() > 0.9
    number = Number.fit_target(pl.Series("y", x[:, 0]))
    for model in number.machines(0).values():
        assert number.boosted_output(model.fit(x, x[:, 0]), x).shape == (30, 1)
