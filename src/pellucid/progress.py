"""What a run tells while it goes: lines with a heading, and one live line on a terminal."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

WIDTH = 10
PLAIN_SECONDS = 20.0  # between progress lines where there is no terminal


# What would move the cursor, recolour the screen or turn the direction of writing.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with control characters, which names and cells may hold, shown as escapes."""
    return UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], text)


class Progress:
    """Lines for people; a live bar on a terminal, now and then a plain line elsewhere."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self.stream = stream or sys.stdout
        self.quiet = quiet
        self.bar: Bar | None = None
        self.task: TaskID | None = None
        self.told = time.monotonic()

    def line(self, heading: str, text: str) -> None:
        """One line: the heading in its own column, the text behind it."""
        if self.quiet:
            return
        self.close()
        lines = printable(text).split("\n")
        print(f"{heading:<{WIDTH}}{lines[0]}", file=self.stream)
        for more in lines[1:]:
            print(" " * WIDTH + more, file=self.stream)
        self.stream.flush()

    def advance(self, heading: str, done: float, text: str, seconds_left: float) -> None:
        """Show how far a stage is (`done` from 0 to 1) and how long it still takes."""
        if self.quiet:
            return
        left = _clock(seconds_left)
        if not self.stream.isatty():
            if time.monotonic() - self.told > PLAIN_SECONDS:
                self.told = time.monotonic()
                print(
                    f"{heading:<{WIDTH}}{done:4.0%} · {text} · {left} left",
                    file=self.stream,
                    flush=True,
                )
            return
        bar, task = self._live(heading)
        bar.update(
            task, completed=done, text=text, left=left, description=f"{heading:<{WIDTH - 1}}"
        )

    def close(self) -> None:
        """Take the live line away."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def _live(self, heading: str) -> tuple[Bar, TaskID]:
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=18),
                TextColumn("{task.fields[text]} · {task.fields[left]} left"),
            )
            console = Console(file=self.stream)
            self.bar = Bar(*columns, console=console, transient=True, refresh_per_second=5)
            self.bar.start()
            self.task = self.bar.add_task(heading, total=1.0, text="", left="")
        assert self.task is not None
        return self.bar, self.task


def _clock(seconds: float) -> str:
    whole = max(0, int(seconds + 0.5))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
