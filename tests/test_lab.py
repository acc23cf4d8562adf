"""The lab's server: who may ask, what it answers, and how it says that a question is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest
from starlette.testclient import TestClient

from pellucid.lab.chapters import CHAPTERS
from pellucid.lab.server import application

TOKEN = "token-of-the-tests"


@pytest.fixture(scope="module")
def client():
    with TestClient(application(TOKEN), base_url="http://127.0.0.1:8000") as made:
        yield made


def ask(client, what, **question):
    return client.post(f"/{TOKEN}/ask/{what}", json=question)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.slug)
def test_every_chapter_has_a_page_a_figure_and_its_neighbours(client, chapter):
    page = client.get(f"/{TOKEN}/{chapter.slug}")
    assert page.status_code == 200
    assert "<h1>" in page.text and 'data-figure="' in page.text
    place = CHAPTERS.index(chapter)
    for neighbour in CHAPTERS[max(place - 1, 0) : place + 2]:
        assert f'href="/{TOKEN}/{neighbour.slug}"' in page.text


def test_the_lectures_slips_stand_on_their_pages_with_what_is_right(client):
    page = client.get(f"/{TOKEN}/activation").text
    assert "ReLU converts negative values to positive ones" in page
    assert "ReLU makes negative values 0" in page


def test_a_claim_stands_in_every_chapter_that_it_belongs_to_and_in_no_other(client):
    claim = "A hidden layer is a weighted sum of the layer before it."
    pages = {c.slug: client.get(f"/{TOKEN}/{c.slug}").text for c in CHAPTERS}
    assert {slug for slug, page in pages.items() if claim in page} == {"deep-learning", "inputs"}
    assert "computed again" not in pages["frameworks"]


def test_without_the_token_nothing_is_answered(client):
    assert client.get("/").status_code == 403
    assert client.get("/linear-algebra").status_code == 403
    assert client.get(f"/{TOKEN}x/").status_code == 403
    assert client.get(f"/{TOKEN}/").status_code == 200


def test_another_sites_page_and_another_name_of_this_machine_are_refused(client):
    assert client.get(f"/{TOKEN}/", headers={"host": "evil.example"}).status_code == 403
    question = {"lesson": "determinant"}
    for origin, status in (
        ("http://evil.example", 403),
        ("null", 403),
        ("http://127.0.0.1:9", 403),
        ("http://127.0.0.1:8000", 200),
    ):
        answer = client.post(f"/{TOKEN}/ask/lesson", json=question, headers={"origin": origin})
        assert answer.status_code == status, origin


def test_pages_may_fetch_nothing_from_elsewhere(client):
    policy = client.get(f"/{TOKEN}/").headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http" not in policy


def test_a_lesson_is_worked_on_the_figures_numbers(client):
    answer = ask(client, "lesson", lesson="determinant", arguments=["[[2, 3], [4, 5]]"]).json()
    assert answer["result"] == -2
    assert "<math" in answer["html"]


def test_the_path_of_a_descent_comes_as_numbers(client):
    answer = ask(
        client,
        "lesson",
        lesson="descent",
        arguments=["x**2"],
        options={"start": "6", "step": "0.1", "steps": "3"},
    ).json()
    assert [row[1] for row in answer["table"]["rows"]] == [6, 4.8, 3.84, 3.072]


def test_a_typed_function_comes_with_its_slopes(client):
    answer = ask(client, "function", expression="x**2 + 3*x*y").json()
    assert answer["variables"] == ["x", "y"]
    assert answer["written"]["y"] == "3x"


@pytest.mark.parametrize(
    ("what", "question"),
    [
        ("lesson", {"lesson": "nonsense"}),
        ("lesson", {"lesson": "determinant", "arguments": ["[[1, 2]]"]}),
        ("lesson", {"lesson": "determinant", "arguments": "x"}),
        ("lesson", {"lesson": "determinant", "options": {"colour": "red"}}),
        ("function", {"expression": "sin(x"}),
        ("function", {"expression": "3"}),
        ("function", {"expression": "__import__('os')"}),
    ],
)
def test_a_wrong_question_is_a_sentence_and_never_a_crash(client, what, question):
    answer = client.post(f"/{TOKEN}/ask/{what}", json=question)
    assert answer.status_code == 422
    assert len(answer.json()["fault"]) > 10


def test_what_is_no_json_or_too_long_is_refused(client):
    for body in (b"{", b"[1]", b'{"lesson": "' + b"x" * 70_000 + b'"}'):
        assert client.post(f"/{TOKEN}/ask/lesson", content=body).status_code == 422


def test_the_first_page_needs_neither_torch_nor_sympy():
    code = (
        "import sys; from pellucid.lab import pages, server; pages.home({'root': '/t'});"
        "assert not {'torch', 'sympy', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
