"""Training and prediction speed against plain PyTorch loops, as ratios measured in one run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import printing
from benchmarks.processes import Limits, run

EPOCH_BARS = {"3 x 256, batch 256": 1.6, "3 x 64, batch 64": 2.5}  # over the tutorial loop
RIVAL_BAR = 1.8  # over skorch and Lightning, 3 x 256
OVERHEAD_BARS = {"3 x 256, batch 256": 0.05, "3 x 64, batch 64": 0.15}
WEIGHT_BAR, BUSY_BAR, PREDICT_BAR = 1e-6, 1.5, 10.0


def main(arguments: Sequence[str]) -> None:
    """Every comparison, a table each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not needed: the rows are made")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--rivals-python", help="interpreter that has skorch and Lightning")
    chosen = parser.parse_args(arguments)
    ours = _measured([sys.executable, "-m", "benchmarks.engine_ours", "speed"], threads=1)
    rivals = {}
    if chosen.rivals_python:
        rivals = _measured([chosen.rivals_python, "-m", "benchmarks.engine_rivals"], threads=1)
    else:
        print("skorch and Lightning left out: give --rivals-python")
    printing.publish("One epoch", _epoch_rows(ours["epochs"], rivals), chosen.output)
    printing.publish("The trainer over the bare step", _overheads(ours["epochs"]), chosen.output)
    printing.publish("Exactness and prediction", _others(ours), chosen.output)
    printing.publish("Two busy cores", _busy(), chosen.output)


def _measured(command: list[str], threads: int | None) -> dict[str, Any]:
    used = run(command, Limits(threads=threads))
    if used.code:
        raise RuntimeError(used.last_line)
    found: dict[str, Any] = json.loads(used.output.strip().splitlines()[-1])
    return found


def _epoch_rows(
    ours: dict[str, dict[str, float]], rivals: dict[str, dict[str, float]]
) -> list[dict[str, Any]]:
    """Each loop's CPU seconds and its speed over the tutorial loop of its own run."""
    rows = []
    for size, seconds in ours.items():
        pellucid = seconds["tutorial"] / seconds["pellucid"]
        for name, run_seconds in (seconds | rivals.get(size, {})).items():
            base = rivals[size] if name in rivals.get(size, {}) else seconds
            speed = base["tutorial"] / run_seconds
            bar = EPOCH_BARS[size] if name == "tutorial" else None
            if name in ("skorch", "lightning") and "256" in size:
                bar = RIVAL_BAR
            rows.append(
                {
                    "network": size,
                    "loop": name,
                    "CPU s": run_seconds,
                    "speed over the tutorial": speed,
                    "pellucid over it": pellucid / speed,
                    "bar": bar,
                    "kept": None if bar is None else pellucid / speed >= bar,
                }
            )
    return rows


def _overheads(ours: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """What the trainer adds to forward, loss, backward and optimizer step."""
    rows = []
    for size, seconds in ours.items():
        overhead = seconds["pellucid"] / seconds["bare step"] - 1
        bar = OVERHEAD_BARS[size]
        rows.append({"network": size, "overhead": overhead, "bar": bar, "kept": overhead <= bar})
    return rows


def _others(ours: dict[str, Any]) -> list[dict[str, Any]]:
    difference = ours["weight_difference"]
    rows = [
        {
            "what": "largest difference of a weight from torch AdamW after 30 steps",
            "value": f"{difference:.1e}",
            "bar": f"{WEIGHT_BAR:.0e}",
            "kept": difference <= WEIGHT_BAR,
        }
    ]
    for size, seconds in ours["predictions"].items():
        speed = seconds["tutorial"] / seconds["pellucid"]
        what = f"predict rows/s over the tutorial loop, {size}"
        rows.append(
            {"what": what, "value": speed, "bar": PREDICT_BAR, "kept": speed >= PREDICT_BAR}
        )
        bound = seconds["tutorial"] / seconds["products"]
        rows.append({"what": f"... of its matrix products alone, {size}", "value": bound})
    return rows


def _busy() -> list[dict[str, Any]]:
    """Wall time over that of one thread, choosing threads included, both cores being busy."""
    command = [sys.executable, "-m", "benchmarks.engine_ours", "busy"]
    found = _measured(command, threads=None)
    rows = []
    for size, seconds in found.items():
        ratio = seconds["pellucid"] / seconds["1 thread"]
        row = {"network": size, **seconds, "ratio": ratio, "bar": BUSY_BAR}
        rows.append(row | {"kept": ratio <= BUSY_BAR})
    return rows
