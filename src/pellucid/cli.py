"""The command line: one verb, one function."""

from __future__ import annotations

import gc
import importlib.util
import io
import os
import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from pellucid.errors import PellucidError, UsageError
from pellucid.files import strict_json
from pellucid.progress import printable

FORMATS = "text, markdown, latex, html or json."
STOPPED = 130  # exit status after Ctrl-C

app = typer.Typer(
    name="pellucid",
    help="Deep learning on raw data: it learns from a table in one call, proves it, and shows it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Source = Annotated[str, Argument(help="A file, a folder, or sample:NAME for data that come along.")]
ModelFolder = Annotated[Path, Argument(help="A folder that `learn` wrote.")]
Targets = Annotated[
    list[str] | None,
    Option("--target", "--label", help="What to predict; may be given several times."),
]
Test = Annotated[str | None, Option(help="Rows to prove it on: a file, or a column saying so.")]
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
AsJson = Annotated[bool, Option("--json", help="One JSON object; progress on standard error.")]
Predictions = Annotated[
    Path | None,
    Option(help="A .csv, .parquet, .arrow or .jsonl file; if not given, CSV is printed."),
]
Proba = Annotated[bool, Option("--proba", help="The probability of every level.")]


@contextmanager
def _importing() -> Iterator[None]:
    """Without the collector of rubbish: what modules make stays, and looking it over takes long.

    It took an eighth of the time of `import torch`, and as much again at the end of the process.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@app.command()
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
    with _importing():
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
        backbone=backbone or [],
        plan=plan,
        output=folder,
        verbose=sys.stderr if as_json else sys.stdout,
    )
    if as_json:
        from pellucid.summary import summary

        print(strict_json(summary(model, folder)))


@app.command()
def predict(
    model: ModelFolder, source: Source, output: Predictions = None, proba: Proba = False
) -> None:
    """Predict every row of a file, in its order, however long the file.

    Examples:

      pellucid predict reviews.pellucid new.csv --output predicted.csv

      pellucid predict reviews.pellucid new.csv --proba
    """
    with _importing():
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
        print(printable(str(mend)), file=sys.stderr)


@app.command()
def evaluate(model: ModelFolder, source: Source, as_json: AsJson = False) -> None:
    """Say whether performance held on new rows whose answers are known.

    Example:

      pellucid evaluate reviews.pellucid march.csv
    """
    with _importing():
        from pellucid.keeping import load

    measured = load(model).evaluate(source)
    if as_json:
        print(strict_json(measured))
        return
    for target, found in measured.items():
        print(f"{target}: {found['sentence']}")
        for name, value in found["others"].items():
            print(f"  {name} {value:.4g}")


@app.command()
def explain(
    model: ModelFolder,
    source: Source,
    row: Annotated[int, Option(help="Which row, counted from 1.")],
    weight: Annotated[
        str | None,
        Option(metavar="NAME[i,j]", help="The weight to follow, if not the most influential."),
    ] = None,
    form: Annotated[str, Option("--format", help=FORMATS)] = "text",
) -> None:
    """Work through one row in the network's own numbers.

    How the raw row became tensors, every operation of the forward pass, the loss, the gradient of a
    weight by its paths, one step of the optimizer and the loss after it.

    Examples:

      pellucid explain reviews.pellucid reviews.csv --row 7

      pellucid explain reviews.pellucid reviews.csv --row 7 --format html > row-7.html
    """
    with _importing():
        from pellucid.data.reading import read
        from pellucid.errors import Mends
        from pellucid.explanation.rows import explain_source
        from pellucid.keeping import load
        from pellucid.working import PRINTERS, for_stream, render

    if form not in PRINTERS:
        raise UsageError(f"no format is called {form!r}; choose one of {', '.join(PRINTERS)}")
    found = explain_source(load(model), read(source, Mends(), ragged="mend"), row, weight)
    if form == "json":
        print(found.json())
        return
    step = found.step
    print(for_stream(step, sys.stdout) if form == "text" else render(step, form))


@app.command()
def report(model: ModelFolder) -> None:
    """Write report.html anew from the model's evidence, and say where it is."""
    from pellucid.keeping import rewrite_report

    print(rewrite_report(model))


@app.command()
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


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lesson(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="The lesson; all of them are listed if not given.")
    ] = None,
    form: Annotated[str, Option("--format", help=FORMATS)] = "text",
) -> None:
    """Work a piece of the mathematics step by step, every step checked in a second way.

    Without arguments a lesson works its own example; its options are named after what it takes.

    Examples:

      pellucid lesson determinant "[[2,3],[4,5]]"

      pellucid lesson derivative "sin(x)**2" --at 1/3

      pellucid lesson descent "x**2" --start 6 --step 0.1 --steps 10 --method adam
    """
    from pellucid.working import LESSONS, for_stream, render
    from pellucid.working import lesson as work

    if name is None:
        for each, known in LESSONS.items():
            print(textwrap.fill(known.summary, 80, initial_indent=f"{each:<16}",
                                subsequent_indent=16 * " "))  # fmt: skip
        return
    arguments, options = _lesson_words(context.args)
    step = work(name, *arguments, **options)
    print(for_stream(step, sys.stdout) if form == "text" else render(step, form))


