"""Folders of pictures, columns of paths, bytes and arrays: read, split, learnt from, predicted."""

from __future__ import annotations

import base64
import io
import json
import os
import runpy
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image as Pillow

import pellucid
from pellucid.data import contents as contents_module
from pellucid.data import table as table_module
from pellucid.data.contents import sampled
from pellucid.data.file_names import file_groups
from pellucid.data.fingerprint import fingerprint
from pellucid.data.reading import read
from pellucid.data.table import Table
from pellucid.errors import DataError, Mends, UsageError
from pellucid.experience import gather
from pellucid.kinds.audio import Audio
from pellucid.kinds.image import Image
from pellucid.learning import learn
from pellucid.media import files as files_module
from pellucid.media.files import NO_FILES, Files, UnreadableError, in_parallel
from pellucid.media.recognition import medium_of, medium_of_bytes
from pellucid.networks.layers import Encoder
from pellucid.networks.layers.watching import Watching
from pellucid.networks.network import Body
from pellucid.settings import Settings
from pellucid.store import build_store
from pellucid.training.encoders import seen_at, triangular
from pellucid.training.plan import Plan
from pellucid.workshop import Workshop
from pictures import class_folders, encoded, stripes

PLAN = triangular(
    Plan(
        body=Body(members=2, width=8, blocks=0, embedding=4, encoder=Encoder(4, 1, False, True)),
        folds=1, batch=16, rate=5e-3, decay=1e-2, steps=1, evaluate_every=1, patience=2**20,
        threads=1,
    ),
    60,
)  # fmt: skip


def learnt(source, target=None, **options):
    return learn(source, target, **{"plan": PLAN, "minutes": 0.3, "verbose": False, **options})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return class_folders(tmp_path_factory.mktemp("stripes") / "photos")


@pytest.fixture(scope="module")
def model(folder):
    return learnt(folder)


# ---- sources -------------------------------------------------------------------------------------


def test_class_folders_are_a_table_whose_target_is_the_folder(folder):
    table = read(folder, Mends(strict=True))
    assert table.columns == ["image", "folder"]
    assert (table.height, table.target, table.split) == (60, "folder", None)
    assert table.column("image")[0] == "lying/000.png"


def test_folders_of_train_and_test_split_the_rows(tmp_path):
    for side in ("train", "test"):
        class_folders(tmp_path / side, each=3)
    table = read(tmp_path, Mends())
    assert table.split == "split"
    assert sorted(set(table.column("split"))) == ["test", "train"]
    assert sorted(set(table.column("folder"))) == ["lying", "upright"]


def test_other_files_are_counted_and_hidden_ones_are_not(tmp_path):
    class_folders(tmp_path, each=3)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "lying" / ".DS_Store").write_bytes(b"x")
    mends = Mends()
    assert read(tmp_path, mends).height == 6
    assert [(mend.count, mend.where) for mend in mends.found] == [(1, ("notes.txt",))]


def test_the_fingerprint_knows_what_the_files_hold(tmp_path):
    paths = [tmp_path / f"{i}.wav" for i in range(4)]
    for i, path in enumerate(paths):
        path.write_bytes(bytes([i]) * (100 if i else 1_000_000))
    rows = {"sound": [str(path) for path in paths], "n": [1, 2, 3, 4]}

    def told():
        return fingerprint(read(rows, Mends()))

    before = told()
    paths[0].touch()
    assert told() == before
    for place in (0, 500_000, 999_999):
        content = bytearray(paths[0].read_bytes())
        content[place] ^= 1
        paths[0].write_bytes(content)
        assert told() != before
        content[place] ^= 1
        paths[0].write_bytes(content)
    assert told() == before
    paths[2].write_bytes(bytes([2]) * 99 + b"x")
    changed = told()
    assert changed != before
    paths[3].unlink()
    assert told() not in (before, changed)
    (tmp_path / "moved").mkdir()
    moved = [paths[0].rename(tmp_path / "moved" / "0.wav"), *paths[1:3]]
    assert len({fingerprint(read({"sound": [str(p)]}, Mends())) for p in moved}) == 3


