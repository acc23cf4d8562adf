"""A lab that runs beside the tests, and a browser that notes everything that goes wrong."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

TOKEN = "token-of-the-tests"


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """The address of an application that answers on a free port of this machine."""
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/{TOKEN}/"
        finally:
            server.should_exit = True
            thread.join(10)


@contextlib.contextmanager
def chromium(*asked: str) -> Iterator[Any]:
    """A browser, or the test is left out because there is none; `asked` are switches of its own."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine: the pages are not driven")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", *asked])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page and everything that went wrong on it."""

    page: Any
    faults: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until every figure has been drawn and no question is open."""
        self.until(
            "[...document.querySelectorAll('[data-figure]')].every("
            "f => f.dataset.drawn && f.querySelector('.drawing').childElementCount"
            " && !f.querySelector('.stale') && !f.classList.contains('busy')"
            " && [...f.querySelectorAll('.worked')].every("
            "w => getComputedStyle(w).opacity === '1'))"  # not while it still fades in
        )

    def until(self, script: str, given: Any = None, seconds: float = 60) -> None:
        """Wait until a script says yes (the browser's own waiting needs eval, which is refused)."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(script, given):
            assert time.monotonic() < end, f"in vain for {seconds} s: {script}"
            time.sleep(0.03)


@contextlib.contextmanager
def watched(browser: Any, local: bool = False, **settings: Any) -> Iterator[Watched]:
    """A page of its own; requests that leave the machine are stopped and noted.

    local: the page is a file, which may ask for nothing but itself.
    """
    context = browser.new_context(**settings)
    seen = Watched(context.new_page())

    def passes(route: Any) -> None:
        asked = urlsplit(route.request.url)
        first = route.request.is_navigation_request()
        if asked.hostname == "127.0.0.1" or (local and asked.scheme == "file" and first):
            route.continue_()
        else:
            seen.faults.append(f"asked {route.request.url}")
            route.abort()

    context.route("**/*", passes)
    seen.page.on("pageerror", lambda error: seen.faults.append(f"error: {error}"))
    seen.page.on(
        "console",
        lambda said: seen.faults.append(f"console: {said.text}") if said.type == "error" else None,
    )
    seen.page.set_default_timeout(60_000)
    try:
        yield seen
    finally:
        context.close()
