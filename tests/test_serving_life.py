"""A server's life: batches, a full queue, slow clients, a newer model, and its end."""

from __future__ import annotations

import logging
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

import serving
from pellucid.errors import UsageError
from pellucid.serving.answering import answer
from pellucid.serving.app import new_app
from pellucid.serving.batching import Batcher
from pellucid.serving.faults import RequestError
from pellucid.serving.limits import Limits
from pellucid.serving.records import records_of
from pellucid.serving.server import Discreet, check_access, serve

BODY = {"records": [serving.RECORD]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return serving.learnt(tmp_path_factory.mktemp("one"), 0, ("liked",))


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return serving.learnt(tmp_path_factory.mktemp("two"), 1, ("liked",))


def test_requests_that_come_together_are_answered_together(folder: Path) -> None:
    service = serving.service_of(folder, wait=0.3)
    sizes: list[int] = []
    service.batcher.batches = lambda records, seconds: sizes.append(records)
    with serving.listening(service) as (address, _), ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: httpx.post(f"{address}/predict", json=BODY), range(20)))
    assert [a.status_code for a in answers] == [200] * 20
    assert len({a.text for a in answers}) == 1
    assert len(sizes) < 10


def test_a_request_waits_no_longer_for_others_than_it_was_said(folder: Path) -> None:
    took = {}
    for wait in (0.0, 0.5):
        batcher = Batcher(Limits(wait=wait), lambda served, requests: [RequestError(400, "")])
        batcher.start()
        started = time.monotonic()
        batcher.submit(None, [None]).future.result(5)  # type: ignore[arg-type, list-item]
        took[wait] = time.monotonic() - started
        batcher.stop()
    assert took[0.0] < 0.4
    assert 0.5 <= took[0.5] < 1.5


def test_a_full_queue_says_when_to_come_back(folder: Path) -> None:
    service = serving.service_of(folder, waiting=3, wait=0.0)
    began, go = threading.Event(), threading.Event()

    def work(served: Any, requests: Any) -> Any:
        began.set()
        go.wait(10)
        return answer(served, requests)

    service.batcher.work = work
    with serving.listening(service) as (address, _), ThreadPoolExecutor(10) as pool:
        first = pool.submit(httpx.post, f"{address}/predict", json=BODY)
        began.wait(10)
        others = [pool.submit(httpx.post, f"{address}/predict", json=BODY) for _ in range(8)]
        serving.until(lambda: sum(o.done() for o in others) >= 4)
        go.set()
        answers = [first.result(), *(o.result() for o in others)]
    refused = [a for a in answers if a.status_code == 429]
    assert len(refused) >= 4
    assert all(int(a.headers["retry-after"]) >= 1 for a in refused)
    assert all(a.status_code == 200 for a in answers if a not in refused)


def test_one_request_that_breaks_the_model_does_not_fail_its_neighbours(folder: Path) -> None:
    def work(served: Any, requests: Any) -> Any:
        if any(r == ["bad"] for r in requests):
            raise StopIteration("a secret 42")  # as a fault of the code itself might
        return ["fine"] * len(requests)

    batcher = Batcher(Limits(wait=0.2), work)
    batcher.start()
    jobs = [batcher.submit(None, [word]) for word in ("good", "bad", "good")]  # type: ignore[arg-type, list-item]
    told = [job.future.result(5) for job in jobs]
    batcher.stop()
    assert [told[0], told[2]] == ["fine", "fine"]
    assert isinstance(told[1], RequestError)
    assert told[1].status == 500
    assert "42" not in str(told[1])


def test_an_answer_that_does_not_come_is_given_up(folder: Path) -> None:
    service = serving.service_of(folder, timeout=0.3)
    go = threading.Event()
    service.batcher.work = lambda served, requests: (go.wait(10), answer(served, requests))[1]
    with TestClient(new_app(service), "http://localhost") as client:
        late = client.post("/predict", json=BODY)
        go.set()
        assert late.status_code == 503
        assert client.post("/predict", json=BODY).status_code == 200


def test_a_body_that_does_not_arrive_is_not_waited_for(folder: Path) -> None:
    service = serving.service_of(folder, timeout=0.5)
    with serving.listening(service) as (address, _):
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 10) as slow:
            slow.sendall(
                f"POST /predict HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-length: 900\r\n"
                "content-type: application/json\r\n\r\n{".encode()
            )
            assert b" 408 " in slow.recv(1000).split(b"\r\n")[0]


