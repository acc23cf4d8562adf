"""The lab's server: pages, assets and answers, on this machine only."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from pellucid.errors import PellucidError, UsageError
from pellucid.lab import answers, pages, uploads
from pellucid.lab.chapters import CHAPTERS
from pellucid.lab.own import Own
from pellucid.lab.questions import question_of
from pellucid.lab.training.socket import watch
from pellucid.web.access import Access, address, new_token
from pellucid.web.bundle import ASSETS

if TYPE_CHECKING:
    from starlette.requests import Request

OWN = (
    "columns",
    "encoding",
    "answer",
    "explained",
    "neurons",
    "inside",
    "surface",
    "matrix",
    "unit",
    "sums",
    "passing",
    "dream",
    "layers",
    "said",
    "grown",
    "history",
    "seen",
    "along",
    "ways",
    "tried",
    "slice",
)  # answers about the reader's table


def application(token: str, own: Own | None = None) -> Starlette:
    """The lab as an ASGI application."""
    made = Starlette(
        routes=[
            Route("/", _home),
            Route("/ask/lesson", _asked(answers.worked), methods=["POST"]),
            Route("/ask/function", _asked(answers.function), methods=["POST"]),
            *(Route(f"/ask/{name}", _asked_of(name), methods=["POST"]) for name in OWN),
            Route("/own/table", uploads.received, methods=["POST"]),
            Route("/own/open", uploads.opened, methods=["POST"]),
            Mount("/assets", StaticFiles(directory=ASSETS)),
            WebSocketRoute("/training", watch),
            Route("/{slug}", _chapter),
        ],
        middleware=[Middleware(Access, token=token)],
        lifespan=_loading,
    )
    made.state.own = own or Own()
    made.state.trainings = {}  # workers that wait for their page to be loaded again
    made.state.watched = set()  # names of those that a page looks at
    return made


def run(own: Own, port: int = 0, browser: bool = True) -> None:
    """Serve until Ctrl-C, and open the browser at the first page."""
    import socket

    import uvicorn

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as fault:
            raise UsageError(
                f"Port {port} is not free ({fault.strerror}); name another one, or none."
            ) from None
        token = new_token()
        place = address("127.0.0.1", listening.getsockname()[1], token)
        print(f"lab       {place}", flush=True)
        print("          Ctrl-C ends it; nothing leaves this machine.", flush=True)
        if browser:
            webbrowser.open(place)
        settings = uvicorn.Config(application(token, own), log_level="warning", ws_max_size=1 << 20)
        uvicorn.Server(settings).run(sockets=[listening])


@contextlib.asynccontextmanager
async def _loading(app: Starlette) -> AsyncIterator[None]:
    """Load torch behind the first page: it takes seconds, and most chapters do without it."""

    def load() -> None:
        app.state.shown.wait(2)
        from pellucid.lab.training.scenes import warm_up

        warm_up()

    app.state.shown = threading.Event()
    threading.Thread(target=load, daemon=True, name="lab loading").start()
    with tempfile.TemporaryDirectory(prefix="pellucid-lab-") as app.state.folder:
        yield


async def _home(request: Request) -> Response:
    return HTMLResponse(pages.home(_context(request)))


async def _chapter(request: Request) -> Response:
    for chapter in CHAPTERS:
        if chapter.slug == request.path_params["slug"]:
            return HTMLResponse(pages.chapter_page(chapter, _context(request)))
    raise HTTPException(404, "There is no such chapter.")


def _context(request: Request) -> dict[str, Any]:
    asyncio.get_running_loop().call_later(0.3, request.app.state.shown.set)
    return {"root": request.scope["root_path"], "own": request.app.state.own}


def _asked(answer: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Callable[..., Any]:
    """A question as JSON in, the answer as JSON out; a fault of the question's is a sentence."""

    async def asked(request: Request) -> Response:
        try:
            question = await question_of(request)
            return JSONResponse(await run_in_threadpool(answer, question))
        except PellucidError as fault:
            return JSONResponse({"fault": str(fault)}, 422)

    return asked


def _asked_of(name: str) -> Callable[..., Any]:
    """A question about the reader's own table; what it needs is imported when it is first put."""

    async def asked(request: Request) -> Response:
        own: Own = request.app.state.own

        def answer(question: Mapping[str, Any]) -> dict[str, Any]:
            return own.read(lambda own: _about(name)(own, question))

        return await _asked(answer)(request)

    return asked


def _about(name: str) -> Callable[[Own, Mapping[str, Any]], dict[str, Any]]:
    from pellucid.lab import (
        along,
        dream,
        grown,
        inside,
        passing,
        rows,
        said,
        seen,
        slice,
        surface,
        tries,
        walked,
        ways,
        weights,
    )

    return {
        "columns": rows.columns,
        "encoding": rows.encoding,
        "answer": walked.answer,
        "neurons": walked.neurons,
        "explained": walked.explained,
        "inside": inside.inside,
        "surface": surface.surface,
        "matrix": weights.matrix,
        "unit": weights.unit,
        "sums": weights.sums,
        "passing": passing.passing,
        "dream": dream.dream,
        "layers": weights.layers,
        "said": said.said,
        "grown": grown.grown,
        "history": grown.history,
        "seen": seen.seen,
        "along": along.along,
        "ways": ways.ways,
        "tried": tries.tried,
        "slice": slice.slice_,
    }[name]
