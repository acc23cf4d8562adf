"""Pictures of every format and fault, and the layer that takes them."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image as Pillow
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import pellucid
from pellucid.errors import DataError, Mends
from pellucid.kinds.image import Image
from pellucid.media.arrays import as_bytes
from pellucid.media.files import UnreadableError
from pellucid.media.pictures import Form, decode
from pellucid.networks.layers import Encoder, random_layers, seed_layers
from pellucid.networks.layers.augmentation import PictureAugmentation
from pellucid.networks.layers.gradients import oriented_gradients
from pellucid.store import build_store
from pellucid.training.optimizers import FlatMuon
from pictures import class_folders, encoded, scene, stripes
from sounding import resident, small_plan

GREY = Pillow.fromarray(np.linspace(0, 255, 16 * 16).reshape(16, 16).astype(np.uint8))
RED = Pillow.new("RGB", (16, 16), (255, 0, 0))


def frame(*cells: object) -> pl.DataFrame:
    return pl.DataFrame({"photo": list(cells)})


def pixels(cell: bytes, like: bytes | None = None) -> np.ndarray:
    """(height, width, channels) of a picture as it is encoded."""
    kind = Image.fit(frame(like or cell))
    mends = Mends(strict=True)
    return kind.encode(frame(cell), mends)["image"][0, 0]


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_every_lossless_format_gives_the_same_pixels(form):
    options = {"lossless": True} if form == "WEBP" else {}
    assert np.array_equal(pixels(encoded(GREY, form, **options))[..., 0], np.asarray(GREY))


def test_a_jpeg_that_is_decoded_small_shows_the_same_as_one_decoded_whole():
    large = scene(1, 1_024)
    like = encoded(stripes(2, True, 32))
    jpeg, png = (pixels(encoded(large, form), like).astype(int) for form in ("JPEG", "PNG"))
    assert np.abs(jpeg - png).mean() < 4
    assert jpeg.std() > 20


def test_what_shines_through_is_seen_on_white():
    clear = Pillow.new("RGBA", (16, 16), (0, 0, 0, 0))
    clear.paste((255, 0, 0, 255), (0, 0, 8, 16))
    for form in ("PNG", "TIFF"):
        seen = pixels(encoded(clear, form))
        assert seen[0, 0].tolist() == [255, 0, 0]
        assert seen[0, 15].tolist() == [255, 255, 255]


def test_a_picture_is_turned_as_its_camera_was():
    exif = Pillow.Exif()
    exif[0x0112] = 6  # the top is at the right
    tall = Pillow.new("L", (16, 16))
    tall.paste(255, (0, 0, 16, 4))
    seen = pixels(encoded(tall, "JPEG", exif=exif, quality=95))[..., 0]
    assert seen[:, -3:].mean() > 200
    assert seen[:, :8].mean() < 50


def test_sixteen_bits_are_brought_to_what_most_pictures_hold():
    ramp = np.linspace(1_000, 3_000, 256).reshape(16, 16).astype(np.uint16)
    seen = pixels(encoded(Pillow.fromarray(ramp), "PNG"))[..., 0]
    assert seen.min() == 0
    assert seen.max() == 255
    assert np.all(np.diff(seen.astype(int).ravel()) >= 0)


RAMP = np.linspace(0, 1, 256).reshape(16, 16)
WITH_GAP = np.where(RAMP == 0, np.nan, RAMP)


@pytest.mark.parametrize(
    "array",
    [
        (RAMP * 250).astype(np.uint16),  # dark, but of 16 bits
        (RAMP * 60_000).astype(np.uint16),
        (RAMP * 4_000 - 1_000).astype(np.int16),
        RAMP * 4_000,
        WITH_GAP * 4_000,
        WITH_GAP,
        WITH_GAP * 255,
        np.repeat((RAMP * 60_000).astype(np.uint16)[:, :, None], 3, 2),
        np.repeat((RAMP * 4_000).astype(np.uint16)[:, :, None], 4, 2),
    ],
    ids=str,
)
def test_arrays_of_any_depth_go_from_black_to_white(array):
    if array.ndim == 3 and array.shape[2] == 4:
        array[..., 3] = 65_535
    seen = pixels(as_bytes(array)).astype(int).mean(2)
    assert np.abs(seen - RAMP * 255).max() < 8
    assert np.all(np.diff(seen.ravel()) >= 0)


def test_colour_of_sixteen_bits_is_seen():
    red = np.zeros((16, 16, 3), np.uint16)
    red[:, 8:, 0] = 4_000
    seen = pixels(as_bytes(red))
    assert seen[3, 12].tolist() == [255, 0, 0]
    assert seen[3, 3].tolist() == [0, 0, 0]


def test_a_picture_of_floats_with_a_gap_does_not_make_the_others_black():
    whole, gap = (RAMP * 3_000).astype(np.float32), (WITH_GAP * 3_000).astype(np.float32)
    cells = frame(*(encoded(Pillow.fromarray(each), "TIFF") for each in (gap, gap, whole)))
    kind = Image.fit(cells)
    seen = kind.encode(cells, Mends(strict=True))["image"]
    assert seen.mean((1, 2, 3, 4)) == pytest.approx([127] * 3, abs=3)
    nothing, mends = Pillow.fromarray(np.full((16, 16), np.nan, np.float32)), Mends()
    assert kind.encode(frame(encoded(nothing, "TIFF")), mends)["image.missing"].all()
    assert mends.found[0].fault == "a picture without a number"


def test_colour_is_kept_where_there_is_some_and_else_one_channel_is_enough():
    assert Image.fit(frame(encoded(RED), encoded(GREY))).channels == 3
    assert Image.fit(frame(encoded(GREY.convert("RGB")))).channels == 1
    assert pixels(encoded(RED))[3, 3].tolist() == [255, 0, 0]


def test_wide_pictures_are_learnt_wide_and_a_square_one_among_them_is_padded():
    wide = [encoded(Pillow.new("L", (96, 48), 200)) for _ in range(3)]
    kind = Image.fit(frame(*wide))
    assert (kind.width, kind.height) == (96, 48)
    seen = kind.encode(frame(encoded(Pillow.new("L", (48, 48), 200))), Mends())["image"][0, 0]
    assert np.all(seen[:, 40:56] == 200)
    assert np.all(seen[:, :20] == 128)


FAULTS = {
    "no picture, by its content": b"hello" * 20,
    "0 bytes": b"",
    "cut short": encoded(stripes(0, True, 64))[:600],
    "single pixel": encoded(Pillow.new("L", (1, 1))),
    "million pixels": encoded(Pillow.new("1", (20_000, 20_000))),
    "array that is damaged": b"\x93NUMPY\x01\x00",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.filterwarnings("default::PIL.Image.DecompressionBombWarning")
def test_a_bad_picture_is_missing_and_counted_with_its_row(fault):
    good = encoded(GREY)
    kind, mends = Image.fit(frame(good)), Mends()
    raw = kind.encode(frame(good, FAULTS[fault], good), mends)
    assert raw["image.missing"].tolist() == [[False], [True], [False]]
    assert not raw["image"][1].any()
    (mend,) = mends.found
    assert fault in mend.fault
    assert (mend.count, mend.column) == (1, "photo")
    assert mend.where[0].startswith("row 2: ")
    with pytest.raises(DataError, match="strict"):
        kind.encode(frame(FAULTS[fault]), Mends(strict=True))


@pytest.mark.parametrize("kind", ["image", "audio", "video"])
def test_a_column_of_numbers_that_is_to_hold_media_is_an_error_that_names_it(kind):
    numbers = {"x": list(range(1, 31)), "y": [0, 1] * 15}
    with pytest.raises(DataError, match=r"Column 'x' is to hold .* holds Int64 such as"):
        pellucid.learn(numbers, "y", kinds={"x": kind}, verbose=False)


def test_files_that_are_not_there_or_are_no_files_are_counted_by_name(tmp_path):
    (tmp_path / "good.png").write_bytes(encoded(GREY))
    (tmp_path / "folder.png").mkdir()
    names = [str(tmp_path / name) for name in ("good.png", "gone.png", "folder.png")]
    mends = Mends()
    raw = Image.fit(frame(*names)).encode(frame(*names), mends)
    assert raw["image.missing"][:, 0].tolist() == [False, True, True]
    assert [mend.fault for mend in mends.found] == ["no such file", "a folder in place of a file"]
    assert "gone.png" in mends.found[0].where[0]


def test_a_huge_file_with_the_name_of_a_picture_is_not_read(tmp_path):
    path = tmp_path / "film.png"
    with path.open("wb") as file:
        file.truncate(513 * 2**20)  # takes no room on the disk
    with pytest.raises(UnreadableError, match="a file of more than 512 MB"):
        decode(str(path), Form(8, 8, 1))


def test_a_file_that_may_not_be_read_is_counted_by_name(tmp_path, monkeypatch):
    names = [str(tmp_path / name) for name in ("good.png", "secret.png")]
    for name in names:
        Path(name).write_bytes(encoded(GREY))
    kind, open_ = Image.fit(frame(names[0])), Path.open

    def refused(path, *args, **options):  # as for a user who is not root
        if path.name == "secret.png":
            raise PermissionError(13, "Permission denied")
        return open_(path, *args, **options)

    monkeypatch.setattr(Path, "open", refused)
    mends = Mends()
    assert kind.encode(frame(*names), mends)["image.missing"][:, 0].tolist() == [False, True]
    assert mends.found[0].fault == "a file that may not be read"
    assert "secret.png" in mends.found[0].where[0]


def test_a_picture_damaged_in_its_middle_and_one_with_a_wrong_name(tmp_path):
    whole = encoded(stripes(0, True, 64))
    middle = len(whole) // 2
    (tmp_path / "a.png").write_bytes(whole[:middle] + bytes(40) + whole[middle + 40 :])
    (tmp_path / "b.jpg").write_bytes(encoded(GREY))  # a PNG by its content
    mends = Mends()
    kind = Image.fit(frame(encoded(GREY)))
    raw = kind.encode(frame(str(tmp_path / "a.png"), str(tmp_path / "b.jpg")), mends)
    assert raw["image.missing"][:, 0].tolist() == [True, False]
    assert "cut short or damaged" in mends.found[0].fault


def test_a_mistake_of_ours_is_no_damaged_picture():
    wrong = replace(Image.fit(frame(encoded(GREY))).form, height=None)
    with pytest.raises(TypeError):
        decode(encoded(stripes(0, True, 32), "JPEG"), wrong)


def test_ten_thousand_pictures_leave_no_memory_behind():
    good, bad = encoded(stripes(0, True, 32), "JPEG"), encoded(stripes(0, True, 32), "JPEG")[:300]
    form = Image.fit(frame(good)).form

    def many(count):
        for _ in range(count):
            decode(good, form)
            with pytest.raises(UnreadableError):
                decode(bad, form)

    many(500)
    before = resident()
    many(4_500)
    assert resident() - before < 4e6


def test_a_column_of_which_nothing_can_be_read_is_an_error_that_says_why():
    with pytest.raises(DataError, match=r"None of the pictures of column 'photo'.*no such file"):
        Image.fit(frame("gone.png", "lost.png"))


def test_a_picture_too_large_for_any_schema_is_refused():
    with pytest.raises(ValueError, match="too large"):
        Image(("a",), 100_000, 100_000, 3, 0.0, 1.0, (0.0,) * 3, (1.0,) * 3, (1, 1))


# ---- layers --------------------------------------------------------------------------------------


def test_oriented_gradients_tell_digits_apart_as_well_as_is_known():
    """A linear model of HOG has 97 to 99 % of scikit-learn's digits; of plain pixels about 96 %."""
    digits = load_digits()
    images = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
    grown = torch.nn.functional.interpolate(images, (32, 32), mode="bilinear")
    features = oriented_gradients(grown).numpy()
    model = LogisticRegression(C=30, max_iter=100).fit(features[:1_200], digits.target[:1_200])
    assert features.shape == (1_797, 324)
    assert model.score(features[1_200:], digits.target[1_200:]) > 0.95


