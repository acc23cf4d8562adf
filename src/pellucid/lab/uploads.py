"""A table chosen in the page: copied to a temporary folder of this machine, and read there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from pellucid.errors import DataError, PellucidError, UsageError
from pellucid.lab.own import Own, own_of
from pellucid.lab.questions import question_of
from pellucid.lab.training.socket import forget

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST = 200_000_000  # bytes
ENDINGS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet", ".arrow", ".xlsx", ".gz", ".zst")


async def received(request: Request) -> Response:
    """Keep the body as a file and name its columns; nothing is opened in the chapters yet."""
    try:
        path = await _kept(request)
        columns = await run_in_threadpool(_columns, path)
    except PellucidError as fault:
        return JSONResponse({"fault": str(fault)}, 422)
    return JSONResponse({"file": path.name, "columns": columns})


async def opened(request: Request) -> Response:
    """Open a kept table in the chapters, with what is to be predicted."""
    folder = Path(request.app.state.folder)
    try:
        wished = await question_of(request)
        name = Path(str(wished.get("file", ""))).name
        if not (folder / name).is_file():
            raise UsageError("That table is not here any more; choose it again.")
        own = await run_in_threadpool(_ready, str(folder / name), str(wished.get("target", "")))
    except PellucidError as fault:
        return JSONResponse({"fault": str(fault)}, 422)
    request.app.state.own = own
    forget(request.app.state.trainings)
    return JSONResponse({"opened": name})


async def _kept(request: Request) -> Path:
    name = Path(request.query_params.get("name", "")).name
    if not name.lower().endswith(ENDINGS):
        raise DataError(f"{name!r} is no table that can be read; take one of {', '.join(ENDINGS)}.")
    path, size = Path(request.app.state.folder) / name, 0
    with path.open("wb") as file:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST:
                raise DataError(
                    f"{name} has more than {LARGEST // 1_000_000} MB. Open it from the command "
                    f"line, where nothing is copied: pellucid lab {name} --target COLUMN"
                )
            file.write(part)
    return path


def _columns(path: Path) -> list[str]:
    return list(own_of(str(path), None, None).table.columns)


def _ready(path: str, target: str) -> Own:
    own = own_of(path, target, None)
    own.read(lambda own: own.experience)  # a table that cannot be learnt from is said now
    return own
