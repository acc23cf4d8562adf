"""The model that is being served, and the watch on its folder that brings a newer one."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from pellucid.errors import PellucidError
from pellucid.keeping import load, weights_hash
from pellucid.model import Model
from pellucid.serving.fields import Field, fields_of
from pellucid.serving.steps import long_fields

log = logging.getLogger("pellucid.serving")
NOT_WORKED = ("forecast",)  # of which a single record is no past
Sign = tuple[tuple[int, int, int], ...] | None


@dataclass(frozen=True)
class Served:
    """A loaded model with what is asked of it for every request."""

    model: Model
    fields: tuple[Field, ...]  # what a record may hold
    inputs: tuple[Field, ...]  # what the network is given: other columns where it forecasts
    answers: tuple[Field, ...]  # what is predicted, as a record may hold it for its explanation
    name: str
    weights: str  # the hash of its weights, which names it in answers

    @property
    def worked(self) -> bool:
        """Whether any of its answers can be worked step by step."""
        return any(answer.kind not in NOT_WORKED for answer in self.answers)

    @property
    def explained(self) -> tuple[Field, ...]:
        """What a record to be explained may hold: its right answers too."""
        known = {field.name for field in self.fields}
        return (*self.fields, *(each for each in self.answers if each.name not in known))


def load_served(path: Path) -> Served:
    """Load the model of a folder; ModelError as `load` raises it."""
    model = load(path)
    schema = model.schema
    inputs, answers = fields_of(schema.inputs), fields_of(schema.targets)
    fields = inputs if schema.windows is None else long_fields(schema, schema.windows)
    return Served(model, fields, inputs, answers, path.resolve().stem, weights_hash(path)[:12])


class Shelf:
    """Holds the served model; a thread looks at the folder and puts a newer one in its place.

    Requests that were accepted before are answered by the model that they were read for. A folder
    that does not load, as when it is being copied, is tried again when it has changed.
    """

    def __init__(self, path: Path, every: float = 1.0) -> None:
        self.path, self.every = path, every
        self._seen = _sign(path)
        self.served = load_served(path)
        self.reloads = 0
        self.failures = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="pellucid-reload", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End watching."""
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Load the folder if it has changed since it was last looked at."""
        sign = _sign(self.path)
        if sign is None or sign == self._seen:
            return
        self._seen = sign
        try:
            served = load_served(self.path)
        except (PellucidError, OSError) as error:
            self.failures += 1
            log.warning("the folder changed but does not load; the older model goes on: %s", error)
            return
        if served.weights != self.served.weights:
            self.served = served
            self.reloads += 1
            log.info("reloaded: weights %s", served.weights)

    def _watch(self) -> None:
        while not self._stop.wait(self.every):
            self.look()


def _sign(path: Path) -> Sign:
    """What changes when the folder or a file of it is replaced; None while one is not there."""
    try:
        stats = [(path / name).stat() for name in ("model.json", "weights.safetensors")]
    except OSError:
        return None
    return tuple((stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in stats)
