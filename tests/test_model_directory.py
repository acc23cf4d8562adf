"""The model directory: whole or not there, loaded by path alone, and never trusted."""

import errno
import json
import os
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file, save_file

import pellucid
from pellucid import keeping
from pellucid.errors import ModelError
from pellucid.keeping import FILES, load, rewrite_report, weights_hash
from pellucid.model import Model
from tiny import PLAN, ROWS, learnt, table

WORDS = ["a good book", "quite bad, sadly", "never again this", "what a fine day it is"]


def _with_text(rows: int = ROWS) -> dict[str, list[Any]]:
    return table(rows, review=[f"{WORDS[i % 4]} {i * i} and more" for i in range(rows)])


@pytest.fixture(scope="module")
def model() -> Model:
    return learnt(_with_text(), ["label", "income"], plan=replace(PLAN, trees=5))


@pytest.fixture(scope="module")
def saved(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.save(tmp_path_factory.mktemp("models") / "saved.pellucid")


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(saved, tmp_path / "copy.pellucid"))


# ---- what is kept --------------------------------------------------------------------------------


def test_a_loaded_model_predicts_the_same_from_anywhere(model, saved, tmp_path):
    moved = Path(shutil.copytree(saved, tmp_path / "elsewhere" / "under another name"))
    again = load(moved)
    assert again.predict(_with_text()).equals(model.predict(_with_text()))
    assert again.predict_interval(_with_text()).equals(model.predict_interval(_with_text()))
    assert again.predict_proba(_with_text()).equals(model.predict_proba(_with_text()))
    assert again.settings == json.loads(json.dumps(model.settings))


def test_the_directory_holds_what_it_says_and_nothing_that_can_run(saved):
    assert {entry.name for entry in saved.iterdir()} == set(FILES)
    for name in ("model.json", "evidence.json"):
        json.loads((saved / name).read_text("utf-8"), parse_constant=pytest.fail)


def test_the_history_is_a_table_of_every_look_at_the_descent(model, saved):
    history = pl.read_csv(saved / "history.csv")
    assert history.columns == ["member", "step", "seconds", "loss", "metric", "rate"]
    assert history["step"].to_list() == [row["step"] for row in model.evidence["history"]]
    assert history["loss"].is_finite().all() and history.height >= 2


def test_all_files_may_be_read_by_those_who_may_read_one(saved):
    assert len({entry.stat().st_mode for entry in saved.iterdir()}) == 1


def test_saving_twice_gives_the_same_bytes(model, saved, tmp_path):
    again = model.save(tmp_path / "again.pellucid")
    for name in FILES:
        if (saved / name).exists():
            assert (again / name).read_bytes() == (saved / name).read_bytes()


def test_a_loaded_model_is_saved_again_with_the_same_weights(saved, tmp_path):
    again = load(saved).save(tmp_path / "again.pellucid")
    weights = "weights.safetensors"
    assert (again / weights).read_bytes() == (saved / weights).read_bytes()


def test_a_model_of_no_evidence_is_kept_too(model, tmp_path):
    bare = Model(model.schema, model.network, model.plan, {}, model.settings)
    assert load(bare.save(tmp_path / "bare")).evidence == {}


# ---- what may be replaced ------------------------------------------------------------------------


def test_an_older_model_is_replaced_and_nothing_is_left_beside_it(model, copy):
    (copy / "README.md").write_text("old")
    model.save(copy)
    assert (copy / "README.md").read_text("utf-8") != "old"
    assert [entry.name for entry in copy.parent.iterdir()] == [copy.name]


def test_an_empty_folder_is_filled(model, tmp_path):
    (tmp_path / "empty").mkdir()
    assert load(model.save(tmp_path / "empty")).targets == model.targets


