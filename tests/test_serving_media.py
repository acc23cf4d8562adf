"""Files over HTTP: pictures answered as the model does, and what no request may do with them."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from starlette.testclient import TestClient

import pellucid
import serving
from pellucid.model import Model
from pellucid.serving.app import new_app
from pellucid.serving.limits import Limits
from pellucid.serving.media import check_file

SIDE = 16


def png(bright: bool, seed: int = 0, side: int = SIDE) -> bytes:
    """A picture of noise around light or dark."""
    rng = np.random.default_rng(seed)
    pixels = np.clip(rng.normal(200 if bright else 60, 20, (side, side)), 0, 255)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def huge() -> bytes:
    """A PNG of a few bytes whose head says 30,000 x 30,000 pixels."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "rooms.pellucid"
    rows = 40
    table = {
        "photo": [png(i % 2 == 0, i) for i in range(rows)],
        "rooms": [i % 5 for i in range(rows)],
        "light": ["yes" if i % 2 == 0 else "no" for i in range(rows)],
    }
    pellucid.learn(
        table, "light", kinds={"rooms": "number"}, minutes=0.15, verbose=False, output=path
    )
    return path


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    app = new_app(serving.service_of(folder, pixels=1_000_000))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, photo: bytes | str | None, **record: Any) -> Any:
    parts: dict[str, Any] = {"record": (None, json.dumps(record))} if record else {}
    if photo is not None:
        parts["photo"] = ("a.png", photo) if isinstance(photo, bytes) else (None, photo)
    return client.post("/predict", files=parts)


def test_a_file_is_answered_as_the_model_answers_it(client: TestClient, folder: Path) -> None:
    model: Model = pellucid.load(folder)
    for bright in (True, False):
        photo = png(bright, 99)
        told = ask(client, photo, rooms=2).json()["predictions"][0]["light"]
        own = model.predict_proba({"photo": [photo], "rooms": [2]})
        for level, share in told["probabilities"].items():
            assert share == pytest.approx(own[level][0], abs=1e-4)


def test_a_broken_file_is_named(client: TestClient) -> None:
    whole = png(True, 3, 200)
    for photo, words in (
        (whole[: len(whole) // 2], "cut short or damaged"),
        (b"no picture at all", "not a picture"),
        (huge(), "pixels"),
        (png(True, 4, 1_001), "1,001 × 1,001 pixels"),
    ):
        answer = ask(client, photo, rooms=2)
        assert answer.status_code == 422, answer.text
        (problem,) = answer.json()["problems"]
        assert problem["field"] == "photo"
        assert words in problem["problem"]


def test_a_broken_file_does_not_fail_what_shares_its_batch(folder: Path) -> None:
    from pellucid.serving.answering import Answer, answer
    from pellucid.serving.faults import RequestError
    from pellucid.serving.records import Record

    served = serving.service_of(folder).shelf.served
    cells = {"photo": png(True, 5), "rooms": 1.0}
    good = Record(tuple(cells[field.name] for field in served.fields))
    bad = Record(tuple({**cells, "photo": b"\x89PNG junk"}[f.name] for f in served.fields))
    told = answer(served, [[good], [bad], [good, bad], [good]])
    assert [type(each) for each in told] == [Answer, RequestError, RequestError, Answer]
    assert told[0] == told[3]
    assert [problem.record for problem in told[2].problems] == [1]  # type: ignore[union-attr]


def test_sounds_and_films_are_looked_at_before_they_are_decoded() -> None:
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros(16_000), 8_000, format="WAV")
    limits = Limits(seconds=1)
    assert check_file(sound.getvalue(), "audio", Limits()) is None
    assert check_file(sound.getvalue(), "audio", limits) == "a sound of 2 s; at most 1 s are taken"
    assert check_file(b"RIFF junk", "audio", limits)
    assert check_file(b"no film", "video", limits)
    assert check_file(b"no media", "text", limits) is None


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "../a.png", "http://127.0.0.1/a.png", "data:image/png;base64,AAAA"]
)
def test_no_request_opens_a_file_or_an_address(client: TestClient, path: str) -> None:
    for answer in (
        ask(client, path, rooms=1),
        client.post("/predict", files={"record": (None, json.dumps({"photo": path}))}),
        client.post("/predict", json={"records": [{"photo": path, "rooms": 1}]}),
    ):
        assert answer.status_code == 422
        assert "a file: send multipart" in answer.json()["error"]


def test_a_picker_that_is_left_empty_is_a_missing_file(client: TestClient) -> None:
    empty = ask(client, b"", rooms=1)
    absent = client.post("/predict", json={"records": [{"photo": None, "rooms": 1}]})
    assert empty.status_code == absent.status_code == 200
    assert empty.json() == absent.json()


def test_the_page_and_the_description_ask_for_the_file(client: TestClient) -> None:
    assert 'accept="image/*"' in client.get("/").text
    post = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    form = post["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"record", "photo"}
    example = post["requestBody"]["content"]["application/json"]["example"]
    assert client.post("/predict", json=example).status_code == 200
