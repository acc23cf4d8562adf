"""Every worked claim of the lecture: claimed, computed, verdict, correction."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

from pellucid.working.agreement import Value, difference
from pellucid.working.arguments import read_expression
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import Array, Formula, Symbol, symbols
from pellucid.working.step import Check, NumberTable, Step

INFINITY = Symbol("infinity")


@dataclass(frozen=True)
class Claim:
    """One claim of the lecture."""

    chapter: str
    short: str
    claim: str
    lesson: str
    arguments: tuple[str, ...]
    options: dict[str, str]
    step: str | None  # the step that holds the value, when it is not the result
    cell: tuple[int, int] | None  # row and column of the table that holds it
    claimed: Value  # None where the lecture gives words only
    computed: Value
    verdict: str
    correction: str


def claims() -> tuple[Claim, ...]:
    """All claims, from lecture.json."""
    text = resources.files("pellucid.working").joinpath("lecture.json").read_text("utf-8")
    return tuple(map(_claim, json.loads(text)))


def _claim(found: dict[str, Any]) -> Claim:
    name, *rest = found["lesson"]
    cell = found.get("cell")
    return Claim(
        chapter=found["chapter"],
        short=found["short"],
        claim=found["claim"],
        lesson=name,
        arguments=tuple(part for part in rest if isinstance(part, str)),
        options=next((part for part in rest if isinstance(part, dict)), {}),
        step=found.get("step"),
        cell=(cell[0], cell[1]) if cell else None,
        claimed=_value(read_expression(found["claimed"])) if found["claimed"] else None,
        computed=_value(read_expression(found["computed"])),
        verdict=found["verdict"],
        correction=found["correction"],
    )


def _value(node: Formula) -> Value:
    """Numbers as numbers, lists as tuples, the rest as formulas."""
    if isinstance(node, Array):
        return tuple(map(_value, node.items))
    if node == INFINITY:
        return math.inf
    return node if symbols(node) else cast(Value, evaluate(node))


def recomputed(claim: Claim) -> Value:
    """The claim's value once more, by its lesson."""
    from pellucid.working.lessons import lesson  # the table of lessons holds this file, too

    whole = lesson(claim.lesson, *claim.arguments, **claim.options)
    if claim.cell is not None:
        assert whole.table is not None
        return whole.table.rows[claim.cell[0]][claim.cell[1]]
    return (whole.find(claim.step) if claim.step else whole).result


def lecture() -> Step:
    """The lecture, checked: every worked claim computed anew."""
    found = claims()
    steps = tuple(map(_step, found))
    agreeing = sum(
        difference(claim.claimed, step.result) <= 1e-9
        for claim, step in zip(found, steps, strict=True)
    )
    rows = tuple(
        (c.short, _shown(c), s.result, c.verdict) for c, s in zip(found, steps, strict=True)
    )
    return Step(
        rule="The lecture, checked",
        given={"claims": len(found)},
        of=Symbol("right"),
        result=sum(claim.verdict == "right" for claim in found),
        check=Check("comparing claimed and computed values", agreeing),
        reason="Each claim is computed anew by its lesson. Right: as claimed. Cut off: digits were "
        "dropped instead of rounded. Imprecise or incomplete: true only with the addition given. "
        "Wrong: the computed value differs.",
        steps=steps,
        table=NumberTable("", ("claim", "claimed", "computed", "verdict"), rows),
        decimal=True,
    )


def _shown(claim: Claim) -> Value:
    return "in words" if claim.claimed is None else claim.claimed


def _step(claim: Claim) -> Step:
    written = " ".join(
        [
            f"lesson {claim.lesson}",
            *(f'"{part}"' for part in claim.arguments),
            *(f'--{name} "{value}"' for name, value in claim.options.items()),
        ]
    )
    return Step(
        rule=claim.claim,
        given={"claimed": _shown(claim), "verdict": claim.verdict},
        of=Symbol("computed"),
        result=claim.computed,
        check=Check(written, recomputed(claim)),
        reason=claim.correction,
    )
