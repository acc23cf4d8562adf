"""pellucid on one task's CSV files, as a user would call it."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np


def main() -> None:
    """Learn, predict the test rows, write the predictions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=5.0)
    chosen = parser.parse_args()

    import json

    import polars as pl

    import pellucid

    task = json.loads((chosen.folder / "task.json").read_text(encoding="utf-8"))
    test = chosen.folder / "test.csv"
    model = pellucid.learn(
        chosen.folder / "train.csv",
        target=task["target"],
        test=test,
        minutes=chosen.minutes,
        seed=0,
        output=chosen.output.with_suffix(".pellucid"),
    )
    rows = pl.read_csv(test, infer_schema=False).drop(task["target"])
    predicted = np.asarray(model.predict(rows)).reshape(-1)
    cells = predicted.astype(float) if task["number"] else predicted.astype(str)
    np.savez_compressed(chosen.output, predicted=cells)


if __name__ == "__main__":
    main()
