"""Reads a folder as a table: class folders of pictures, sounds or films, or files beside a CSV."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pellucid.data.splitting import LEARN, WORDS
from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends
from pellucid.media.files import Files
from pellucid.media.recognition import medium_of_name

TABLES = (".csv", ".tsv", ".parquet", ".arrow", ".feather", ".jsonl", ".ndjson", ".json", ".xlsx")
FOLDER, SPLIT = "folder", "split"
SIDES = {word: side for side, words in WORDS.items() for word in words}
UNLISTED = "a folder that cannot be listed"
LOOP = "a link to a folder that it lies in itself"
UNNAMED = "a file whose path is no UTF-8"


@dataclass(frozen=True)
class _Found:
    """A file of a medium, and the folders between it and the source."""

    name: str  # relative to the source
    folders: tuple[str, ...]
    medium: str | None

    @property
    def top(self) -> str | None:
        """The outermost folder, in small letters."""
        return self.folders[0].lower() if self.folders else None


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
    Hidden files are passed over; whatever else makes no row is counted.
    """
    out: dict[str, list[str]] = {}  # what is left out, by the reason
    files = list(_walk(folder, out))
    counts = Counter(file.medium for file in files if file.medium)
    if not counts:
        listed = "".join(f"; {len(names):,} × {why} ({names[0]} …)" for why, names in out.items())
        raise DataError(
            f'"{folder}" holds no table and no pictures, sounds or films{listed}; name a file, or '
            "a folder with one folder of files for each class"
        )
    medium = counts.most_common(1)[0][0]
    others = [file.name for file in files if file.medium != medium]
    out[f"a file that is no {medium}, by its extension"] = others
    kept, split = _sides([file for file in files if file.medium == medium], out)
    for why, names in out.items():
        action = "left out" if why in (UNLISTED, LOOP) else "row skipped"
        mends.add(Mend(why, action, len(names), None, tuple(names[:3])))
    columns = {medium: [file.name for file in kept]}
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


def _sides(files: list[_Found], out: dict[str, list[str]]) -> tuple[list[_Found], bool]:
    """The files that make rows, and whether their top folders split them.

    They do if one of them is to learn from and one is not; then what lies elsewhere, such as a
    cover beside them, is on no side, and beside class folders a file without one has no answer.
    """
    sides = {SIDES[file.top] for file in files if file.top in SIDES}
    if not (LEARN in sides and len(sides) > 1):
        return files, all(len(f.folders) > 1 and f.top in SIDES for f in files)
    inside = [file for file in files if file.top in SIDES]
    out["a file outside of the folders to learn and to test on"] = [
        file.name for file in files if file.top not in SIDES
    ]
    if not any(len(file.folders) > 1 for file in inside):
        return inside, True
    out["a file without a label, for it lies in no class folder"] = [
        file.name for file in inside if len(file.folders) == 1
    ]
    return [file for file in inside if len(file.folders) > 1], True


def _walk(folder: Path, out: dict[str, list[str]]) -> Iterator[_Found]:
    """Every file that is not hidden, also behind links; what cannot be listed goes to `out`."""

    def unlisted(error: OSError) -> None:
        name = os.path.relpath(error.filename or folder, folder)
        out.setdefault(UNLISTED, []).append(_shown(name))

    for where, folders, names in os.walk(folder, onerror=unlisted, followlinks=True):
        inside = Path(where).relative_to(folder)
        folders[:] = sorted(name for name in folders if name[0] != ".")
        loops = [name for name in folders if _leads_back(folder, inside, name)]
        for name in loops:
            folders.remove(name)
            out.setdefault(LOOP, []).append(_shown((inside / name).as_posix()))
        for name in sorted(names):
            if name[0] != "." and name.lower() not in ("thumbs.db", "desktop.ini"):
                path = (inside / name).as_posix()
                if _shown(path) != path:
                    out.setdefault(UNNAMED, []).append(_shown(path))
                    continue
                yield _Found(path, inside.parts, medium_of_name(name))


def _leads_back(folder: Path, inside: Path, name: str) -> bool:
    """Whether it links to a folder that it lies in itself."""
    if not (folder / inside / name).is_symlink():
        return False
    target = (folder / inside / name).resolve()
    above = (folder / each for each in (inside, *inside.parents))
    return any(each.resolve().is_relative_to(target) for each in above)


def _shown(path: str) -> str:
    """The path with bytes that are no UTF-8 as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
