"""The one thread that trains: wishes come in through a queue, pictures go out when asked for."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from torch import Tensor

from pellucid.errors import PellucidError, UsageError
from pellucid.lab.training.learner import METHODS, Learner, Pace, Task
from pellucid.lab.training.wishes import Wish, number, whole

SLICE = 0.012  # seconds of training between two pictures when it runs as fast as it can
MOST_POINTS = 400  # of the curve
Picture = Mapping[str, Any]


class Scene(Protocol):
    """What is trained and looked at."""

    task: Task

    def constant(self) -> dict[str, Any]:
        """What does not change while it learns."""

    def look(self, weights: Tensor) -> dict[str, Any]:
        """What is seen at these weights."""


class Worker(threading.Thread):
    """Trains a scene as the reader wishes; `show` is given a picture, and the next when it asks."""

    def __init__(self, build: Callable[[Wish], Scene], show: Callable[[Picture], None]) -> None:
        super().__init__(daemon=True, name="lab training")
        self.build, self.show = build, show
        self.wishes: queue.Queue[Wish] = queue.Queue()
        self.scene: Scene | None = None
        self.pace = Pace(0.03, 16)
        self.stride = 1  # steps a picture; 0 is as many as there is time for
        self.running = self.wanted = self.changed = self.closed = False
        self.looked: int | None = None  # the step of the past that is looked at
        self.curve: list[tuple[int, float, float]] = []
        self.page: Any = None  # how the page's controls stand, for when it is loaded again

    def run(self) -> None:
        """Until `close` is wished for."""
        while not self.closed:
            self._obey()
            if self.running and (self.wanted or self.stride == 0):
                self._train()
            if self.wanted and self.changed and self.scene is not None:
                self.wanted = self.changed = False
                self.show(self._picture())

    def _obey(self) -> None:
        """Do what is wished for; wait for a wish when there is nothing else to do."""
        busy = self.running and (self.wanted or self.stride == 0)
        try:
            wish = self.wishes.get(block=not busy)
            while True:
                try:
                    _named(wish)(self, wish)
                except PellucidError as fault:
                    self.show({"fault": str(fault)})
                wish = self.wishes.get(block=False)
        except queue.Empty:
            pass

    def _train(self) -> None:
        end = time.monotonic() + SLICE
        for count in range(1, 100_000):
            self.learner.advance(self.pace)
            if count == self.stride or (self.stride == 0 and time.monotonic() > end):
                break
        self.changed = True

    def _picture(self) -> Picture:
        assert self.scene is not None
        latest = self.looked is None
        step, weights = self.learner.weights_at(self.learner.step if latest else self.looked or 0)
        seen = self.scene.look(weights)
        if latest and (not self.curve or self.curve[-1][0] < step):
            self.curve.append((step, seen["loss"], seen["held"]))
            if len(self.curve) > MOST_POINTS:
                self.curve = self.curve[::2]
        now = {
            "step": step, "last": self.learner.step, "running": self.running, "latest": latest,
            "curve": list(self.curve),
        }  # fmt: skip
        return {**seen, **now}

    def _new(self, wish: Wish) -> None:
        if wish.get("resume") and self.scene is not None:
            self.wanted, self.changed = False, True  # who asked for a picture has gone
            self.show({"constant": self.scene.constant(), "page": self.page})
            return
        self.scene = self.build(wish)
        self.learner = Learner(self.scene.task)
        self.curve, self.looked, self.running = [], None, False
        self._set(wish)
        self.show({"constant": self.scene.constant()})

    def _set(self, wish: Wish) -> None:
        rate, batch = number(wish, "rate", self.pace.rate), whole(wish, "batch", 16)
        method = str(wish.get("method", self.pace.method))
        if not 0 < rate <= 100 or not 1 <= batch <= 100_000 or method not in METHODS:
            raise UsageError(f"No step has size {rate:g}, batch {batch} and method {method!r}.")
        self.pace = Pace(rate, batch, method)
        self.stride = max(0, whole(wish, "stride", self.stride))
        self.page = wish.get("page")
        self.changed = True

    def _run(self, wish: Wish) -> None:
        self.running = self._ready()
        self.looked = None
        self.changed = True

    def _pause(self, wish: Wish) -> None:
        self.running, self.changed = False, True

    def _one(self, wish: Wish) -> None:
        self._pause(wish)
        if self._ready():
            self.looked = None
            self.learner.advance(self.pace)

    def _undo(self, wish: Wish) -> None:
        self._pause(wish)
        if self._ready():
            self._back_to(self.learner.step - 1)

    def _look(self, wish: Wish) -> None:
        """Look at the past; the descent itself stays where it is."""
        self._pause(wish)
        step = whole(wish, "step", self.learner.step if self._ready() else 0)
        self.looked = None if not self._ready() or step >= self.learner.step else max(step, 0)

    def _resume(self, wish: Wish) -> None:
        """Go on from the step that is looked at."""
        if self._ready() and self.looked is not None:
            self._back_to(self.learner.weights_at(self.looked)[0])
        self._run(wish)

    def _back_to(self, step: int) -> None:
        self.learner.go_back(step)
        self.looked = None
        self.curve = [point for point in self.curve if point[0] <= step]

    def _ready(self) -> bool:
        return self.scene is not None

    def _next(self, wish: Wish) -> None:
        self.wanted = True

    def _close(self, wish: Wish) -> None:
        self.closed = True


WISHES: dict[str, Callable[[Worker, Wish], None]] = {
    "new": Worker._new,
    "set": Worker._set,
    "run": Worker._run,
    "pause": Worker._pause,
    "step": Worker._one,
    "undo": Worker._undo,
    "look": Worker._look,
    "resume": Worker._resume,
    "next": Worker._next,
    "close": Worker._close,
}


def _named(wish: Wish) -> Callable[[Worker, Wish], None]:
    does = wish.get("do")
    if not isinstance(does, str) or does not in WISHES:
        raise UsageError(f"The lab knows no wish {does!r}; there are {', '.join(WISHES)}.")
    return WISHES[does]
