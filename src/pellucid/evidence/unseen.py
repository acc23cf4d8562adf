"""What the rows to prove on are called: all unseen, or some learned from as well."""

from __future__ import annotations

from pellucid.counts import counted, verb
from pellucid.evidence.document import Performance


def proved_on(performance: Performance, case: str = "row") -> str:
    """'90 rows it never saw', or '90 test rows, 30 of which repeat rows that it learned from'."""
    rows, repeats = performance["rows"], performance.get("repeats", 0)
    if not repeats:
        return f"{counted(rows, case)} it never saw"
    of_which = "" if rows == 1 else "all of " if repeats == rows else f"{repeats:,} of "
    repeat = verb(repeats, "repeats a row", "repeat rows")
    return f"{counted(rows, f'test {case}')}, {of_which}which {repeat} that it learned from"


def proving(performance: Performance) -> str:
    """'unseen rows', where none of them repeats one that was learned from."""
    return "test rows" if performance.get("repeats") else "unseen rows"
