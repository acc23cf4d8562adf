"""Printers of working: one file a form, one table of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TextIO

from pellucid.errors import UsageError
from pellucid.working.step import Step


def _text(step: Step, width: int, ascii: bool, color: bool) -> str:
    from pellucid.working.printing.terminal import render as print_text

    return print_text(step, width, ascii, color)


def _markdown(step: Step, width: int, ascii: bool, color: bool) -> str:
    from pellucid.working.printing.markdown import render as print_markdown

    return print_markdown(step)


def _latex(step: Step, width: int, ascii: bool, color: bool) -> str:
    from pellucid.working.printing.latex import document

    return document(step)


def _html(step: Step, width: int, ascii: bool, color: bool) -> str:
    from pellucid.working.printing.html import page

    return page(step)


def _json(step: Step, width: int, ascii: bool, color: bool) -> str:
    from pellucid.working.printing.json import write_step

    return write_step(step)


WIDEST = 100  # columns: longer lines are hard to read
PRINTERS: dict[str, Callable[[Step, int, bool, bool], str]] = {
    "text": _text,
    "markdown": _markdown,
    "latex": _latex,
    "html": _html,
    "json": _json,
}


def for_stream(step: Step, stream: TextIO) -> str:
    """Text that fits where it goes: the terminal's width and colour, ASCII where it must be."""
    on_terminal = stream.isatty()
    width = min(shutil.get_terminal_size().columns, WIDEST) if on_terminal else 80
    return render(step, "text", width=width, ascii=not _writes_unicode(stream), color=on_terminal)


def _writes_unicode(stream: TextIO) -> bool:
    try:
        "⎡λ·⣿".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def render(
    step: Step, format: str = "text", *, width: int = 80, ascii: bool = False, color: bool = False
) -> str:
    """Print a step in one of the forms of PRINTERS."""
    if format not in PRINTERS:
        raise UsageError(f"No format is called {format!r}; choose one of {', '.join(PRINTERS)}.")
    return PRINTERS[format](step, width, ascii, color)
