"""A server around the application: its address, its log, and an end that drops nobody."""

from __future__ import annotations

import asyncio
import logging
import select
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import uvicorn

from pellucid.errors import UsageError
from pellucid.serving.access import SHORTEST
from pellucid.serving.app import Service, new_app, new_service
from pellucid.serving.limits import Limits
from pellucid.serving.served import Shelf
from pellucid.web.access import is_loopback

DRAIN = 1.0  # seconds in which clients are told to leave before the door is shut
LINGER, LONGEST_LINGER = 1.0, 5.0  # seconds in which those who came in last are still heard
IDLE = 75  # seconds that a connection may say nothing


def serve(
    path: str | Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    limits: Limits | None = None,
    started: Callable[[str], None] | None = None,
) -> None:
    """Answer over HTTP with the model of a folder until SIGTERM or Ctrl-C.

    `started` is told the address. A host that others can reach needs a token; a UsageError
    otherwise, before anything listens.
    """
    check_access(host, token)
    limits = limits or Limits()
    service = new_service(Shelf(Path(path)), limits, token)
    listener = listen(host, port)
    if started:
        started(_address(listener, host, token))
    server_of(service).run(sockets=[listener])


def server_of(service: Service) -> Server:
    """A uvicorn server for the service; `run` it with a listening socket."""
    config = uvicorn.Config(
        new_app(service),
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        limit_concurrency=service.limits.connections,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=int(service.limits.timeout) + 1,
    )
    return Server(config, service)


class Server(uvicorn.Server):
    """Told to stop, it first asks clients to leave, and answers all that came in until then."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends it in good order, the second at once; the exit status is 0."""
        self.force_exit, self.should_exit = self.should_exit, True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close connections as they are answered, then the door, then those that say nothing."""
        self.service.draining = True
        if self.server_state.connections and not self.force_exit:
            await asyncio.sleep(DRAIN)
            for server in self.servers:
                await _shut(server)
            await self._linger()
        await super().shutdown(sockets)

    async def _linger(self) -> None:
        """Hear those who came in last, longer where someone has not said anything yet."""
        end = asyncio.get_running_loop().time() + LONGEST_LINGER
        await asyncio.sleep(LINGER)
        while asyncio.get_running_loop().time() < end and any(
            getattr(connection, "cycle", None) is None
            for connection in self.server_state.connections
        ):
            await asyncio.sleep(0.05)


async def _shut(server: asyncio.Server) -> None:
    """Close the door at a moment when nobody stands before it, who would be sent away unheard."""
    for _ in range(100):
        if not select.select(server.sockets, [], [], 0)[0]:
            break
        await asyncio.sleep(0)  # the loop lets them in
    server.close()


def check_access(host: str, token: str | None) -> None:
    """UsageError for an address that others can reach without a token."""
    if token is not None and len(token) < SHORTEST:
        raise UsageError(f"the token is too short to be safe; give at least {SHORTEST} letters")
    if token is None and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached by others: give a --token, or leave --host out so that only "
            "this machine can ask"
        )


def write_log() -> None:
    """Log to standard error: what happens to the server, nothing of what it is asked."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(message)s"))
    for name in ("pellucid.serving", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
    for name in ("python_multipart", "multipart"):  # they quote the bytes of forms
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    logging.getLogger("pellucid.serving").setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


class Discreet(logging.Formatter):
    """Says where a fault happened and of which type, not its words: they may quote data."""

    def formatException(  # noqa: N802
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | Any
    ) -> str:
        """The type and the places in the code."""
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(ei[2])]
        return f"{ei[0].__name__} at {' > '.join(places[-4:])}"


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections; UsageError where none can be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot listen on {host} port {port}: {reason}; name another with --port, "
            "or --port 0 for any that is free"
        ) from error


def _address(listener: socket.socket, host: str, token: str | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}/" + (f"?token={token}" if token else "")
