"""The server's answers over HTTP: right ones, and refusals that name the value at fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import pellucid
import serving
from pellucid.model import Model
from pellucid.serving.app import Service, new_app

Client = TestClient
HERE = "http://localhost"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return serving.learnt(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return pellucid.load(folder)


@pytest.fixture(scope="module")
def service(folder: Path) -> Service:
    return serving.service_of(folder, body=100_000, records=50)


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[Client]:
    with TestClient(new_app(service), HERE, raise_server_exceptions=False) as client:
        yield client


def ask(client: Client, *records: Any) -> Any:
    return client.post("/predict", json={"records": list(records)})


def problems(client: Client, *records: Any) -> list[tuple[int, str, str]]:
    answer = ask(client, *records)
    assert answer.status_code == 422, answer.text
    return [(p["record"], p["field"], p["problem"]) for p in answer.json()["problems"]]


def test_answers_are_the_models_own(client: Client, model: Model) -> None:
    records = [serving.RECORD, {**serving.RECORD, "weight": 1, "review": "a lamp, awful"}]
    told = ask(client, *records).json()["predictions"]
    frame = pl.DataFrame([{**r, "weight": float(r["weight"])} for r in records])  # type: ignore[arg-type]
    likely, interval = model.predict_proba(frame), model.predict_interval(frame)
    for row, (answer, own) in enumerate(zip(told, model.predict(frame).to_dicts(), strict=True)):
        assert answer["liked"]["value"] == own["liked"]
        for level, share in answer["liked"]["probabilities"].items():
            assert share == pytest.approx(likely[f"liked={level}"][row], abs=1e-5)
        assert answer["liked"]["confidence"] == max(answer["liked"]["probabilities"].values())
        assert answer["paid"]["value"] == pytest.approx(own["paid"], rel=1e-4)
        assert answer["paid"]["low"] == pytest.approx(interval["paid low"][row], rel=1e-4)
        assert answer["paid"]["high"] == pytest.approx(interval["paid high"][row], rel=1e-4)


@pytest.mark.parametrize(
    "same",
    [
        {"weight": "5.5"},
        {"weight": " 5.50"},
        {"bought": "2024-05-01T00:00:00Z"},
        {"bought": "2024-05-01T02:00:00+02:00"},
        {"zip code": 10115},
        {"age": 20.0},
    ],
)
def test_a_value_means_the_same_however_it_is_written(client: Client, same: dict[str, Any]) -> None:
    plain = ask(client, serving.RECORD).json()
    assert ask(client, {**serving.RECORD, **same}).json()["predictions"] == plain["predictions"]


def test_what_shares_a_request_does_not_change_an_answer(client: Client) -> None:
    alone = ask(client, serving.RECORD).json()["predictions"][0]
    crowd = [{"weight": "3"}, serving.RECORD, {"age": None, "review": 7}, {"colour": True}]
    among = ask(client, *crowd).json()["predictions"][1]
    assert among["liked"]["value"] == alone["liked"]["value"]
    assert among["paid"]["value"] == pytest.approx(alone["paid"]["value"], rel=1e-4)


@pytest.mark.parametrize(
    ("cell", "field", "words"),
    [
        ("abc", "weight", "not a number"),
        (True, "weight", "truth value"),
        ([1], "weight", "not a list"),
        ({"a": {"b": 1}}, "weight", "not a list or an object"),
        ("inf", "weight", "infinite"),
        (10**400, "weight", "infinite"),
        ("yesterday", "bought", "not a date"),
        (20240501, "bought", "not a date"),
        ("2024-13-45", "bought", "not a date"),
        (["red"], "colour", "not a list"),
        ({}, "review", "not a list or an object"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(
    client: Client, cell: Any, field: str, words: str
) -> None:
    found = problems(client, serving.RECORD, {**serving.RECORD, field: cell})
    assert [(row, name) for row, name, _ in found if name == field] == [(1, field)]
    assert any(words in problem for _, _, problem in found)


def test_half_a_letter_is_refused(client: Client) -> None:
    body = '{"records": [{"review": "\\ud800"}]}'
    answer = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "half a letter" in answer.json()["error"]


def test_every_fault_of_a_request_is_named_at_once(client: Client) -> None:
    found = problems(client, {"weight": "x", "bought": "x"}, 5, {"nothing": 1})
    assert [(row, field) for row, field, _ in found] == [
        (0, "bought"), (0, "weight"), (1, ""), (2, ""),
    ]  # fmt: skip
    assert "none of the model's fields" in found[-1][2]


def test_a_slip_of_the_pen_is_refused_and_a_stranger_left_out(client: Client) -> None:
    slip = {**{k: v for k, v in serving.RECORD.items() if k != "weight"}, "wieght": 5}
    assert problems(client, slip) == [(0, "wieght", "no such field; did you mean 'weight'?")]
    notes = ask(client, {**serving.RECORD, "customer": 17}).json()["notes"]
    assert [(n["field"], n["problem"]) for n in notes] == [
        ("customer", "not a field of the model, left out")
    ]


def test_what_is_missing_or_new_is_noted_by_record(client: Client) -> None:
    notes = ask(client, {"weight": 2}, {**serving.RECORD, "colour": "mauve"}).json()["notes"]
    absent = {n["field"] for n in notes if n["record"] == 0}
    assert absent == set(serving.RECORD) - {"weight"}
    (new,) = [n for n in notes if n["record"] == 1]
    assert new["field"] == "colour"
    assert "new" in new["problem"]
    assert "mauve" in new["value"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (b'{"records": [{"weight": NaN}]}', 400),
        (b'{"records": [{"weight": ' + b"9" * 5_000 + b"}]}", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'{"records": {}}', 422),
        (b'{"records": []}', 422),
        (b'{"records": [{}], "more": 1}', 422),
        (b'{"records": [' + b"{}," * 50 + b"{}]}", 422),
        (b" " * 100_001, 413),
    ],
)
def test_a_broken_body_is_the_clients_fault(client: Client, body: bytes, status: int) -> None:
    answer = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


def test_a_body_in_chunks_is_bounded_too(client: Client) -> None:
    answer = client.post(
        "/predict",
        content=iter([b" " * 60_000] * 3),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 413


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.sampled_from([*serving.RECORD, "weigth", ""]), JSON, max_size=7)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=JSON | st.fixed_dictionaries({"records": st.lists(RECORDS | JSON, max_size=4)}))
def test_no_request_makes_the_server_fail(client: Client, document: Any) -> None:
    answer = client.post(
        "/predict", content=json.dumps(document), headers={"content-type": "application/json"}
    )
    assert answer.status_code in (200, 422), answer.text
    assert "Traceback" not in answer.text
    assert set(answer.json()) in ({"predictions", "notes", "model"}, {"error", "problems"})


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(["application/json", "multipart/form-data; boundary=x", "text/plain", ""]),
)
def test_no_bytes_make_the_server_fail(client: Client, body: bytes, kind: str) -> None:
    answer = client.post("/predict", content=body, headers={"content-type": kind})
    assert answer.status_code in (400, 413, 415, 422), answer.text
    assert answer.json()["error"]


def test_a_form_is_one_record(client: Client) -> None:
    record = {k: v for k, v in serving.RECORD.items() if k != "weight"}
    parts = {"record": (None, json.dumps(record)), "weight": (None, "5.5")}
    told = client.post("/predict", files=parts)
    assert told.status_code == 200, told.text
    assert told.json() == ask(client, serving.RECORD).json()
    refused = client.post("/predict", files={"weight": ("a.png", b"\x89PNG")})
    assert refused.status_code == 422
    assert "not a file" in refused.json()["error"]


def test_wrong_paths_and_methods_are_told_in_json(client: Client) -> None:
    assert client.get("/nothing").status_code == 404
    assert "/predict" in client.get("/nothing").json()["error"]
    assert client.get("/predict").status_code == 405
    assert client.get("/assets/../app.py").status_code == 404
    assert client.get("/assets/app.py").status_code == 404


def test_the_description_holds_for_its_own_examples(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    post = document["paths"]["/predict"]["post"]
    example = post["requestBody"]["content"]["application/json"]["example"]
    assert set(example["records"][0]) == set(serving.RECORD)
    told = client.post("/predict", json=example)
    assert told.status_code == 200
    assert told.json()["notes"] == []
    described = document["components"]["schemas"]["Predictions"]["properties"]["predictions"]
    assert set(told.json()["predictions"][0]) == set(described["items"]["properties"])


def test_an_empty_field_is_a_missing_value_and_the_description_says_so(client: Client) -> None:
    document = client.get("/openapi.json").json()
    values = document["components"]["schemas"]["Record"]["properties"]
    assert {"type": "string", "maxLength": 0} in values["bought"]["anyOf"]
    empty, missing = (ask(client, {**serving.RECORD, "bought": value}) for value in ("", None))
    assert empty.status_code == 200
    assert empty.json() == missing.json()


def test_health_readiness_and_metrics(client: Client) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json()["status"] == "ready"
    ask(client, serving.RECORD)
    text = client.get("/metrics").text
    assert 'pellucid_requests_total{path="/predict",status="200"}' in text
    assert "pellucid_batch_records_bucket" in text
    assert "splendid" not in text


def test_the_page_asks_for_every_field_and_names_the_verdict(client: Client, model: Model) -> None:
    text = client.get("/").text
    for name in serving.RECORD:
        assert f'name="{name}"' in text
    assert model.evidence["targets"]["liked"]["verdict"]["sentences"][0][:20] in text
    for asset in ("report.css", "page.css", "page.js", "capture.js"):
        assert f"{asset}" in text or asset == "capture.js"
        assert client.get(f"/assets/{asset}").status_code == 200
    assert "default-src 'none'" in client.get("/").headers["content-security-policy"]


def test_the_working_behind_a_record_is_shown(client: Client) -> None:
    def work(form: str, *records: Any) -> Any:
        return client.post(f"/explain?format={form}", json={"records": list(records)})

    known = {**serving.RECORD, "liked": "yes", "paid": 31.5}
    text = work("text", known)
    assert text.status_code == 200, text.text
    assert "loss" in text.text
    assert work("json", serving.RECORD).json()["step"]
    assert "<math" in work("fragment", serving.RECORD).text
    assert "<style" not in work("fragment", serving.RECORD).text
    assert work("text", {"weight": 3}).status_code == 200  # the others are missing
    assert work("pdf", serving.RECORD).status_code == 422
    assert work("text", serving.RECORD, serving.RECORD).status_code == 422
    assert work("text", {**serving.RECORD, "paid": "much"}).status_code == 422


# ---- who may ask ---------------------------------------------------------------------------------


def test_other_sites_and_other_names_may_not_ask(client: Client) -> None:
    body = {"records": [serving.RECORD]}
    there = client.post("/predict", json=body, headers={"origin": "http://evil.example"})
    assert there.status_code == 403
    name = client.post("/predict", json=body, headers={"host": "evil.example"})
    assert name.status_code == 403
    own = client.post("/predict", json=body, headers={"origin": HERE})
    assert own.status_code == 200


def test_a_token_is_asked_for_and_opens_the_page(folder: Path) -> None:
    token = "only-for-us-123"
    service = serving.service_of(folder, token)
    with TestClient(new_app(service), "http://model.example") as client:
        body = {"records": [serving.RECORD]}
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic " + token}):
            refused = client.post("/predict", json=body, headers=headers)
            assert refused.status_code == 401
            assert token not in refused.text
        good = client.post("/predict", json=body, headers={"authorization": f"Bearer {token}"})
        assert good.status_code == 200
        assert client.get("/health").status_code == 200
        assert client.get("/metrics").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        page = client.get(f"/?token={token}")
        assert page.status_code == 200
        assert "token" not in str(page.url)
        assert client.post("/predict", json=body).status_code == 200  # the cookie
