"""How much a client may ask for, and how long anything may take."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """The bounds of a server; whatever goes beyond one is refused with its name and value."""

    body: int = 32 * MEGABYTE  # bytes of one request
    bodies: int = 256 * MEGABYTE  # bytes of all requests that are being read or answered
    records: int = 1_000  # of one request
    steps: int = 20_000  # records of one request for a forecast
    pixels: int = 50_000_000  # of one picture, or of one frame of a film
    seconds: float = 600.0  # of one sound or film
    batch: int = 256  # records that the model answers at once
    wait: float = 0.002  # seconds that a request waits for others to share its batch
    waiting: int = 4_000  # records in the queue; more are told to come back
    timeout: float = 30.0  # seconds for a body to arrive, and for an answer to be ready
    connections: int = 900  # open at once
