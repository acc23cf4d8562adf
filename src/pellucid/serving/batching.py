"""The queue before the model: requests that come together are answered together."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import torch

from pellucid.serving.answering import Answer, answer
from pellucid.serving.faults import RequestError
from pellucid.serving.limits import Limits
from pellucid.serving.records import Record
from pellucid.serving.served import Served
from pellucid.training.budget import usable_threads

log = logging.getLogger("pellucid.serving")
Work = Callable[[Served, Sequence[Sequence[Record]]], list[Answer | RequestError]]


@dataclass
class Job:
    """One request in the queue."""

    served: Served
    records: Sequence[Record]
    future: Future[Answer | RequestError] = field(default_factory=Future)
    came: float = field(default_factory=time.monotonic)


class Batcher:
    """One thread that answers; all that is accepted is answered, also when it is told to stop.

    A job waits at most `limits.wait` for others before its batch begins, and less where the batch
    is full or the thread was busy when it came.
    """

    def __init__(self, limits: Limits, work: Work = answer) -> None:
        self.limits, self.work = limits, work
        self.waiting = 0  # records in the queue
        self.speed = 1_000.0  # records a second, smoothed
        self.batches: Callable[[int, float], None] = lambda records, seconds: None
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="pellucid-queue", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what is in the queue, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def submit(self, served: Served, records: Sequence[Record]) -> Job:
        """Put a request into the queue; a 429 that says when to come back if it is full."""
        with self._changed:
            if self.waiting and self.waiting + len(records) > self.limits.waiting:
                seconds = max(1, round(self.waiting / self.speed))
                raise RequestError(
                    429, "more requests than the model can answer; come back", (), seconds
                )
            job = Job(served, records)
            self._jobs.append(job)
            self.waiting += len(records)
            self._changed.notify()
        return job

    def _run(self) -> None:
        """The work has a thread of its own: whatever it raises comes back, and nothing ends it."""
        with ThreadPoolExecutor(1, "pellucid-model", _set_threads) as pool:
            while (batch := self._next()) is not None:
                if batch:
                    self._answer(batch, pool)

    def _next(self) -> list[Job] | None:
        """Jobs of one model that fit into a batch; None when all is answered and the end has come.

        The first may be larger than a batch: the network takes it in pieces.
        """
        with self._changed:
            while not self._jobs:
                if self._stopping:
                    return None
                self._changed.wait()
            end = self._jobs[0].came + self.limits.wait
            while self.waiting < self.limits.batch and not self._stopping:
                left = end - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return self._take()

    def _take(self) -> list[Job]:
        batch: list[Job] = []
        records = 0
        while self._jobs:
            job = self._jobs[0]
            full = batch and records + len(job.records) > self.limits.batch
            if full or (batch and job.served is not batch[0].served):
                break
            self._jobs.popleft()
            self.waiting -= len(job.records)
            if job.future.set_running_or_notify_cancel():  # one that timed out is not answered
                batch.append(job)
                records += len(job.records)
        return batch

    def _answer(self, batch: Sequence[Job], pool: ThreadPoolExecutor) -> None:
        started = time.monotonic()
        done = pool.submit(self.work, batch[0].served, [job.records for job in batch])
        if (error := done.exception()) is not None:
            self._failed(batch, pool, error)
            return
        for job, told in zip(batch, done.result(), strict=True):
            job.future.set_result(told)
        seconds = time.monotonic() - started
        records = sum(len(job.records) for job in batch)
        self.speed = 0.9 * self.speed + 0.1 * records / max(seconds, 1e-6)
        self.batches(records, seconds)

    def _failed(self, batch: Sequence[Job], pool: ThreadPoolExecutor, error: BaseException) -> None:
        """Each job alone, so that one does not fail the others; the last word is a 500."""
        if len(batch) > 1:
            for job in batch:
                self._answer([job], pool)
            return
        log.error("a request could not be answered", exc_info=error)
        batch[0].future.set_result(RequestError(500, "the server failed on this request"))


def _set_threads() -> None:
    """Half of the processors for the network: the others read and write requests."""
    torch.set_num_threads(max(1, usable_threads() // 2))