@app.command()
def lab(
    source: Annotated[
        str | None, Argument(help="A table or a model of your own, to be seen in the chapters.")
    ] = None,
    target: Annotated[str | None, Option("--target", help="What to predict from a table.")] = None,
    rows: Annotated[str | None, Option(help="Rows to look at with a model.")] = None,
    port: Annotated[int, Option(help="The port; a free one is taken if not given.")] = 0,
    browser: Annotated[bool, Option(help="Open the browser.")] = True,
) -> None:
    """Open the lecture as live chapters in the browser: every figure moves, and shows its working.

    Examples:

      pellucid lab

      pellucid lab reviews.csv --target stars

      pellucid lab reviews.pellucid --rows new.csv
    """
    try:
        from pellucid.lab.own import own_of
        from pellucid.lab.server import run
    except ModuleNotFoundError as missing:
        raise UsageError(f'The lab needs {missing.name}: pip install "pellucid[lab]".') from missing
    run(own_of(source, target, rows), port, browser)


@app.command()
def serve(
    model: ModelFolder,
    host: Annotated[
        str, Option(help="The address to listen on; others need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
    token: Annotated[
        str | None, Option(envvar="PELLUCID_TOKEN", help="Who asks must send it.")
    ] = None,
    wait: Annotated[
        float, Option(min=0, max=1000, help="Milliseconds a request waits for company.")
    ] = 2.0,
    megabytes: Annotated[float, Option(min=0.001, help="The largest request.")] = 32.0,
) -> None:
    """Answer over HTTP, with a page for people; a folder that is replaced is taken over.

    Examples:

      pellucid serve reviews.pellucid

      pellucid serve reviews.pellucid --host 0.0.0.0 --token "$(openssl rand -hex 16)"
    """
    _needs("serve", "uvicorn", "starlette", "prometheus_client", "python_multipart")
    from pellucid.serving.limits import MEGABYTE, Limits
    from pellucid.serving.server import serve as serve_
    from pellucid.serving.server import write_log

    write_log()
    limits = Limits(body=int(megabytes * MEGABYTE), wait=wait / 1_000)
    serve_(model, host, port, token, limits, lambda address: print(address, flush=True))


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing, and what this machine can do."""
    from pellucid.diagnosis import diagnosis

    for line in diagnosis():
        print(line)


def main() -> None:
    """Run the command line; a user's fault is one paragraph and exit status 1."""
    if sys.stdout is None:  # it was closed from the start, as by `>&-`
        sys.stdout = Path(os.devnull).open("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shows a ?
    warnings.showwarning = _warn
    try:
        _run()
    except UsageError as error:
        _fail(str(error), 2)
    except PellucidError as error:
        _fail(str(error), 1)
    except MemoryError:
        _fail("this needs more memory than there is; give fewer columns or rows", 1)


def _run() -> None:
    """The verb, until all that it printed has left the process."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except SystemExit as done:
        if done.code == STOPPED:
            _fail("stopped; run the same line again to go on", STOPPED)
        raise
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _fail(f"standard output cannot be written: {error.strerror or error}", 1)


def _fail(message: str, status: int) -> None:
    print(f"pellucid: {printable(message)}", file=sys.stderr)
    sys.exit(status)


def _warn(message: Warning | str, *where: object, **more: object) -> None:
    """A warning as one line, without the place in the source that it came from."""
    print(f"pellucid: {message}", file=sys.stderr)


def _needs(extra: str, *modules: str) -> None:
    """UsageError that says how to install an extra that is not there."""
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise UsageError(
            f'`{extra}` needs {" and ".join(missing)}: pip install "pellucid[{extra}]"'
        )


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


def _lesson_words(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Arguments, and `--name value` pairs; `-3` is a number."""
    arguments, options = [], {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            arguments.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        given = value if equals else next(rest, None)
        if given is None:
            raise UsageError(f"{word} has no value; write {word} VALUE")
        options[name] = given
    return arguments, options


def _kinds(words: list[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        name, equals, kind = word.rpartition("=")
        if not equals:
            raise UsageError(f"--kind {word}: write it as NAME=KIND, for instance zip=category")
        pairs[name] = kind
    return pairs
