"""Ctrl-C: the first asks a run to anneal and finish, the second stops it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """While entered, the first SIGINT is remembered in `asked`; the second raises as usual."""

    def __init__(self, say: Callable[[], None] = lambda: None) -> None:
        self.asked, self.say = False, say
        self.before: Any = None
        self.mine = threading.current_thread() is threading.main_thread()

    def __call__(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self.asked

    def __enter__(self) -> Interruption:
        if self.mine:
            self.before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.mine:
            signal.signal(signal.SIGINT, self.before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.say()