def test_slices_of_whole_files_are_by_bytes_and_change_nothing(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    photos = [None if i % 9 == 4 else b"\xff\xd8\xff" + rng.bytes(9_000 + i) for i in range(300)]
    path = tmp_path / "t.parquet"
    names = [f"{i}.png" for i in range(300)]
    pl.DataFrame({"photo": photos, "name": names, "y": range(300)}).write_parquet(path)
    whole = fingerprint(read(path, Mends()))
    monkeypatch.setattr(table_module, "BATCH_BYTES", 200_000)
    table = read(path, Mends())
    assert fingerprint(table) == whole
    seen = []
    collect = Table._collect

    def spy(self, lazy):
        seen.append(collect(self, lazy))
        return seen[-1]

    monkeypatch.setattr(Table, "_collect", spy)
    assert pl.concat(table.batches(["photo"], 512))["photo"].to_list() == photos
    rows = rng.permutation(300)
    assert table.take(rows)["photo"].to_list() == [photos[row] for row in rows]
    assert len(seen) > 20
    assert max(frame["photo"].bin.size().sum() for frame in seen) < 300_000
    assert next(table.batches(["name", "y"])).height == 300


def test_of_a_column_of_whole_files_only_what_kinds_look_at_is_kept(monkeypatch):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (80, 64, 64), dtype=np.uint8)
    photos = [None if i % 8 == 3 else encoded(Pillow.fromarray(p)) for i, p in enumerate(noise)]
    sure = [photos[0]] * 80
    notes = [
        b"a note of some length, and no picture " * 40 + bytes([65 + i % 9]) for i in range(80)
    ]
    frame = pl.DataFrame(
        {"photo": photos, "again": photos, "same": sure, "note": notes, "n": rng.normal(size=80),
         "y": ["a", "b"] * 40}
    )  # fmt: skip
    table = read(frame, Mends())
    before = gather((table,), ["y"], Settings(), None, Mends())
    monkeypatch.setattr(contents_module, "KEPT_BYTES", 0)
    monkeypatch.setattr(contents_module, "FEWEST", 10)
    monkeypatch.setattr(table_module, "BATCH_BYTES", 50_000)
    monkeypatch.setattr(contents_module, "BATCH_BYTES", 50_000)
    rows = np.arange(1, 80)
    sample = sampled(Table("t", frame.lazy(), 80), rows, frame.columns, {}, 10_000)
    assert sample.cells.columns == frame.columns
    media = ["photo", "again", "same"]
    size = sample.cells.select(media).estimated_size()
    assert size < 0.1 * frame.select(media).estimated_size()
    assert sample.cells["note"].to_list() == notes[1:]
    there = sample.whole(["n", "photo"])
    assert there["photo"].null_count() < 3
    assert 10 <= there.height <= 25
    assert there.rows() == frame.select("n", "photo")[rows[sample.rows]].rows()
    assert sample.whole(["n"]).height == 79
    after = gather((read(frame, Mends()),), ["y"], Settings(), None, Mends())
    assert after.findings == before.findings
    assert {found.column: found.reason for found in after.findings.ignored} == {
        "again": "an exact copy of 'photo'", "same": before.findings.ignored[1].reason,
    }  # fmt: skip
    assert after.schema.reasons == before.schema.reasons
    assert after.schema.reasons["photo"] == "it holds pictures"


def test_a_folder_that_takes_too_long_to_decode_is_refused_after_its_first_slice(
    folder, tmp_path, monkeypatch
):
    encode, encoded_rows, output = Image.encode, [], tmp_path / "m.pellucid"

    def slowly(kind, cells, mends):
        encoded_rows.append(cells.height)
        time.sleep(0.2)
        return encode(kind, cells, mends)

    monkeypatch.setattr(Image, "slice_rows", 6)
    monkeypatch.setattr(Image, "encode", slowly)
    told = r"The pictures of 60 rows .* minutes to decode, and 0.02 are given .*; give 1, fewer"
    for _ in range(2):  # what was refused once is so again
        encoded_rows.clear()
        with pytest.raises(UsageError, match=told):
            learnt(folder, plan=None, minutes=0.02, output=output)
        assert encoded_rows == [6]
    assert learnt(folder, minutes=0.02).targets  # a plan that is given is not hurried
    monkeypatch.setattr(Workshop, "plan", lambda _: PLAN)  # nor is a killed run that goes on
    assert learnt(folder, plan=None, minutes=0.02, output=output).targets


