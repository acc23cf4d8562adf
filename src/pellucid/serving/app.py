"""The routes of a server: what is asked over HTTP, and what is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import pellucid.web.access as web
from pellucid.serving.access import Access, cookie_name
from pellucid.serving.batching import Batcher
from pellucid.serving.bodies import Room, records_in
from pellucid.serving.explaining import FORMATS, Explainer
from pellucid.serving.faults import RequestError
from pellucid.serving.forecasts import steps_to_come, windows_in
from pellucid.serving.limits import Limits
from pellucid.serving.metrics import TYPE, Metrics
from pellucid.serving.openapi import openapi
from pellucid.serving.page import ASSETS, page
from pellucid.serving.served import Shelf

HEADERS = web.HEADERS | {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data: blob:; media-src blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "permissions-policy": "camera=(self), microphone=(self), geolocation=()",
}


@dataclass
class Service:
    """All that the routes share."""

    shelf: Shelf
    batcher: Batcher
    metrics: Metrics
    limits: Limits
    access: Access
    explainer: Explainer
    room: Room = field(default_factory=Room)
    draining: bool = False  # told to stop: connections are closed as they are answered


def new_service(shelf: Shelf, limits: Limits | None = None, token: str | None = None) -> Service:
    """A service that answers with the shelf's model; nothing runs yet."""
    limits = limits or Limits()
    batcher = Batcher(limits)
    counted = Metrics(batcher, shelf)
    return Service(shelf, batcher, counted, limits, Access(token), Explainer(limits))


def new_app(service: Service) -> ASGIApp:
    """The ASGI application; its lifespan starts and stops the threads of the service."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.batcher.start()
        service.shelf.start()
        yield
        service.shelf.stop()
        await asyncio.to_thread(service.batcher.stop)
        await asyncio.to_thread(service.explainer.stop)

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers={
            RequestError: _refused,
            HTTPException: _unknown,
            Exception: _failed,
        },
    )
    app.state.service = service
    return _Counted(app, service)


async def predict(request: Request) -> Response:
    """Answer the records of a request."""
    service = _service(request)
    served = service.shelf.served
    windows, limits = served.model.schema.windows, service.limits
    if windows is not None:
        limits = replace(limits, records=limits.steps)
    records = await records_in(request, served.fields, limits, service.room)
    table = None
    if windows is not None:
        table, records = await asyncio.to_thread(windows_in, served, records)
    job = service.batcher.submit(served, records)
    try:
        told = await asyncio.wait_for(asyncio.wrap_future(job.future), service.limits.timeout)
    except TimeoutError as error:
        raise RequestError(
            503, f"no answer within {service.limits.timeout:g} s", retry_after=5
        ) from error
    if isinstance(told, RequestError):
        raise told
    predictions: Sequence[Any] = told.predictions
    if windows is not None and table is not None:
        predictions = steps_to_come(windows, table, predictions)
    notes = [asdict(note) for note in told.notes]
    return JSONResponse({"predictions": predictions, "notes": notes, "model": served.weights})


async def explain(request: Request) -> Response:
    """Show the working behind one record; with its right answer, one step of learning from it."""
    service = _service(request)
    served = service.shelf.served
    form = request.query_params.get("format", "json")
    if form not in FORMATS:
        raise RequestError(422, f"there is no format of that name; there are {', '.join(FORMATS)}")
    records = await records_in(request, served.explained, service.limits, service.room)
    if len(records) > 1:
        raise RequestError(422, f"{len(records):,} records; one is explained at a time")
    kind, text = await service.explainer.explain(served, records[0], form)
    return Response(text, media_type=kind)


async def health(request: Request) -> Response:
    """The process runs."""
    return JSONResponse({"status": "alive"})


async def ready(request: Request) -> Response:
    """Whether new requests should come here."""
    service = _service(request)
    if service.draining:
        return JSONResponse({"status": "shutting down"}, 503)
    return JSONResponse({"status": "ready", "model": service.shelf.served.weights})


async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    return Response(_service(request).metrics.text(), media_type=TYPE)


async def describe(request: Request) -> Response:
    """The OpenAPI document."""
    service = _service(request)
    token = service.access.token is not None
    return JSONResponse(openapi(service.shelf.served, service.limits, token))


async def front(request: Request) -> Response:
    """The page; a token in its address moves into a cookie, out of sight."""
    service = _service(request)
    if "token" in request.query_params:
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            cookie_name(request),
            request.query_params["token"],
            httponly=True,
            samesite="strict",
        )
        return answer
    return Response(page(service.shelf.served), media_type="text/html")


async def asset(request: Request) -> Response:
    """A style sheet or a script of the page."""
    found = ASSETS.get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    kind, text = found()
    return Response(text, media_type=kind)


ROUTES = [
    Route("/", front),
    Route("/assets/{name}", asset),
    Route("/predict", predict, methods=["POST"]),
    Route("/explain", explain, methods=["POST"]),
    Route("/health", health),
    Route("/ready", ready),
    Route("/metrics", metrics),
    Route("/openapi.json", describe),
]
PATHS = {route.path for route in ROUTES}


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    headers = {"retry-after": str(error.retry_after)} if error.retry_after else None
    return JSONResponse(error.document(), error.status, headers)


def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = ", ".join(sorted(PATHS - {"/assets/{name}"}))
    words = {
        404: f"there is no {request.url.path[:80]}; there are {known}",
        405: f"{request.url.path[:80]} does not answer {request.method}",
    }
    document = {"error": words.get(error.status_code, error.detail), "problems": []}
    return JSONResponse(document, error.status_code, error.headers)


def _failed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "the server failed on this request", "problems": []}, 500)


class _Counted:
    """Refuses those who may not ask, counts and times the others, and adds the headers."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is HTTP and allowed."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        path = scope["path"] if scope["path"] in PATHS else "other"
        answered = False

        async def sent(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self.service.draining:
                    headers["connection"] = "close"
                seconds = time.perf_counter() - started
                self.service.metrics.answered(path, message["status"], seconds)
            await send(message)

        refused = self._refused(scope)
        await (refused or self.app)(scope, receive, sent)

    def _refused(self, scope: Scope) -> Response | None:
        request = Request(scope)
        opens = scope["path"] == "/" and self.service.access.holds(
            request.query_params.get("token")
        )
        if opens or (fault := self.service.access.fault(request)) is None:
            return None
        headers = {"www-authenticate": "Bearer"} if fault[0] == 401 else None
        return JSONResponse({"error": fault[1], "problems": []}, fault[0], headers)
