"""Which line of a text file each row of its table starts at, in little memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Lines:
    """Kept only where the line does not step by one from row to row."""

    rows: Positions  # from rows[k] on ...
    lines: Positions  # ... row r starts at line lines[k] + r - rows[k]

    def of(self, row: int) -> int:
        """The line, counted from 1, at which a row starts."""
        k = int(np.searchsorted(self.rows, row, side="right")) - 1
        return int(self.lines[k] + row - self.rows[k])


@dataclass
class LineIndex:
    """Collects the lines of the rows in order."""

    height: int = 0
    next_line: int = -1
    rows: list[Positions] = field(default_factory=list)
    lines: list[Positions] = field(default_factory=list)

    def add(self, lines: Positions) -> None:
        """The lines at which the next rows start."""
        steps = np.flatnonzero(np.diff(lines, prepend=self.next_line - 1) != 1)
        self.rows.append(steps + self.height)
        self.lines.append(lines[steps])
        self.height += lines.size
        self.next_line = int(lines[-1]) + 1

    def finish(self) -> Lines | None:
        """The lines of all rows."""
        return Lines(np.concatenate(self.rows), np.concatenate(self.lines)) if self.rows else None
