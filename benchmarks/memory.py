"""The memory of a running process and its children, sampled from /proc."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

FIELDS = ("VmRSS", "RssAnon", "RssFile", "RssShmem")  # kilobytes in /proc/PID/status


@dataclass
class Watch:
    """The peak of each sort of memory in megabytes; mapped files count in RssFile, not RssAnon."""

    every_seconds: float = 0.05
    peaks: dict[str, float] = field(default_factory=lambda: dict.fromkeys(FIELDS, 0.0))

    def start(self, pid: int) -> None:
        """Sample in the background until the process is gone."""
        threading.Thread(target=self._follow, args=(pid,), daemon=True).start()

    def _follow(self, pid: int) -> None:
        while found := sample(pid):
            for name, megabytes in found.items():
                self.peaks[name] = max(self.peaks[name], megabytes)
            time.sleep(self.every_seconds)


def sample(pid: int) -> dict[str, float]:
    """Megabytes of the process and all its descendants together; empty when it is gone."""
    total: dict[str, float] = {}
    for member in _tree(pid):
        try:
            lines = Path(f"/proc/{member}/status").read_text(encoding="ascii").splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for line in lines:
            name, _, value = line.partition(":")
            if name in FIELDS:
                total[name] = total.get(name, 0.0) + int(value.split()[0]) / 1024
    return total


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return [pid]
    return [pid, *(member for child in children for member in _tree(int(child)))]
