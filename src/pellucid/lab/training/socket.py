"""The web socket between a page and its worker: the next picture when the last is drawn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from pellucid.lab.training.frames import frame

MOST_WORKERS = 4
_open: set[WebSocket] = set()


async def watch(socket: WebSocket) -> None:
    """Let a page watch a training of its own until it goes away."""
    await socket.accept()
    if len(_open) >= MOST_WORKERS:
        await socket.close(1013, f"{MOST_WORKERS} pages are training already; close one of them.")
        return
    _open.add(socket)
    try:
        await _serve(socket)
    finally:
        _open.discard(socket)


async def _serve(socket: WebSocket) -> None:
    build, worker_of = await run_in_threadpool(_torch_needed)
    loop = asyncio.get_running_loop()
    pictures: asyncio.Queue[bytes] = asyncio.Queue()

    def show(picture: Mapping[str, Any]) -> None:
        loop.call_soon_threadsafe(pictures.put_nowait, frame(picture))

    worker = worker_of(lambda wishes: build(wishes, socket.app.state.own), show)
    worker.start()
    sending = asyncio.create_task(_send(socket, pictures))
    try:
        while True:
            worker.wishes.put(_wish(await socket.receive_text()))
    except (WebSocketDisconnect, KeyError):
        pass
    finally:
        worker.wishes.put({"do": "close"})
        sending.cancel()


def _torch_needed() -> tuple[Any, Any]:
    from pellucid.lab.training.scenes import build
    from pellucid.lab.training.worker import Worker

    return build, Worker


async def _send(socket: WebSocket, pictures: asyncio.Queue[bytes]) -> None:
    while True:
        await socket.send_bytes(await pictures.get())


def _wish(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}
