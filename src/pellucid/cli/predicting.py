"""The verbs that use a model: `predict`, `evaluate`, `report`."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated

from typer import Option

from pellucid.cli.options import AsJson, ModelFolder, Source, importing
from pellucid.files import strict_json
from pellucid.progress import printable

Predictions = Annotated[
    Path | None,
    Option(help="A .csv, .parquet, .arrow or .jsonl file; if not given, CSV is printed."),
]
Proba = Annotated[bool, Option("--proba", help="The probability of every level.")]


def predict(
    model: ModelFolder, source: Source, output: Predictions = None, proba: Proba = False
) -> None:
    """Predict every row of a file, in its order, however long the file.

    Examples:

      pellucid predict reviews.pellucid new.csv --output predicted.csv

      pellucid predict reviews.pellucid new.csv --proba
    """
    with importing():
        from pellucid.data.writing import writer
        from pellucid.errors import Mends
        from pellucid.keeping import load

    mends = Mends()
    frames = load(model).predictions(source, mends, proba)
    if output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # a table, whatever the terminal's letters
        for position, frame in enumerate(frames):
            sys.stdout.write(frame.write_csv(include_header=position == 0))
    else:
        with writer(output) as file:
            for frame in frames:
                file.write(frame)
    for mend in mends.found:
        print(f"pellucid: {printable(str(mend))}", file=sys.stderr)


def evaluate(model: ModelFolder, source: Source, as_json: AsJson = False) -> None:
    """Say whether performance held on new rows whose answers are known.

    Example:

      pellucid evaluate reviews.pellucid march.csv
    """
    with importing():
        from pellucid.keeping import load

    measured = load(model).evaluate(source)
    if as_json:
        print(strict_json(measured))
        return
    for target, found in measured.items():
        print(f"{target}: {found['sentence']}")
        for name, value in found["others"].items():
            print(f"  {name} {value:.4g}")


def report(model: ModelFolder) -> None:
    """Write report.html anew from the model's evidence, and say where it is."""
    from pellucid.keeping import rewrite_report

    print(rewrite_report(model))
