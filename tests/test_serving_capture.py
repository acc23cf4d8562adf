"""The camera and the microphone of the server's page: what they take reaches the model."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

import pellucid
import serving
from browsing import Watched, chromium, watched
from sounding import RATE, tone, write_sound

PITCH = 1_500

DEVICES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
ANSWERED = "() => document.querySelector('#answer .value:not(.none)')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of pictures and sounds, which tell two things apart."""
    path = tmp_path_factory.mktemp("rooms") / "rooms.pellucid"
    rng = np.random.default_rng(0)
    table = {"photo": [], "sound": [], "light": []}
    for row in range(40):
        picture, sound = io.BytesIO(), io.BytesIO()
        shade = rng.normal((60, 200)[row % 2], 20, (16, 16)).clip(0, 255).astype(np.uint8)
        Image.fromarray(shade).save(picture, "PNG")
        soundfile.write(sound, tone((300, 1500)[row % 2] + row), RATE, format="WAV")
        table["photo"].append(picture.getvalue())
        table["sound"].append(sound.getvalue())
        table["light"].append(("no", "yes")[row % 2])
    pellucid.learn(table, "light", minutes=0.15, verbose=False, output=path)
    return path


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serving.listening(serving.service_of(folder)) as (address, _):
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A camera that Chromium makes up, and a microphone that hears one tone."""
    heard = write_sound(
        tmp_path_factory.mktemp("heard") / "tone.wav", tone(PITCH, 5, 48_000), 48_000
    )
    with chromium(*DEVICES, f"--use-file-for-fake-audio-capture={heard}") as opened:
        yield opened


@pytest.fixture
def page(address: str, browser: Any) -> Iterator[Watched]:
    with watched(browser, viewport={"width": 390, "height": 844}) as seen:
        seen.page.goto(address)
        yield seen


def sent(seen: Watched, *pressed: str) -> dict[str, bytes]:
    """The files of the request that follows when buttons have been pressed, by field."""
    with seen.page.expect_request("**/predict") as asked:
        for name in pressed[:-1]:
            seen.page.get_by_role("button", name=name).click()
        seen.page.wait_for_timeout(600)  # so long is heard, so long the camera warms up
        seen.page.get_by_role("button", name=pressed[-1]).click()
    kind, body = asked.value.headers["content-type"], asked.value.post_data_buffer
    border = b"--" + kind.split("boundary=")[1].encode()
    files = {}
    for part in body.split(border)[1:-1]:
        head, content = part.split(b"\r\n\r\n", 1)
        if b"filename=" in head:
            files[head.split(b'name="')[1].split(b'"')[0].decode()] = content[:-2]
    return files


def answer(seen: Watched) -> dict[str, Any]:
    seen.until(ANSWERED)
    return json.loads(seen.page.locator("#json").text_content())


def test_a_photo_taken_by_the_camera_is_answered_as_the_model_answers_it(
    page: Watched, folder: Path
) -> None:
    files = sent(page, "Take a picture", "This one")
    told = answer(page)["predictions"][0]["light"]
    with Image.open(io.BytesIO(files["photo"])) as picture:
        assert min(picture.size) >= 240  # the whole picture, not an empty video
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 3
    own = pellucid.load(folder).predict_proba({"photo": [files["photo"]], "sound": [None]})
    for level, share in told["probabilities"].items():
        assert share == pytest.approx(own[level][0], abs=1e-3)
    assert page.page.locator(".image .preview img").evaluate("i => i.naturalWidth") >= 240
    assert page.page.locator(".capture video").count() == 0  # the camera is off again
    assert page.faults == []


def test_a_sound_recorded_by_the_microphone_is_answered_as_the_model_answers_it(
    page: Watched, folder: Path
) -> None:
    files = sent(page, "Record sound", "Stop")
    told = answer(page)["predictions"][0]["light"]
    samples, rate = soundfile.read(io.BytesIO(files["sound"]))
    assert 0.3 < len(samples) / rate < 5
    loudest = int(np.abs(np.fft.rfft(samples)).argmax()) * rate / len(samples)
    assert loudest == pytest.approx(PITCH, rel=0.02)
    own = pellucid.load(folder).predict_proba({"photo": [None], "sound": [files["sound"]]})
    for level, share in told["probabilities"].items():
        assert share == pytest.approx(own[level][0], abs=1e-3)
    assert page.page.locator(".audio .preview audio").count() == 1
    assert page.faults == []


REFUSED = """navigator.mediaDevices.getUserMedia = () =>
  Promise.reject(new DOMException("no", "NotAllowedError"))"""


def test_a_camera_that_may_not_be_used_is_told_in_words(address: str, browser: Any) -> None:
    with watched(browser) as seen:
        seen.page.add_init_script(REFUSED)
        seen.page.goto(address)
        seen.page.get_by_role("button", name="Take a picture").click()
        seen.until("() => document.querySelector('.image .capture .fault')")
        assert (
            "The browser was not allowed to." in seen.page.locator(".image .capture").inner_text()
        )
        assert seen.page.get_by_role("button", name="Take a picture").is_visible()
