"""Results as a Markdown table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


def markdown(rows: Sequence[Row]) -> str:
    """A Markdown table, its columns those of the rows in order of first appearance."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    for row in rows:
        lines.append("| " + " | ".join(cell(row.get(column)) for column in columns) + " |")
    return "\n".join(lines)


def cell(value: object) -> str:
    """A number with about four figures; anything else as it is."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value).replace("|", "/").replace("\n", " ")


def publish(title: str, rows: Sequence[Row], output: Path | None) -> None:
    """Print the table; add it to the JSON file under its title."""
    print(f"\n**{title}**\n\n{markdown(rows)}", flush=True)
    if output is None:
        return
    known = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
    beside = output.with_name(output.name + ".part")
    text = json.dumps(known | {title: [dict(row) for row in rows]}, indent=1, default=str)
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(output)
