"""Start-up of the command line: its help, and the prediction of one row."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks import printing
from benchmarks.commands import PELLUCID, FailedError, pellucid, small_table
from benchmarks.processes import Limits, Usage, run

HELP_SECONDS = 0.3
TORCH_RATIO = 1.3
BYTECODE_KEPT = {"PYTHONDONTWRITEBYTECODE": ""}  # of our modules as of torch's, as when installed


def main(arguments: Sequence[str]) -> None:
    """The median of interleaved runs, in wall and CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not needed: the table is made")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        runs = measure(_commands(Path(name)), chosen.rounds)
    wall = {
        name: statistics.median(used.wall_seconds for used in found) for name, found in runs.items()
    }
    cpu = {
        name: statistics.median(used.cpu_seconds for used in found) for name, found in runs.items()
    }
    rows = [
        {
            "command": name,
            "wall s": wall[name],
            "CPU s": cpu[name],
            "wall / import torch": wall[name] / wall["import torch"],
            "CPU / import torch": cpu[name] / cpu["import torch"],
        }
        for name in wall
    ]
    printing.publish("Cold start", rows, chosen.output)
    print(f"\nBars: --help {HELP_SECONDS} s, one row {TORCH_RATIO} times import torch")


def _commands(folder: Path) -> dict[str, list[str]]:
    """What to start; a small model and a row are made first."""
    table, model, row = small_table(folder), folder / "small.pellucid", folder / "row.csv"
    pellucid("learn", table, "--target", "left", "--minutes", "0.25", "--output", model)
    pl.read_csv(table).head(1).drop("left").write_csv(row)
    predict = [PELLUCID, "predict", str(model), str(row), "--output", str(folder / "answer.csv")]
    return {
        "python": [sys.executable, "-c", "pass"],
        "import torch": [sys.executable, "-c", "import torch"],
        "--help": [PELLUCID, "--help"],
        "predict one row": predict,
    }


def measure(commands: dict[str, list[str]], rounds: int) -> dict[str, list[Usage]]:
    """Every command once in each round, after a round that is not counted."""
    found: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            used = run(command, Limits(threads=1), BYTECODE_KEPT)
            if used.code:
                raise FailedError(f"{name}: {used.last_line}")
            if number:
                found[name].append(used)
    return found
