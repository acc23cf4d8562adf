"""The layout of labelled rows: names in a gutter on wide pages, above their row on narrow ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pellucid.evidence.figures.svg import NARROW, fit, label, length


@dataclass(frozen=True)
class Rows:
    """Rows with a name, marks between `start` and `end`, and a value at the right."""

    width: int
    names: Sequence[str]
    values: Sequence[str]
    top: float = 0.0

    @property
    def is_narrow(self) -> bool:
        """Whether names stand above their rows."""
        return self.width <= NARROW

    @property
    def gutter(self) -> float:
        """Pixels for the names."""
        return min(max(map(length, self.names), default=0.0) + 22, 0.44 * self.width)

    @property
    def start(self) -> float:
        """Where marks may begin."""
        return 2.0 if self.is_narrow else self.gutter

    @property
    def end(self) -> float:
        """Where marks must end."""
        beside = max(map(length, self.values), default=0.0) + 16
        return self.width - (4.0 if self.is_narrow else beside)

    @property
    def step(self) -> float:
        """Pixels from row to row."""
        return 42.0 if self.is_narrow else 28.0

    @property
    def height(self) -> float:
        """Pixels down to the end of the last row."""
        return self.top + self.step * len(self.names)

    def middle(self, index: int) -> float:
        """The height at which a row's marks are centred."""
        return self.top + self.step * index + (29.0 if self.is_narrow else 14.0)

    def words(self, index: int, tone: str = "") -> list[Markup]:
        """The name and the value of a row."""
        name, value = self.names[index], self.values[index]
        y = self.middle(index) + (-14.0 if self.is_narrow else 4.5)
        room = self.width - length(value) - 16 if self.is_narrow else self.gutter - 16
        right = {"class_": "tick", "text_anchor": "end"}
        return [
            label(0, y, fit(name, room), class_=f"name {tone}".strip()),
            label(self.width, y, value, **right),
        ]