def test_a_newer_model_takes_over_and_no_request_is_lost(
    folder: Path, newer: Path, tmp_path: Path
) -> None:
    path = tmp_path / "served.pellucid"
    shutil.copytree(folder, path)
    service = serving.service_of(path, every=0.05)
    told: list[str] = []
    with serving.listening(service) as (address, _):
        stop = threading.Event()

        def ask() -> None:
            with httpx.Client() as client:
                while not stop.is_set():
                    answer = client.post(f"{address}/predict", json=BODY)
                    assert answer.status_code == 200, answer.text
                    told.append(answer.json()["model"])

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            serving.until(lambda: len(told) > 8)
            shutil.copytree(newer, tmp_path / "new")
            path.rename(tmp_path / "old")
            (tmp_path / "new").rename(path)
            before = service.shelf.served.weights
            serving.until(lambda: service.shelf.served.weights != before)
            seen = len(told)
            serving.until(lambda: len(told) > seen + 8)
            stop.set()
            for each in asking:
                each.result()
    assert len(set(told)) == 2
    assert told[0] != told[-1]


def test_a_folder_that_does_not_load_changes_nothing(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "served.pellucid"
    shutil.copytree(folder, path)
    shelf = serving.service_of(path).shelf
    before = shelf.served
    (path / "weights.safetensors").write_bytes(b"half a file")
    shelf.look()
    shelf.look()
    assert (shelf.served, shelf.failures) == (before, 1)
    shutil.rmtree(path)
    shelf.look()
    assert shelf.served is before


def test_told_to_stop_it_answers_what_it_accepted(folder: Path) -> None:
    service = serving.service_of(folder, wait=0.0, batch=1)
    service.batcher.work = lambda served, requests: (time.sleep(0.15), answer(served, requests))[1]
    with serving.listening(service) as (address, stop), ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(httpx.post, f"{address}/predict", json=BODY) for _ in range(12)]
        serving.until(lambda: service.batcher.waiting >= 8)
        stop()
        serving.until(lambda: service.draining)
        ready = httpx.get(f"{address}/ready")
        assert (ready.status_code, ready.headers["connection"]) == (503, "close")
        assert [each.result().status_code for each in asked] == [200] * 12


def test_told_to_stop_it_still_hears_who_came_in_and_is_slow_to_speak(folder: Path) -> None:
    service = serving.service_of(folder)
    with serving.listening(service) as (address, stop):
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            serving.until(lambda: httpx.get(f"{address}/health").status_code == 200)
            stop()
            time.sleep(3)  # the door has been shut for a while
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, int(port)))
            client.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")


def test_the_command_serves_until_it_is_told_to_stop(folder: Path) -> None:
    command = [sys.executable, "-m", "pellucid", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        address = process.stdout.readline().strip()
        serving.until(lambda: _alive(address))
        secret = {"records": [{**serving.RECORD, "review": "SECRET", "weight": "SECRET"}]}
        assert httpx.post(f"{address}predict", json=secret).status_code == 422
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "SECRET" not in process.stderr.read()


def _alive(address: str) -> bool:
    try:
        return httpx.get(f"{address}health").status_code == 200
    except httpx.ConnectError:
        return False


def test_an_address_for_others_needs_a_token(folder: Path) -> None:
    for host in ("0.0.0.0", "192.168.1.5", "::", "example.org"):
        with pytest.raises(UsageError, match="give a --token"):
            serve(folder, host)
        check_access(host, "long-enough-a-token")
    with pytest.raises(UsageError, match="too short"):
        check_access("127.0.0.1", "short")
    for host in ("127.0.0.1", "localhost", "::1"):
        check_access(host, None)


def test_a_port_that_is_taken_is_a_clear_error(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(UsageError, match="--port"):
            serve(folder, port=taken.getsockname()[1])


def test_the_log_says_where_a_fault_was_and_not_what_it_quoted() -> None:
    try:
        int("a secret")
    except ValueError as error:
        fault = (ValueError, error, error.__traceback__)
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", None, fault)
    line = Discreet("%(message)s").format(record)
    assert "ValueError" in line
    assert "secret" not in line


def test_explaining_does_not_touch_the_answers_that_are_given_meanwhile(folder: Path) -> None:
    app = new_app(serving.service_of(folder))
    with TestClient(app, "http://localhost") as client, ThreadPoolExecutor(1) as pool:
        before = client.post("/predict", json=BODY).json()
        work = pool.submit(client.post, "/explain?format=text", json=BODY)
        meanwhile = [client.post("/predict", json=BODY) for _ in range(5)]
        while not work.done():
            meanwhile.append(client.post("/predict", json=BODY))
        assert work.result().status_code == 200
    assert all(answer.status_code == 200 for answer in meanwhile)
    assert all(answer.json() == before for answer in meanwhile)


def test_records_are_read_for_the_model_that_answers_them(folder: Path, newer: Path) -> None:
    """Jobs of two models never share a batch."""
    old, new = serving.service_of(folder).shelf.served, serving.service_of(newer).shelf.served
    seen: list[Any] = []
    batcher = Batcher(
        Limits(wait=0.2), lambda served, jobs: (seen.append(served), answer(served, jobs))[1]
    )
    batcher.start()
    jobs = [
        batcher.submit(each, records_of(BODY, each.fields, 10)) for each in (old, new, new, old)
    ]
    assert not any(isinstance(job.future.result(10), RequestError) for job in jobs)
    batcher.stop()
    assert seen == [old, new, old]
