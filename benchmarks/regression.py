"""Large regression tables against tuned gradient boosting: within 2 % of its RMSE?"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from benchmarks import made, peers
from benchmarks.tables import Task, shuffled

RIVALS = ("constant", "linear", "lightgbm", "lightgbm-tuned", "catboost")
HELP = "diamonds need a package that ships them: pip install --no-deps plotnine"


def main(arguments: Sequence[str]) -> None:
    """Compare on the tasks asked for."""
    parser = peers.options(__doc__ or "", TASKS)
    chosen = parser.parse_args(arguments)
    tasks = {name: TASKS[name] for name in chosen.tasks or TASKS}
    if "diamonds" in tasks and diamonds_file() is None:
        print(HELP)
        del tasks["diamonds"]
    peers.compare(tasks, RIVALS, chosen)


def steps(data: Path) -> Task:
    """Jumps, corners, products and a smooth part; nobody can reach an R2 over 0.9."""
    return Task("steps", "y", True, (), *shuffled(made.steps_and_interactions()))


def diamonds(data: Path) -> Task:
    """The price of 53,940 diamonds."""
    file = diamonds_file()
    if file is None:
        raise FileNotFoundError(HELP)
    return Task("diamonds", "price", True, (), *shuffled(pl.read_csv(file)))


def diamonds_file() -> Path | None:
    """The table inside an installed plotnine, which need not be imported for it."""
    found = importlib.util.find_spec("plotnine")
    folders = (found.submodule_search_locations or []) if found else []
    files = [Path(folder) / "data" / "diamonds.csv" for folder in folders]
    return next((file for file in files if file.exists()), None)


TASKS: dict[str, Callable[[Path], Task]] = {"steps": steps, "diamonds": diamonds}
