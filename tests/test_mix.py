"""Plain columns beside pictures or texts: a mix must not know less than its table does."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from pellucid import explain, learn, load
from pellucid.data.reading import read
from pellucid.errors import Mends
from pellucid.experience import gather
from pellucid.explanation.attribution import attribute
from pellucid.networks.layers import Encoder
from pellucid.networks.network import Body, DeepNetwork
from pellucid.settings import Settings
from pellucid.training.budget import probe
from pellucid.training.draft import first_plan
from pellucid.training.encoders import triangular
from pellucid.training.mirroring import meaning_of_mirrored
from pellucid.training.optimizers import FlatAdamW
from pellucid.training.plan import Plan
from pellucid.training.task import Task
from pictures import encoded, scene

FUSED = triangular(
    Plan(
        body=Body(members=2, width=8, blocks=1, embedding=4, encoder=Encoder(4, 1)),
        folds=3, batch=16, rate=3e-3, decay=1e-2, steps=1, evaluate_every=1, patience=2**20,
        threads=1,
    ),
    12,
)  # fmt: skip
TABLE = Plan(
    body=Body(members=4, width=32, blocks=2, embedding=8),
    folds=3, batch=16, rate=5e-3, decay=1e-4, steps=400, evaluate_every=20, patience=10, threads=1,
)  # fmt: skip


def houses(rows: int = 150) -> pl.DataFrame:
    """Pictures that say nothing, and two numbers of which neither says anything alone."""
    rng = np.random.default_rng(0)
    one, other = rng.choice([-1.0, 1.0], rows), rng.choice([-1.0, 1.0], rows)
    photos = [encoded(scene(int(i), 16)) for i in rng.permutation(rows)]
    values = {"photo": photos, "one": one + rng.normal(0, 0.1, rows), "other": other}
    return pl.DataFrame({**values, "price": one * other + rng.normal(0, 0.1, rows)})


@pytest.fixture(scope="module")
def mixed():
    plan = replace(FUSED, table=TABLE)
    return learn(houses(), "price", plan=plan, minutes=1, verbose=False)


def test_a_mix_knows_what_its_table_knows(mixed):
    target = mixed.evidence["targets"]["price"]
    paths = {path["name"]: path["value"] for path in target["paths"]}
    assert paths["table"] < 0.5 * paths["deep"]  # the pictures' network had no time to learn it
    assert target["performance"]["value"] < 1.2 * paths["table"]
    assert target["others"]["R²"] > 0.8
    alone = learn(houses(), "price", plan=FUSED, minutes=1, verbose=False)
    assert alone.evidence["targets"]["price"]["others"]["R²"] < 0.5


def test_it_is_kept_loaded_and_done_over(mixed, tmp_path):
    mixed.save(tmp_path / "mixed.pellucid")
    again = load(tmp_path / "mixed.pellucid")
    rows = houses(10).drop("price")
    assert again.predict(rows).to_list() == mixed.predict(rows).to_list()
    assert again.plan == mixed.plan
    assert again.plan.table == replace(TABLE, folds=3)
    weights = [dict(m.network.state_dict()) for m in (mixed, again)]
    assert any(name.startswith("tables.2.") for name in weights[0])
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])


def test_the_shares_of_a_mix_add_up(mixed):
    cells = houses(3).drop("price")
    schema, network = mixed.schema, mixed.network
    found = attribute(schema, network, cells[0])
    assert found is not None
    assert abs(found.gap) < 0.02 * np.abs(found.gradients).sum()
    shares = dict.fromkeys(schema.columns, 0.0)
    for column in found.columns:
        first, last = column.first, column.first + len(column.parts.names or (1,))
        shares[column.name] = float(np.abs(found.gradients[first:last]).sum())
    assert min(shares["one"], shares["other"]) > shares["photo"]


def test_explaining_a_mix_shows_the_tables_networks(mixed):
    told = str(explain(mixed, houses(1)))
    assert "The table's own deep networks" in told
    assert "The blend of the paths" in told


def test_the_plan_of_a_mix_has_one_for_the_table():
    frame = houses(60)
    experience = gather((read(frame, Mends()),), ["price"], Settings(), None, Mends())
    plan = first_plan(experience.schema, 60)
    assert plan.table is not None
    assert plan.smoothing and not plan.table.smoothing
    assert plan.folds > 1  # so few rows are learnt in folds
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    table = read(frame.drop("photo"), Mends())
    plain = gather((table,), ["price"], Settings(), None, Mends())
    assert first_plan(plain.schema, 60).table is None


def test_the_linear_path_leaves_features_of_pictures_alone_where_they_say_nothing():
    rng = np.random.default_rng(1)
    number = rng.normal(size=80)
    photos = [encoded(scene(i, 32)) for i in range(80)]
    frame = pl.DataFrame({"photo": photos, "number": number, "price": 3 * number})
    model = learn(frame, "price", plan=replace(FUSED, folds=2), minutes=1, verbose=False)
    plain = model.network.deep[0].plain_terms
    assert 0 < int(plain.sum()) < len(plain)
    weight = model.network.linear[0].weight
    assert weight[plain].any()
    assert not weight[~plain].any()


# ---- mirrored pictures that mean the opposite ----------------------------------------------------


def roads(sign: float, rows: int = 120) -> Task:
    """A bright side to the left or the right: `sign` is of the angle that mirroring gives."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(-1, 1, rows)
    across = np.arange(16) - 7.5 - 7 * angle[:, None]
    bright = 150 * np.exp(-np.square(across) / 8)[:, None, :, None]
    pixels = rng.integers(70, 90, (rows, 16, 16, 3)) + bright
    value = angle if sign < 0 else np.abs(angle) - 0.5
    photos = [picture.astype(np.uint8) for picture in pixels]
    frame = pl.DataFrame({"photo": pl.Series(photos, dtype=pl.Object), "angle": value})
    experience = gather((read(frame, Mends()),), ["angle"], Settings(), None, Mends())
    folds = experience.folds(1, 0)
    return Task(experience.schema, experience.store, experience.targets, folds, 0)


