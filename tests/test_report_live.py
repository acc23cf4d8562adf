"""The report's figures move where scripts run, stand still where none do, and ask nobody."""

from __future__ import annotations

import pytest

import evidence_documents
from browsing import chromium, watched
from pellucid.evidence.report import write_report

LOOKS = "f => f.querySelector('.live').shadowRoot.querySelector('.drawing').innerHTML"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "report.html"
    write_report(evidence_documents.two_classes(), path)
    return path.as_uri()


def test_every_figure_of_a_report_moves_by_keyboard_and_leaves_no_trace_of_a_fault(browser, page):
    for scheme, width in (("light", 1280), ("dark", 360)):
        settings = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
        with watched(browser, local=True, **settings) as seen:
            seen.page.goto(page)
            seen.until("document.querySelectorAll('figure.alive').length === 4")
            for figure in seen.page.locator("figure.alive").all():
                element = figure.element_handle()
                seen.until(f"f => ({LOOKS})(f) !== ''", element)
                assert not figure.locator("> .drawing").is_visible()
                before = figure.evaluate(LOOKS)
                slider = figure.locator("input[type=range]").first
                slider.focus()
                for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
                    seen.page.keyboard.press(key)
                seen.until(f"([f, was]) => ({LOOKS})(f) !== was", [element, before])
                figure.locator("summary").first.click()
                figure.locator("td:visible").nth(2).wait_for()
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            assert seen.faults == []


def test_a_report_is_complete_without_scripts(browser, page):
    with watched(browser, local=True, java_script_enabled=False) as seen:
        seen.page.goto(page)
        assert seen.page.locator("figure .live").count() == 4
        assert not seen.page.locator("figure .live").first.is_visible()
        for figure in seen.page.locator("figure:has(.live) > .drawing").all():
            assert figure.is_visible()
        assert "alarms that are right" in seen.page.locator("main").inner_text()
        assert seen.faults == []


def test_a_report_that_was_tampered_with_runs_nothing(browser, page, tmp_path):
    path = tmp_path / "report.html"
    text = path.read_text("utf-8")
    path.write_text(text.replace("const modules = {};", "const modules = {}; window.told = 1;"))
    with watched(browser, local=True) as seen:
        seen.page.goto(page)
        assert seen.page.evaluate("window.told") is None
        assert any("Content Security Policy" in fault for fault in seen.faults)


def test_a_report_with_nothing_to_move_holds_no_script(tmp_path):
    path = tmp_path / "report.html"
    evidence = evidence_documents.tiny()
    for target in evidence["targets"].values():
        target["calibration"] = target["confusion"] = None
    evidence["history"] = []
    write_report(evidence, path)
    assert "<script" not in path.read_text("utf-8")
