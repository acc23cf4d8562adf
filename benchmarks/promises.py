"""The budget kept, exact resume after kills at random moments, byte-identical reproduction."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import made, printing
from benchmarks.commands import PELLUCID, pellucid, small_table
from benchmarks.processes import Limits, run
from benchmarks.tables import read_csv

BUDGET_BAR = 0.05
LEARN_LARGE = ("--target", "bought")


def main(arguments: Sequence[str]) -> None:
    """Keep the promises that were asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the data sets, for a model of text")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--promises", nargs="+", choices=PROMISES, default=list(PROMISES))
    parser.add_argument("--minutes", nargs="+", type=float, default=[1.0, 5.0, 10.0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rows", type=int, default=300_000, help="rows for the budgets")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    chosen = parser.parse_args(arguments)
    for name in chosen.promises:
        with tempfile.TemporaryDirectory() as folder:
            rows = PROMISES[name](Path(folder), chosen)
        printing.publish(f"Promise: {name}", rows, chosen.output)


def budgets(folder: Path, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Wall clock of the whole process against the minutes asked for.

    A run may end before its time only if learning had settled: nothing more was gained.
    """
    table = folder / "large.csv"
    made.write_large(table, chosen.rows)
    rows = []
    for minutes in chosen.minutes:
        output = folder / f"{minutes}.pellucid"
        used = pellucid("learn", table, *LEARN_LARGE, "--minutes", minutes, "--output", output)
        over = used.wall_seconds / (60 * minutes) - 1
        settled = _actual(output)["settled"]
        rows.append(
            {
                "minutes": minutes,
                "wall s": used.wall_seconds,
                "over or under": over,
                "settled": settled,
                "kept": over <= BUDGET_BAR and (settled or over >= -BUDGET_BAR),
            }
        )
    return rows


def _actual(model: Path) -> dict[str, Any]:
    """What a run told of itself when it was over."""
    found: dict[str, Any] = json.loads((model / "evidence.json").read_text(encoding="utf-8"))
    return found["actual"]  # type: ignore[no-any-return]


def kills(folder: Path, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Killed at random moments and started again until done: the weights of a quiet run?"""
    table, quiet = folder / "table.csv", folder / "quiet.pellucid"
    made.write_large(table, 20_000)
    learn = ("learn", table, *LEARN_LARGE, "--minutes", "0.5")
    seconds = pellucid(*learn, "--output", quiet).wall_seconds
    expected = digest(quiet)
    moments = random.Random(chosen.seed)
    rows = []
    for number in range(chosen.kills):
        output = folder / f"killed-{number}.pellucid"
        command = [PELLUCID, *map(str, learn), "--plan", str(quiet), "--output", str(output)]
        killed_at = []
        for _ in range(moments.choice((1, 1, 2, 3))):
            moment = moments.uniform(0.02, 1.0) * seconds
            if not run(command, Limits(wall_seconds=moment)).ended:
                killed_at.append(round(moment, 1))
        last = run(command)
        same = last.code == 0 and digest(output) == expected
        failure = None if last.code == 0 else last.last_line
        rows.append(
            {
                "run": number + 1,
                "killed at s": " ".join(map(str, killed_at)) or "ended first",
                "identical weights": same,
                "note": failure,
            }
        )
    return rows


def reproductions(folder: Path, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """`pellucid reproduce` on models of a class, a number and, with --data, text."""
    rows = []
    for table, target in _sources(folder, chosen.data):
        model = folder / f"{table.stem}.pellucid"
        pellucid("learn", table, "--target", target, "--minutes", "0.5", "--output", model)
        before = digest(model)
        used = run([PELLUCID, "reproduce", str(model), str(table)])
        rows.append(
            {
                "model": table.stem,
                "identical": used.code == 0,
                "model untouched": digest(model) == before,
                "it says": (used.output.strip().splitlines() or [used.last_line])[-1],
            }
        )
    return rows


def _sources(folder: Path, data: Path | None) -> list[tuple[Path, str]]:
    """Tables and their targets."""
    steps = folder / "steps.csv"
    made.steps_and_interactions(4000).write_csv(steps)
    found = [(small_table(folder), "left"), (steps, "y")]
    if data is not None:
        text = folder / "text.csv"
        read_csv(data / "sst2/sst2.csv").drop("split").head(2000).write_csv(text)
        found.append((text, "label"))
    return found


def digest(model: Path) -> str:
    """The SHA-256 of a model's weights."""
    return hashlib.sha256((model / "weights.safetensors").read_bytes()).hexdigest()


PROMISES = {"budgets": budgets, "kills": kills, "reproductions": reproductions}
