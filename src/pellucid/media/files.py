"""Where the files lie that cells name, what may be opened, and the contents of a cell."""

from __future__ import annotations

import base64
import binascii
import io
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import BinaryIO, TypeVar

import polars as pl

from pellucid.errors import Mend, Mends

INLINE = "data:"
EMPTY = "0 bytes"
MOST_BYTES = 512 * 2**20  # of one file that is read whole, as a picture is, by every thread
TIMED, QUICK = 4, 5e-4  # cells that are timed first; seconds of one that threads do not pay for
MISSING_PATHS = ("", "na", "nan", "none", "null")

Result = TypeVar("Result")


class UnreadableError(Exception):
    """A cell whose picture, sound or film cannot be had: the reason in a few words."""


@dataclass(frozen=True)
class Files:
    """Where relative paths in cells begin, and whether anything outside may be opened.

    A user's own table names files anywhere. Cells of a request that somebody else sends are
    `confined` to a folder, or to none at all: then they can only hold contents (bytes, data URIs).
    """

    folder: Path | None = None  # None: the working directory, or nowhere if confined
    confined: bool = False

    def locate(self, cells: pl.DataFrame, mends: Mends) -> pl.DataFrame:
        """Columns of paths with every path absolute, null where it may not be opened (counted)."""
        return cells.with_columns(
            self._located(series, mends) for series in cells if series.dtype == pl.String
        )

    def path(self, name: str) -> Path | None:
        """The file of that name; None where it may not be opened."""
        if self.folder is None and self.confined:
            return None
        folder = self.folder or Path()
        if not self.confined:
            return meant(folder, name).absolute()
        path = folder / name
        return path.absolute() if path.resolve().is_relative_to(folder.resolve()) else None

    def _located(self, cells: pl.Series, mends: Mends) -> pl.Series:
        located: list[str | None] = []
        refused = []
        for row, cell in enumerate(cells.to_list()):
            if cell is None or cell.strip().lower() in MISSING_PATHS:
                located.append(None)
            elif cell.startswith(INLINE):
                located.append(cell)
            else:
                path = self.path(cell) if "\0" not in cell else None
                located.append(None if path is None else str(path))
                refused += [] if path else [row]
        where = tuple(f"{mends.place(row)}: {cells[row][:60]!r}" for row in refused[: mends.places])
        fault = "a path outside of the data folder, which may not be opened"
        mends.add(Mend(fault, "taken as missing", len(refused), cells.name, where))
        return pl.Series(cells.name, located, pl.String)


def meant(folder: Path, name: str) -> Path:
    """The path as it is written if it is there, else without blanks around it, `~` as the home."""
    if (name.strip() == name and not name.startswith("~")) or os.path.lexists(folder / name):
        return folder / name
    try:
        return folder / Path(name.strip()).expanduser()
    except RuntimeError:  # nobody of that name has a home
        return folder / name


ANYWHERE, NO_FILES = Files(), Files(None, confined=True)


def contents(cell: str | bytes) -> bytes:
    """The bytes of a located cell: a path, a data URI, or the bytes themselves."""
    if isinstance(cell, bytes):
        content = cell
    elif cell.startswith(INLINE):
        content = _inline(cell)
    else:
        content = _of_file(Path(cell))
    if not content:
        raise UnreadableError("0 bytes")
    return content


@contextmanager
def opened(cell: str | bytes) -> Iterator[BinaryIO]:
    """A located cell as an open file: of long sounds and films only parts need be read."""
    if isinstance(cell, str) and not cell.startswith(INLINE):
        with _checked_file(Path(cell)) as file:
            if not os.fstat(file.fileno()).st_size:
                raise UnreadableError(EMPTY)
            yield file
    else:
        with io.BytesIO(contents(cell)) as memory:
            yield memory


def in_parallel(
    work: Callable[[str | bytes], Result], cells: Sequence[str | bytes | None]
) -> Iterable[Result | UnreadableError | None]:
    """work(cell) of every cell in order, by several threads; its fault where it is UnreadableError.

    Decoders let go of Python's lock, so that threads decode on all processors. Small pictures are
    read one after the other: they would wait for that lock longer than they are decoded.
    """

    def one(cell: str | bytes | None) -> Result | UnreadableError | None:
        if cell is None:
            return None
        try:
            return work(cell)
        except UnreadableError as fault:
            return fault

    seconds = [inf]
    for cell in cells[:TIMED]:
        started = time.perf_counter()
        found = one(cell)
        if cell is not None and not isinstance(found, UnreadableError):
            seconds.append(time.perf_counter() - started)
        yield found
    rest = cells[TIMED:]
    threads = min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
    if threads == 1 or len(rest) < TIMED or min(seconds) < QUICK:
        yield from map(one, rest)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(one, rest)


def count_faults(
    cells: pl.Series, faults: dict[int, str], mends: Mends, action: str = "taken as missing"
) -> None:
    """Mends for the rows of a column that have a fault, one for each reason."""
    by_reason: dict[str, list[int]] = {}
    for row, reason in faults.items():
        by_reason.setdefault(reason, []).append(row)
    for reason, rows in by_reason.items():
        where = tuple(f"{mends.place(row)}: {_shown(cells[row])}" for row in rows[: mends.places])
        mends.add(Mend(reason, action, len(rows), cells.name, where))


def _shown(cell: str | bytes) -> str:
    return f"{len(cell):,} bytes" if isinstance(cell, bytes) else f'"{cell[-60:]}"'


def _inline(cell: str) -> bytes:
    head, _, body = cell.partition(",")
    if not head.endswith(";base64"):
        raise UnreadableError("a data URI that is not base64")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableError("a data URI that is no base64") from error


def _of_file(path: Path) -> bytes:
    with _checked_file(path) as file:
        try:
            if os.fstat(file.fileno()).st_size > MOST_BYTES:
                raise UnreadableError(f"a file of more than {MOST_BYTES >> 20} MB")
            return file.read()
        except OSError as error:
            raise UnreadableError("a file that cannot be read") from error


def _checked_file(path: Path) -> BinaryIO:
    """A regular file, open; the reason why not as UnreadableError."""
    try:
        if path.is_dir():
            raise UnreadableError("a folder in place of a file")
        if not path.is_file() and path.exists():
            raise UnreadableError("no regular file")
        return path.open("rb")
    except FileNotFoundError as error:
        raise UnreadableError("no such file") from error
    except PermissionError as error:
        raise UnreadableError("a file that may not be read") from error
    except (OSError, ValueError) as error:
        raise UnreadableError("a file that cannot be opened") from error
