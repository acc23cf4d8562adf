"""The server's page in a real browser: the form answers as it changes, and faults are named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pellucid
import serving
from browsing import chromium, watched
from every_kind import plan


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = serving.learnt(tmp_path_factory.mktemp("model"))
    with serving.listening(serving.service_of(path)) as (address, _):
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def answered(seen: Any, count: int = 1) -> None:
    """Wait until the page shows an answer to what stands in its form."""
    seen.until(
        "(n) => document.querySelectorAll('#answer .value:not(.none)').length >= n"
        " && !document.querySelector('#answer.stale')",
        count,
    )


def told(page: Any) -> Any:
    """The answer as the page shows it to programs."""
    return json.loads(page.locator("#json").text_content())["predictions"][0]


def test_the_form_begins_with_typical_values_and_answers_as_it_changes(
    address: str, browser: Any
) -> None:
    with watched(browser) as seen:
        seen.page.goto(address)
        answered(seen, 2)
        before = told(seen.page)
        slider = seen.page.locator("input[type=range]").first
        slider.focus()
        for _ in range(4):
            seen.page.keyboard.press("ArrowRight")
        seen.until("(was) => document.querySelector('#json').textContent !== was",
                   seen.page.locator("#json").text_content())  # fmt: skip
        answered(seen, 2)
        after = told(seen.page)
        assert after["paid"]["value"] != before["paid"]["value"]
        shown = seen.page.locator("#answer .target").nth(1).inner_text()
        assert f"{after['paid']['value']:.4g}" in shown
        assert "90 % of such cases" in shown
        assert "% sure" in seen.page.locator("#answer .target").first.inner_text()
        assert seen.faults == []


def test_a_value_that_cannot_be_used_is_named_beside_its_field(address: str, browser: Any) -> None:
    with watched(browser) as seen:
        seen.page.goto(address)
        answered(seen)
        seen.page.get_by_label("weight", exact=True).fill("heavy")
        seen.until("() => document.querySelector('[name=weight]').ariaInvalid === 'true'")
        field = seen.page.locator(".field", has=seen.page.locator("[name=weight]"))
        assert "Not a number." in field.inner_text()
        assert "not a number" in seen.page.locator("#answer").inner_text()
        seen.page.get_by_label("weight", exact=True).fill("")
        answered(seen)
        assert "Not a number." not in field.inner_text()
        assert [fault for fault in seen.faults if "422" not in fault] == []


def test_the_command_on_the_page_is_what_was_asked(address: str, browser: Any) -> None:
    with watched(browser) as seen:
        seen.page.goto(address)
        answered(seen)
        seen.page.get_by_label("review").fill('it\'s a lamp: "splendid"')
        seen.page.get_by_role("button", name="Predict").click()
        seen.until("() => document.querySelector('#curl').textContent.includes('lamp')")
        command = seen.page.locator("#curl").text_content()
        body = command.split("-d '")[1].rstrip("'").replace("'\\''", "'")
        assert json.loads(body)["records"][0]["review"] == 'it\'s a lamp: "splendid"'


def test_the_page_is_fit_for_all_eyes_and_all_widths(address: str, browser: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    for scheme, width in (("light", 1280), ("dark", 360)):
        size = {"width": width, "height": 800}
        with watched(browser, color_scheme=scheme, viewport=size) as seen:
            seen.page.goto(address)
            answered(seen)
            found = axe.Axe().run(seen.page).response["violations"]
            grave = [(f["id"], f["nodes"][0]["html"][:200]) for f in found
                     if f["impact"] in ("serious", "critical")]  # fmt: skip
            assert grave == []
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_long_name_breaks_between_its_words(tmp_path: Path, browser: Any) -> None:
    rows = [f"{i % 9},{i % 9 > 4}" for i in range(200)]
    name = "years_since_the_last_promotion_of_anyone"
    (tmp_path / "staff.csv").write_text(f"{name},left\n" + "\n".join(rows))
    output = tmp_path / "staff.pellucid"
    pellucid.learn(tmp_path / "staff.csv", "left", plan=plan(steps=5), output=output, verbose=False)
    with (
        serving.listening(serving.service_of(output)) as (address, _),
        watched(browser, viewport={"width": 200, "height": 600}) as seen,
    ):
        seen.page.goto(address)
        label = seen.page.locator("label bdi").first
        assert label.text_content() == name
        lines = label.evaluate("""bdi => [...bdi.childNodes].filter(n => n.data).map(part => {
          const range = document.createRange();
          range.selectNode(part);
          return range.getClientRects().length;
        })""")
        assert lines == [1] * 7  # no word lies on two lines
        assert label.evaluate("bdi => bdi.getClientRects().length") > 1
