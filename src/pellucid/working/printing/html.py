"""A step as HTML with native MathML and SVG: no script, no fonts, nothing fetched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from html import escape

from pellucid.working.agreement import Value
from pellucid.working.picture import Tinted
from pellucid.working.printing import pieces
from pellucid.working.printing.display import displayed, value_display
from pellucid.working.printing.linear import linear
from pellucid.working.printing.mathml import chain_math, math
from pellucid.working.printing.numbers import LONGEST_CELL, Notation
from pellucid.working.printing.pieces import named
from pellucid.working.printing.prose import (
    check_sentence,
    footnotes,
    fresh_reason,
    hidden_sentence,
    visible,
)
from pellucid.working.printing.style import STYLE
from pellucid.working.printing.svg import svg
from pellucid.working.printing.tables import shown_rows
from pellucid.working.printing.tinted import tinted_svg
from pellucid.working.step import NumberTable, Step

OPEN_DEPTH = 2  # finer steps below this depth start folded


@dataclass
class _Page:
    """What one rendering carries along."""

    notation: Notation
    name: str
    pictures: int = 0

    def next_picture(self) -> str:
        """A fresh id."""
        self.pictures += 1
        return f"{self.name}-{self.pictures}"


def page(step: Step) -> str:
    """A whole page."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(step.rule)}</title>\n</head>\n<body>\n"
        f"<main>{fragment(step)}</main>\n</body>\n</html>\n"
    )


def fragment(step: Step) -> str:
    """The working with its own style, to be put into a page or a notebook."""
    name = "s" + hashlib.sha256(repr((step.rule, step.given)).encode()).hexdigest()[:8]
    drawn = _Page(Notation(decimal=step.decimal), name)
    body = _body(drawn, step, "", 2)
    notes = "".join(f"<p>{escape(note)}</p>" for note in footnotes(step, drawn.notation))
    return (
        f'<style>{STYLE}</style><article class="pellucid-working">'
        f"<h1>{escape(step.rule)}</h1>{body}<footer>{notes}</footer></article>"
    )


def _body(drawn: _Page, step: Step, number: str, level: int) -> str:
    parts = []
    if reason := fresh_reason(step, drawn.notation.told):
        parts.append(f'<p class="why">{escape(reason)}</p>')
    if step.given:
        parts.append(_given(drawn, step))
    if step.table is not None:
        parts.append(_table(drawn, step.table))
    for place, finer in enumerate(visible(step), start=1):
        parts.append(_finer(drawn, finer, f"{number}{place}", level))
    if hidden := hidden_sentence(step):
        parts.append(f'<p class="why">{escape(hidden)}</p>')
    parts.append(
        f'<div class="{"result" if level == 2 else "chain-line"}">{_chain(drawn, step)}</div>'
    )
    parts.append(
        f'<p class="check"><span aria-hidden="true">✓ </span>{escape(check_sentence(step))}</p>'
    )
    if step.picture is not None:
        draw = tinted_svg if isinstance(step.picture, Tinted) else svg
        drawing = draw(step.picture, drawn.next_picture())  # type: ignore[arg-type]
        caption = f"<figcaption>{escape(step.picture.title)}</figcaption>"
        parts.append(f"<figure>{drawing}{caption}</figure>")
    return "".join(parts)


def _finer(drawn: _Page, step: Step, number: str, level: int) -> str:
    heading = min(level, 6)
    title = f'<span class="number">{number}</span> <span>{escape(step.rule)}</span>'
    inside = _body(drawn, step, number + ".", level + 1)
    is_open = " open" if level <= OPEN_DEPTH + 1 else ""
    return (
        f"<details{is_open}><summary><h{heading}>{title}</h{heading}></summary>"
        f'<div class="inside">{inside}</div></details>'
    )


def _given(drawn: _Page, step: Step) -> str:
    equations = []
    for name, value in step.given.items():
        shown = value_display(value, drawn.notation)
        row = pieces.Row((named(name), pieces.Word(" = "), shown))
        equations.append(f"<li>{math(row)}</li>")
    return f'<ul class="given" aria-label="Given">{"".join(equations)}</ul>'


def _chain(drawn: _Page, step: Step) -> str:
    forms = [displayed(form, drawn.notation) for form in step.working]
    result = value_display(step.result, drawn.notation)
    if not forms or linear(forms[-1], True) != linear(result, True):
        forms.append(result)
    left = displayed(step.of, drawn.notation) if step.of is not None else None
    return chain_math(left, forms)


def _table(drawn: _Page, table: NumberTable) -> str:
    below = table.rows[0] if table.rows else table.headings  # a heading stands over what it names
    head = "".join(
        f'<th scope="col"{_kind(value)}>{_cell(drawn, cell)}</th>'
        for cell, value in zip(table.headings, below, strict=True)
    )
    rows = "".join(
        "<tr>" + "".join(f"<td{_kind(cell)}>{_cell(drawn, cell)}</td>" for cell in row) + "</tr>"
        for row in shown_rows(table)
    )
    title = f"<caption>{escape(table.title)}</caption>" if table.title else ""
    return (
        f'<div class="scroll" tabindex="0"><table>{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _kind(value: Value) -> str:
    return ' class="words"' if isinstance(value, str) else ""


def _cell(drawn: _Page, value: str | Value) -> str:
    if isinstance(value, str):
        return escape(value)
    notation = replace(drawn.notation, longest=LONGEST_CELL)
    shown = math(value_display(value, notation))
    drawn.notation.rounded |= notation.rounded
    drawn.notation.shortened |= notation.shortened
    return shown
