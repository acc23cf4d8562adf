"""A tiny model behind the application, for the tests of the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import every_kind
from pellucid.errors import PellucidError
from pellucid.learning import learn
from pellucid.serving.app import Service, new_service
from pellucid.serving.limits import Limits
from pellucid.serving.served import Shelf
from pellucid.serving.server import listen, server_of

RECORD = {
    "weight": 5.5,
    "age": 20,
    "colour": "red",
    "zip code": "10115",
    "bought": "2024-05-01",
    "review": "kettle no 7 from Leeds: it is splendid, truly splendid",
}


def learnt(folder: Path, seed: int = 0, targets: tuple[str, ...] = ("liked", "paid")) -> Path:
    """A model of every kind of column that predicts a class and a number."""
    path = folder / "shop.pellucid"
    learn(
        every_kind.table().drop([t for t in ("liked", "paid") if t not in targets]),
        list(targets),
        plan=every_kind.plan(steps=10),
        seed=seed,
        minutes=0.2,
        verbose=False,
        output=path,
    )
    return path


def service_of(path: Path, token: str | None = None, every: float = 60, **limits: Any) -> Service:
    """A service that looks at its folder every so many seconds."""
    return new_service(Shelf(path, every), Limits(**limits), token)


@contextmanager
def listening(service: Service) -> Iterator[tuple[str, Callable[[], None]]]:
    """A real server in a thread: its address, and what tells it to stop as SIGTERM does."""
    listener = listen("127.0.0.1", 0)
    server = server_of(service)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", lambda: server.handle_exit(15, None)
    finally:
        server.handle_exit(15, None)
        thread.join(20)
        listener.close()
        if thread.is_alive():
            raise PellucidError("the server did not stop")


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("it did not come true")
        time.sleep(0.01)