def test_gradients_do_not_change_with_light_and_follow_the_stripes():
    picture = torch.tensor(np.asarray(stripes(3, True, 32)) / 255, dtype=torch.float32)[None, None]
    plain, darker = oriented_gradients(picture), oriented_gradients(0.5 * picture + 0.1)
    torch.testing.assert_close(plain, darker, atol=0.05, rtol=0)
    across, down = (oriented_gradients(p).view(9, -1).sum(1) for p in (picture, picture.mT))
    assert int(across.argmax()) == 0
    assert int(down.argmax()) in (4, 5)


def augmented(mirror: bool, distort: bool, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    layer = PictureAugmentation(mirror, distort).train()
    x = torch.linspace(-1, 1, 16).expand(64, 3, 16, 16).contiguous()
    seed_layers(random_layers(layer), seed, 1)
    return x, layer(x)


@pytest.mark.parametrize("distort", [False, True])
def test_augmentation_depends_on_seed_and_step_alone_and_keeps_shape(distort):
    x, once = augmented(True, distort)
    assert once.shape == x.shape
    assert once.equal(augmented(True, distort)[1])
    assert not once.equal(augmented(True, distort, seed=1)[1])
    assert not once.equal(x)
    assert torch.stack(list(once)).std(0).max() > 0.1


def test_pictures_are_mirrored_only_where_that_does_no_harm():
    def slopes(mirror: bool) -> torch.Tensor:
        y = augmented(mirror, False)[1]
        return y[..., -4:].mean((1, 2, 3)) - y[..., :4].mean((1, 2, 3))

    assert (slopes(False) > -0.2).all()
    assert 15 < int((slopes(True) < -0.2).sum()) < 50


def test_nothing_is_augmented_when_predicting_and_a_mirrored_picture_then_gives_the_same():
    cells = frame(*(encoded(stripes(i, i % 2 == 0)) for i in range(8)))
    kind = Image.fit(cells)
    raw = build_store([kind.encode(cells, Mends())]).batch(torch.arange(8))
    layer = kind.input_layer(8, torch.Generator().manual_seed(0), Encoder(4, 1, True, True)).eval()
    assert layer(raw).equal(layer(raw))
    torch.testing.assert_close(layer(raw), layer(kind.mirrored(raw)), atol=1e-5, rtol=1e-4)


def test_likeness_knows_a_picture_that_was_saved_again_from_another_one():
    again = scene(5).resize((48, 48))
    cells = frame(encoded(scene(5)), encoded(again, "JPEG", quality=50), encoded(scene(6)))
    kind = Image.fit(cells)
    raw = build_store([kind.encode(cells, Mends())]).batch(torch.arange(3))
    vectors = kind.likeness(raw)[:, 0]
    products = vectors @ vectors.T
    assert products[0, 1] > 0.997
    assert products[0, 2] < 0.9


def test_a_plain_area_is_like_nothing():
    cells = frame(*(encoded(Pillow.new("L", (16, 16), v)) for v in (0, 0, 255)))
    kind = Image.fit(cells)
    raw = build_store([kind.encode(cells, Mends())]).batch(torch.arange(3))
    assert not kind.likeness(raw).any()


def test_a_thumbnail_of_many_bits_shows_what_the_network_sees():
    cell = encoded(Pillow.fromarray((RAMP * 4_000).astype(np.uint16)))
    shown = Image.fit(frame(cell)).preview(cell)["image"].partition(",")[2]
    thumb = np.asarray(Pillow.open(io.BytesIO(base64.b64decode(shown))))
    assert np.abs(thumb - RAMP * 255).max() < 8


def test_a_thumbnail_is_small_and_a_data_uri():
    preview = Image.fit(frame(encoded(RED))).preview(encoded(RED.resize((900, 600)), "JPEG"))
    assert preview["image"].startswith("data:image/jpeg;base64,")
    assert len(preview["image"]) < 4_000
    assert preview["words"] == "900 × 600 pixels"


def test_the_first_layer_of_small_pictures_is_measured_on_them_and_kept(tmp_path):
    folder = class_folders(tmp_path / "photos", 20, 32)
    once, again = (
        pellucid.learn(folder, minutes=0.3, verbose=False, plan=small_plan()) for _ in range(2)
    )
    state = once.network.state_dict()
    (name,) = (n for n in state if n.endswith("deep.0.inputs.0.encoder.layers.0.weight"))
    assert all(v.equal(again.network.state_dict()[n]) for n, v in state.items())
    x = torch.from_numpy(
        np.stack([np.asarray(Pillow.open(p)) for p in sorted(folder.rglob("*.png"))])
    ).float()
    x = ((x - x.mean()) / x.std()).unsqueeze(1)
    components = torch.nn.functional.conv2d(x, state[name]).transpose(0, 1).flatten(1)
    # Not all pictures were learnt from.
    torch.testing.assert_close(components.var(1), torch.ones(8), atol=0.2, rtol=0)
    once.save(tmp_path / "kept.pellucid")
    kept = pellucid.load(tmp_path / "kept.pellucid")
    assert kept.network.state_dict()[name].equal(state[name])
    assert kept.predict(folder).equals(once.predict(folder))


@pytest.mark.parametrize("quicker", [True, False])
def test_the_plan_says_whether_wide_kernels_learn_in_fewer_multiplications(
    quicker, tmp_path, monkeypatch
):
    monkeypatch.setattr("pellucid.networks.layers.winograd.quicker", lambda: quicker)
    # Of a processor that is quicker with halves it would not be asked.
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    folder, output = class_folders(tmp_path / "photos", 10), tmp_path / "kept.pellucid"
    model = pellucid.learn(folder, minutes=0.1, verbose=False, output=output)
    assert model.plan.body.encoder.winograd == quicker
    assert pellucid.load(output).plan == model.plan


def test_a_run_over_small_pictures_that_stops_on_the_way_ends_with_the_same_weights(
    tmp_path, monkeypatch
):
    folder = class_folders(tmp_path / "photos", 20, 32)
    step, done = FlatMuon.step, []

    def stopping(self, rate):
        done.append(rate)
        if len(done) == 20:
            raise KeyboardInterrupt
        step(self, rate)

    def learnt(output):
        return pellucid.learn(
            folder, minutes=0.3, verbose=False, plan=small_plan(), output=tmp_path / output
        )

    with monkeypatch.context() as patch:
        patch.setattr("pellucid.training.watch.CHECKPOINT_SECONDS", 0)
        patch.setattr(FlatMuon, "step", stopping)
        with pytest.raises(KeyboardInterrupt):
            learnt("stopped")
    assert list(tmp_path.glob("stopped.partial/network-0*"))
    again, whole = learnt("stopped"), learnt("whole")
    for name, value in whole.network.state_dict().items():
        assert value.equal(again.network.state_dict()[name]), name


def test_pictures_that_are_missing_are_not_measured():
    cells = [encoded(stripes(n, True, 32)) for n in range(12)] + [None] * 12
    kind = Image.fit(frame(*cells))
    layer = kind.input_layer(8, torch.Generator().manual_seed(0), Encoder(channels=8))
    whole, part, none = (
        build_store([kind.encode(frame(*some), Mends())])
        for some in (cells, cells[:12], cells[12:])
    )
    weight = layer.encoder.whitening.weight.clone()
    layer.prepare(lambda: none.batch(torch.arange(12)))
    assert layer.encoder.whitening.weight.equal(weight)
    layer.prepare(lambda: part.batch(torch.arange(12)))
    measured = layer.encoder.whitening.weight.clone()
    assert not measured.equal(weight)
    layer.prepare(lambda: whole.batch(torch.arange(24)))
    assert layer.encoder.whitening.weight.equal(measured)
