"""The command line of pellucid as a user's shell would call it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import made
from benchmarks.processes import Limits, Usage, run

PELLUCID = str(Path(sys.executable).with_name("pellucid"))


class FailedError(Exception):
    """A command of pellucid that should have worked did not."""


def pellucid(
    *arguments: object, limits: Limits | None = None, started: Callable[[int], None] | None = None
) -> Usage:
    """Run it to the end; anything but success stops the benchmark."""
    used = run([PELLUCID, *map(str, arguments)], limits, started=started)
    if used.code != 0:
        raise FailedError(f"pellucid {' '.join(map(str, arguments))}: {used.last_line}")
    return used


def verdict(used: Usage) -> dict[str, Any]:
    """The JSON object with which `learn --json` ends."""
    found: dict[str, Any] = json.loads(used.output.strip().splitlines()[-1])
    return found


def small_table(folder: Path) -> Path:
    """The 1,000-row table as CSV."""
    path = folder / "small.csv"
    made.small_mixed().write_csv(path)
    return path
