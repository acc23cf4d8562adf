"""The verdict in plain words: did it learn, does it beat the conventional way, what would help."""

from __future__ import annotations

from pellucid.evidence.document import Baseline, Interval, NamedValue, Performance, Verdict
from pellucid.evidence.numerals import Measure
from pellucid.evidence.unseen import proved_on
from pellucid.kinds import TargetKind

SMALL_GAIN = 0.02  # of the error: less than that is not worth collecting rows for


def verdict(
    kind: TargetKind,
    performance: Performance,
    simplest: NamedValue,
    over_simplest: Interval,
    best: tuple[Baseline, Interval] | None,
    doubled: Interval | None,
) -> Verdict:
    """Sentences for people, and the two claims for machines; the bad news comes first."""
    measure = Measure(kind.metric)
    learned = over_simplest["low"] > 0
    beats = _beats(best[1] if best else None)
    if not learned:
        sentences = [_not_learned(kind, performance, simplest, over_simplest)]
        if best:
            sentences.append(_against(measure, *best))
    elif beats is False and best:
        sentences = [_against(measure, *best), _learned(kind, performance, simplest)]
    else:
        sentences = [_learned(kind, performance, simplest)]
        if best:
            sentences.append(_against(measure, *best))
    flawless = measure.is_share and performance["value"] == 1
    if learned and doubled is not None and not flawless:
        sentences.append(_more_rows(kind, performance, doubled))
    return {"learned": learned, "beats_baseline": beats, "sentences": sentences}


def _beats(gap: Interval | None) -> bool | None:
    if gap is None or gap["low"] <= 0 <= gap["high"]:
        return None
    return gap["low"] > 0


def _learned(kind: TargetKind, performance: Performance, simplest: NamedValue) -> str:
    measure = Measure(kind.metric)
    return (
        f"It learned: {_estimate(measure, performance)} on {proved_on(performance, kind.case)} "
        f"(always the {simplest['name']}: {measure.value(simplest['value'])})."
    )


def _not_learned(
    kind: TargetKind, performance: Performance, simplest: NamedValue, over: Interval
) -> str:
    measure = Measure(kind.metric)
    better = "not clearly better than" if over["value"] > 0 else "no better than"
    compared = "worse than" if over["high"] < 0 else better
    comma = "," if performance.get("repeats") else ""
    always = f"always the {simplest['name']} ({measure.value(simplest['value'])})"
    return (
        f"It did not learn: {_estimate(measure, performance)} on "
        f"{proved_on(performance, kind.case)}{comma} is {compared} {always}."
    )


def _against(measure: Measure, baseline: Baseline, gap: Interval) -> str:
    name = f"({baseline['name']}, {measure.value(baseline['value'])})"
    which, size, span = measure.gap(gap["value"], gap["low"], gap["high"])
    if gap["low"] > 0:
        return f"It beats the conventional way {name} by {size} ({span})."
    if gap["high"] < 0:
        return f"The conventional way does better {name}, by {size} ({span}): use that."
    difference = (
        f"{size} {which}, which chance explains ({span})" if gap["value"] else "no difference"
    )
    return (
        f"It is level with the conventional way {name}: {difference}. That way is the simpler one."
    )


def _more_rows(kind: TargetKind, performance: Performance, doubled: Interval) -> str:
    measure = Measure(kind.metric)
    room = 1 - performance["value"] if measure.is_share else performance["value"]
    if doubled["high"] <= 0 or doubled["value"] < SMALL_GAIN * room:
        return f"More {kind.case}s of the same sort will hardly help; better columns or labels may."
    low = max(doubled["low"], 0.0)
    size = measure.difference(doubled["value"], low, doubled["high"])
    what = f"{size} more" if performance["higher_is_better"] else f"an error {size} smaller"
    between = measure.interval(low, doubled["high"])
    return f"With twice the {kind.case}s expect about {what} ({between})."


def _estimate(measure: Measure, performance: Performance) -> str:
    value, low, high = performance["value"], performance["low"], performance["high"]
    return f"{performance['metric']} {measure.estimate(value, low, high)}"