@pytest.mark.parametrize("together", [True, False])
def test_small_pictures_beside_large_ones_are_not_shrunk_beyond_use(together):
    """A film of 96 pixels is seen at a third of it, a picture of 8 or 28 beside it whole."""
    schema = SimpleNamespace(media=[SimpleNamespace(side=side) for side in (96, 28, 8, 1)])
    alone = SimpleNamespace(media=[SimpleNamespace(side=side) for side in (96, 1)])
    encoder = seen_at(Encoder(channels=4), schema if together else alone, 32)
    assert encoder.shrink == encoder.shrink_of(96) == 3
    assert seen_at(encoder, alone, 32) == Encoder(channels=4, shrink=3)
    for side in (28, 8) if together else ():
        assert encoder.shrink_of(side) == 1
        cells = pl.DataFrame({"p": [encoded(stripes(i, True, side)) for i in range(3)]})
        kind = Image.fit(cells)
        layer = kind.input_layer(8, torch.Generator().manual_seed(0), encoder)
        sizes = []
        layer.encoder.register_forward_hook(lambda _, x, __, to=sizes: to.append(x[0].shape[2:]))
        batch = build_store([kind.encode(cells, Mends())]).batch(torch.arange(3))
        layer(batch)
        assert sizes == [(side, side)]
    film = Watching(8, 96, encoder, torch.Generator().manual_seed(0))
    assert film._views(torch.zeros(1, 8, 2, 96, 96, 3, dtype=torch.uint8)).shape[3:] == (32, 32)


def test_a_folder_without_classes_needs_a_target(tmp_path):
    for i in range(3):
        stripes(i, True).save(tmp_path / f"{i}.png")
    assert read(tmp_path, Mends()).columns == ["image"]
    with pytest.raises(UsageError, match="Say what to predict"):
        learn(tmp_path, verbose=False)


def test_media_are_recognised_by_extension_content_and_shape():
    assert medium_of(pl.Series(["a/b.JPG", "c.png", None])) == "image"
    assert medium_of(pl.Series(["a.wav", "b.mp3"])) == "audio"
    assert medium_of(pl.Series(["clip.mp4"])) == "video"
    assert medium_of(pl.Series(["see a.png", "no picture", "none here"])) is None
    assert medium_of(pl.Series([1.5])) is None
    assert medium_of_bytes(encoded(stripes(0, True))) == "image"
    assert medium_of_bytes(b"RIFF\0\0\0\0WAVE") == "audio"
    assert medium_of_bytes(b"\0\0\0\x18ftypmp42") == "video"


@pytest.mark.parametrize("form", ["bytes", "arrays", "Pillow", "one array", "data URIs"])
def test_a_column_may_hold_pictures_in_any_form(form):
    made = [stripes(i, i % 2 == 0) for i in range(12)]
    columns = {
        "bytes": [encoded(each) for each in made],
        "arrays": [np.asarray(each) for each in made],
        "Pillow": made,
        "one array": np.stack([np.asarray(each) for each in made]),
        "data URIs": [
            "data:image/png;base64," + base64.b64encode(encoded(each)).decode() for each in made
        ],
    }
    table = read({"photo": columns[form], "n": list(range(12))}, Mends(strict=True))
    cells = table.files.locate(table.lazy.select("photo").collect(), Mends())
    assert Image.matches(cells["photo"]) == "it holds pictures"
    pixels = Image.fit(cells).encode(cells, Mends(strict=True))["image"]
    assert np.array_equal(pixels[:, 0, :, :, 0], np.stack([np.asarray(each) for each in made]))


def test_pandas_frames_may_hold_pillow_images():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"photo": [stripes(0, True), None, stripes(1, True)]})
    column = read(frame, Mends()).column("photo")
    assert column.dtype == pl.Binary
    assert column.null_count() == 1


