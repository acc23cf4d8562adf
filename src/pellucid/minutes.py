"""Whether the minutes suffice to read every row; if not, it is said before most of it is done."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from pellucid.copies import SEEN_AS
from pellucid.errors import UsageError
from pellucid.schema import Schema
from pellucid.settings import Settings

READING_SHARE = 0.6  # of the time, beyond which nothing is left to learn in
SURE_SHARE = 0.1  # of the time: by then it is known how long the rest takes


def require_minutes_to_read(schema: Schema, rows: int, settings: Settings) -> None:
    """UsageError where the backbones alone would need more time than there is for everything."""
    seconds = sum(
        rows * len(kind.columns) * pretrained.wall_seconds
        for kind, pretrained in zip(schema.readers, schema.pretrained, strict=True)
    )
    if seconds > READING_SHARE * settings.minutes * 60:
        names = " and ".join(dict.fromkeys(backbone.name for backbone in schema.backbones))
        raise UsageError(
            f"{names} would take about {seconds / 60:.1f} minutes to read {rows:,} rows, and "
            f"{settings.minutes:g} are given for everything; give {_enough(seconds)}, fewer rows "
            "or a smaller backbone."
        )


@dataclass(frozen=True)
class Decoding:
    """Pictures, sounds and films of so many rows, begun to be decoded now."""

    schema: Schema
    rows: int
    minutes: float
    began: float = field(default_factory=time.monotonic)

    def look(self, done: int) -> None:
        """UsageError where, after the first `done` rows, all would take too long."""
        spent = time.monotonic() - self.began
        sure = spent > SURE_SHARE * self.minutes * 60 and done > self.first
        if not self.schema.media or done >= self.rows or sure:
            return
        seconds = spent / done * self.rows
        if seconds > READING_SHARE * self.minutes * 60:
            what = " and ".join(SEEN_AS[kind.kind] for kind in self.schema.media)
            raise UsageError(
                f"The {what} of {self.rows:,} rows would take about {seconds / 60:.1f} minutes to "
                f"decode, and {self.minutes:g} are given for everything; give {_enough(seconds)}, "
                "fewer rows or smaller files."
            )

    @property
    def first(self) -> int:
        """Rows of the first slice, by which it is always judged."""
        return self.schema.slice_rows or 0


def _enough(seconds: float) -> str:
    """The minutes to give where reading alone takes these seconds."""
    return f"{np.ceil(seconds / 60 / READING_SHARE):.0f}"