def test_a_link_to_a_model_stays_a_link(model, copy, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(copy)
    (copy / "README.md").write_text("old")
    model.save(link)
    assert link.is_symlink() and (copy / "README.md").read_text("utf-8") != "old"


def _no_model_at_all(path: Path) -> None:
    path.mkdir()
    (path / "thesis.txt").write_text("years of work")


def _model_json_of_other_software(path: Path) -> None:
    path.mkdir()
    (path / "model.json").write_text('{"what": "a game"}')


def _notes_beside_a_model(path: Path) -> None:
    path.mkdir()
    (path / "model.json").write_text('{"what": "pellucid model"}')
    (path / "notes.txt").write_text("read me")


def _a_file(path: Path) -> None:
    path.write_text("a,b\n1,2\n")


@pytest.mark.parametrize(
    "make", [_no_model_at_all, _model_json_of_other_software, _notes_beside_a_model, _a_file]
)
def test_what_is_no_model_is_never_overwritten(model, tmp_path, make):
    place = tmp_path / "mine"
    make(place)
    before = _contents(tmp_path)
    with pytest.raises(ModelError, match="another folder"):
        model.save(place)
    assert _contents(tmp_path) == before


def test_that_the_output_may_not_be_written_is_said_before_anything_is_learnt(tmp_path):
    _no_model_at_all(tmp_path / "mine")
    before = _contents(tmp_path)
    with pytest.raises(ModelError, match="is no pellucid model"):
        learnt(table(), output=tmp_path / "mine", plan=None, minutes=60)
    assert _contents(tmp_path) == before


@pytest.mark.parametrize("name", ["/", "nofolder/.."])
def test_an_output_without_a_name_of_its_own_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir("/")
    with pytest.raises(pellucid.PellucidError, match="folder"):
        learnt(table(), output=name)


def test_a_file_in_the_place_of_a_folder_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(pellucid.PellucidError, match="cannot be written"):
        learnt(table(), output=tmp_path / "file" / "model.pellucid")


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_that_may_not_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    with pytest.raises(pellucid.PellucidError, match="cannot be written: Permission denied"):
        learnt(table(), output=tmp_path / "locked" / "model.pellucid")


# ---- a disk that fails ---------------------------------------------------------------------------


@pytest.mark.parametrize("most", [0, 100, 4_000, 20_000, 50_000])
def test_a_full_disk_leaves_the_older_model_as_it_was(model, copy, most):
    """The limit on file size makes writes of Python and of Rust fail as a full disk does."""
    before = _contents(copy.parent)
    with pytest.raises(pellucid.DataError, match="cannot be written: File too large") as raised:
        with files_no_larger_than(most):
            model.save(copy)
    assert "Nothing was changed; free some space" in str(raised.value)
    assert _contents(copy.parent) == before


def test_a_disk_that_fills_while_a_model_is_saved_is_one_clear_error(model, copy, monkeypatch):
    def no_room(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = _contents(copy.parent)
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(pellucid.DataError, match="cannot be written: No space left on device"):
        model.save(copy)
    assert _contents(copy.parent) == before


@pytest.mark.parametrize("name", [".copy.pellucid.new", ".copy.pellucid.old"])
def test_what_a_killed_save_left_behind_is_cleared_away(model, copy, name):
    shutil.copytree(copy, copy.with_name(name))
    (copy.with_name(name) / "weights.safetensors").write_bytes(b"half")
    model.save(copy)
    assert [entry.name for entry in copy.parent.iterdir()] == [copy.name]
    assert load(copy).targets == model.targets


def test_a_save_killed_between_its_two_renames_loses_nothing(model, copy, monkeypatch):
    copy.rename(copy.with_name(".copy.pellucid.old"))
    monkeypatch.setattr(os, "fsync", lambda number: os.write(-1, b""))  # so that this save fails
    with pytest.raises(pellucid.DataError):
        model.save(copy)
    assert load(copy).targets == model.targets


@contextmanager
def files_no_larger_than(most: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


# ---- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors", "evidence.json"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_file_cut_short_is_named(copy, name, share):
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match=re.escape(f'{name}" cannot be read')):
        load(copy)


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_file_that_is_missing_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(ModelError, match=name):
        load(copy)


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors", "evidence.json"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 1000, b"\xff\xfe\x00", b"[" * 100_000, b"nonsense", b"9" * 10_000, b"null"],
)
def test_a_file_of_other_content_is_named(copy, name, content):
    (copy / name).write_bytes(content)
    with pytest.raises(ModelError, match=name):
        load(copy)


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors", "evidence.json"])
def test_a_pipe_in_the_place_of_a_file_hangs_nothing(copy, name):
    (copy / name).unlink()
    os.mkfifo(copy / name)
    if name == "evidence.json":
        assert load(copy).evidence == {}
    else:
        with pytest.raises(ModelError, match=name):
            load(copy)


def test_a_link_to_a_file_elsewhere_tells_nothing_of_it(copy, tmp_path):
    (tmp_path / "secret").write_text("the password is swordfish")
    (copy / "model.json").unlink()
    (copy / "model.json").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError) as raised:
        load(copy)
    assert "swordfish" not in str(raised.value)


def test_a_report_is_not_written_through_a_link(copy, tmp_path):
    (tmp_path / "mine").write_text("keep")
    (copy / "report.html").unlink()
    (copy / "report.html").symlink_to(tmp_path / "mine")
    rewrite_report(copy)
    assert (tmp_path / "mine").read_text() == "keep"
    assert (copy / "report.html").read_text("utf-8").lstrip().startswith("<!")


def test_a_single_byte_of_the_weights_that_changes_is_noticed(copy):
    whole = (copy / "weights.safetensors").read_bytes()
    for place in np.random.default_rng(0).integers(0, len(whole), 20):
        changed = bytearray(whole)
        changed[place] ^= 1
        (copy / "weights.safetensors").write_bytes(bytes(changed))
        with pytest.raises(ModelError, match=r"weights\.safetensors"):
            load(copy)


def test_a_single_byte_of_the_rest_that_changes_is_noticed_or_does_no_harm(copy):
    whole, draw = (copy / "model.json").read_bytes(), np.random.default_rng(0)
    for place in draw.integers(0, len(whole), 40):
        changed = bytearray(whole)
        changed[place] = draw.integers(0, 256)
        (copy / "model.json").write_bytes(bytes(changed))
        try:
            load(copy).predict(_with_text(3))
        except (ModelError, pellucid.DataError) as error:
            assert len(str(error)) < 1_000
        except UserWarning as warning:
            assert "taken as missing" in str(warning)


def test_weights_of_another_model_are_refused(saved, copy, tmp_path):
    other = learnt(_with_text(), ["label", "income"], seed=1).save(tmp_path / "other")
    shutil.copy(other / "weights.safetensors", copy)
    with pytest.raises(ModelError, match=r"not the file that model\.json was written with"):
        load(copy)


def test_a_model_that_is_replaced_while_it_is_read_is_read_again(copy, monkeypatch):
    other, read = learnt(_with_text(), ["label", "income"], seed=1), keeping._evidence
    replaced = iter([lambda: other.save(copy)])

    def evidence(path: Path) -> dict[str, Any]:
        next(replaced, lambda: None)()
        return read(path)

    monkeypatch.setattr(keeping, "_evidence", evidence)
    assert load(copy).predict(_with_text()).equals(other.predict(_with_text()))


def test_the_report_names_the_hash_of_the_weights(saved):
    assert weights_hash(saved) in (saved / "report.html").read_text("utf-8")
    assert load(saved).evidence["reproduce"]["weights_hash"] == weights_hash(saved)


# ---- hostility -----------------------------------------------------------------------------------

Document = dict[str, Any]
Tensors = dict[str, torch.Tensor]


def _kind(document: Document, name: str) -> Document:
    return next(kind for kind in document["schema"]["inputs"] if kind["type"] == name)


def _tokenizer(change: Callable[[Document], Any]) -> Callable[[Document, Tensors], None]:
    def spoil(document: Document, tensors: Tensors) -> None:
        text = _kind(document, "Text")
        tokenizer = json.loads(text["tokenizer"])
        change(tokenizer)
        text["tokenizer"] = json.dumps(tokenizer)

    return spoil


def _document(*keys: Any, value: Any) -> Callable[[Document, Tensors], None]:
    def spoil(document: Document, tensors: Tensors) -> None:
        for key in keys[:-1]:
            document = _kind(document, key) if key in KINDS else document[key]
        document[keys[-1]] = value

    return spoil


def _tensor(name: str, value: Callable[[torch.Tensor], Any]) -> Callable[[Document, Tensors], None]:
    def spoil(document: Document, tensors: Tensors) -> None:
        tensors[name] = value(tensors[name]).contiguous()

    return spoil


def _without(name: str) -> Callable[[Document, Tensors], None]:
    return lambda document, tensors: (tensors.pop(name), None)[1]


def _deep(document: Document, tensors: Tensors) -> None:
    schema: Any = 1
    for _ in range(500):
        schema = [schema]
    document["schema"] = schema


KINDS = ("Number", "Category", "Date", "Text")
BODY, PLAN_, SETTINGS = ("plan", "body"), ("plan",), ("settings",)
HOSTILE = {
    "an older format": _document("format", value=1),
    "a newer format": _document("format", value=keeping.FORMAT + 1),
    "a format that is no number": _document("format", value="x" * 1_000_000),
    "no format": _document("format", value=None),
    "another mark": _document("what", value="a game"),
    "no schema": _document("schema", value=None),
    "a schema that is a list": _document("schema", value=[]),
    "a schema within a schema": _document("schema", "inputs", value=[{"type": "Schema"}]),
    "a schema 500 levels deep": _deep,
    "no inputs": _document("schema", "inputs", value=[]),
    "no targets": _document("schema", "targets", value=[]),
    "an input that is a word": _document("schema", "inputs", value=["Number"]),
    "a kind that is not known": _document("Number", "type", value="Picture"),
    "a kind named like a builtin": _document("Number", "type", value="__import__"),
    "a kind that is a list": _document("Number", "type", value=["Number"]),
    "a target that is a date": lambda d, t: d["schema"].update(targets=[_kind(d, "Date")]),
    "a field too many": _document("Number", "__class__", value=1),
    "an array that is not there": _document("Number", "centre", value={"array": "schema.x"}),
    "an array that is a path": _document("Number", "centre", value={"array": "/etc/passwd"}),
    "an array named by a list": _document("Number", "centre", value={"array": [1]}),
    "an array that is a number": _document("Number", "centre", value=5),
    "an array of another column": _document(
        "Number", "centre", value={"array": "schema.inputs.1.start"}
    ),
    "columns that are numbers": _document("Number", "columns", value=[1, 2]),
    "a column too many": _document("Category", "columns", value=["city", "town"]),
    "a column that is twice there": _document("Category", "columns", value=["age"]),
    "no columns": _document("Category", "columns", value=[]),
    "levels that are numbers": _document("Category", "levels", value=[[1, 2, 3]]),
    "levels that are nothing": _document("Category", "levels", value=None),
    "a date format that is a number": _document("Date", "formats", value=[7]),
    "a length that is a word": _document("Text", "length", value="long"),
    "a tokenizer that is none": _document("Text", "tokenizer", value="{}"),
    "a tokenizer that is a number": _document("Text", "tokenizer", value=5),
    "a tokenizer with a slow pattern": _tokenizer(
        lambda t: t.update(normalizer={"type": "Replace", "pattern": {"Regex": "(a+)+$"}})
    ),
    "a tokenizer of another sort": _tokenizer(lambda t: t["pre_tokenizer"].update(type="Split")),
    "a tokenizer with words for numbers": _tokenizer(
        lambda t: t["model"]["vocab"].update({"a": "b"})
    ),
    "a tokenizer with numbers beyond its size": _tokenizer(
        lambda t: t["model"]["vocab"].update({"a": 2**40})
    ),
    "a tokenizer that merges what it lacks": _tokenizer(
        lambda t: t["model"]["merges"].append(["xyzzy", "plugh"])
    ),
    "a vocabulary that is not UTF-8": _tensor(
        "schema.inputs.3.vocabularies.0.terms", lambda x: torch.full_like(x, 255)
    ),
    "no plan": _document("plan", value=None),
    "a plan that is a list": _document("plan", value=[1]),
    "a body that is not there": _document("plan", "body", value={}),
    "a network 2^19 wide": _document(*BODY, "width", value=2**19),
    "a network 2^40 wide": _document(*BODY, "width", value=2**40),
    "a network of a width that is a word": _document(*BODY, "width", value="wide"),
    "a network of no width": _document(*BODY, "width", value=0),
    "an embedding 2^19 wide": _document(*BODY, "embedding", value=2**19),
    "2^20 members": _document(*BODY, "members", value=2**20),
    "64 blocks": _document(*BODY, "blocks", value=64),
    "as many blocks as a word": _document(*BODY, "blocks", value="many"),
    "dropout of everything": _document(*BODY, "dropout", value="all"),
    "smoothing of everything": _document(*PLAN_, "smoothing", value=1),
    "2^20 folds": _document(*PLAN_, "folds", value=2**20),
    "a million levels of a target": lambda d, t: d["schema"]["targets"][0].update(
        levels=[[str(i) for i in range(1_000_000)]], counts=[[1] * 1_000_000]
    ),
    "no settings": _document("settings", value=None),
    "a setting that is not known": _document(*SETTINGS, "evil", value=1),
    "minutes that are a word": _document(*SETTINGS, "minutes", value="five"),
    "a seed that is a word": _document(*SETTINGS, "seed", value="five"),
    "kinds that are a word": _document(*SETTINGS, "kinds", value="five"),
    "ignoring a number": _document(*SETTINGS, "ignore", value=[5]),
    "a group that is a list": _document(*SETTINGS, "group", value=["x"]),
    "weights of a wrong shape": _tensor("deep.0.hidden.0.weight", lambda w: w.T),
    "weights of one dimension more": _tensor("deep.0.hidden.0.weight", lambda w: w[None]),
    "weights that are whole numbers": _tensor("deep.0.hidden.0.weight", lambda w: w.int()),
    "weights that are half as precise": _tensor("deep.0.hidden.0.weight", lambda w: w.half()),
    "weights that are no numbers": _tensor("deep.0.hidden.0.weight", lambda w: w * torch.nan),
    "weights that are not there": _without("deep.0.hidden.0.weight"),
    "no weights of the deep network": lambda d, t: [
        t.pop(name) for name in list(t) if name.startswith("deep.")
    ],
    "weights too many": lambda d, t: t.update(evil=torch.zeros(3)),
    "another network's weights": lambda d, t: t.update({"deep.1.x": torch.zeros(3)}),
    "trees that lead nowhere": _tensor("trees.0.left", lambda x: x + 10_000),
    "trees that ask for no column": _tensor("trees.0.column", lambda x: x - 1),
    "trees of uneven sizes": _tensor("trees.0.value", lambda x: x[:-1]),
    "trees of a depth beyond all bounds": _tensor("trees.0.depth", lambda x: x + 2**40),
    "trees that flow elsewhere": _tensor("trees.0.output", lambda x: x + 100),
    "trees of whole numbers": _tensor("trees.0.value", lambda x: x.int()),
    "trees that are squares": _tensor("trees.0.root", lambda x: x[:, None] + x),
    "trees of no base": _tensor("trees.0.base", lambda x: x[:0]),
    "an array too short": _tensor("schema.inputs.1.centre", lambda x: x[:0]),
    "an array that is empty": _tensor("schema.targets.1.scale", lambda x: x[:0]),
}


STRANGE = {
    "a style that is not known": _document("Number", "styles", value=[5]),
    "a date format that is none": _document("Date", "formats", value=["%Q%Q"]),
    "a length beyond all bounds": _document("Text", "length", value=2**70),
    "a vocabulary without terms": _tensor("schema.inputs.3.vocabularies.0.terms", lambda x: x[:0]),
    "folds that are true": _document(*PLAN_, "folds", value=True),
    "an array of another type": _tensor("schema.inputs.1.centre", lambda x: x.bool()),
}


def _spoil(folder: Path, spoil: Callable[[Document, Tensors], None]) -> None:
    document = json.loads((folder / "model.json").read_text("utf-8"))
    tensors = load_file(folder / "weights.safetensors")
    spoil(document, tensors)
    save_file(tensors, folder / "weights.safetensors")
    document["weights"] = weights_hash(folder)
    (folder / "model.json").write_text(json.dumps(document), "utf-8")


@pytest.mark.filterwarnings("ignore:column 'joined'. .* not a date")
@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_model_is_refused_or_does_no_harm(copy, name):
    _spoil(copy, STRANGE[name])
    try:
        loaded = load(copy)
    except ModelError:
        return
    assert loaded.predict(_with_text()).height == ROWS


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_is_refused_with_one_clear_error(copy, name):
    _spoil(copy, HOSTILE[name])
    with pytest.raises(ModelError) as raised:
        load(copy)
    message = str(raised.value)
    assert str(copy) in message and len(message) < 600 and "\n" not in message


EVIDENCE = {
    "no targets": lambda e: e.pop("targets"),
    "targets that are a list": lambda e: e.update(targets=[1]),
    "another target": lambda e: e.update(targets={"other": {}}),
    "a performance that is a word": lambda e: e["targets"]["label"].update(performance="good"),
    "a value that is a word": lambda e: e["targets"]["label"]["performance"].update(value="x"),
    "no versions": lambda e: e.pop("reproduce"),
    "no data": lambda e: e.update(data=None),
    "a curve that is a number": lambda e: e["targets"]["label"].update(curve=5),
    "calibration that is a list": lambda e: e["targets"]["label"].update(calibration=[[[]]]),
    "mistakes that are words": lambda e: e["targets"]["label"].update(mistakes=["a", "b"]),
    "a history of nothing": lambda e: e.update(history=[None, None]),
    "importance that is a word": lambda e: e["targets"]["label"].update(importance="high"),
}


@pytest.mark.parametrize("name", EVIDENCE)
def test_hostile_evidence_is_one_clear_error(copy, name):
    evidence = json.loads((copy / "evidence.json").read_text("utf-8"))
    EVIDENCE[name](evidence)
    (copy / "evidence.json").write_text(json.dumps(evidence), "utf-8")
    before = (copy / "report.html").read_bytes()
    with pytest.raises(ModelError) as raised:
        rewrite_report(copy)
    assert str(copy) in str(raised.value) and "\n" not in str(raised.value)
    assert (copy / "report.html").read_bytes() == before


def test_what_evidence_quotes_is_never_code_in_the_report(copy):
    evidence = json.loads((copy / "evidence.json").read_text("utf-8"))
    for mistake in evidence["targets"]["income"]["mistakes"]:
        mistake["cells"]["<script>alert(1)</script>"] = "<script>alert(2)</script>"
    evidence["data"]["source"] = "<img src=x onerror=alert(3)>"
    (copy / "evidence.json").write_text(json.dumps(evidence), "utf-8")
    page = rewrite_report(copy).read_text("utf-8")
    assert "alert(1)" in page and "alert(3)" in page
    assert "<script>alert" not in page and "<img src=x" not in page
