"""The command line: one verb, one function."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pellucid.errors import PellucidError, UsageError

app = typer.Typer(
    name="pellucid",
    help="Deep learning on raw data: it learns from a table in one call, proves it, and shows it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Source = Annotated[str, typer.Argument(help="A file, or sample:NAME for data that come along.")]
ModelFolder = Annotated[Path, typer.Argument(help="A folder that `learn` wrote.")]


@app.command()
def learn(
    source: Source,
    target: Annotated[list[str] | None, typer.Option("--target", "--label", help="What to predict; may be given several times. A sample has one of its own.")] = None,
    test: Annotated[str | None, typer.Option(help="Rows to prove it on: a file, or a column that says train or test.")] = None,
    group: Annotated[str | None, typer.Option(help="A column whose equal values stay on one side of the split.")] = None,
    time: Annotated[str | None, typer.Option(help="A column of dates: learn from the past, prove on the future.")] = None,
    kind: Annotated[list[str] | None, typer.Option(metavar="NAME=KIND", help="A column's kind: number, category, date or text.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="A column to leave out.")] = None,
    minutes: Annotated[float, typer.Option(help="Wall clock for everything.")] = 5.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights.")] = 0,
    plan: Annotated[Path | None, typer.Option(help="A model whose plan is followed step by step.")] = None,
    output: Annotated[Path | None, typer.Option(help="The model's folder; SOURCE.pellucid if not given.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Every mend of the data is an error.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object; progress goes to standard error.")] = False,
) -> None:  # fmt: skip
    """Learn from a table, prove it on rows set apart, and keep the model.

    Examples:

      pellucid learn reviews.csv --target stars

      pellucid learn sales.parquet --target price --time sold --minutes 10

      pellucid learn sample:digits
    """
    from pellucid.learning import learn as learn_

    targets = target or _own_target(source)
    folder = output or Path(f"{_stem(source)}.pellucid")
    model = learn_(
        source,
        targets,
        test=test,
        minutes=minutes,
        seed=seed,
        kinds=_kinds(kind or []),
        ignore=ignore or [],
        group=group,
        time=time,
        strict=strict,
        plan=plan,
        output=folder,
        verbose=sys.stderr if as_json else sys.stdout,
    )
    if as_json:
        print(json.dumps(_summary(model, folder)))


@app.command()
def predict(
    model: ModelFolder,
    source: Source,
    output: Annotated[Path | None, typer.Option(help="A .csv, .parquet, .arrow or .jsonl file; CSV on standard output if not given.")] = None,
    proba: Annotated[bool, typer.Option("--proba", help="The probability of every level.")] = False,
) -> None:  # fmt: skip
    """Predict every row of a file, in its order, however long the file.

    Examples:

      pellucid predict reviews.pellucid new.csv --output predicted.csv

      pellucid predict reviews.pellucid new.csv --proba
    """
    from pellucid.data.writing import writer
    from pellucid.errors import Mends
    from pellucid.keeping import load

    mends = Mends()
    frames = load(model).predictions(source, mends, proba)
    if output is None:
        for position, frame in enumerate(frames):
            sys.stdout.write(frame.write_csv(include_header=position == 0))
    else:
        with writer(output) as file:
            for frame in frames:
                file.write(frame)
    for mend in mends.found:
        print(mend, file=sys.stderr)


@app.command()
def evaluate(
    model: ModelFolder,
    source: Source,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say whether performance held on new rows whose answers are known.

    Example:

      pellucid evaluate reviews.pellucid march.csv
    """
    from pellucid.keeping import load

    measured = load(model).evaluate(source)
    if as_json:
        print(json.dumps(measured))
        return
    for target, found in measured.items():
        print(f"{target}: {found['sentence']}")
        for name, value in found["others"].items():
            print(f"  {name} {value:.4g}")


@app.command()
def report(model: ModelFolder) -> None:
    """Write report.html anew from the model's evidence, and say where it is."""
    from pellucid.evidence.report import write_report
    from pellucid.keeping import load

    write_report(load(model).evidence, model / "report.html")  # type: ignore[arg-type]
    print(model / "report.html")


@app.command()
def reproduce(
    model: ModelFolder,
    source: Source,
    test: Annotated[str | None, typer.Option(help="As it was given to `learn`.")] = None,
) -> None:
    """Learn once more by the same plan and compare the weights byte by byte.

    Example:

      pellucid reproduce reviews.pellucid reviews.csv
    """
    from pellucid.reproduction import reproduce as reproduce_

    found = reproduce_(model, source, test=test)
    print(found)
    if not found.same:
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing, and what this machine can do."""
    from pellucid.diagnosis import diagnosis

    for line in diagnosis():
        print(line)


def main() -> None:
    """Run the command line; a user's fault is one paragraph and exit status 1."""
    try:
        app()
    except UsageError as error:
        _fail(str(error), 2)
    except PellucidError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("stopped; run the same line again to go on", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(message: str, status: int) -> None:
    print(f"pellucid: {message}", file=sys.stderr)
    sys.exit(status)


def _own_target(source: str) -> list[str]:
    if not source.startswith("sample:"):
        raise UsageError("say what to predict: --target NAME")
    from pellucid.data.samples import SAMPLES

    name = source.removeprefix("sample:")
    return [SAMPLES[name].target] if name in SAMPLES else []


def _stem(source: str) -> str:
    name = source.removeprefix("sample:")
    return Path(name).name.split(".")[0] or "model"


def _kinds(words: list[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        name, equals, kind = word.rpartition("=")
        if not equals:
            raise UsageError(f"--kind {word}: write it as NAME=KIND, for instance zip=category")
        pairs[name] = kind
    return pairs


def _summary(model: Any, folder: Path) -> dict[str, Any]:
    """What a machine wants to know; of several targets the first, and all under `targets`."""
    evidence = model.evidence
    summaries = {name: _target_summary(target) for name, target in evidence["targets"].items()}
    mends = evidence["data"]["mends"]
    return {
        "task": evidence["name"],
        **next(iter(summaries.values())),
        "targets": summaries,
        "skipped": sum(m["count"] for m in mends if m["action"].startswith("row skipped")),
        "mended": sum(m["count"] for m in mends if not m["action"].startswith("row skipped")),
        "seconds": round(evidence["actual"]["seconds"], 2),
        "output": str(folder),
    }


def _target_summary(target: dict[str, Any]) -> dict[str, Any]:
    performance = target["performance"]
    metric = performance["metric"]
    baseline = target["baseline"]
    return {
        "performance": {k: performance[k] for k in ("metric", "value", "low", "high", "rows")},
        "baseline": None if baseline is None else {**baseline, "metric": metric},
        "gap": target["gap"],
        "curve": target["curve"],
        "verdict": " ".join(target["verdict"]["sentences"]),
        "learned": target["verdict"]["learned"],
        "beats_baseline": target["verdict"]["beats_baseline"],
    }
