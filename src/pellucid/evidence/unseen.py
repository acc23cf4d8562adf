"""What the rows to prove on are called: all unseen, or some learned from as well."""

from __future__ import annotations

from pellucid.evidence.document import Performance


def proved_on(performance: Performance, cases: str = "rows") -> str:
    """'90 rows it never saw', or '90 test rows, 30 of which repeat rows that it learned from'."""
    rows, repeats = performance["rows"], performance.get("repeats", 0)
    if not repeats:
        return f"{rows:,} {cases} it never saw"
    which = "all of which repeat" if repeats == rows else f"{repeats:,} of which repeat"
    which = "1 of which repeats" if repeats == 1 < rows else which
    return f"{rows:,} test {cases}, {which} rows that it learned from"


def proving(performance: Performance) -> str:
    """'unseen rows', where none of them repeats one that was learned from."""
    return "test rows" if performance.get("repeats") else "unseen rows"
