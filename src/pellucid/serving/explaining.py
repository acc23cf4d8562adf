"""The working behind one record, in the form that was asked for."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Semaphore

from pellucid.errors import PellucidError
from pellucid.explanation.result import Explanation
from pellucid.model import Model
from pellucid.serving.answering import frame_of_records
from pellucid.serving.faults import RequestError
from pellucid.serving.limits import Limits
from pellucid.serving.records import Record
from pellucid.serving.served import Served
from pellucid.working.printing.html import fragment
from pellucid.working.printing.style import STYLE

WAITING = 4  # explanations that may be asked for at once; each takes seconds


def _without_style(found: Explanation) -> str:
    """For a page that has the style already."""
    return fragment(found.step).removeprefix(f"<style>{STYLE}</style>")


# Name in the address -> its type in the answer, and how the working is written.
FORMATS: Mapping[str, tuple[str, Callable[[Explanation], str]]] = {
    "json": ("application/json", lambda found: found.json()),
    "html": ("text/html", lambda found: found.html()),
    "fragment": ("text/html", _without_style),
    "text": ("text/plain", lambda found: found.text(ascii=False)),
    "markdown": ("text/markdown", lambda found: found.markdown()),
    "latex": ("text/x-latex", lambda found: found.latex()),
}


class Explainer:
    """One thread that explains, beside the one that answers: predictions do not wait for it."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self._room = limits, Semaphore(WAITING)
        self._pool = ThreadPoolExecutor(1, "pellucid-explain")
        self._twin: tuple[Served, Model] | None = None

    async def explain(self, served: Served, record: Record, form: str) -> tuple[str, str]:
        """Type and text of the working; 429 where too many wait for theirs."""
        if not self._room.acquire(blocking=False):
            raise RequestError(429, "too many explanations at once; come back", (), 5)
        future = self._pool.submit(self._explained, served, record, form)
        future.add_done_callback(lambda _: self._room.release())
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self.limits.timeout)
        except TimeoutError as error:
            raise RequestError(503, f"no working within {self.limits.timeout:g} s") from error

    def stop(self) -> None:
        """Finish what is being explained."""
        self._pool.shutdown()

    def _explained(self, served: Served, record: Record, form: str) -> tuple[str, str]:
        fields = served.explained
        given = zip(fields, record.cells, strict=True)
        known = [f.name for f, cell in given if cell is not None or f in served.fields]
        kind, write = FORMATS[form]
        cells = frame_of_records(fields, [record]).select(known)
        try:
            return kind, write(self._twin_of(served).explain(cells))
        except PellucidError as error:
            raise RequestError(422, str(error)) from error

    def _twin_of(self, served: Served) -> Model:
        """A copy of the model: explaining hooks into a network that must answer meanwhile."""
        if self._twin is None or self._twin[0] is not served:
            network = copy.deepcopy(served.model.network)
            self._twin = served, replace(served.model, network=network)
        return self._twin[1]
