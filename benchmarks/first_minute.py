"""CPU seconds from process start to the verdict on 1,000 rows, on one core."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import printing
from benchmarks.commands import pellucid, small_table, verdict
from benchmarks.processes import Limits

BAR = 15.0


def main(arguments: Sequence[str]) -> None:
    """Learn three times; each run counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not needed: the table is made")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    limits = Limits(threads=1, cores=frozenset({chosen.core}))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        table = small_table(Path(folder))
        for number in range(chosen.rounds):
            output = Path(folder) / f"{number}.pellucid"
            used = pellucid(
                "learn", table, "--target", "left", "--output", output, "--json", limits=limits
            )
            found = verdict(used)
            rows.append(
                {
                    "round": number + 1,
                    "CPU s": used.cpu_seconds,
                    "wall s": used.wall_seconds,
                    "bar": BAR,
                    "kept": used.cpu_seconds <= BAR,
                    "curve points": len(found["curve"]),
                    found["performance"]["metric"]: found["performance"]["value"],
                    "baseline": found["baseline"]["value"],
                }
            )
    printing.publish("First minute", rows, chosen.output)
