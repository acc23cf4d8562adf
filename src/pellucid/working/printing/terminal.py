"""A step for the terminal: Unicode or ASCII, in colour when asked, within a width."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

from pellucid.working.agreement import Value
from pellucid.working.formula import Formula
from pellucid.working.picture import Picture, Tinted
from pellucid.working.printing import pieces
from pellucid.working.printing.blocks import Block, beside, columns, lay, padded, word
from pellucid.working.printing.display import displayed, value_display
from pellucid.working.printing.linear import linear, plain_text
from pellucid.working.printing.numbers import Notation
from pellucid.working.printing.pieces import Display, named
from pellucid.working.printing.plot import plot
from pellucid.working.printing.prose import (
    check_sentence,
    footnotes,
    fresh_reason,
    hidden_sentence,
    visible,
)
from pellucid.working.printing.tables import shown_rows
from pellucid.working.printing.tinted import tinted_lines
from pellucid.working.step import NumberTable, Step

COLORS = {"title": "1;36", "rule": "1", "why": "2", "check": "32", "result": "1"}
INDENT = 3
SMALLEST_WIDTH = 40
NARROW = 10  # characters of an exact number in a table that would be too wide
GAP = Block(("   ",))
TOGETHER = re.compile(r" ([−+·=<>*/-]) ")  # a formula in a sentence is not broken at its signs


@dataclass
class _Page:
    """The lines written so far, and how to write more."""

    width: int
    ascii: bool
    color: bool
    notation: Notation
    lines: list[str] = field(default_factory=list)

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """Write one line as it is."""
        text = plain_text(text) if self.ascii else text
        code = COLORS.get(style) if self.color and text.strip() else None
        painted = f"\x1b[{code}m{text}\x1b[0m" if code else text
        self.lines.append((" " * indent + painted).rstrip() if not code else " " * indent + painted)

    def prose(self, text: str, style: str, indent: int, hang: int = 0) -> None:
        """Write a paragraph, wrapped."""
        text = plain_text(text) if self.ascii else text
        text = TOGETHER.sub("\u00a0\\1\u00a0", text)
        for row in textwrap.wrap(text, self.width - indent, subsequent_indent=" " * hang):
            self.line(row.replace("\u00a0", " "), style, indent)

    def block(self, block: Block, style: str, indent: int) -> None:
        """Write a block, cut at the right edge as the last resort."""
        for row in block.lines:
            self.line(row.rstrip(), style, indent)


def render(step: Step, width: int = 80, ascii: bool = False, color: bool = False) -> str:
    """Print a step and its finer steps."""
    page = _Page(max(width, SMALLEST_WIDTH), ascii, color, Notation(decimal=step.decimal))
    bar = "━" * max(2, page.width - columns(step.rule) - 4)
    page.line(f"━━ {step.rule} {bar}"[: page.width], "title")
    _body(page, step, "", INDENT)
    page.line()
    for note in footnotes(step, page.notation):
        page.prose(note, "why", INDENT)
    return "\n".join(page.lines) + "\n"


def _body(page: _Page, step: Step, number: str, indent: int) -> None:
    """Write everything below the heading of a step."""
    if reason := fresh_reason(step, page.notation.told):
        page.prose(reason, "why", indent)
    _given(page, step, indent)
    if step.table is not None:
        page.line()
        _table(page, step.table, indent)
    for place, finer in enumerate(visible(step), start=1):
        inner = f"{number}{place}"
        page.line()
        page.prose(f"{inner}  {finer.rule}", "rule", indent, hang=len(inner) + 2)
        _body(page, finer, inner + ".", indent + INDENT)
    if hidden := hidden_sentence(step):
        page.line()
        page.prose(hidden, "why", indent)
    if step.steps or step.table is not None:
        page.line()
    _chain(page, step, indent)
    page.prose("✓ " + check_sentence(step), "check", indent, hang=2)
    if step.picture is not None:
        page.line()
        for row in _drawn(page, step.picture, page.width - indent):
            page.line(row, "", indent)


def _drawn(page: _Page, picture: Picture | Tinted, width: int) -> list[str]:
    if isinstance(picture, Tinted):
        return tinted_lines(picture, page.ascii)
    return plot(picture, width, page.ascii)


def _given(page: _Page, step: Step, indent: int) -> None:
    """Write what is given, side by side while it fits."""
    waiting: list[Block] = []
    for name, value in step.given.items():
        left = named(name)
        shown = value_display(value, page.notation)
        equation = lay(pieces.Row((left, pieces.Word(" = "), shown)), page.ascii)
        room = page.width - indent
        if waiting and beside(*waiting, GAP, equation).width > room:
            page.block(beside(*waiting), "", indent)
            waiting = []
        if equation.width > room:
            _wide(page, lay(pieces.Row((left, pieces.Word(" = "))), page.ascii), shown, indent)
            continue
        waiting += [GAP, equation] if waiting else [equation]
    if waiting:
        page.block(beside(*waiting), "", indent)


def _wide(page: _Page, left: Block, shown: Display, indent: int) -> None:
    for place, part in enumerate(fitted(shown, page.width - indent - left.width, page.ascii)):
        margin = left if place == 0 else Block((" " * left.width,))
        page.block(beside(margin, part), "", indent)


def _chain(page: _Page, step: Step, indent: int) -> None:
    """Write `of = form = form = result`, one form a line."""
    forms = [displayed(form, page.notation) for form in step.working]
    result = value_display(step.result, page.notation)
    if not forms or linear(forms[-1], True) != linear(result, True):
        forms.append(result)
    left = lay(displayed(step.of, page.notation), page.ascii) if step.of is not None else None
    if left is not None and left.width > page.width // 2:
        page.block(left, "", indent)
        left = Block((" ",))
    stacked = [_is_stacked(lay(form, page.ascii)) for form in forms]
    for place, form in enumerate(forms):
        style = "result" if place == len(forms) - 1 else ""
        if place and stacked[place - 1] and stacked[place]:
            page.line()  # two fractions below each other need air
        sign = word(" = ", page.ascii) if left is not None or place else word("")
        if left is None and len(forms) > 1 and not place:
            sign = word("   ")
        margin = beside(left or word(""), sign)
        for part in fitted(form, page.width - indent - margin.width, page.ascii):
            page.block(beside(margin, part), style, indent)
            margin = Block((" " * margin.width,))
        left = Block((" " * left.width,)) if left is not None else None


def _is_stacked(block: Block) -> bool:
    """Say whether a block holds a fraction written over several lines."""
    return any("──" in line or "--" in line for line in block.lines)


def fitted(piece: Display, width: int, ascii: bool) -> list[Block]:
    """Lay a piece out in as many blocks as the width needs, broken before operators."""
    whole = lay(piece, ascii)
    if whole.width <= width:
        return [whole]
    if isinstance(piece, pieces.Row):
        return _broken(piece, width, ascii)
    if isinstance(piece, pieces.Fence) and isinstance(piece.inner, pieces.Row):
        edges = pieces.Word(piece.left), pieces.Word(piece.right)
        return _broken(pieces.Row((edges[0], *piece.inner.parts, edges[1])), width, ascii)
    text = linear(piece, ascii)
    return [word(text[start : start + width]) for start in range(0, len(text), width)]


def _broken(row: pieces.Row, width: int, ascii: bool) -> list[Block]:
    done: list[Block] = []
    line: list[Block] = []
    for part in row.parts:
        for piece in fitted(part, width, ascii):
            if line and beside(*line, piece).width > width:
                done.append(beside(*line))
                line = []
            line.append(piece)
    return [*done, beside(*line)] if line else done


def _table(page: _Page, table: NumberTable, indent: int) -> None:
    """Write a table with a heading line; a wide one with shorter numbers, then fewer columns."""
    room = page.width - indent
    rows = _cells(page, table)
    if _width(rows) > room:
        page.notation.longest, longest = NARROW, page.notation.longest
        rows = _cells(page, table)
        page.notation.longest = longest
    numeric = [all(_is_number(row[i]) for row in table.rows) for i in range(len(rows[0]))]
    while _width(rows) > room and len(rows[0]) > 3:
        rows = [[*row[:-2], row[-1]] for row in rows]
        numeric = [*numeric[:-2], numeric[-1]]
        page.notation.shortened = True
    if table.title:
        page.prose(table.title, "why", indent)
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    for place, row in enumerate(rows):
        cells = [
            " " * (width - columns(cell)) + cell if right else padded(cell, width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        page.line(" │ ".join(cells).rstrip(), "rule" if place == 0 else "", indent)
        if place == 0:
            page.line("─┼─".join("─" * width for width in widths), "", indent)


def _cells(page: _Page, table: NumberTable) -> list[list[str]]:
    return [[_cell(page, cell) for cell in row] for row in (table.headings, *shown_rows(table))]


def _width(rows: list[list[str]]) -> int:
    return sum(max(map(columns, column)) + 3 for column in zip(*rows, strict=True)) - 3


def _cell(page: _Page, value: str | Value) -> str:
    return linear(value_display(value, page.notation), page.ascii)


def _is_number(value: Value) -> bool:
    return not isinstance(value, (str, bool, type(None), tuple)) or isinstance(value, Formula)
