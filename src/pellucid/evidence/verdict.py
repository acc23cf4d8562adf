"""The verdict in plain words: did it learn, does it beat the conventional way, what would help."""

from __future__ import annotations

from pellucid.evidence.document import Baseline, Interval, NamedValue, Performance, Verdict
from pellucid.kinds import TargetKind


def verdict(
    kind: TargetKind,
    performance: Performance,
    simplest: NamedValue,
    over_simplest: Interval,
    best: tuple[Baseline, Interval] | None,
    doubled: Interval | None,
) -> Verdict:
    """Sentences for people, and the two claims for machines; the bad news comes first."""
    learned = over_simplest["low"] > 0
    beats = _beats(best[1] if best else None)
    if not learned:
        sentences = [_not_learned(kind, performance, simplest, over_simplest)]
        if best:
            sentences.append(_against(kind, *best))
    elif beats is False and best:
        sentences = [_against(kind, *best), _learned(kind, performance, simplest)]
    else:
        sentences = [_learned(kind, performance, simplest)]
        if best:
            sentences.append(_against(kind, *best))
    if learned and doubled is not None:
        sentences.append(_more_rows(kind, doubled))
    return {"learned": learned, "beats_baseline": beats, "sentences": sentences}


def _beats(gap: Interval | None) -> bool | None:
    if gap is None or gap["low"] <= 0 <= gap["high"]:
        return None
    return gap["low"] > 0


def _learned(kind: TargetKind, performance: Performance, simplest: NamedValue) -> str:
    return (
        f"It learned: {_with_interval(kind, performance)} on {performance['rows']:,} rows it never "
        f"saw ({_always(simplest)}: {_written(kind, simplest['value'])})."
    )


def _not_learned(
    kind: TargetKind, performance: Performance, simplest: NamedValue, over: Interval
) -> str:
    worse = over["high"] < 0
    return (
        f"It did not learn: {_with_interval(kind, performance)} on {performance['rows']:,} rows it "
        f"never saw is {'worse than' if worse else 'no better than'} {_always(simplest)} "
        f"({_written(kind, simplest['value'])})."
    )


def _always(simplest: NamedValue) -> str:
    return f"always the {simplest['name']}"


def _against(kind: TargetKind, baseline: Baseline, gap: Interval) -> str:
    name = f"({baseline['name']}, {_written(kind, baseline['value'])})"
    size = f"{_gain(kind, abs(gap['value']))}"
    if gap["low"] > 0:
        span = f"({_gain(kind, gap['low'], False)} to {_gain(kind, gap['high'], False)})"
        return f"It beats the conventional way {name} by {size} {span}."
    if gap["high"] < 0:
        span = f"({_gain(kind, -gap['high'], False)} to {_gain(kind, -gap['low'], False)})"
        return f"The conventional way does better {name}, by {size} {span}: use that."
    return (
        f"It is level with the conventional way {name}: the difference of {size} is within what "
        f"{'chance' if gap['value'] else 'nothing'} explains, and the conventional way is the simpler one."
        if gap["value"]
        else f"It is level with the conventional way {name}, which is the simpler one."
    )


def _more_rows(kind: TargetKind, doubled: Interval) -> str:
    if doubled["high"] <= 0 or _gain(kind, doubled["value"], False) in ("0.0", "0"):
        return "More rows of the same sort will hardly help; better columns or labels may."
    low = max(doubled["low"], 0.0)
    return (
        f"With twice the rows expect about {_gain(kind, doubled['value'])} more "
        f"({_gain(kind, low, False)} to {_gain(kind, doubled['high'], False)})."
        if kind.kind == "category"
        else f"With twice the rows expect an error about {_gain(kind, doubled['value'])} smaller "
        f"({_gain(kind, low, False)} to {_gain(kind, doubled['high'], False)})."
    )


def _with_interval(kind: TargetKind, performance: Performance) -> str:
    value, low, high = (performance[key] for key in ("value", "low", "high"))  # type: ignore[literal-required]
    if kind.kind == "category":
        return f"{performance['metric']} {value:.1%} ({100 * low:.1f} to {100 * high:.1f})".replace(
            "%", " %"
        )
    return f"{performance['metric']} {value:.4g} ({low:.4g} to {high:.4g})"


def _written(kind: TargetKind, value: float) -> str:
    return f"{100 * value:.1f} %" if kind.kind == "category" else f"{value:.4g}"


def _gain(kind: TargetKind, value: float, unit: bool = True) -> str:
    if kind.kind == "category":
        return f"{100 * value:.1f}" + (" points" if unit else "")
    return f"{value:.3g}"
