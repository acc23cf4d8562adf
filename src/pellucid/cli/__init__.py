"""The command line: one verb, one function."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

import typer

from pellucid.cli.extras import doctor, lab, serve
from pellucid.cli.learning import learn, reproduce
from pellucid.cli.predicting import evaluate, predict, report
from pellucid.cli.working import explain, lesson
from pellucid.errors import PellucidError, UsageError
from pellucid.progress import printable

Verb = Callable[..., None]

# In the order of the help.
VERBS: Final[tuple[Verb, ...]] = (
    learn, predict, evaluate, explain, report, reproduce, lesson, lab, serve, doctor,
)  # fmt: skip
WORDS_OF_THEIR_OWN: Final[
    dict[Verb, dict[str, bool]]
] = {  # a lesson's options are named after what it takes
    lesson: {"allow_extra_args": True, "ignore_unknown_options": True}
}
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
for verb in VERBS:
    app.command(context_settings=WORDS_OF_THEIR_OWN.get(verb))(verb)


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
    print(f"pellucid: {printable(str(message))}", file=sys.stderr)
