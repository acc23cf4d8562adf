"""Where a network looked while it wrote: a field of shades, read words by written words."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from pellucid.evidence.document import Look
from pellucid.evidence.figures.svg import (
    NARROW,
    Drawing,
    Figure,
    Table,
    drawn,
    element,
    fit,
    label,
    length,
)
from pellucid.evidence.numerals import percent

MOST_WORDS = 24  # of either text
CELL = 30.0


def where_it_looked(look: Look) -> Figure:
    """One row: what was read above, what was written at the side."""
    title = f"Where it looked in {look['row']}"
    caption = (
        f"“{_said(look['read'])}” became “{_said(look['written'])}”. Each line of cells is a "
        "word that was written: the darker a cell, the more it looked there. That is where it "
        "looked, not why it wrote the word."
    )
    drawing = drawn(lambda width: _field(look, width), title, caption)
    return Figure(title, caption, drawing, _table(look))


def _said(words: Sequence[str]) -> str:
    """As many of the words as are drawn."""
    return " ".join(words[:MOST_WORDS]) + (" …" if len(words) > MOST_WORDS else "")


def _field(look: Look, width: int) -> Drawing:
    read, written = look["read"][:MOST_WORDS], look["written"][:MOST_WORDS]
    side = min(max(map(_pixels, written), default=20.0) + 10, 150.0 if width > NARROW else 84.0)
    size = min(CELL, (width - side - 8) / max(1, len(read)))
    top = min(max(map(_pixels, read), default=20.0), 120.0) + 14
    parts: list[Markup] = []
    for column, word in enumerate(read):
        x, y = side + (column + 0.5) * size + 4, top - 8
        turn = f"rotate(-90 {x:.1f} {y:.1f})"
        parts.append(label(x, y, fit(word, top - 14, 12), class_="tick", transform=turn))
    for row, word in enumerate(written):
        y = top + (row + 0.5) * size
        said = fit(word, side - 10, 12)
        parts.append(label(side - 8, y + 4, said, class_="tick", text_anchor="end"))
        for column, weight in enumerate(look["weights"][row][:MOST_WORDS]):
            says = f"{word} looked at {read[column]}: {percent(weight, 0)}"
            parts.append(_cell((side + column * size, top + row * size), size, weight, says))
    return Drawing(side + len(read) * size + 4, top + len(written) * size + 4, parts)


def _cell(corner: tuple[float, float], size: float, weight: float, says: str) -> Markup:
    return element(
        "rect", element("title", says), x=corner[0] + 1, y=corner[1] + 1, width=size - 2,
        height=size - 2, class_="cell ours", fill_opacity=f"{0.03 + 0.87 * weight:.2f}",
    )  # fmt: skip


def _table(look: Look) -> Table:
    rows = zip(look["written"], look["weights"], strict=True)
    return Table(
        ("written", *look["read"]),
        tuple((word, *(percent(weight, 0) for weight in weights)) for word, weights in rows),
    )


def _pixels(word: str) -> float:
    return length(word, 12)
