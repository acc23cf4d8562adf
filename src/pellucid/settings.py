"""The settings of a run: at most twelve, each with a default that works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """What a user may choose about learning; everything else is decided from the data."""

    minutes: float = 5.0  # wall clock for everything, evidence included
    seed: int = 0
    kinds: Mapping[str, str] = field(default_factory=dict)  # column -> kind, over recognition
    ignore: tuple[str, ...] = ()  # columns to leave out
    group: str | None = None  # rows that share a value stay on one side of the split
    time: str | None = None  # learn from the past, prove on the future
    strict: bool = False  # every mend is an error
    horizon: int | None = None  # forecast so many steps of the time column
    series: str | None = None  # the column that names the series, if there are several
    known: tuple[str, ...] = ()  # columns whose values are known ahead
    metric: str | None = None  # what performance is measured by, where the target has a choice
    backbones: tuple[str, ...] = ()  # pretrained networks that read texts, pictures or films
