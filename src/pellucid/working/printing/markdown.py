"""A step as Markdown with LaTeX formulas between dollar signs."""

from __future__ import annotations

from pellucid.working.agreement import Value
from pellucid.working.printing.latex import chain, given, value_latex
from pellucid.working.printing.numbers import Notation
from pellucid.working.printing.prose import (
    check_sentence,
    footnotes,
    fresh_reason,
    hidden_sentence,
    visible,
)
from pellucid.working.printing.tables import shown_rows
from pellucid.working.step import NumberTable, Step


def render(step: Step) -> str:
    """The whole working, headings from level 2."""
    notation = Notation(decimal=step.decimal)
    body = _body(step, notation, "", 3)
    notes = "\n".join(f"*{_prose(note)}*  " for note in footnotes(step, notation))
    return f"## {_prose(step.rule)}\n\n{body}\n\n{notes}\n"


def _prose(text: str) -> str:
    """Text whose characters mean nothing to Markdown."""
    for letter in "\\*_`<>|$[]":
        text = text.replace(letter, "\\" + letter)
    return text


def _body(step: Step, notation: Notation, number: str, level: int) -> str:
    parts = []
    if reason := fresh_reason(step, notation.told):
        parts.append(_prose(reason))
    if step.given:
        parts.append(f"$$\n{given(step, notation)}\n$$")
    if step.table is not None:
        parts.append(_table(step.table, notation))
    for place, finer in enumerate(visible(step), start=1):
        inner = f"{number}{place}"
        heading = f"{'#' * min(level, 6)} {inner} {_prose(finer.rule)}"
        parts += [heading, _body(finer, notation, inner + ".", level + 1)]
    if hidden := hidden_sentence(step):
        parts.append(hidden)
    parts.append(f"$$\n\\begin{{aligned}}\n{chain(step, notation)}\n\\end{{aligned}}\n$$")
    parts.append(f"✓ {_prose(check_sentence(step))}")
    if step.picture is not None:
        parts.append(f"*{_prose(step.picture.title)}.* {_prose(step.picture.description)}")
    return "\n\n".join(parts)


def _table(table: NumberTable, notation: Notation) -> str:
    rows = [table.headings, *shown_rows(table)]
    lines = ["| " + " | ".join(_cell(cell, notation) for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " ---: |" * len(table.headings))
    title = f"{_prose(table.title)}\n\n" if table.title else ""
    return title + "\n".join(lines)


def _cell(value: Value, notation: Notation) -> str:
    if isinstance(value, str):
        return _prose(value)
    return f"${value_latex(value, notation)}$"
