"""Horizontal bars, with intervals where there are any: importance, confused pairs, time spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pellucid.evidence.document import Actual, Importance, Target
from pellucid.evidence.figures.rows import Rows
from pellucid.evidence.figures.scales import Scale
from pellucid.evidence.figures.svg import Drawing, Figure, Table, bar, drawn, line
from pellucid.evidence.numerals import Measure, count, counted, duration, percent

MOST = 20
MOST_IN_TABLE = 200


@dataclass(frozen=True)
class Bar:
    """A named bar from zero to a value, written out as `words`."""

    name: str
    value: float
    words: str
    tone: str = "ours"
    low: float | None = None
    high: float | None = None


def bars(items: Sequence[Bar], width: int) -> Drawing:
    """The bars, from top to bottom, on one scale that includes zero."""
    layout = Rows(width, [item.name for item in items], [item.words for item in items])
    ends = [end for item in items for end in (item.value, item.low, item.high) if end is not None]
    across = Scale(min(0.0, *ends), max(0.0, *ends) or 1.0, layout.start, layout.end)
    parts: list[Markup] = []
    for index, item in enumerate(items):
        parts += layout.words(index)
        parts += _bar(item, layout.middle(index), across)
    return Drawing(width, layout.height, parts)


def importance(target: Target, used: int) -> Figure | None:
    """How much performance is lost when one of the `used` columns is shuffled, largest first."""
    columns = sorted(target["importance"], key=lambda column: -column["value"])
    if not columns:
        return None
    measure = Measure(target["performance"]["metric"], target["unit"])
    items = [_column(column, measure) for column in columns[:MOST]]
    title = "What each column contributes"
    description = (
        "One bar for each column: how much performance is lost when the column's values "
        "are shuffled, with a line for the 95 % interval. The numbers follow in a table."
    )
    rows = tuple(
        (column["column"], _lost(column, measure), measure.interval(column["low"], column["high"]))
        for column in columns[:MOST_IN_TABLE]
    )
    return Figure(
        title,
        _importance_caption(columns, measure, used),
        drawn(lambda width: bars(items, width), title, description),
        Table(
            ("column", f"loss of {measure.name}", "95 % interval"), rows, len(columns) - len(rows)
        ),
    )


def stages(actual: Actual) -> Figure | None:
    """Where the time went."""
    if not actual["stages"]:
        return None
    whole = sum(stage["seconds"] for stage in actual["stages"]) or 1.0
    items = [
        Bar(stage["name"], stage["seconds"], duration(stage["seconds"]), "quiet")
        for stage in actual["stages"]
    ]
    rows = tuple(
        (stage["name"], duration(stage["seconds"]), percent(stage["seconds"] / whole))
        for stage in actual["stages"]
    )
    title = "Where the time went"
    description = "One bar for each part of the run: its seconds. The numbers follow in a table."
    drawing = drawn(lambda width: bars(items, width), title, description)
    return Figure(title, "", drawing, Table(("part", "time", "share"), rows))


def _bar(item: Bar, y: float, across: Scale) -> list[Markup]:
    left, right = sorted((across(0.0), across(item.value)))
    says = f"{item.name}: {item.words}"
    zero = across(0.0)
    parts = [line(zero, y - 9, zero, y + 9, "stem")]
    parts += [bar((left, y - 6), max(right - left, 1.0), 12, f"bar {item.tone}", says)]
    if item.low is not None and item.high is not None and item.high > item.low:
        parts.append(line(across(item.low), y, across(item.high), y, "whisker ink"))
    return parts


def _column(column: Importance, measure: Measure) -> Bar:
    tone = "ours" if column["low"] > 0 else "quiet"
    words = _lost(column, measure)
    return Bar(column["column"], column["value"], words, tone, column["low"], column["high"])


def _lost(column: Importance, measure: Measure) -> str:
    return measure.difference(column["value"], column["low"], column["high"])


def _importance_caption(columns: list[Importance], measure: Measure, used: int) -> str:
    without = sum(column["low"] <= 0 for column in columns)
    first = columns[0]
    words = "No column matters on its own: the network spreads its trust, or found nothing. "
    if first["low"] > 0:
        lost = _lost(first, measure)
        words = f"Shuffling “{first['column']}” costs {lost} of {measure.name}. "
    if without and len(columns) > 1:
        verb = "has" if without == 1 else "have"
        words += f"{count(without)} of {len(columns)} columns, in grey, {verb} no clear effect. "
    if len(columns) > MOST:
        words += f"The {MOST} largest of {len(columns)} are drawn; the table has more. "
    if len(columns) < used:
        words += f"The time did not suffice for the other {counted(used - len(columns), 'column')}."
    return words.strip()
