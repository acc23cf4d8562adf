"""The contract of every kind of input: recognise, fit, encode, input layer, saved or not."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
import soundfile
import torch
from PIL import Image
from safetensors.numpy import load, save
from torch.utils._python_dispatch import TorchDispatchMode

from pellucid.errors import DataError, Mends, UsageError
from pellucid.kinds import KINDS, kind_named, recognise
from pellucid.media.arrays import as_bytes
from pellucid.schema import Schema, from_json, to_json
from pellucid.store import build_store
from sounding import tone

ROWS, WIDTH = 60, 8
START = date(2019, 12, 1)


def picture(number, size=(20, 14), colour=True):
    """The bytes of a PNG that is another for each number."""
    pixels = np.random.default_rng(number).integers(0, 255, (size[1], size[0], 3))
    buffer = io.BytesIO()
    made = Image.fromarray(pixels.astype(np.uint8))
    made.convert("RGB" if colour else "L").save(buffer, "PNG")
    return buffer.getvalue()


def sound(number, seconds=0.05):
    """The bytes of a WAV file that is another for each number."""
    buffer = io.BytesIO()
    wave = np.random.default_rng(number).uniform(-1, 1, round(8_000 * seconds))
    soundfile.write(buffer, wave, 8_000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def film(number, frames=2):
    """A film of noise, as the bytes of an array."""
    return as_bytes(np.random.default_rng(number).integers(0, 255, (frames, 16, 16, 3), np.uint8))


# What each kind is fitted on, and cells that come later: missing, new and extreme ones.
LEARNT = {
    "image": {
        "a": [picture(i) if i % 9 else None for i in range(ROWS)],
        "b": [picture(i, colour=False) for i in range(ROWS)],
        "c": [f"data:image/png;base64,{b64encode(picture(i)).decode()}" for i in range(ROWS)],
    },
    "audio": {
        "a": [sound(i) if i % 9 else None for i in range(ROWS)],
        "b": [as_bytes(tone(100 + i, 0.1, 16_000)) for i in range(ROWS)],
        "c": [f"data:audio/wav;base64,{b64encode(sound(i)).decode()}" for i in range(ROWS)],
    },
    "video": {
        "a": [film(i) if i % 9 else None for i in range(ROWS)],
        "b": [film(i, 3) for i in range(ROWS)],
        "c": [f"data:video/mp4;base64,{b64encode(film(i)).decode()}" for i in range(ROWS)],
    },
    "number": {
        "a": [f"{i * 1.5:.1f}" if i % 9 else None for i in range(ROWS)],
        "b": [10.0 ** (i % 12) for i in range(ROWS)],
        "c": [7.0] * ROWS,
    },
    "category": {
        "a": [("red", "green", "blue")[i % 3] if i % 9 else None for i in range(ROWS)],
        "b": [bool(i % 2) for i in range(ROWS)],
        "c": [f"town {i % 25}" for i in range(ROWS)],
    },
    "date": {
        "a": [str(START + timedelta(days=11 * i)) if i % 9 else None for i in range(ROWS)],
        "b": [f"{1 + i % 28}.{1 + i % 12}.2021 {i % 24}:{i % 60:02}" for i in range(ROWS)],
        "c": [START + timedelta(days=i) for i in range(ROWS)],
    },
    "series": {
        "a": [f"[{i}, {i * 0.5}, null, {7 - i}]" if i % 9 else None for i in range(ROWS)],
        "b": [" ".join(str((i * j) % 11) for j in range(3 + i % 5)) for i in range(ROWS)],
        "c": [str([float(np.sin(i * j)) for j in range(40)]) for i in range(ROWS)],
    },
    "text": {
        "a": [f"The {i % 7} cats of {i} sat down, and then {i * i}" for i in range(ROWS)],
        "b": [f"{i} 猫が好きです、犬も好き。 {i % 5} раза" if i % 9 else None for i in range(ROWS)],
        "c": [f"row {i} " + "again and again " * (i % 30) for i in range(ROWS)],
    },
}
LATER = {
    "image": {
        "a": [None, b"", picture(1)[:200], b"GIF89a", picture(2, (1, 1))],
        "b": [None, picture(3, (400, 3)), b"not a picture", picture(4)[:-30], picture(5, (1, 50))],
        "c": [None, "data:image/png;base64,AAAA", "data:,x", "/no/such.png", "/"],
    },
    "audio": {
        "a": [None, b"", sound(1)[:30], b"fLaC", sound(2, 1 / 8_000)],
        "b": [None, sound(3, 4.0), b"not a sound", as_bytes(np.zeros((3, 3, 3))), b"RIFF"],
        "c": [None, "data:audio/wav;base64,AAAA", "data:,x", "/no/such.wav", "/"],
    },
    "video": {
        "a": [None, b"", film(1)[:200], b"\x1a\x45\xdf\xa3", film(2, 1)],
        "b": [None, film(3, 40), b"not a film", as_bytes(np.zeros((3, 3))), b"....ftyp"],
        "c": [None, "data:video/mp4;base64,AAAA", "data:,x", "/no/such.mp4", "/"],
    },
    "number": {
        "a": [None, "n/a", "abc", "inf", "-1e308"],
        "b": [None, 0.0, float("inf"), 1e308, -1e308],
        "c": [None, float("nan"), 7.0, 8.0, -1e-308],
    },
    "category": {
        "a": [None, "", "mauve", "RED", "x" * 100_000],
        "b": [None, True, False, True, False],
        "c": [None, "town 3", "?", "village", "\x00"],
    },
    "date": {
        "a": [None, "yesterday", "2019-02-30", "0001-01-01", "9999-12-31"],
        "b": [None, "", "1.1.2099 00:00", "29.2.2023 10:00", "31.12.1500 23:59"],
        "c": [None, date(1, 1, 1), date(9999, 12, 31), START, START],
    },
    "series": {
        "a": [None, "[]", "[1, two, 3]", "[inf, -1e308, 1e308]", "[" + "1, " * 9_000 + "2]"],
        "b": [None, "", "7", "no series", "NaN NaN NaN"],
        "c": [None, "[[1, 2], [3]]", "5;6;7", "(1 2 3)", "[1,,2]"],
    },
    "text": {
        "a": [None, "", "🙂" * 500, "unseenword", "\x00\x01 \u202e"],
        "b": [None, "  ", "ελληνικά", "x" * 10_000, "日本" * 300],
        "c": [None, "again", "-", "\n\n", "a b c d e " * 2_000],
    },
}


def fitted(kind):
    return kind.fit(pl.DataFrame(LEARNT[kind.kind]))


def encoded(kind, cells):
    """All rows of the cells as one batch of tensors."""
    store = build_store([kind.encode(cells, Mends())])
    return store.batch(torch.arange(cells.height))


def layer_of(kind, width=WIDTH):
    return kind.input_layer(width, torch.Generator().manual_seed(0)).eval()


def cells_of(kind, when):
    frame = pl.DataFrame(LEARNT[kind.kind])
    if when == "learnt":
        return frame
    later = LATER[kind.kind]
    return pl.DataFrame(later, schema_overrides=dict(frame.schema), strict=False)


each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


@each_kind
def test_its_own_cells_are_recognised(kind):
    for cells in pl.DataFrame(LEARNT[kind.kind]):
        found, reason = recognise(cells)
        assert found is kind
        assert reason.startswith("it holds")
    assert kind_named(kind.kind) is kind


@each_kind
@pytest.mark.parametrize("when", ["learnt", "later"])
@pytest.mark.parametrize("training", [False, True])
def test_any_cells_become_finite_vectors_of_the_promised_shape(kind, when, training):
    of_kind, cells = fitted(kind), cells_of(kind, when)
    layer = layer_of(of_kind).train(training)
    raw = encoded(of_kind, cells)
    vectors = layer(raw)
    assert vectors.shape == (cells.height, 3, layer.width)
    assert vectors.dtype == torch.float32
    assert vectors.isfinite().all()
    index, value = layer.terms(raw)
    assert index.shape == value.shape
    assert index.min() >= 0
    assert index.max() < layer.features
    assert value.isfinite().all()
    if layer.measured:
        measurements = layer.measurements(raw)
        assert measurements.shape == (cells.height, layer.measured)
        assert measurements.dtype == torch.float64
        assert not measurements.isinf().any()


@each_kind
def test_cells_that_cannot_be_read_are_counted_with_their_place_and_an_error_when_strict(kind):
    of_kind, cells, mends = fitted(kind), cells_of(kind, "later"), Mends()
    of_kind.encode(cells, mends)
    if kind.kind == "text":  # whatever is written is text
        assert not mends.found
        return
    assert mends.found
    assert all(mend.column and mend.where[0].startswith("row ") for mend in mends.found)
    with pytest.raises(DataError, match="strict"):
        of_kind.encode(cells, Mends(strict=True))


@each_kind
def test_missing_cells_alone_are_no_fault(kind):
    of_kind, mends = fitted(kind), Mends(strict=True)
    cells = cells_of(kind, "later").head(1)
    vectors = layer_of(of_kind)(encoded(of_kind, cells))
    of_kind.encode(cells, mends)
    assert vectors.isfinite().all()


@each_kind
def test_a_row_gives_the_same_vector_alone_and_among_others(kind):
    of_kind = fitted(kind)
    layer, cells = layer_of(of_kind), cells_of(kind, "learnt")
    together = layer(encoded(of_kind, cells))
    for row in (0, 9, 31):
        alone = layer(encoded(of_kind, cells[row]))
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=1e-5)


@each_kind
def test_a_schema_that_was_saved_encodes_and_builds_the_same(kind):
    of_kind = fitted(kind)
    schema = Schema((of_kind,), (), dict.fromkeys(of_kind.columns, "it holds so"))
    arrays: dict[str, np.ndarray] = {}
    saved = json.dumps(to_json(schema, arrays), allow_nan=False)
    again = from_json(json.loads(saved), load(save(arrays)))
    assert again.columns == schema.columns == list("abc")
    assert dict(again.reasons) == schema.reasons
    cells = cells_of(kind, "later")
    before, after = (encoded(s.inputs[0], cells) for s in (schema, again))
    assert before.keys() == after.keys()
    for name in before:
        torch.testing.assert_close(after[name], before[name], rtol=0, atol=0, equal_nan=True)
    vectors = [layer_of(s.inputs[0])(before) for s in (schema, again)]
    assert vectors[0].equal(vectors[1])


class Operations(TorchDispatchMode):
    """Counts the tensor operations that run inside it."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += 1
        return function(*args, **(kwargs or {}))


