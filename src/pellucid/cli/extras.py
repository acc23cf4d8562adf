"""The verbs that need extras, `lab` and `serve`, and `doctor`, which says what is there."""

from __future__ import annotations

import importlib.util
from typing import Annotated

from typer import Argument, Option

from pellucid.cli.options import ModelFolder
from pellucid.errors import UsageError


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


def doctor() -> None:
    """Say what is installed, what is missing, and what this machine can do."""
    from pellucid.diagnosis import diagnosis

    for line in diagnosis():
        print(line)


def _needs(extra: str, *modules: str) -> None:
    """UsageError that says how to install an extra that is not there."""
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise UsageError(
            f'`{extra}` needs {" and ".join(missing)}: pip install "pellucid[{extra}]"'
        )
