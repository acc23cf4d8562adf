"""The verbs that show the working: `explain` and `lesson`."""

from __future__ import annotations

import sys
import textwrap
from typing import Annotated

import typer
from typer import Argument, Option

from pellucid.cli.options import FORMATS, ModelFolder, Source, importing
from pellucid.errors import UsageError


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
    with importing():
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


def lesson(
    context: typer.Context,
    name: Annotated[
        str | None, Argument(help="The lesson; all of them are listed if not given.")
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
