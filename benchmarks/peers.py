"""Predictions against the conventional way and rival libraries, on the same test rows."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import bootstrap, printing, processes
from benchmarks.tables import TASKS, Task

RIVALS = (
    "constant",
    "linear",
    "tfidf-svc",
    "hist-gradient-boosting",
    "lightgbm",
    "catboost",
    "catboost-text",
    "realmlp",
    "tabm",
    "fasttext",
)
OURS = "pellucid"
WALL_LENIENCE = 3.0  # the limit is in CPU seconds; a busy machine may stretch the wall clock


def main(arguments: Sequence[str]) -> None:
    """Compare on the tasks asked for."""
    chosen = options(__doc__ or "", TASKS).parse_args(arguments)
    compare({name: TASKS[name] for name in chosen.tasks or TASKS}, RIVALS, chosen)


def options(purpose: str, tasks: Sequence[str] | dict[str, Any]) -> argparse.ArgumentParser:
    """The options that comparisons with rivals share."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the data sets")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--cache", type=Path, default=Path("benchmark-cache"))
    parser.add_argument("--rivals-python", help="interpreter that has the rivals; else only ours")
    parser.add_argument("--tasks", nargs="*", choices=list(tasks), default=[])
    parser.add_argument("--only", nargs="*", default=[], help="run only these, rivals or pellucid")
    parser.add_argument("--minutes", type=float, default=5.0, help="limit of each run")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--niceness", type=int, default=0)
    return parser


def compare(
    tasks: dict[str, Callable[[Path], Task]], rivals: Sequence[str], chosen: argparse.Namespace
) -> None:
    """Run what is not in the cache, print a table for each task, and a summary."""
    summary = []
    for load in tasks.values():
        task = load(chosen.data)
        folder = write_task(task, chosen.cache)
        results = {name: result(name, folder, chosen) for name in (OURS, *rivals)}
        rows, against_best = task_rows(task, {k: v for k, v in results.items() if v}, folder)
        size = f"{task.train.height:,} learning rows, {task.test.height:,} test rows"
        printing.publish(f"{task.name} ({size})", rows, chosen.output)
        summary.append(against_best)
    printing.publish("Against the best rival", summary, chosen.output)


def write_task(task: Task, cache: Path) -> Path:
    """The task as CSV files for everybody."""
    folder = cache / task.name
    folder.mkdir(parents=True, exist_ok=True)
    task.train.write_csv(folder / "train.csv")
    task.test.write_csv(folder / "test.csv")
    about = {"target": task.target, "number": task.number, "text": task.text}
    (folder / "task.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


def result(name: str, folder: Path, chosen: argparse.Namespace) -> dict[str, Any] | None:
    """One contender's run on one task: from the cache if data and code are the same."""
    record = folder / f"{name}.json"
    mark = _mark(name, folder, chosen)
    if record.exists():
        known: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        if known["mark"] == mark or (chosen.only and name not in chosen.only):
            return known
    if (chosen.only and name not in chosen.only) or (name != OURS and not chosen.rivals_python):
        return None
    predictions = folder / f"{name}.npz"
    predictions.unlink(missing_ok=True)
    used = processes.run(_command(name, folder, predictions, chosen), _limits(chosen))
    found = {
        "mark": mark,
        "threads": chosen.threads,
        "cpu_seconds": used.cpu_seconds,
        "wall_seconds": used.wall_seconds,
        "peak_megabytes": used.peak_megabytes,
        "failure": None if predictions.exists() else _failure(used),
    }
    record.write_text(json.dumps(found), encoding="utf-8")
    print(f"{folder.name}: {name}, {used.cpu_seconds:.0f} CPU s", file=sys.stderr, flush=True)
    return found


def _command(name: str, folder: Path, output: Path, chosen: argparse.Namespace) -> list[str]:
    paths = [str(folder.resolve()), str(output.resolve()), "--threads", str(chosen.threads)]
    if name == OURS:
        return [sys.executable, "-m", "benchmarks.ours", *paths, "--minutes", str(chosen.minutes)]
    return [chosen.rivals_python, "-m", "benchmarks.rivals", name, *paths]


def _limits(chosen: argparse.Namespace) -> processes.Limits:
    seconds = chosen.minutes * 60
    return processes.Limits(
        wall_seconds=seconds * WALL_LENIENCE,
        cpu_seconds=seconds * chosen.threads * 1.1,  # ours spends its budget; not cut off for 10 %
        threads=chosen.threads,
        niceness=chosen.niceness,
    )


def _failure(used: processes.Usage) -> str:
    if "not applicable" in used.output:
        return used.output.strip()
    return used.last_line if used.ended else "did not end within the limit"


def _mark(name: str, folder: Path, chosen: argparse.Namespace) -> str:
    """A digest of what a result depends on: the data; for ours also its code and budget."""
    digest = hashlib.sha256()
    files = [folder / "task.json", folder / "train.csv", folder / "test.csv"]
    if name == OURS:
        digest.update(f"{chosen.minutes} {chosen.threads}".encode())
        files += sorted((processes.ROOT / "src").rglob("*.py"))
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def task_rows(
    task: Task, results: dict[str, dict[str, Any]], folder: Path
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A row for each contender, best first, and one row against the best rival."""
    losses = _losses(task, results, folder)
    ours = losses.get(OURS)
    scores = {name: bootstrap.score(loss, task.number) for name, loss in losses.items()}
    ranked = sorted(scores, key=lambda name: scores[name] if task.number else -scores[name])
    rows = []
    for name in [*ranked, *(name for name in results if name not in scores)]:
        row: dict[str, Any] = {
            "contender": name,
            "RMSE" if task.number else "accuracy": scores.get(name),
        }
        if ours is not None and name in losses and name != OURS:
            row |= _gap_cells(bootstrap.paired_gap(ours, losses[name], task.number))
            if task.number:
                row["pellucid / it"] = scores[OURS] / scores[name]
        used = results[name]
        row |= {"CPU s": used["cpu_seconds"], "wall s": used["wall_seconds"]}
        rows.append(row | {"note": used["failure"]})
    best = next((name for name in ranked if name != OURS), None)
    summary: dict[str, Any] = {"task": task.name, "pellucid": scores.get(OURS), "best rival": best}
    if best is not None:
        summary["best score"] = scores[best]
        if ours is not None:
            summary |= _gap_cells(bootstrap.paired_gap(ours, losses[best], task.number))
    return rows, summary


def _gap_cells(gap: bootstrap.Gap) -> dict[str, Any]:
    interval = f"{gap.low:+.4g} to {gap.high:+.4g}"
    return {"pellucid less it": gap.value, "95 %": interval, "pellucid is": gap.verdict}


def _losses(
    task: Task, results: dict[str, dict[str, Any]], folder: Path
) -> dict[str, bootstrap.Array]:
    """The loss on every test row, of all that ended with predictions."""
    true = task.test[task.target]
    cells = true.cast(float).to_numpy() if task.number else true.cast(str).to_numpy().astype(str)
    losses = {}
    for name, found in results.items():
        if not found["failure"]:
            with np.load(folder / f"{name}.npz") as saved:
                losses[name] = bootstrap.row_losses(cells, saved["predicted"], task.number)
    return losses
