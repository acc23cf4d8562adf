"""A backbone that is tuned on the rows: it reads better, is kept with the model, and repeatably."""

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor

import pellucid
from pellucid import tuning
from pellucid.data.reading import read
from pellucid.errors import Mends
from pellucid.experience import Experience, gather
from pellucid.keeping import load
from pellucid.model import Model
from pellucid.reproduction import reproduce
from pellucid.settings import Settings
from pellucid.training.plan import Plan
from pellucid.training.watch import Watch
from pictures import class_folders
from tiny import PLAN
from tiny_backbone import tiny_backbone

FILL = ("and", "so", "it", "was", "then", "on")
TUNED = replace(PLAN, folds=1, trees=20, tuning={"text": 1_000})
COPY = Path("backbones") / "text" / "model.safetensors"


def ordered(rows: int) -> pl.DataFrame:
    """Texts of the same words, whose class is which of two comes first."""
    draw, found = random.Random(0), []
    for row in range(rows):
        words = [draw.choice(FILL) for _ in range(6)]
        first, second = sorted(draw.sample(range(8), 2))
        pair = ("early", "late") if row % 2 else ("late", "early")
        words.insert(first, pair[0])
        words.insert(second, pair[1])
        found.append((" ".join(words), "up" if row % 2 else "down"))
    return pl.DataFrame(found, ["note", "sort"], orient="row")