def test_a_mirrored_road_bends_the_other_way():
    assert meaning_of_mirrored(roads(-1)) == (False, True)


@pytest.mark.parametrize(
    ("levels", "same"),
    [
        (("bright", "copyright"), True),
        (("left", "straight"), False),
        (("turn_Right", "on"), False),
        (("LEFTHAND", "x"), False),
        (("TurnLeft", "x"), False),
    ],
)
def test_classes_that_are_called_left_or_right_are_not_mirrored(levels, same):
    """Light and dark pictures, which would be the same if mirrored, whatever they are called."""
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 90, (16, 16, 3)) + 120 * (i % 2) for i in range(80)]
    seen = pl.Series([photo.astype(np.uint8) for photo in photos], dtype=pl.Object)
    frame = pl.DataFrame({"seen": seen, "class": [levels[i % 2] for i in range(80)]})
    experience = gather((read(frame, Mends()),), ["class"], Settings(), None, Mends())
    folds = experience.folds(1, 0)
    task = Task(experience.schema, experience.store, experience.targets, folds, 0)
    assert meaning_of_mirrored(task)[0] == same


def test_a_number_of_one_sign_has_no_opposite():
    assert meaning_of_mirrored(roads(1))[1] is False


def test_what_is_said_of_a_mirrored_picture_is_the_opposite():
    task = roads(-1)
    body = Body(members=2, blocks=0, encoder=Encoder(4, 1, opposite=True))
    network = DeepNetwork(task.schema, body, torch.Generator().manual_seed(0)).eval()
    kind = task.schema.targets[0]
    raw = task.store.batch(torch.arange(5))
    turned = task.schema.media[0].mirrored(raw)
    with torch.inference_mode():
        plain, mirrored = kind.combine(network(raw)[0]), kind.combine(network(turned)[0])
    torch.testing.assert_close(mirrored, kind.opposite(plain), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(mirrored, plain, atol=1e-3)


# ---- planning ------------------------------------------------------------------------------------


def test_steps_are_tried_as_often_as_the_time_allows(monkeypatch):
    task, taken = roads(-1), []
    step = FlatAdamW.step

    def counting(self: FlatAdamW, rate: float) -> None:
        taken.append(rate)
        step(self, rate)

    monkeypatch.setattr(FlatAdamW, "step", counting)
    tries = []
    for seconds in (1e-3, 1e3):
        taken.clear()
        probe(task, FUSED, seconds, most_threads=1)
        tries.append(len(taken))
    assert tries[0] == 2  # the first of which is a slow one
    assert tries[1] >= 5
