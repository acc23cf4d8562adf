"""What an answer rests on, as steps: bars for all parts, words and fields in their places."""

from __future__ import annotations

import math

import numpy as np

from pellucid.explanation.attribution import Attribution
from pellucid.explanation.parts import Column
from pellucid.explanation.pieces import Pieces, strongest
from pellucid.kinds import Array
from pellucid.working.formula import Symbol, plus
from pellucid.working.picture import Tinted
from pellucid.working.step import Check, NumberTable, Step

LONGEST = 16  # letters of a part's name in the table
MOST_TOLD = 2  # parts that a piece of the answer is told to need
BAR = 8  # signs of the longest bar
STRONG = 0.5  # of the largest share: a word is marked twice


def resting_step(found: Attribution) -> Step:
    """The parts by the size of their share, with what tells whether to believe them."""
    total = math.fsum(found.gradients)
    finer = [step for column in found.columns if (step := _in_place(column, found)) is not None]
    if found.pieces is not None:
        finer.append(_by_piece(found, found.pieces))
    return Step(
        rule=f"What the answer rests on: {found.of}",
        given={"nothing": found.nothing, "shares": total, "gap": found.gap},
        of=Symbol("answer"),
        working=(plus("nothing", "shares", "gap"), plus(found.nothing, total, found.gap)),
        result=found.answer,
        check=Check(
            "nothing, and the shares and the gap one by one",
            math.fsum([found.nothing, found.gap, *sorted(found.gradients)]),
        ),
        reason=_reason(found),
        steps=tuple(finer),
        table=_table(found),
    )


def _reason(found: Attribution) -> str:
    alike = f"{found.likeness:.2f}".replace("-", "−")
    like = "" if math.isnan(found.likeness) else (
        f" Their sizes' rank correlation with the shuffled ones is {alike}; near 1 it would mean "
        "that they do not depend on what was learnt."
    )  # fmt: skip
    how = (
        "integrated gradients through the deep path, Shapley values of the solved paths"
        if found.pieces is None
        else "Shapley values over sampled orders in which the parts come"
    )
    return (
        f"Share: {how}; the shares add up from the answer to a row with nothing in it to this "
        "answer, but for the gap. Without: what the answer loses when that part alone is taken "
        f"away. Shuffled: the share in a network with shuffled weights.{like}"
    )


def _by_piece(found: Attribution, pieces: Pieces) -> Step:
    """Of each word's tag, written word or step ahead what it would lose most by."""
    parts = [name for column in found.columns for name in column.parts.names]
    told = strongest(pieces, dict(enumerate(map(_short, parts))), MOST_TOLD)
    rows = zip(map(_short, pieces.names), pieces.numbers.tolist(), told, strict=True)
    return Step(
        rule="What each piece of the answer rests on",
        given={},
        of=Symbol("answer"),
        result=found.answer,
        check=Check("the pieces from the last", sum(reversed(pieces.numbers.tolist())), 1e-6),
        reason="The number of each piece, and what it loses without the parts that count most.",
        table=NumberTable(
            "", ("piece", "number", "loses without"),
            tuple((name, float(f"{number:.3g}"), text or "nothing") for name, number, text in rows),
        ),
    )  # fmt: skip


def _table(found: Attribution) -> NumberTable:
    named = [(column, name) for column in found.columns for name in column.parts.names]
    order = np.abs(found.gradients).argsort()[::-1]
    largest = float(np.abs(found.gradients).max()) or 1.0
    rows = tuple(
        (
            *_named(*named[k]),
            float(f"{found.gradients[k]:.3g}"),
            float(f"{found.occlusion[k]:.3g}"),
            float(f"{found.control[k]:.3g}"),
            bar(float(found.gradients[k]) / largest),
        )
        for k in order
    )
    return NumberTable("", ("column", "part", "share", "without", "shuffled", ""), rows)


def _named(column: Column, name: str) -> tuple[str, str]:
    return _short(column.name), _short(name)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 2] + " …"


def bar(share: float) -> str:
    """ "++++" or "−−": a share of the largest, from −1 to 1, for people and for screen readers."""
    signs = round(abs(share) * BAR)
    return ("+" if share > 0 else "−") * signs


def _in_place(column: Column, found: Attribution) -> Step | None:
    """Words in their order, fields in their plane; None for a cell that is one part."""
    shares = share_of(column, found.gradients)
    if len(shares) < 2:
        return None
    if column.parts.shape is not None:
        return _on_plane(column, shares)
    return Step(
        rule=f"{column.name!r} in its order: [+for+] the answer, [−against−] it, doubled if strong",
        given={},
        of=Symbol("share"),
        result=math.fsum(shares),
        check=Check("the parts from the last", sum(reversed(shares.tolist()))),
        reason=marked(column.parts.names, shares),
    )


def _on_plane(column: Column, shares: Array) -> Step:
    """The parts that tile a plane over its picture; those beside it in words."""
    down, across = column.parts.shape or (1, len(shares))
    tiles = down * across
    plane, beside = shares[:tiles].reshape(down, across), shares[tiles:]
    names = column.parts.names
    said = [f"{n}: {s:+.3g}" for n, s in zip(names[tiles:], beside, strict=True)]
    grid = tuple(tuple(float(f"{share:.3g}") for share in row) for row in plane.tolist())
    return Step(
        rule=f"The fields of {column.name!r}, as they lie",
        given={},
        of=Symbol("share"),
        result=grid,
        check=Check("field by field, before rounding", tuple(map(tuple, plane.tolist())), 0.01),
        reason=f"Beside them, {', '.join(said)}.".replace("-", "−") if said else "",
        picture=_tinted(column, plane) if column.parts.picture else None,
    )


def _tinted(column: Column, plane: Array) -> Tinted:
    across = plane.shape[1]
    names = column.parts.names[: plane.size]
    best, worst = int(plane.argmax()), int(plane.argmin())
    ends = [
        f"{word} is {names[at]} ({plane.flat[at]:+.3g})".replace("-", "−")
        for word, at in (("most for it", best), ("most against it", worst))
    ]
    return Tinted(
        f"What the answer rests on in {column.name}: blue speaks for it, orange against it",
        f"{'; '.join(ends)}.",
        column.parts.picture,
        tuple(names[k : k + across] for k in range(0, len(names), across)),
        tuple(map(tuple, plane.tolist())),
        column.parts.aspect,
    )


def share_of(column: Column, values: Array) -> Array:
    """The values of one column's parts."""
    return values[column.first : column.first + len(column.parts.names)]


def marked(words: tuple[str, ...], shares: Array) -> str:
    """A text whose words that count are marked."""
    largest = float(np.abs(shares).max()) or 1.0
    pairs = zip(words, shares, strict=True)
    return " ".join(_mark(word, float(share) / largest) for word, share in pairs)


def _mark(word: str, share: float) -> str:
    if abs(share) < STRONG / 2:
        return word
    sign = ("+" if share > 0 else "−") * (2 if abs(share) >= STRONG else 1)
    return f"[{sign}{word}{sign}]"
