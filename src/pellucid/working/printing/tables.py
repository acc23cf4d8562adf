"""The rows of a table that are shown, the same in every printer."""

from __future__ import annotations

from pellucid.working.agreement import Value
from pellucid.working.step import NumberTable

MOST_ROWS, FIRST_ROWS, LAST_ROWS = 24, 14, 5


def shown_rows(table: NumberTable) -> tuple[tuple[Value, ...], ...]:
    """All rows, or the first and the last of a long table with a row of dots between."""
    if len(table.rows) <= MOST_ROWS:
        return table.rows
    dots: tuple[Value, ...] = ("⋮",) * len(table.headings)
    return (*table.rows[:FIRST_ROWS], dots, *table.rows[-LAST_ROWS:])
