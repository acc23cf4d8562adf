"""Figures of a report that can be moved: the lab's own modules, with evidence as their state."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pellucid.evidence.document import Moment, Target
from pellucid.evidence.figures.svg import Table
from pellucid.evidence.numerals import Measure, percent
from pellucid.kinds.calibration import CalibrationBin
from pellucid.web.bundle import ASSETS, bundle

MOST_MOMENTS = 400


@dataclass(frozen=True)
class Live:
    """A figure and the state in which it begins."""

    figure: str
    state: str  # JSON
    table: Table | None = None  # what is read where no script runs and nothing else is drawn


def script(shown: Iterable[Live | None]) -> str:
    """All that these figures need, as one module; nothing where there are none."""
    names = sorted({f"figures/{each.figure}.js" for each in shown if each is not None})
    if not names:
        return ""
    return bundle("mount.js", *names) + (ASSETS / "report.js").read_text(encoding="utf-8")


def allowed(text: str) -> str:
    """A script as a content security policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def grown(target: Target) -> Live | None:
    """Performance against experience, point by point."""
    if sum(math.isfinite(point["value"]) for point in target["curve"]) < 2:
        return None
    return _live("grown", **grown_state(target))


def grown_state(target: Target) -> dict[str, Any]:
    """What the figure `grown` shows of a target."""
    performance, baseline, simplest = (
        target["performance"],
        target["baseline"],
        target["simplest"],
    )
    points = [
        {key: _number(point[key]) for key in ("rows", "value", "low", "high")}
        for point in target["curve"]
    ]
    return {
        "points": points,
        "metric": performance["metric"],
        "share": Measure(performance["metric"]).is_share,
        "better": "higher" if performance["higher_is_better"] else "lower",
        "simplest": {"name": simplest["name"], "value": _number(simplest["value"])},
        "baseline": baseline and {"name": baseline["name"], "value": _number(baseline["value"])},
        "unseen": performance["rows"],
        "repeats": performance.get("repeats", 0),
        "live": False,
        "at": len(points) - 1,
    }


def history(moments: Sequence[Moment], metric: str) -> Live | None:
    """Loss and measure, step by step."""
    if not moments:
        return None
    return _live("history", **history_state(moments, metric))


def history_state(moments: Sequence[Moment], metric: str) -> dict[str, Any]:
    """What the figure `history` shows."""
    every = math.ceil(len(moments) / MOST_MOMENTS)
    kept = [*moments[:-1:every], moments[-1]]
    rows = [
        [m["member"], m["step"], _number(m["loss"]), _number(m["metric"]), _number(m["rate"])]
        for m in kept
    ]
    return {"moments": rows, "metric": metric}


def sure(target: Target) -> Live | None:
    """Answering only when sure, of classes whose confidence was measured."""
    bins = (target["calibration"] or {}).get("bins") or []
    if len(bins) < 2:
        return None
    rows = [[_number(b["confidence"]), _number(b["accuracy"]), b["rows"]] for b in bins]
    return _live("sure", _answered(bins), bins=rows)


def _answered(bins: Sequence[CalibrationBin]) -> Table:
    every = sum(each["rows"] for each in bins) or 1
    lines = []
    for least in sorted({0.0, *(each["confidence"] for each in bins)}):
        kept = [each for each in bins if each["confidence"] >= least]
        rows = sum(each["rows"] for each in kept)
        right = sum(each["rows"] * each["accuracy"] for each in kept) / max(rows, 1)
        lines.append((percent(least), percent(rows / every), percent(right) if rows else "–"))
    return Table(("only when at least so sure", "answered", "right, of those"), tuple(lines))


def screening(target: Target) -> Live | None:
    """What an alarm is worth, of two classes of which the rarer is looked for."""
    confusion = target["confusion"]
    if confusion is None or len(confusion["levels"]) != 2:
        return None
    counts = confusion["counts"]
    rare = 0 if sum(counts[0]) < sum(counts[1]) else 1
    ill, well = sum(counts[rare]), sum(counts[1 - rare])
    if not ill or not well:
        return None
    found, passed = counts[rare][rare] / ill, counts[1 - rare][1 - rare] / well
    share = ill / (ill + well)
    lines = []
    for rare_ in sorted({share, 0.1, 0.01, 0.001}, reverse=True):
        alarms = rare_ * found + (1 - rare_) * (1 - passed)
        right = percent(rare_ * found / alarms) if alarms else "–"
        lines.append((percent(rare_), right, percent(rare_ * found + (1 - rare_) * passed)))
    table = Table(("how many have it", "alarms that are right", "accuracy"), tuple(lines))
    return _live("screening", table, rare=share, sensitive=found, specific=passed)


def _live(figure: str, table: Table | None = None, **state: Any) -> Live:
    return Live(figure, json.dumps(state, allow_nan=False), table)


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")
