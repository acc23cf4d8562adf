"""Films sent over HTTP, and answers that are sequences: tags of words and written texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import pellucid
import serving
from browsing import chromium, watched
from every_kind import plan
from pellucid.explanation.result import Explanation
from pellucid.serving.app import new_app

COLOURS = ("red", "blue", "green")


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that tags the words of a sentence and writes another one."""
    draw = np.random.default_rng(0)
    rows = [(int(draw.integers(2, 9)), COLOURS[draw.integers(3)]) for _ in range(60)]
    table = {
        "said": [f"bring {n} {c} cups{' please' * (n % 2)}" for n, c in rows],
        "tags": ["O B-number B-colour O" + " O" * (n % 2) for n, _ in rows],
        "answer": [f"here are {n} cups in {colour}" for n, colour in rows],
    }
    path = tmp_path_factory.mktemp("speaking") / "cups.pellucid"
    kinds = {"tags": "tags", "answer": "text", "said": "text"}
    targets = ["tags", "answer"]
    made = plan(steps=40)
    pellucid.learn(table, targets, plan=made, kinds=kinds, verbose=False, output=path)
    return path


@pytest.fixture
def client(speaking: Path) -> Iterator[TestClient]:
    app = new_app(serving.service_of(speaking))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as made:
        yield made


def test_tags_and_texts_are_answered_as_the_model_does(client: TestClient, speaking: Path) -> None:
    said = ["bring 3 red cups", "cups", "", "bring 4 blue cups and 5 green ones, please"]
    response = client.post("/predict", json={"records": [{"said": each} for each in said]})
    assert response.status_code == 200
    predictions = response.json()["predictions"]
    expected = pellucid.load(speaking).predict({"said": said})
    for name in ("tags", "answer"):
        assert [each[name]["value"] for each in predictions] == expected[name].to_list()
    for sentence, each in zip(said, predictions, strict=True):
        assert len(each["tags"]["value"].split()) == len(sentence.split())


def test_what_is_written_is_described_and_worked(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"]["Predictions"]
    found = schema["properties"]["predictions"]["items"]["properties"]
    assert "one tag for each word" in found["tags"]["properties"]["value"]["description"]
    assert found["answer"]["properties"]["value"]["type"] == "string"
    response = client.post("/explain", json={"records": [{"said": "bring 3 red cups"}]})
    assert response.status_code == 200
    rules = [step.rule for step in Explanation.from_json(response.text).step.steps]
    assert any(rule.startswith("The answer: tags is") for rule in rules)
    assert sum(rule.startswith("What the answer rests on") for rule in rules) == 2


def test_the_page_puts_each_tag_under_its_word(speaking: Path) -> None:
    with (
        serving.listening(serving.service_of(speaking)) as (address, _),
        chromium() as browser,
        watched(browser, viewport={"width": 360, "height": 800}) as seen,
    ):
        seen.page.goto(address)
        seen.page.locator("textarea").fill("bring 3 red cups")
        seen.until("document.querySelectorAll('.tagged span').length === 4")
        words = seen.page.locator(".tagged b").all_inner_texts()
        assert words == ["bring", "3", "red", "cups"]
        assert seen.page.locator(".value.written").inner_text()
        assert seen.page.get_by_role("button", name="Show the working").count() == 1
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert seen.faults == []


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A model of films of squares that move to the right or to the left, and two new films."""
    pytest.importorskip("av", reason="PyAV is not installed")
    from sounding import moving_square, small_plan, write_film

    folder = tmp_path_factory.mktemp("watching")
    draw = np.random.default_rng(0)
    steps = {"rightwards": 3, "leftwards": -3}
    for name, step in steps.items():
        (folder / "films" / name).mkdir(parents=True)
        for number in range(6):
            square = moving_square(12, step, (32, 48), draw.integers(120, 255, 3))
            write_film(folder / "films" / name / f"{number}.mp4", square)
    path = folder / "films.pellucid"
    pellucid.learn(folder / "films", plan=small_plan(), verbose=False, output=path)
    new = {}
    for name, step in steps.items():
        square = moving_square(12, step, (32, 48), (200, 200, 90))
        new[name] = Path(write_film(folder / f"{name}.mp4", square)).read_bytes()
    return path, new


def test_a_film_is_sent_watched_and_answered_and_a_broken_one_is_named(
    watching: tuple[Path, dict[str, bytes]],
) -> None:
    path, films = watching
    app = new_app(serving.service_of(path, seconds=5.0))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:

        def sent(content: bytes, verb: str = "predict") -> Any:
            files = {"video": ("any.mp4", content, "video/mp4")}
            return client.post(f"/{verb}", files=files, data={"record": "{}"})

        for name, film in films.items():
            response = sent(film)
            assert response.status_code == 200, response.text
            assert response.json()["predictions"][0]["folder"]["value"] == name
        for broken in (films["rightwards"][:300], b"not a film", b"\x00" * 5000):
            response = sent(broken)
            assert response.status_code == 422
            assert response.json()["problems"][0]["field"] == "video"
        named = client.post("/predict", json={"records": [{"video": "/etc/passwd"}]})
        assert named.status_code == 422
        page = client.get("/").text
        assert 'accept="video/*"' in page and 'data-medium="video"' in page
