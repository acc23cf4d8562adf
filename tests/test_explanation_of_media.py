"""Pictures, sounds and any other kind are explained through the same contract as cells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

import pellucid
from pellucid.errors import Mends, UsageError
from pellucid.explanation.attribution import Attribution, attribute, shuffled
from pellucid.explanation.parts import columns_of, count, encodings, keeping
from pellucid.explanation.resting import resting_step
from pellucid.media.files import ANYWHERE
from pellucid.model import Model
from pellucid.networks.layers.hearing import Spectrum
from pellucid.working.step import Step
from pictures import class_folders
from sounding import moving_square, small_plan, tone, write_film, write_sound

ROWS = 24


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Grey pictures whose upper left corner is bright or dark."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    names = []
    for number in range(ROWS):
        pixels = rng.integers(90, 150, (24, 24), np.uint8)
        pixels[:8, :8] = 250 if number % 2 else 5
        names.append(str(folder / f"{number}.png"))
        Image.fromarray(pixels).save(names[-1])
    return pl.DataFrame(
        {"picture": names, "corner": ["bright" if n % 2 else "dark" for n in range(ROWS)]}
    )


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("sounds")
    names = [
        write_sound(folder / f"{n}.wav", tone(300 if n % 2 else 1_500, 0.3)) for n in range(ROWS)
    ]
    return pl.DataFrame(
        {"sound": names, "pitch": ["low" if n % 2 else "high" for n in range(ROWS)]}
    )


def learnt(source: pl.DataFrame, target: str, **changes: float) -> Model:
    plan = small_plan(**changes)
    return pellucid.learn(source, target, minutes=0.3, verbose=False, plan=plan)


@pytest.mark.parametrize(("what", "target"), [("pictures", "corner"), ("sounds", "pitch")])
def test_the_answer_for_a_medium_is_worked_like_any_other(
    what: str, target: str, request: pytest.FixtureRequest
) -> None:
    source = request.getfixturevalue(what)
    model = learnt(source, target)
    found = model.explain(source[3])
    assert found.differences["float32"] < 1e-3
    assert found.differences["autograd"] < 1e-9
    assert {"conv2d", "baddbmm"} <= {operation.operation for operation in found.operations}
    assert found.step.steps[-1].rule.startswith("What the answer rests on")


def test_the_step_of_a_kernel_is_worked_by_muon(pictures: pl.DataFrame) -> None:
    model = learnt(pictures, "corner")
    kernel = "deep.0.inputs.0.encoder.layers.1.weight"
    found = model.explain(pictures[3], weight=f"{kernel}[2,0,1,2]")
    assert found.differences["the optimizer that the network learnt with"] < 1e-9
    (step,) = (step for step in _all(found.step) if step.rule.startswith("One step of Muon"))
    assert kernel in step.rule
    assert [each.rule[:6] for each in step.steps] == ["Averag", "Divide", *3 * ["Newton"]]
    assert step.given["o"] == step.steps[-1].result
    bias = model.explain(pictures[3], weight="deep.0.inputs.0.encoder.layers.1.norm.bias[0]")
    assert any(step.rule.startswith("One step of Adam") for step in _all(bias.step))


def test_smoothed_classes_are_learnt_and_worked(pictures: pl.DataFrame) -> None:
    plain, smoothed = (
        _losses(learnt(pictures, "corner", steps=50, smoothing=smoothing), pictures)
        for smoothing in (0.0, 0.5)
    )
    assert len(smoothed) == len(plain) > 0
    assert sum(_apart(step) for step in smoothed) < 0.9 * sum(_apart(step) for step in plain)
    for step in smoothed:
        scores, right = torch.tensor([step.given["z"]]), torch.tensor([step.given["target"] - 1])
        loss = torch.nn.functional.cross_entropy(scores.double(), right, label_smoothing=0.5)
        assert step.result == pytest.approx(float(loss), abs=1e-6)
        assert sorted(step.given["y"]) == [0.25, 0.75]
    assert not any("y" in step.given for step in plain)


def _losses(model: Model, source: pl.DataFrame) -> list[Step]:
    steps = [step for row in (3, 4) for step in _all(model.explain(source[row]).step)]
    return [step for step in steps if step.rule == "Softmax with cross-entropy"]


def _apart(step: Step) -> float:
    one, other = step.given["z"]
    return abs(one - other)


def test_small_pictures_are_explained_from_their_measured_layer_on(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "stripes", 20, 32)
    model = pellucid.learn(folder, minutes=0.3, verbose=False, plan=small_plan(folds=2))
    files = sorted(str(path) for path in folder.rglob("*.png"))
    frame = pl.DataFrame({model.schema.columns[0]: files, model.targets[0]: [
        Path(file).parent.name for file in files
    ]})  # fmt: skip
    place = "deep.1.inputs.0.encoder.layers"
    for weight in (f"{place}.0.bias[3]", f"{place}.4.layers.0.weight[0,1,2,0]"):
        found = model.explain(frame[3], weight=weight)
        assert found.differences["autograd"] < 1e-9
        assert found.differences["the optimizer that the network learnt with"] < 1e-9
    with pytest.raises(UsageError, match="remembered from the data"):
        model.explain(frame[3], weight=f"{place}.0.weight[0,0,0,0]")
    control = shuffled(model.network).state_dict()[f"{place}.0.weight"]
    own = model.network.state_dict()[f"{place}.0.weight"]
    assert not control.equal(own)
    assert control.flatten().sort().values.equal(own.flatten().sort().values)


def _all(step: Step) -> Iterator[Step]:
    yield step
    for each in step.steps:
        yield from _all(each)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """A dark film that turns bright towards its end or not; the same hum in all of them."""
    folder, rng = tmp_path_factory.mktemp("films"), np.random.default_rng(0)
    names = []
    for number in range(ROWS):
        pixels = moving_square(frames=16, step=number % 3, colour=(90, 90, 90))
        pixels = (pixels + rng.integers(0, 60, pixels.shape)).astype(np.uint8)
        pixels[10:] += np.uint8(100 * (number % 2))
        hum = tone(200, 1.6, 16_000, 0.1)
        names.append(write_film(folder / f"{number}.avi", pixels, hum, codecs=("mpeg4", "mp3")))
    return pl.DataFrame(
        {"film": names, "end": ["bright" if n % 2 else "dark" for n in range(ROWS)]}
    )


def rests_on(source: pl.DataFrame, target: str, row: int = 3) -> tuple[Model, Attribution]:
    model = learnt(source, target)
    schema = model.schema
    cells = schema.locate(schema.complete(source[row], Mends()), ANYWHERE)
    found = attribute(schema, model.network, cells)
    assert found is not None
    return model, found


def test_the_field_that_decides_has_the_largest_share(pictures: pl.DataFrame) -> None:
    _, found = rests_on(pictures, "corner")
    (column,) = found.columns
    assert column.parts.shape == (6, 6)
    shares = np.abs(found.gradients.reshape(6, 6))
    corner, rest = shares[:2, :2].sum(), shares[2:, 2:].sum()
    assert corner > rest
    assert abs(found.gap) < 0.2 * max(1.0, shares.sum())


def test_a_sound_is_attributed_by_time_and_frequency(sounds: pl.DataFrame) -> None:
    """A tone of 300 or of 1,500 Hz decides: the fields above 2,000 Hz are the same in all."""
    _, found = rests_on(sounds, "pitch")
    (column,) = found.columns
    assert column.parts.shape == (6, 8)
    tones = np.abs(found.gradients.reshape(6, 8)).sum(1)
    assert tones[2:].sum() > 2 * tones[:2].sum()
    assert column.parts.names[0].endswith("kHz") and column.parts.names[0] > "0.0"
    assert abs(found.gap) < 0.2 * max(1.0, np.abs(found.gradients).sum())


def test_a_film_is_attributed_by_its_moments_and_its_sound(films: pl.DataFrame) -> None:
    _, found = rests_on(films, "end")
    (column,) = found.columns
    assert column.parts.shape == (2, 4) and column.parts.names[-1] == "the sound"
    shares = np.abs(found.gradients)
    assert shares[4:8].sum() > shares[:4].sum()
    assert shares[4:8].sum() > shares[8]
    assert abs(found.gap) < 0.2 * max(1.0, shares.sum())


@pytest.mark.parametrize(("what", "target"), [("sounds", "pitch"), ("films", "end")])
def test_fields_are_shown_over_a_picture_and_read_back(
    what: str, target: str, request: pytest.FixtureRequest
) -> None:
    _, found = rests_on(request.getfixturevalue(what), target)
    step = resting_step(found)
    page = step.html()
    assert page.count("<image href=") == 1 and page.count("<rect ") == len(found.gradients) // 8 * 8
    assert type(step).from_json(step.json()).html() == page
    assert max(map(len, step.text().splitlines())) <= 80


@pytest.mark.parametrize(("what", "target"), [("sounds", "pitch"), ("films", "end")])
def test_all_fields_kept_are_the_row_itself(
    what: str, target: str, request: pytest.FixtureRequest
) -> None:
    source = request.getfixturevalue(what)
    schema = learnt(source, target).schema
    cells = schema.locate(schema.complete(source[3], Mends()), ANYWHERE)
    encoded = encodings(schema, cells)
    columns = columns_of(schema, cells, encoded)
    kept = np.ones((2, count(columns)), bool)
    kept[1, -1] = False
    both = keeping(schema, cells, encoded, columns, kept)
    for name, values in encoded[0].items():
        assert torch.equal(both[name][0], torch.as_tensor(np.asarray(values)[0])), name
    assert any(not torch.equal(values[0], values[1]) for values in both.values())


def test_a_silenced_field_is_as_loud_as_is_usual_and_others_stay(sounds: pl.DataFrame) -> None:
    schema = learnt(sounds, "pitch").schema
    cells = schema.locate(schema.complete(sounds[3], Mends()), ANYWHERE)
    encoded = encodings(schema, cells)
    columns = columns_of(schema, cells, encoded)
    kept = np.ones((3, count(columns)), bool)
    kept[1] = False
    kept[2].reshape(6, 8)[:3] = False  # the upper half
    heard = keeping(schema, cells, encoded, columns, kept)["audio"].flatten(0, 2)
    fitted = schema.inputs[0].sounds  # type: ignore[attr-defined]
    logs = Spectrum(fitted.rate).raw(heard)[:, :, 2:-2]
    usual = torch.as_tensor(fitted.mean)
    assert float((logs[1].mean(1) - usual).abs().mean()) < 1.0
    assert float((logs[2] - logs[0]).abs()[:28].mean()) < 0.2
    assert float((logs[2] - logs[1]).abs()[36:].mean()) < 0.6
