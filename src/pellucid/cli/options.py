"""What several verbs take, and how they import what is heavy."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

FORMATS = "text, markdown, latex, html or json."

Source = Annotated[str, Argument(help="A file, a folder, or sample:NAME for data that come along.")]
ModelFolder = Annotated[Path, Argument(help="A folder that `learn` wrote.")]
Test = Annotated[str | None, Option(help="Rows to prove it on: a file, or a column saying so.")]
AsJson = Annotated[bool, Option("--json", help="One JSON object; progress on standard error.")]


@contextmanager
def importing() -> Iterator[None]:
    """Without the collector of rubbish: what modules make stays, and looking it over takes long.

    It took an eighth of the time of `import torch`, and as much again at the end of the process.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
