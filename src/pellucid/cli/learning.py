"""The verbs that learn: `learn`, and `reproduce`, which does it once more."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from pellucid.cli.options import AsJson, ModelFolder, Source, Test, importing
from pellucid.errors import UsageError
from pellucid.files import strict_json

Targets = Annotated[
    list[str] | None,
    Option("--target", "--label", help="What to predict; may be given several times."),
]
Group = Annotated[str | None, Option(help="Rows with the same value here stay together.")]
Time = Annotated[
    str | None, Option(help="Learn from the past, prove on the future of this column.")
]
Kinds = Annotated[
    list[str] | None,
    Option(
        metavar="NAME=KIND",
        help="A column's kind: number, category, date, text, image, audio, video or series; of a "
        "target also tags.",
    ),
]
Ignore = Annotated[list[str] | None, Option(help="A column to leave out.")]
Horizon = Annotated[int | None, Option(help="Forecast so many steps of the time column.")]
SeriesName = Annotated[
    str | None, Option("--series", help="The column that names the series, if there are several.")
]
Known = Annotated[list[str] | None, Option(help="A column whose values are known ahead.")]
Metric = Annotated[
    str | None,
    Option(help="What is measured and made small: of numbers RMSE (the mean) or MAE (the median)."),
]
Minutes = Annotated[float, Option(help="Wall clock for everything.")]
Seed = Annotated[int, Option(help="The same seed gives the same weights.")]
PlanOf = Annotated[Path | None, Option(help="A model whose plan is followed step by step.")]
Folder = Annotated[Path | None, Option(help="The model's folder, if not SOURCE.pellucid.")]
Backbone = Annotated[
    list[str] | None,
    Option(
        metavar="NAME",
        help="A pretrained network beside ours: a folder, a package, hf:NAME or timm:NAME.",
    ),
]
Strict = Annotated[bool, Option("--strict", help="Every mend of the data is an error.")]


def learn(
    source: Source,
    target: Targets = None,
    test: Test = None,
    group: Group = None,
    time: Time = None,
    kind: Kinds = None,
    ignore: Ignore = None,
    minutes: Minutes = 5.0,
    seed: Seed = 0,
    backbone: Backbone = None,
    plan: PlanOf = None,
    output: Folder = None,
    strict: Strict = False,
    horizon: Horizon = None,
    series: SeriesName = None,
    known: Known = None,
    metric: Metric = None,
    as_json: AsJson = False,
) -> None:
    """Learn from a table, prove it on rows set apart, and keep the model.

    Examples:

      pellucid learn reviews.csv --target stars

      pellucid learn sales.parquet --target price --time sold --minutes 10

      pellucid learn sales.csv --target sold --time day --horizon 28 --series shop

      pellucid learn photos/

      pellucid learn sample:digits
    """
    with importing():
        from pellucid.learning import learn as learn_

    targets = target or _own_target(source) or None
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
        horizon=horizon,
        series=series,
        known=known or [],
        metric=metric,
        backbone=backbone or [],
        plan=plan,
        output=folder,
        verbose=sys.stderr if as_json else sys.stdout,
    )
    if as_json:
        from pellucid.summary import summary

        print(strict_json(summary(model, folder)))


def reproduce(model: ModelFolder, source: Source, test: Test = None) -> None:
    """Learn once more by the same plan and compare the weights byte by byte.

    Example:

      pellucid reproduce reviews.pellucid reviews.csv
    """
    from pellucid.reproduction import reproduce as reproduce_

    found = reproduce_(model, source, test=test)
    print(found)
    if not found.same:
        raise typer.Exit(1)


def _own_target(source: str) -> list[str]:
    if not source.startswith("sample:"):
        if Path(source).is_dir():  # its class folders say what to predict
            return []
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
