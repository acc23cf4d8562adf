"""Files written beside their place and renamed into it, so that none is ever half written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pellucid.errors import DataError


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; rename it to `path` when all went well."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise DataError(_reason(path, error)) from error
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        raise DataError(_reason(path, error)) from error
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Give a folder beside `path` to fill; put it in the place of `path` when all went well."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    except OSError as error:
        raise DataError(_reason(path, error)) from error
    old = beside.with_name(beside.name + "-old")
    try:
        yield beside
        beside.chmod(0o755)
        if path.exists():
            path.rename(old)
        beside.rename(path)
    except OSError as error:
        raise DataError(_reason(path, error)) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _reason(path: Path, error: OSError) -> str:
    return (
        f"{path} cannot be written: {error.strerror or error}. Nothing was changed; "
        "free some space or name another folder with --output."
    )
