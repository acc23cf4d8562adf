"""Servers of a model in processes of their own: `pellucid serve`, and a naive one beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from benchmarks.commands import PELLUCID, FailedError
from benchmarks.processes import ROOT


@contextmanager
def server(name: str, model: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server in a process of its own, ready; it is told to stop at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    ours = [PELLUCID, "serve", str(model), "--port", port]
    command = (
        [sys.executable, "-m", "benchmarks.naive_server"] if name.startswith("naive") else ours
    )
    extra = {"MODEL": str(model), "PORT": port, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | extra, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _ready(address, process)
        yield address, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _ready(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            urlopen(f"{address}/openapi.json")
            return
        except OSError:
            time.sleep(0.1)
        if process.poll() is not None:
            raise FailedError("a server ended; the naive one needs `pip install fastapi`")
    raise FailedError(f"{address} does not answer")