def operations(kind, copies):
    """How many operations the layer needs for `copies` columns, on each of the three paths."""
    rows = next(iter(LEARNT[kind.kind].values()))[:12]
    cells = pl.DataFrame({f"c{i}": rows for i in range(copies)})
    of_kind = kind.fit(cells)
    layer, raw = layer_of(of_kind), encoded(of_kind, cells)
    with Operations() as counter:
        layer(raw)
        layer.terms(raw)
        layer.measurements(raw)
    return counter.count


# A column of titles must not be padded to the length of the articles beside it, so texts go
# through their encoder column by column.
@pytest.mark.parametrize("kind", [k for k in KINDS if k.kind != "text"], ids=lambda k: k.kind)
def test_many_columns_cost_no_more_operations_than_two(kind):
    many = 20 if kind.kind in ("audio", "video") else 500
    assert operations(kind, 2) == operations(kind, many)


@each_kind
def test_the_layer_can_be_traced_so_it_has_no_branch_that_depends_on_data(kind):
    of_kind, cells = fitted(kind), cells_of(kind, "learnt")
    layer = layer_of(of_kind)
    traced = torch.fx.symbolic_trace(layer)
    raw = encoded(of_kind, cells)
    torch.testing.assert_close(traced(raw), layer(raw))


@each_kind
def test_the_summary_says_something_of_each_column(kind):
    of_kind = fitted(kind)
    for column in of_kind.columns:
        assert 3 < len(of_kind.summary(column)) < 60


def test_an_unknown_kind_is_an_error_that_suggests_the_nearest():
    with pytest.raises(UsageError, match=r"'numbr' is no kind.*Did you mean 'number'"):
        kind_named("numbr")
    with pytest.raises(UsageError, match="'date' is no target's kind; there are category, number"):
        kind_named("date", target=True)
