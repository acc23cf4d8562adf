"""Forecasts over HTTP: the long table that `predict` takes goes in, the same steps come out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

import pellucid
import serving
from browsing import chromium, watched
from every_kind import plan
from pellucid.serving.app import new_app


def sales(days: int = 120, to_come: int = 0) -> pl.DataFrame:
    """Two shops with a weekly season; the offers of the steps to come are known."""
    draw = np.random.default_rng(0)
    rows = []
    for shop in ("north", "south"):
        for day in range(days + to_come):
            sold = 20 + 5 * (day % 7 == 5) + draw.normal() if day < days else None
            when = (date(2024, 1, 1) + timedelta(day)).isoformat()
            rows.append((shop, when, float(day % 7 == 5), 3 + draw.random(), sold))
    return pl.DataFrame(rows, ["shop", "day", "offer", "price", "sold"], orient="row")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("forecasting") / "sales.pellucid"
    pellucid.learn(
        sales(), "sold", time="day", series="shop", horizon=7, known=["offer"],
        plan=plan(steps=20), output=path, verbose=False,
    )  # fmt: skip
    return path


@pytest.fixture
def client(path: Path) -> Iterator[TestClient]:
    app = new_app(serving.service_of(path))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as made:
        yield made


def ask(client: TestClient, records: list[dict[str, Any]]) -> Any:
    return client.post("/predict", json={"records": records})


def test_the_long_table_is_answered_as_predict_answers_it(client: TestClient, path: Path) -> None:
    table = sales(to_come=7)
    found = ask(client, table.to_dicts()).json()["predictions"]
    expected = pellucid.load(path).predict(table)
    assert len(found) == expected.height == 14
    for each, row in zip(found, expected.iter_rows(named=True), strict=True):
        assert (each["shop"], each["day"]) == (row["shop"], row["day"])
        assert each["sold"]["value"] == pytest.approx(row["sold"], rel=1e-4)
        assert each["sold"]["low"] == pytest.approx(row["sold low"], rel=1e-4)
        assert each["sold"]["low"] <= each["sold"]["value"] <= each["sold"]["high"]
        assert each["sold"]["coverage"] == 0.8


def test_what_is_mended_in_the_rows_is_told_once(client: TestClient) -> None:
    rows = [{**row, "day": row["day"]} for row in sales(30).to_dicts() if row["shop"] == "north"]
    for row in rows:
        del row["offer"]
    notes = ask(client, [*rows, rows[3]]).json()["notes"]
    absent, ahead = (note["problem"] for note in notes if note["field"] == "offer")
    assert absent == "not given, taken as missing"
    assert ahead.startswith("a step to come for which nothing is known ahead")
    assert any("averaged" in note["problem"] for note in notes)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"day": None, "sold": 1}], "moment"),
        ([{"shop": "north", "sold": 1}], "moment"),
        ([{"day": "soon", "sold": 1}], "not a date"),
        ([{"day": "2024-01-01", "sold": "many"}], "not a number"),
        ([{"day": "2024-01-01", "shop": "north"}], "no value of 'sold'"),
        ([{"day": "0001-01-01", "sold": 1}, {"day": "9999-12-31", "sold": 1}], "3,652,059 steps"),
        ([{"dya": "2024-01-01", "sold": 1}], "did you mean 'day'"),
    ],
)
def test_rows_that_cannot_be_used_are_refused_by_name(
    client: TestClient, rows: list[dict[str, Any]], words: str
) -> None:
    answer = ask(client, rows)
    assert answer.status_code == 422
    assert words in answer.text


def test_extreme_but_possible_rows_are_answered(client: TestClient) -> None:
    for rows in (
        [{"day": "9999-12-31", "sold": 1, "shop": "new"}],
        [{"day": "2024-01-01", "sold": 1e300, "price": -1e308}],
    ):
        assert ask(client, rows).status_code == 200


def test_the_description_has_an_example_that_is_answered(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["example"]["records"][0]) == {"shop", "day", "offer", "price", "sold"}
    answer = client.post("/predict", json=body["example"])
    assert answer.status_code == 200 and len(answer.json()["predictions"]) == 7
    item = document["components"]["schemas"]["Predictions"]["properties"]["predictions"]["items"]
    assert set(item["required"]) == set(answer.json()["predictions"][0])
    assert client.post("/explain", json=body["example"]).status_code == 422


def test_rows_pasted_into_the_page_are_drawn_with_their_forecast(path: Path) -> None:
    table = sales(40)
    with (
        serving.listening(serving.service_of(path)) as (address, _),
        chromium() as browser,
        watched(browser, viewport={"width": 360, "height": 800}) as seen,
    ):
        seen.page.goto(address)
        seen.page.locator("svg.ahead").wait_for()  # of the example
        seen.page.get_by_label("Rows of the table").fill(table.write_csv(separator=";"))
        seen.until("document.getElementById('took').textContent.startsWith('80 rows')")
        before = seen.page.locator("svg.ahead").inner_html()
        seen.page.locator("#which").select_option("south")
        assert seen.page.locator("svg.ahead").inner_html() != before
        seen.page.get_by_text("The numbers").click()
        assert seen.page.locator("#answer table tr").count() == 8
        seen.page.get_by_label("Rows of the table").fill("day;sold\nsoon;3")
        seen.page.locator("#answer .fault").wait_for()
        assert "not a date" in seen.page.locator("#answer .fault").inner_text()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert all("422" in fault for fault in seen.faults)
