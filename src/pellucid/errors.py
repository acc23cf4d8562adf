"""What can go wrong that a user can mend, and the record of what was mended for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


class PellucidError(Exception):
    """A fault in the user's data, model or request: the rule, what was found, the remedy."""


class DataError(PellucidError):
    """The data cannot be used as asked."""


class ModelError(PellucidError):
    """A model directory is damaged, hostile, or of another format."""


class UsageError(PellucidError):
    """The request itself is wrong: an unknown option, kind or name."""


@dataclass(frozen=True)
class Mend:
    """One sort of fault in the data: how often, where first, and what was done about it."""

    fault: str  # "fewer fields than the header", "not a number"
    action: str  # "row skipped", "taken as missing"
    count: int
    column: str | None = None
    where: tuple[str, ...] = ()  # the first few places: "line 17", "row 3: 'abc'"

    def __str__(self) -> str:
        places = ", ".join(self.where) + (" …" if self.count > len(self.where) > 0 else "")
        column = f"column {self.column!r}: " if self.column else ""
        unit = self.action if self.count == 1 else self.action.replace("row ", "rows ", 1)
        return f"{column}{self.count:,} × {self.fault}, {unit}" + (f" ({places})" if places else "")


@dataclass
class Mends:
    """Collects mends while data is read; under `strict` the first one is an error."""

    strict: bool = False
    found: list[Mend] = field(default_factory=list)
    place: Callable[[int], str] = lambda row: f"row {row + 1}"  # of a row of the current batch
    places: int = 3  # how many of a mend are named

    def add(self, mend: Mend) -> None:
        """Count a mend; raise DataError instead when strict."""
        if not mend.count:
            return
        if self.strict:
            raise DataError(f"{mend}. --strict allows no mends: correct the data or leave it out.")
        same = (mend.fault, mend.action, mend.column)
        for position, old in enumerate(self.found):
            if (old.fault, old.action, old.column) == same:
                where = (old.where + mend.where)[: self.places]
                self.found[position] = Mend(*same[:2], old.count + mend.count, same[2], where)
                return
        self.found.append(Mend(*same[:2], mend.count, mend.column, mend.where[: self.places]))
