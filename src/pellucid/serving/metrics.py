"""What a server counts, as Prometheus reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from pellucid.serving.batching import Batcher
    from pellucid.serving.served import Shelf

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
RECORDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one server, in a registry of its own."""

    def __init__(self, batcher: Batcher, shelf: Shelf) -> None:
        registry = self.registry = CollectorRegistry()
        self.requests = Counter(
            "pellucid_requests", "Requests answered", ("path", "status"), registry=registry
        )
        self.seconds = Histogram(
            "pellucid_request_seconds",
            "From the head of a request to the end of its answer",
            ("path",),
            buckets=SECONDS,
            registry=registry,
        )
        self.records = Counter("pellucid_records", "Records answered", registry=registry)
        self.batch = Histogram(
            "pellucid_batch_records", "Records in a batch", buckets=RECORDS, registry=registry
        )
        self.model_seconds = Histogram(
            "pellucid_batch_seconds", "The model's time for a batch", buckets=SECONDS,
            registry=registry,
        )  # fmt: skip
        self._gauges(batcher, shelf)
        batcher.batches = self.batched

    def _gauges(self, batcher: Batcher, shelf: Shelf) -> None:
        for name, about, value in (
            ("pellucid_queue_records", "Records that wait", lambda: batcher.waiting),
            ("pellucid_reloads", "Newer models taken over", lambda: shelf.reloads),
            ("pellucid_reload_failures", "Folders that did not load", lambda: shelf.failures),
        ):
            Gauge(name, about, registry=self.registry).set_function(value)

    def batched(self, records: int, seconds: float) -> None:
        """A batch was answered."""
        self.records.inc(records)
        self.batch.observe(records)
        self.model_seconds.observe(seconds)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self.requests.labels(path, str(status)).inc()
        self.seconds.labels(path).observe(seconds)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self.registry)
