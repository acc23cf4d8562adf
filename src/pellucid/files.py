"""Files written beside their place and renamed into it, so that none is ever half written."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; rename it to `path` when all went well."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.touch()
        yield beside
        _reach_the_disk(beside)
        beside.replace(path)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink()


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Give a folder beside `path` to fill; put it in the place of `path` when all went well.

    Killed at any moment it leaves the older folder or the new one, whole; if it was killed between
    its two renames, the next call finds the older one and puts it back first.
    """
    place = path.resolve() if path.is_symlink() else path
    new, old = place.with_name(f".{place.name}.new"), place.with_name(f".{place.name}.old")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _put_back(old, place)
        for left_behind in (new, old):
            shutil.rmtree(left_behind, ignore_errors=True)
        new.mkdir()
        yield new
        for file in new.rglob("*"):
            if file.is_file():
                _reach_the_disk(file)
        if place.exists():
            place.rename(old)
        new.rename(place)
    except OSError as error:
        _put_back(old, place)
        raise not_written(path, error) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if place.exists():
            shutil.rmtree(old, ignore_errors=True)


def write_tensors(
    tensors: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file; a full disk is an OSError, as with any other file."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(tensors, path, metadata)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        raise (OSError(int(number[1]), os.strerror(int(number[1]))) if number else error) from error


def read_json(path: Path) -> Any:
    """What a JSON file of ours holds; None where there is none or it is damaged."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def strict_json(content: Mapping[str, Any], indent: int | None = None) -> str:
    """JSON that every reader takes: numbers that are not finite become null."""
    return json.dumps(_finite(content), indent=indent, allow_nan=False)


def not_written(path: Path, error: Exception) -> DataError:
    """The error that says why `path` could not be written, and how to mend it."""
    reason = getattr(error, "strerror", None) or error
    return DataError(
        f'"{path}" cannot be written: {reason}. Nothing was changed; free some space, or name a '
        "folder that you may write in, and run the same again."
    )


def _put_back(old: Path, place: Path) -> None:
    if old.is_dir() and not place.exists():
        with suppress(OSError):
            old.rename(place)


def _reach_the_disk(file: Path) -> None:
    """Wait until the bytes lie on the disk: a rename alone may survive a power cut without them."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _finite(content: Any) -> Any:
    if isinstance(content, float) and not math.isfinite(content):
        return None
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return content
