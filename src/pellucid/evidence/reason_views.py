"""What an answer rests on, made ready for the report: tinted words, bars, fields."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from markupsafe import Markup

from pellucid.evidence.document import Reason, ReasonColumn
from pellucid.working.picture import Tinted
from pellucid.working.printing.tinted import tinted_svg


@dataclass(frozen=True)
class Word:
    """A word of a text, and how it speaks: "for", "against" or "" with a strength of 0 to 100."""

    text: str
    side: str
    strength: int


@dataclass(frozen=True)
class ReasonCell:
    """One cell with a bar, or its words, or its fields row by row."""

    column: str
    value: str
    share: str
    without: str
    control: str
    side: str
    strength: int
    words: list[Word]
    fields: list[list[Word]]
    drawing: Markup  # the fields over their picture, where there is one
    beside: list[str]  # parts beside the plane, with their shares


@dataclass(frozen=True)
class ReasonView:
    """What one answer rests on."""

    row: str
    true: str
    of: str
    right: bool
    sums: str
    likeness: str
    cells: list[ReasonCell]


def reason_view(reason: Reason) -> ReasonView:
    """What the page says of one reason."""
    largest = max(abs(s) for column in reason["columns"] for s in column["shares"]) or 1.0
    total = sum(share for column in reason["columns"] for share in column["shares"])
    like = reason["likeness"]
    return ReasonView(
        reason["row"],
        reason["true"],
        reason["of"],
        reason["right"],
        f"{_signed(reason['answer'])}; from {_signed(reason['nothing'])} with nothing in the row. "
        f"Shown here: {_signed(total)}. Completeness gap: {_signed(reason['gap'])}",
        "" if like is None else f"{like:.2f}".replace("-", "−"),
        [_reason_cell(column, largest) for column in reason["columns"]],
    )


def _reason_cell(column: ReasonColumn, largest: float) -> ReasonCell:
    share, words = sum(column["shares"]), column["parts"]
    spoken = [_word(w, s / largest) for w, s in zip(words, column["shares"], strict=True)]
    shape = column["shape"]
    tiles, across = (shape[0] * shape[1], shape[1]) if shape else (0, 0)
    fields = [spoken[k : k + across] for k in range(0, tiles, across)] if shape else []
    others = zip(words[tiles:], column["shares"][tiles:], strict=True) if shape else ()
    single = len(words) == 1
    whole = _word("", min(1.0, max(-1.0, share / largest)))
    return ReasonCell(
        column["column"],
        words[0] if single else "",
        _signed(share),
        _signed(column["without"][0]) if single else "",
        _signed(sum(column["control"])),
        whole.side,
        whole.strength,
        [] if single or shape else spoken,
        fields,
        _drawing(column, across) if shape and column.get("picture") else Markup(),
        [f"{name}: {_signed(share)}" for name, share in others],
    )


def _drawing(column: ReasonColumn, across: int) -> Markup:
    """The fields over the picture that they tile."""
    tiles = column["shape"][0] * across if column["shape"] else 0
    places = range(0, tiles, across)
    tinted = Tinted(
        f"The share of each field of {column['column']}",
        "Blue speaks for the answer, orange against it.",
        column["picture"],
        tuple(tuple(column["parts"][k : k + across]) for k in places),
        tuple(tuple(column["shares"][k : k + across]) for k in places),
        column["aspect"],
    )
    name = "p" + hashlib.sha256(repr(tinted).encode()).hexdigest()[:10]
    return Markup(tinted_svg(tinted, name))


def _word(text: str, share: float) -> Word:
    strength = round(100 * abs(share))
    return Word(text, ("for" if share > 0 else "against") if strength >= 8 else "", strength)


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")
