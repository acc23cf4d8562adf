"""A long mix of good and hostile requests, with a newer model and a SIGTERM in the middle of it."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2 as httpx

from benchmarks.servers import server

CLIENTS = 24
LARGEST = 32 << 20  # bytes that the server reads
JSON = {"content-type": "application/json"}


def mix(model: Path, newer: Path, minutes: float) -> dict[str, Any]:
    """One server for so many minutes: what it answered, how its memory grew, what was lost."""
    served = model.with_name("served.pellucid")
    shutil.copytree(model, served)
    with server("pellucid serve", served) as (address, process):
        return asyncio.run(_mixed(address, process, served, newer, 60 * minutes))


async def _mixed(
    address: str, process: Any, served: Path, newer: Path, seconds: float
) -> dict[str, Any]:
    seen: Counter[str] = Counter()
    stop = asyncio.Event()
    sizes: list[float] = []
    clients = [asyncio.create_task(_client(address, seed, seen, stop)) for seed in range(CLIENTS)]
    end = time.monotonic() + seconds
    reloaded = False
    while time.monotonic() < end:
        await asyncio.sleep(1)
        if process.poll() is not None:
            raise RuntimeError(f"the server ended by itself, with status {process.returncode}")
        sizes.append(_megabytes(process.pid))
        if not reloaded and time.monotonic() > end - seconds / 2:
            reloaded = True
            await asyncio.to_thread(_replace, served, newer)
    process.send_signal(signal.SIGTERM)  # while all the clients go on asking
    while process.poll() is None:
        await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*clients)
    third = max(1, len(sizes) // 3)
    return {
        "minutes": seconds / 60,
        "requests": sum(n for what, n in seen.items() if what[:3].isdigit()),
        "2xx": sum(n for what, n in seen.items() if what.startswith("2")),
        "4xx": sum(n for what, n in seen.items() if what.startswith("4")),
        "5xx": sum(n for what, n in seen.items() if what.startswith("5")),
        "accepted, not answered": seen["lost"],
        "models that answered": sum(1 for what in seen if what.startswith("model")),
        "MB after a third": sorted(sizes[:third])[third // 2] if len(sizes) > 3 else sizes[-1],
        "MB at the end": sorted(sizes[-third:])[third // 2],
        "exit status": process.returncode,
    }


def _replace(served: Path, newer: Path) -> None:
    """As a new run of `learn` does it: written beside, then renamed."""
    beside, old = served.with_name("beside"), served.with_name("old")
    shutil.copytree(newer, beside)
    served.rename(old)
    beside.rename(served)


async def _client(address: str, seed: int, seen: Counter[str], stop: asyncio.Event) -> None:
    """Ask until the server has gone; a connection that is refused was not accepted."""
    draw = random.Random(seed)
    async with httpx.AsyncClient(timeout=60) as client:
        while not stop.is_set():
            method, path, body, headers = _request(draw)
            try:
                answer = await client.request(method, address + path, content=body, headers=headers)
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
                continue
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                seen["lost"] += len(body) <= LARGEST  # a larger one is refused unread
                continue
            seen[str(answer.status_code)] += 1
            if answer.status_code == 200 and path == "/predict":
                seen["model " + answer.json()["model"]] += 1


def _request(draw: random.Random) -> tuple[str, str, bytes, dict[str, str]]:
    """Half of them good, a few to be explained; the others in one of many ways not."""
    record = _record(draw)
    if draw.random() < 0.5:
        records = [_record(draw) for _ in range(draw.choice((1, 1, 1, 5, 40)))]
        return "POST", "/predict", json.dumps({"records": records}).encode(), JSON
    if draw.random() < 0.005:
        return "POST", "/explain?format=text", _body(record), JSON
    field = draw.choice(list(record))
    strange: list[Any] = ["abc", [], {}, True, 1e308, 10**30, "\x00", "9" * 3_000, "𝔘" * 500]
    bad: list[tuple[str, str, bytes, dict[str, str]]] = [
        ("POST", "/predict", _body({**record, field: draw.choice(strange)}), JSON),
        ("POST", "/predict", _body({**record, "x99": 1, "X0": 2}), JSON),
        ("POST", "/predict", draw.randbytes(draw.randint(0, 4_000)), JSON),
        ("POST", "/predict", b"[" * 100_000, JSON),
        ("POST", "/predict", b'{"records": [{"x0": NaN}]}', JSON),
        ("POST", "/predict", _body(record)[:-3], JSON),
        ("POST", "/predict", _body(record), {"content-type": "text/plain"}),
        ("POST", "/predict", b"--x\r\n" + draw.randbytes(500), _form("x")),
        ("POST", "/predict", json.dumps({"records": [record] * 1_001}).encode(), JSON),
        ("POST", "/predict", b" " * (33 << 20) if draw.random() < 0.01 else b"", JSON),
        ("POST", "/explain", _body(record), {**JSON, "origin": "http://evil.example"}),
        ("DELETE", "/predict", b"", {}),
        ("GET", f"/{draw.randbytes(4).hex()}?a=%ff%00", b"", {}),
        ("GET", "/metrics", b"", {"host": "evil.example"}),
        ("GET", "/openapi.json", b"", {}),
        ("GET", "/metrics", b"", {}),
        ("GET", "/", b"", {}),
    ]
    return draw.choice(bad)


def _record(draw: random.Random) -> dict[str, Any]:
    numbers = {f"x{i}": round(draw.gauss(0, 1), 4) for i in range(10)}
    return numbers | {"shop": f"shop{draw.randint(0, 5)}", "region": None, "brand": "brand3"}


def _body(record: dict[str, Any]) -> bytes:
    return json.dumps({"records": [record]}).encode()


def _form(boundary: str) -> dict[str, str]:
    return {"content-type": f"multipart/form-data; boundary={boundary}"}


def _megabytes(pid: int) -> float:
    """Resident memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20
