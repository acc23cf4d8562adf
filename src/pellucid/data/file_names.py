"""Groups that file names tell: the speaker, the scene or the day that many files share."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import polars as pl
from numpy.typing import NDArray

FEWEST_GROUPS = 3
ENOUGH_GROUPS = 10
USUAL = 0.9  # share of the files that have as many parts as most


@dataclass(frozen=True)
class FileGroups:
    """For each row the number of its group, and what a few of them are called."""

    of_row: NDArray[np.int64]
    count: int
    some: tuple[str, ...]


def file_groups(paths: pl.Series, target: pl.Series) -> FileGroups | None:
    """The groups that parts of the names mark, before the running number that ends them.

    `7_george_12.wav` has the parts 7, george and 12. The last number runs; a part that only repeats
    the target, or is the same everywhere, marks nothing. Of what is left the shortest beginning
    that makes ten groups is taken, or else the one that makes the most; None where there are fewer
    than three, where most stand for a single file, or where a class would lie in one group alone.
    """
    names = [_parts(path or "") for path in paths.to_list()]
    sizes = Counter(len(parts) for parts in names)
    length, usual = sizes.most_common(1)[0]
    if length < 2 or usual < USUAL * len(names):
        return None
    rows = [row for row, parts in enumerate(names) if len(parts) == length]
    columns = [np.array([names[row][place] for row in rows]) for place in range(length)]
    running = [p for p, column in enumerate(columns) if _is_number(column)]
    if not running:
        return None
    labels = target.gather(rows).cast(pl.String).fill_null("").to_numpy()
    classes = len(set(labels)) <= max(20, len(labels) // 10)
    marks = [
        column for column in columns[: running[-1]]
        if len(set(column)) > 1 and not (classes and _repeats(column, labels))
    ]  # fmt: skip
    best = _best(marks, labels if classes else None)
    if best is None:
        return None
    words, codes = np.unique(best, return_inverse=True)
    of_row = np.arange(len(names)) + len(words)  # a file named otherwise is a group of its own
    of_row[rows] = codes
    return FileGroups(of_row, len(words), tuple(str(word) for word in words[:3]))


def _parts(path: str) -> list[str]:
    """The folder and the parts of the stem."""
    pure = PurePosixPath(path.replace("\\", "/"))
    return [pure.parent.name, *re.split(r"[_\-. ]+", pure.stem)]


def _is_number(column: NDArray[np.str_]) -> bool:
    return bool(np.char.isdigit(column).all())


def _repeats(column: NDArray[np.str_], labels: NDArray[np.str_]) -> bool:
    """Whether each value stands for one class, and there are no more values than classes."""
    pairs = len(set(zip(column, labels, strict=True)))
    return pairs == len(set(column)) <= len(set(labels))


def _best(
    marks: list[NDArray[np.str_]], labels: NDArray[np.str_] | None
) -> NDArray[np.str_] | None:
    best = None
    for end in range(1, len(marks) + 1):
        joined = np.array(["_".join(parts) for parts in zip(*marks[:end], strict=True)])
        groups = len(set(joined))
        if groups < FEWEST_GROUPS or groups > len(joined) / 2:
            continue
        if labels is not None and _lonely(joined, labels):
            continue
        best = joined
        if groups >= ENOUGH_GROUPS:
            break
    return best


def _lonely(groups: NDArray[np.str_], labels: NDArray[np.str_]) -> bool:
    """Whether some class lies in fewer than three groups, so that a side would lack it."""
    pairs = set(zip(groups, labels, strict=True))
    return min(Counter(label for _, label in pairs).values()) < FEWEST_GROUPS