def test_a_pillow_image_whose_file_breaks_off_is_missing_and_counted_with_its_row():
    whole = encoded(stripes(0, True, 64))
    made = [Pillow.open(io.BytesIO(each)) for each in (whole, whole[: len(whole) // 2], whole)]
    mends = Mends()
    column = read({"photo": made}, mends).column("photo")
    assert column.is_null().to_list() == [False, True, False]
    (mend,) = mends.found
    assert (mend.fault, mend.action) == (
        "a picture that is cut short or damaged", "taken as missing"
    )  # fmt: skip
    assert mend.where == ("row 2: a PngImageFile",)


@pytest.mark.parametrize("odd", ["", "none taken", 3.5, [1, 2]])
def test_an_odd_cell_among_pictures_is_missing_and_the_others_stay_pictures(odd):
    file = encoded(stripes(3, True))
    mends = Mends()
    column = read({"photo": [stripes(0, True), odd, file, None, stripes(1, True)]}, mends).column(
        "photo"
    )
    assert column.is_null().to_list() == [False, True, False, True, False]
    assert medium_of(column) == "image"
    (mend,) = mends.found
    assert (mend.fault, mend.count) == ("cell that is no picture, sound or film", 1)
    assert mend.where[0].startswith("row 2: ")


def test_a_few_pictures_among_many_texts_leave_a_column_of_texts():
    column = read({"note": ["a", "b", stripes(0, True), "c", "a"]}, Mends()).column("note")
    assert column.dtype == pl.String
    assert column[3] == "c"


def test_a_short_wave_among_waves_is_a_short_sound():
    waves = [np.ones(2_000, np.float32), np.full(500, 0.5, np.float32), np.ones(3, np.float32)]
    column = read({"sound": waves}, Mends(strict=True)).column("sound")
    assert medium_of(column) == "audio"
    kind, mends = Audio.fit(column.to_frame()), Mends()
    kind.encode(column.to_frame(), mends)
    assert [(mend.fault, mend.where[0].split(":")[0]) for mend in mends.found] == [
        ("a sound that is too short to hear, a thousandth of a second at most", "row 3")
    ]


@pytest.mark.parametrize("shape", [(2_000, 2), (2, 2_000), (1, 300), (2_000,)])
def test_an_array_of_one_or_two_channels_is_a_sound_and_not_a_picture(shape):
    waves = [np.full(shape, 0.5, np.float32) for _ in range(3)]
    column = read({"sound": waves}, Mends(strict=True)).column("sound")
    assert medium_of(column) == "audio"
    assert Audio.fit(column.to_frame()).seconds == (max(shape) / 16_000,)
    picture = read({"photo": [np.zeros((3, 300))]}, Mends(strict=True)).column("photo")
    assert medium_of(picture) == "image"


# ---- whose files may be opened -------------------------------------------------------------------


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a/../../secret.png", "link.png"])
def test_paths_that_leave_the_folder_of_a_stranger_are_refused_and_counted(path, tmp_path):
    inside = tmp_path / "data"
    inside.mkdir()
    stripes(0, True).save(tmp_path / "secret.png")
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    mends = Mends()
    located = Files(inside, confined=True).locate(pl.DataFrame({"photo": [path]}), mends)
    assert located["photo"].to_list() == [None]
    assert "outside of the data folder" in mends.found[0].fault
    assert NO_FILES.locate(pl.DataFrame({"photo": ["a.png"]}), Mends())["photo"][0] is None


def test_without_leave_a_schema_opens_no_file(folder, model):
    cells = pl.DataFrame({"image": [str(folder / "lying" / "000.png")]})
    mends = Mends()
    assert model.schema.encode(cells, mends)["image.missing"].all()
    assert mends.found


# ---- learning ------------------------------------------------------------------------------------


def test_it_learns_from_class_folders_and_predicts_paths_bytes_and_folders(folder, model, tmp_path):
    evidence = model.evidence["targets"]["folder"]
    assert evidence["performance"]["value"] > 0.8
    file = folder / "upright" / "003.png"
    for cell in (str(file), file.read_bytes(), np.asarray(Pillow.open(file))):
        assert model.predict({"image": [cell]}).to_list() == ["upright"]
    assert model.evaluate(folder)["folder"]["performance"]["value"] > 0.8
    model.save(tmp_path / "m")
    again = pellucid.load(tmp_path / "m")
    assert again.predict_proba(folder).equals(model.predict_proba(folder))


def test_a_folder_is_predicted_with_the_name_of_each_file(folder, model):
    (frame,) = model.predictions(folder, Mends())
    assert frame.columns == ["image", "folder", "folder confidence"]
    assert frame["image"].str.split("/").list.first().unique().sort().to_list() == [
        entry.name for entry in sorted(folder.iterdir())
    ]
    paths = [str(folder / name) for name in frame["image"]]
    assert model.predict({"image": paths}).to_list() == frame["folder"].to_list()
    (named,) = model.predictions({"image": paths}, Mends())  # who names files knows their order
    assert named.columns == ["folder", "folder confidence"]


def test_the_report_shows_pictures_and_only_pictures(model, tmp_path):
    path = model.save(tmp_path / "m")
    text = (path / "report.html").read_text("utf-8")
    assert text.count('src="data:image/png;base64,') >= 8
    evidence = json.loads((path / "evidence.json").read_text("utf-8"))
    hostile = 'data:image/png;base64,"><script>alert(1)</script>'
    evidence["targets"]["folder"]["surest"][0]["previews"]["image"]["image"] = hostile
    (path / "evidence.json").write_text(json.dumps(evidence), "utf-8")
    pellucid.keeping.rewrite_report(path)
    assert "alert(1)" not in (path / "report.html").read_text("utf-8")


def test_learning_in_halves_learns_as_well_and_gives_the_same_bytes_again(folder):
    halved = replace(PLAN, body=replace(PLAN.body, encoder=replace(PLAN.body.encoder, half=True)))
    one, other = learnt(folder, plan=halved), learnt(folder, plan=halved)
    assert one.evidence["targets"]["folder"]["performance"]["value"] > 0.9
    for name, tensor in one.network.state_dict().items():
        assert tensor.equal(other.network.state_dict()[name]), name
        assert tensor.dtype != torch.bfloat16


def test_the_same_plan_gives_the_same_bytes(folder, model):
    again = learnt(folder)
    for name, tensor in model.network.state_dict().items():
        assert tensor.equal(again.network.state_dict()[name]), name


def test_bad_pictures_are_counted_and_learning_goes_on(tmp_path):
    class_folders(tmp_path / "photos")
    (tmp_path / "photos" / "lying" / "bad.png").write_bytes(b"")
    (tmp_path / "photos" / "lying" / "worse.png").write_bytes(encoded(stripes(0, True))[:90])
    model = learnt(tmp_path / "photos")
    faults = {mend["fault"]: mend for mend in model.evidence["data"]["mends"]}
    assert faults["0 bytes"]["count"] == 1
    assert "lying/bad.png" in faults["0 bytes"]["where"][0]
    assert faults["a picture that is cut short or damaged"]["count"] == 1
    with pytest.raises(DataError, match="strict"):
        learnt(tmp_path / "photos", strict=True)


def test_pictures_and_numbers_are_learnt_from_together(tmp_path):
    """The target needs both: which way the stripes lie, and the sign of a number."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(160):
        upright, number = bool(i % 2), rng.normal()
        stripes(i, upright, 12).save(tmp_path / f"{i}.png")
        rows.append((f"{i}.png", number, 2.0 * upright + (number > 0) + rng.normal(0, 0.05)))
    pl.DataFrame(rows, ["photo", "number", "score"], orient="row").write_csv(tmp_path / "t.csv")
    body = Body(members=2, width=32, blocks=1, embedding=4, encoder=Encoder(4, 1, False, True))
    plan = triangular(Plan(**{**vars(PLAN), "body": body}), 150)
    model = learnt(tmp_path / "t.csv", "score", plan=plan)
    assert model.evidence["targets"]["score"]["others"]["R²"] > 0.8
    columns = {each["name"]: each["kind"] for each in model.evidence["data"]["columns"]}
    assert columns == {"photo": "image", "number": "number"}
    importance = model.evidence["targets"]["score"]["importance"]
    assert {each["column"] for each in importance} == {"photo", "number"}
    assert all(each["value"] > 0.05 for each in importance)


# ---- what must stay together ---------------------------------------------------------------------


def names(*parts):
    return pl.Series([f"recordings/{label}_{who}_{take}.png" for label, who, take in parts])


def test_file_names_tell_the_speaker_but_not_the_label_or_the_take():
    who = ("anna", "ben", "cleo", "dan")
    parts = [(i % 5, who[i % 4], i) for i in range(80)]
    groups = file_groups(names(*parts), pl.Series([str(label) for label, _, _ in parts]))
    assert groups.count == 4
    assert groups.some == ("anna", "ben", "cleo")
    assert [len(set(groups.of_row[i::4])) for i in range(4)] == [1] * 4


@pytest.mark.parametrize(
    "pattern", ["{c}/{i:04}.png", "{c}_{i:04}.png", "IMG_{i}.png", "{i}_{c}.png"]
)
def test_file_names_that_only_number_or_repeat_the_label_tell_no_group(pattern):
    labels = ["cat" if i % 2 else "dog" for i in range(60)]
    paths = pl.Series([pattern.format(c=c, i=i) for i, c in enumerate(labels)])
    assert file_groups(paths, pl.Series(labels)) is None


def test_rows_of_one_named_group_stay_on_one_side_and_the_report_says_so(tmp_path):
    who = [f"person{i}" for i in range(12)]
    for i in range(72):
        folder = tmp_path / ("upright", "lying")[i % 2]
        folder.mkdir(exist_ok=True)
        stripes(i, not i % 2, 8).save(folder / f"{who[i // 6]}_{i}.png")
    model = learnt(tmp_path, plan=triangular(PLAN, 20))
    how = model.evidence["data"]["split"]["how"]
    assert "files of one group by their names ('person0', 'person1'" in how


@pytest.mark.parametrize("parted", [True, False])
def test_a_split_that_parts_the_groups_has_them_parted_in_choosing_too(parted, tmp_path):
    rows = []
    for i in range(120):
        name = f"person{i // 6}_{i}.png"
        stripes(i, bool(i % 2), 8).save(tmp_path / name)
        proves = i // 6 >= 15 if parted else i % 6 >= 4
        rows.append((name, "ab"[i % 2], "test" if proves else "train"))
    pl.DataFrame(rows, ["photo", "label", "side"], orient="row").write_csv(tmp_path / "t.csv")
    table = read(tmp_path, Mends())
    split = gather((table,), ["label"], Settings(), "side", Mends()).split
    learns, chooses = ({row // 6 for row in side} for side in (split.learn, split.choose))
    assert bool(learns & chooses) is not parted


def test_the_demo_writes_every_digit_into_its_folder(tmp_path, monkeypatch):
    script = Path(__file__).parents[1] / "examples" / "digit_pictures.py"
    monkeypatch.setattr("sys.argv", [str(script), str(tmp_path / "digits")])
    runpy.run_path(str(script), run_name="__main__")
    table = read(tmp_path / "digits", Mends(strict=True))
    assert table.height == 1_797
    assert table.column("folder").unique().sort().to_list() == list("0123456789")


def test_a_table_without_files_names_no_medium():
    table = Table("t", pl.DataFrame({"a": ["x", "y"]}).lazy(), 2)
    assert medium_of(table.column("a")) is None


@pytest.mark.parametrize(("count", "seconds"), [(3, 0), (1_000, 0), (7, 0.002), (60, 0.002)])
def test_cells_come_in_their_order_with_faults_in_their_places(count, seconds):
    def work(cell):
        time.sleep(seconds)
        if cell.endswith("7"):
            raise UnreadableError(f"no {cell}")
        return f"read {cell}"

    cells = [None if n % 5 == 0 else str(n) for n in range(count)]
    found = list(in_parallel(work, cells))
    told = [str(each) if each is not None else None for each in found]
    assert told == [
        None if n % 5 == 0 else f"no {n}" if n % 10 == 7 else f"read {n}" for n in range(count)
    ]
    with pytest.raises(ZeroDivisionError):
        list(in_parallel(lambda cell: 1 / (int(cell) - 2), [str(n) for n in range(count)]))


@pytest.mark.parametrize(("seconds", "threads"), [(0, 1), (0.005, 2)])
def test_only_cells_that_take_long_are_read_by_several_threads(seconds, threads, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2), raising=False)
    told, clock = set(), [0.0]
    monkeypatch.setattr(files_module, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def work(cell):
        if cell == "none":
            raise UnreadableError("no such file")
        clock[0] += seconds
        time.sleep(seconds)
        told.add(threading.get_ident())

    list(in_parallel(work, [None, "none", *["a"] * 40]))
    assert len(told - {threading.get_ident()}) == (threads if threads > 1 else 0)
