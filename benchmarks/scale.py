"""Memory and time per row at 1 million and at 10 million rows of 20 columns."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import made, printing
from benchmarks.commands import pellucid, verdict
from benchmarks.memory import Watch
from benchmarks.processes import Limits, run

MEMORY_BAR = 2048.0  # megabytes beyond the interpreter with torch imported
TIME_BAR = 1.3  # seconds a row, large over small


def main(arguments: Sequence[str]) -> None:
    """Learn from both tables and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("benchmark-cache"), help="room for 2 GB")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int)
    chosen = parser.parse_args(arguments)
    chosen.data.mkdir(parents=True, exist_ok=True)
    floor = torch_memory()
    rows = [_measure(count, floor, chosen) for count in chosen.rows]
    printing.publish("Scale", rows, chosen.output)
    print(f"\nLargest over smallest table: {_last_over_first(rows)} (bar {TIME_BAR})")
    print(f"Bar of the peak beyond torch: {MEMORY_BAR:,.0f} MB")


def torch_memory() -> dict[str, float]:
    """The peaks of an interpreter that has imported torch and does nothing."""
    watch = Watch()
    run([sys.executable, "-c", "import time, torch; time.sleep(1)"], started=watch.start)
    return watch.peaks


def _measure(count: int, floor: dict[str, float], chosen: argparse.Namespace) -> dict[str, Any]:
    table = chosen.data / f"scale-{count}.csv"
    made.write_large(table, count)
    watch = Watch()
    output = chosen.data / f"scale-{count}.pellucid"
    used = pellucid(
        *("learn", table, "--target", "bought", "--minutes", chosen.minutes, "--json"),
        *("--output", output),
        limits=Limits(threads=chosen.threads),
        started=watch.start,
    )
    found = verdict(used)
    stages, rows_learnt = _work(output)
    return {
        "rows": f"{count:,}",
        "reading, µs a row": 1e6 * stages["reading"] / count,
        "learning, µs a row learnt": 1e6 * stages["learning"] / rows_learnt,
        "CSV MB": table.stat().st_size / 2**20,
        "peak MB": watch.peaks["VmRSS"],
        "beyond torch": watch.peaks["VmRSS"] - floor["VmRSS"],
        "anonymous beyond torch": watch.peaks["RssAnon"] - floor["RssAnon"],
        "mapped files": watch.peaks["RssFile"],
        "CPU s": used.cpu_seconds,
        "wall s": used.wall_seconds,
        found["performance"]["metric"]: found["performance"]["value"],
    }


def _work(model: Path) -> tuple[dict[str, float], int]:
    """Seconds of each stage, and how many rows went through the network while learning."""
    evidence = json.loads((model / "evidence.json").read_text(encoding="utf-8"))
    plan = json.loads((model / "model.json").read_text(encoding="utf-8"))["plan"]
    stages = {stage["name"]: stage["seconds"] for stage in evidence["actual"]["stages"]}
    return stages, evidence["actual"]["steps"] * plan["batch"]


def _last_over_first(rows: list[dict[str, Any]]) -> str:
    """The ratios that the bar is about."""
    names = [name for name in rows[0] if "µs" in name]
    return ", ".join(f"{name}: {rows[-1][name] / rows[0][name]:.2f} times" for name in names)
