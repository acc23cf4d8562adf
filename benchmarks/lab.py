"""The lab in a real browser: its first page, pictures a second while a network learns, stalls."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks import printing
from benchmarks.commands import FailedError

FIRST_PAGE, PICTURES, STALL = 2.0, 30.0, 200.0  # s, a second, ms
WIDTH, DEPTH = "224", 3  # 101,697 weights and biases
WATCH = """() => { window.gaps = []; let last = 0;
const look = (now) => { if (last) gaps.push(now - last); last = now; requestAnimationFrame(look); };
requestAnimationFrame(look); }"""


def main(arguments: Sequence[str]) -> None:
    """Start it a few times for the first page; then watch a network learn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not needed: points of the plane are made")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    rows = []
    for _ in range(chosen.rounds):
        with lab() as (address, first):
            rows.append({"first page, s": first, **watched(address, chosen.seconds)})
    printing.publish("The lab", rows, chosen.output)
    print(
        f"\nBars: first page {FIRST_PAGE:g} s, {PICTURES:g} pictures a second, no stall over "
        f"{STALL:g} ms"
    )


@contextmanager
def lab() -> Iterator[tuple[str, float]]:
    """The address of a lab that has just been started, and how long its first page took."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "pellucid", "lab", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            if found is None:
                raise FailedError("the lab did not start")
            while not _answers(found[0]):
                time.sleep(0.01)
            yield found[0], time.perf_counter() - started
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urlopen(address) as page:
            return bool(page.read())
    except OSError:
        return False


def watched(address: str, seconds: float) -> dict[str, Any]:
    """Pictures a second of the chapter's first figure, and the longest gap between two frames."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise FailedError("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}training")
        figure = page.locator("[data-figure=training]").first
        figure.get_by_label("Neurons in each").select_option(WIDTH)
        figure.get_by_label("Hidden layers").fill(str(DEPTH))
        figure.get_by_text("101,697 weights").first.wait_for()
        figure.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_timeout(2_000)
        page.evaluate(WATCH)
        before, steps = _drawn(figure), _step(figure)
        started = time.perf_counter()
        page.wait_for_timeout(1_000 * seconds)
        took = time.perf_counter() - started
        gaps = page.evaluate("gaps")
        answer = {
            "pictures a second": (_drawn(figure) - before) / took,
            "steps a second": (_step(figure) - steps) / took,
            "frames of the page a second": len(gaps) / took,
            "longest stall, ms": max(gaps),
        }
        browser.close()
    return answer


def _drawn(figure: Any) -> int:
    return int(figure.get_attribute("data-drawn"))


def _step(figure: Any) -> int:
    return int(re.search(r"Step (\d+)", figure.locator(".says").text_content())[1])  # type: ignore[index]