def learnt(backbone: str, plan: Plan, output: Path | None = None) -> Model:
    options: dict[str, Any] = {"plan": plan, "output": output, "verbose": False}
    return pellucid.learn(ordered(600), "sort", backbone=backbone, **options)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_backbone(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def path(backbone: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("tuned") / "a.pellucid"
    learnt(backbone, TUNED, output)
    return output


@pytest.fixture(scope="module")
def experience(backbone: str) -> Experience:
    settings = Settings(backbones=(backbone,))
    return gather((read(ordered(200), Mends()),), ["sort"], settings, None, Mends())


def path_alone(model: Model, name: str) -> float:
    paths = model.evidence["targets"]["sort"]["paths"]
    return float(next(each["value"] for each in paths if each["name"] == name))


def conventional(model: Model) -> dict[str, float]:
    ways = model.evidence["targets"]["sort"]["baselines"]
    return {way["name"]: way["value"] for way in ways}


def test_what_frozen_vectors_do_not_hold_is_learnt_by_tuning(backbone: str, path: Path) -> None:
    frozen, tuned = learnt(backbone, replace(TUNED, tuning={})), load(path)
    assert path_alone(tuned, "linear") > path_alone(frozen, "linear") + 0.05
    assert conventional(tuned) == conventional(frozen)  # which see what anybody could have
    assert "tuned on these rows" in tuned.schema.inputs[0].summary("note")
    assert "tuned" not in frozen.schema.inputs[0].summary("note")
    assert "tuned on the rows" in (path / "README.md").read_text("utf-8")
    told = next(hint for hint in tuned.evidence["data"]["hints"] if hint.startswith("Tuning"))
    assert told.endswith("kept.") and "1,000 steps" in told
    assert told in (path / "report.html").read_text("utf-8")


def test_the_tuned_weights_lie_in_the_model_and_are_what_predicts(
    backbone: str, path: Path, tmp_path: Path
) -> None:
    moved = Path(shutil.copytree(path, tmp_path / "moved"))
    assert (moved / COPY).read_bytes() != (Path(backbone) / "model.safetensors").read_bytes()
    rows = ordered(40).drop("sort")
    model = load(moved)
    assert np.array_equal(load(path).predict_proba(rows), model.predict_proba(rows))
    text: Any = model.schema.inputs[0]
    given = pellucid.backbones.backbone_named(backbone)
    replaced = replace(text, pretrained=replace(text.pretrained, backbone=given))
    frozen = replace(model, schema=replace(model.schema, inputs=(replaced,)))
    assert not np.allclose(frozen.predict_proba(rows), model.predict_proba(rows), atol=0.05)


def test_the_same_plan_gives_the_same_bytes_from_the_backbone_that_was_named(path: Path) -> None:
    assert reproduce(path, ordered(600)).same


def weights_of(found: tuning.Tuned | None) -> Tensor:
    assert found is not None
    network = found.experience.schema.backbones[0].network.network
    return torch.cat([p.flatten() for p in network.parameters()])


def tuned(
    experience: Experience, plan: Plan, watch_of: Callable[[str], Watch]
) -> tuning.Tuned | None:
    return tuning.tuned(experience, plan, 0, watch_of, None)


def test_tuning_that_is_stopped_goes_on_to_the_same_weights(
    experience: Experience, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.training.watch.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(tuning, "better", lambda loss, best: True)
    plan = replace(PLAN, folds=1, tuning={"text": 60})
    checkpoint = tmp_path / "network-text.safetensors"

    def killed(descent: Any, loss: Tensor) -> None:
        if descent.step >= 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuned(experience, plan, lambda _: Watch(checkpoint=checkpoint, report=killed))
    again, steps = Watch(checkpoint=checkpoint), []
    again.report = lambda descent, loss: steps.append(descent.step)
    whole = weights_of(tuned(experience, plan, lambda _: Watch()))
    assert torch.equal(weights_of(tuned(experience, plan, lambda _: again)), whole)
    assert steps[0] == 40


def test_what_the_clock_cuts_is_written_down_and_can_be_done_over(
    experience: Experience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "better", lambda loss, best: True)
    plan = replace(PLAN, folds=1, tuning={"text": 5_000})
    cut = tuned(experience, plan, lambda _: Watch(time.monotonic() + 2))
    assert cut is not None and cut.cuts["text"]
    over = tuned(experience, replace(plan, cuts=cut.cuts), lambda _: Watch())
    assert torch.equal(weights_of(cut), weights_of(over))


def test_a_backbone_that_is_no_better_stays_as_it_was(
    backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(lesson: Any, steps: int, watch: Watch, cut: dict[str, int]) -> Any:
        kind, descent = tune(lesson, steps, watch, cut)
        for weights in kind.pretrained.backbone.network.network.parameters():
            weights.zero_()
        return kind, descent

    tune = tuning.tune
    monkeypatch.setattr(tuning, "tune", spoilt)
    plan = replace(TUNED, tuning={"text": 10}, folds=2)
    model = learnt(backbone, plan, tmp_path / "a.pellucid")
    assert model.plan.folds == 2
    assert "tuned" not in model.schema.inputs[0].summary("note")
    theirs = pellucid.backbones.backbone_named(backbone).vectors(["early and late"])
    assert np.array_equal(load(tmp_path / "a.pellucid").schema.backbones[0].vectors(
        ["early and late"]), theirs)  # fmt: skip


@pytest.mark.parametrize(("seconds", "steps"), [(600.0, 15), (1e-3, None)])
def test_the_time_decides_how_often_the_rows_are_seen(
    experience: Experience, seconds: float, steps: int | None
) -> None:
    plan, spent, told = tuning.planned_tuning(experience, PLAN, 0, seconds)
    if steps is None:
        assert (plan.tuning, spent) == ({}, 0.0)
        assert told is not None and told.startswith("with about") and "would be tuned" in told
    else:
        assert plan.tuning == {"text": steps}  # three passes over 140 rows in batches of 32
        assert 0 < spent < 60 and told is None


def test_pictures_are_tuned_as_they_are_decoded(tmp_path: Path) -> None:
    from transformers import ViTConfig, ViTModel

    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        image_size=32, patch_size=8,
    )  # fmt: skip
    ViTModel(config).save_pretrained(tmp_path / "vit")
    (tmp_path / "vit" / "preprocessor_config.json").write_text('{"size": {"height": 32}}')
    folder = class_folders(tmp_path / "stripes", each=20)
    (next(folder.glob("*/")) / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    plan = replace(PLAN, folds=1, looked_at=100, tuning={"image": 30})
    options: dict[str, Any] = {"plan": plan, "verbose": False}
    output = tmp_path / "m.pellucid"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "better", lambda loss, best: True)
        model = pellucid.learn(folder, backbone=str(tmp_path / "vit"), output=output, **options)
    assert "tuned on these rows" in model.schema.inputs[0].summary(model.schema.columns[0])
    shutil.rmtree(tmp_path / "vit")
    next(folder.rglob("broken.png")).unlink()
    assert load(output).predict(folder).to_list() == model.predict(folder).to_list()


def test_a_text_without_a_token_has_a_vector(backbone: str) -> None:
    found = pellucid.backbones.backbone_named(backbone)
    alone, among = found.vectors([""])[0], found.vectors(["", "early and late"])[0]
    assert np.isfinite(alone).all()
    assert np.allclose(alone, among, atol=1e-2)
