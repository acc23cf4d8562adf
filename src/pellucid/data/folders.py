"""Reads a folder as a table: class folders of pictures, sounds or films, or files beside a CSV."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pellucid.data.splitting import WORDS
from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends
from pellucid.media.files import Files
from pellucid.media.recognition import medium_of_name

TABLES = (".csv", ".tsv", ".parquet", ".arrow", ".feather", ".jsonl", ".ndjson", ".json", ".xlsx")
FOLDER, SPLIT = "folder", "split"
SIDES = {word for words in WORDS.values() for word in words}


@dataclass(frozen=True)
class _Found:
    """A file of a medium, and the folders between it and the source."""

    name: str  # relative to the source
    folders: tuple[str, ...]
    medium: str | None


def table_in(folder: Path) -> Path | None:
    """The one file of a folder that holds a table; DataError where there are several."""
    found = sorted(
        entry for entry in folder.iterdir()
        if entry.suffix.lower() in TABLES and entry.is_file() and entry.name[0] != "."
    )  # fmt: skip
    if len(found) > 1:
        names = ", ".join(f'"{entry}"' for entry in found[:4])
        raise DataError(f'"{folder}" holds {len(found)} tables ({names}); name one of them')
    return found[0] if found else None


def read_folder(folder: Path, mends: Mends) -> Table:
    """A row for each file: its path, and the class folder it lies in if there are several.

    Class folders may stand inside `train`, `valid` and `test` folders, which then split the rows.
    Hidden files are passed over; other files that are of no medium are counted.
    """
    files = list(_walk(folder))
    counts = Counter(file.medium for file in files if file.medium)
    if not counts:
        raise DataError(
            f'"{folder}" holds no table and no pictures, sounds or films; name a file, or a folder '
            "with one folder of files for each class"
        )
    medium = counts.most_common(1)[0][0]
    kept = [file for file in files if file.medium == medium]
    others = [file.name for file in files if file.medium != medium]
    fault = f"a file that is no {medium}, by its extension"
    mends.add(Mend(fault, "row skipped", len(others), None, tuple(others[:3])))
    columns = {medium: [file.name for file in kept]}
    split = all(len(f.folders) > 1 and f.folders[0].lower() in SIDES for f in kept)
    if split:
        columns[SPLIT] = [file.folders[0] for file in kept]
    classes = [file.folders[split] if len(file.folders) > split else None for file in kept]
    if len({name for name in classes if name}) > 1:
        columns[FOLDER] = classes  # type: ignore[assignment]
    frame = pl.DataFrame(columns)
    return Table(
        str(folder),
        frame.lazy(),
        frame.height,
        files=Files(folder),
        target=FOLDER if FOLDER in columns else None,
        listed=medium,
        split=SPLIT if split else None,
    )


def _walk(folder: Path) -> Iterator[_Found]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        inside = Path(where).relative_to(folder)
        for name in sorted(names):
            if name[0] != "." and name.lower() not in ("thumbs.db", "desktop.ini"):
                medium = medium_of_name(name)
                yield _Found((inside / name).as_posix(), inside.parts, medium)
