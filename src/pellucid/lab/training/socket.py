"""The web socket between a page and its worker: the next picture when the last is drawn.

A page that goes away leaves its worker behind, paused; the same page, loaded again, finds it by the
name that it gave.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from pellucid.lab.training.frames import frame

MOST_WORKERS = 4
MOST_KEPT = 6  # workers that wait for their page to come back
LONGEST_NAME = 64
PATIENCE = 60  # twentieths of a second
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

    name, kept = socket.query_params.get("name", "")[:LONGEST_NAME], socket.app.state.trainings
    watched: set[str] = socket.app.state.watched
    for _ in range(PATIENCE):  # a page that is loaded again may come before it has gone away
        if name not in watched:
            break
        await asyncio.sleep(0.05)
    worker = kept.pop(name, None)
    if name:
        watched.add(name)
    if worker is None:
        worker = worker_of(lambda wishes: build(wishes, socket.app.state.own), show)
        worker.start()
    worker.show = show
    sending = asyncio.create_task(_send(socket, pictures))
    try:
        while True:
            worker.wishes.put(_wish(await socket.receive_text()))
    except (WebSocketDisconnect, KeyError):
        pass
    finally:
        _keep(kept, name, worker)
        watched.discard(name)
        sending.cancel()


def _keep(kept: dict[str, Any], name: str, worker: Any) -> None:
    """Let a worker wait, paused, for its page; the one that has waited longest goes."""
    worker.show = lambda picture: None
    worker.wishes.put({"do": "pause" if name else "close"})
    if name:
        kept[name] = worker
    while len(kept) > MOST_KEPT:
        kept.pop(next(iter(kept))).wishes.put({"do": "close"})


def forget(kept: dict[str, Any]) -> None:
    """End all workers that wait: what they learnt from is no longer what the chapters show."""
    while kept:
        kept.popitem()[1].wishes.put({"do": "close"})


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
