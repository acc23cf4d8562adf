"""The model card: the README of a model directory, written from the evidence."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from pellucid.counts import counted
from pellucid.evidence.document import Document, Target
from pellucid.evidence.numerals import Measure, percent
from pellucid.evidence.pages import render, write_page
from pellucid.evidence.unseen import proved_on

MARKS = re.compile(r"([\\`*_\[\]<>|~&$]|^[#+-])")
LARGE_ERROR = 0.03  # of calibration: beyond this a reader should know
FEW_ROWS = 100  # to prove on


def write_card(evidence: Document, path: Path) -> None:
    """Write the card beside `path` and rename it into place."""
    name = f"{evidence['name']}.pellucid"
    text = render(
        "card.md.jinja",
        document=evidence,
        plain=plain,
        targets=[_view(target, column) for column, target in evidence["targets"].items()],
        limits=_limits(evidence),
        python_path=json.dumps(name, ensure_ascii=False),
        shell_path=shlex.quote(_one_line(name)),
        command=_one_line(evidence["reproduce"]["command"]),
    )
    write_page(text, path)


def plain(text: object) -> str:
    """Text that Markdown shows as it is: on one line, every mark escaped."""
    return MARKS.sub(r"\\\1", _one_line(str(text))) or "(blank)"


@dataclass(frozen=True)
class TargetView:
    """What the card says about one target."""

    column: str
    kind: str
    levels: str
    verdict: list[str]
    proved_on: str
    rows: list[tuple[str, str]]


def _view(target: Target, column: str) -> TargetView:
    performance, baseline, gap = target["performance"], target["baseline"], target["gap"]
    measure = Measure(performance["metric"], target["unit"])
    low, high = performance["low"], performance["high"]
    lines = [(f"this network: {measure.name}", measure.estimate(performance["value"], low, high))]
    if baseline:
        named = f"best conventional way: {baseline['name']}"
        lines.append((named, measure.value(baseline["value"], low, high)))
    if gap:
        side, size, ends = measure.gap(gap["value"], gap["low"], gap["high"])
        lines.append((f"the network is {side} by", f"{size} ({ends})"))
    simplest = target["simplest"]
    lines.append(
        (f"simplest guess: {simplest['name']}", measure.value(simplest["value"], low, high))
    )
    for other, value in target["others"].items():
        lines.append((other, Measure(other, target["unit"]).value(value)))
    proved = proved_on(performance, "window" if target["kind"] == "forecast" else "row")
    sentences = target["verdict"]["sentences"]
    return TargetView(column, target["kind"], _levels(target["levels"]), sentences, proved, lines)


def _levels(levels: list[str] | None) -> str:
    """'5 levels: 1, 2, 3, 4, 5', or only how many there are."""
    if not levels:
        return ""
    if len(levels) > 12:
        return f"{len(levels):,} levels"
    return f"{len(levels)} levels: {', '.join(levels)}"


def _limits(evidence: Document) -> list[str]:
    """What a user must know before trusting it, as far as the evidence tells."""
    limits = [limit for pair in evidence["targets"].items() for limit in _target_limits(*pair)]
    limits += evidence["data"]["warnings"]
    if evidence["actual"]["schedule_changed"]:
        limits.append("Training was cut short by a slow machine; a quiet one may do better.")
    return limits


def _target_limits(column: str, target: Target) -> list[str]:
    verdict, calibration, rows = (
        target["verdict"],
        target["calibration"],
        target["performance"]["rows"],
    )
    limits = []
    if not verdict["learned"]:
        limits.append(f"{column}: nothing was learned; do not use its predictions.")
    elif verdict["beats_baseline"] is False:
        limits.append(f"{column}: the conventional way is better; prefer it.")
    if rows < FEW_ROWS:
        limits.append(
            f"{column}: judged on {counted(rows, 'row')} only, so its performance is uncertain."
        )
    error = (calibration or {}).get("after", 0.0)
    if error > LARGE_ERROR:
        limits.append(f"{column}: its confidence is off by {percent(error)} on average.")
    return limits


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
