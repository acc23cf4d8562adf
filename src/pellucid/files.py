"""Files written beside their place and renamed into it, so that none is ever half written."""

from __future__ import annotations

import os
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


def _reason(path: Path, error: OSError) -> str:
    return (
        f"{path} cannot be written: {error.strerror or error}. Nothing was changed; "
        "free some space or name another folder with --output."
    )
