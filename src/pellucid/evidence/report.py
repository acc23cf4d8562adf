"""The report of a learnt model: one HTML file, drawn from the evidence alone, read offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from pellucid.evidence import figures, live
from pellucid.evidence.document import Document, Mistake, Target
from pellucid.evidence.figures import Figure
from pellucid.evidence.live import Live
from pellucid.evidence.marking import MarkedSpan, marked_spans
from pellucid.evidence.numerals import LARGE, MINUS, Measure, count, duration, memory, percent
from pellucid.evidence.pages import render, resource, write_page
from pellucid.evidence.reason_views import ReasonView, reason_view
from pellucid.evidence.unseen import proving
from pellucid.web.bundle import style as figure_style

SHORT = 180  # letters of a cell that are shown at once
LONG = 3000  # letters of a cell that are kept
MOST_MISTAKES = 20
MOST_CELLS = 12  # of a mistake, shown at once


def write_report(evidence: Document, path: Path) -> None:
    """Write the report beside `path` and rename it into place."""
    columns = len(evidence["data"]["columns"])
    learnt = evidence["data"]["split"]["learn"]
    views = [
        _view(name, target, f"target-{index}", (columns, learnt))
        for index, (name, target) in enumerate(evidence["targets"].items())
    ]
    metric = history_metric(evidence)
    moved = live.history(evidence["history"], metric)
    script = live.script([moved, *(each for view in views for each in view.live.values())])
    text = render(
        "report.html.jinja",
        document=evidence,
        style=Markup(resource("report.css")),
        script=Markup(script),
        script_hash=Markup(live.allowed(script)),
        live_style=Markup(figure_style() if script else ""),
        targets=views,
        history=figures.training_history(evidence["history"], metric),
        live_history=moved,
        stages=figures.stages(evidence["actual"]),
        network=figures.network_picture(evidence),
        promises=_promises(evidence),
    )
    write_page(text, path)


@dataclass(frozen=True)
class Fact:
    """A number large enough to be read from afar."""

    name: str
    value: str
    beneath: str
    tone: str = ""


@dataclass(frozen=True)
class Cell:
    """One value of a row: what is shown at once, and the rest of a long text."""

    column: str
    head: str
    rest: str = ""


@dataclass(frozen=True)
class Seen:
    """A picture or a sound of a row."""

    column: str
    file: str
    words: str
    image: Markup | None
    audio: Markup | None
    wide: bool  # a film strip or a spectrogram, which is shown at its own size


@dataclass(frozen=True)
class MistakeView:
    """One mistake, its long texts cut."""

    row: str
    true: str
    predicted: str
    confidence: str
    previews: list[Seen]
    cells: list[Cell]
    more: list[Cell]
    marked: list[MarkedSpan]


@dataclass(frozen=True)
class TargetView:
    """What the page says about one target."""

    anchor: str
    name: str
    evidence: Target
    unseen: str  # what its rows to prove on are called
    badge: str
    tone: str
    facts: list[Fact]
    others: list[tuple[str, str]]
    paths: list[tuple[str, str]]
    figures: dict[str, Figure | None]
    live: dict[str, Live | None]
    looks: list[Figure]
    forecasts: list[Figure]
    mistakes: list[MistakeView]
    surest: list[MistakeView]
    reasons: list[ReasonView]


def _view(name: str, target: Target, anchor: str, counts: tuple[int, int]) -> TargetView:
    """`counts` are those of the columns and of the rows to learn from."""
    badge, tone = _badge(target)
    unit = target["unit"]
    others = [
        (other, Measure(other, unit).value(value)) for other, value in target["others"].items()
    ]
    main = Measure(target["performance"]["metric"], unit)
    return TargetView(
        anchor=anchor,
        name=name,
        evidence=target,
        unseen=proving(target["performance"]),
        badge=badge,
        tone=tone,
        facts=_facts(target),
        others=others,
        paths=[(path["name"], main.value(path["value"])) for path in target.get("paths", [])],
        figures=_figures(target, *counts),
        live={make.__name__: make(target) for make in (live.grown, live.sure, live.screening)},
        looks=[figures.where_it_looked(look) for look in target.get("looks", [])],
        forecasts=[
            figures.forecast_beside_truth(each, name) for each in target.get("forecasts", [])
        ],
        mistakes=[_mistake(mistake) for mistake in target["mistakes"][:MOST_MISTAKES]],
        surest=[_mistake(row) for row in target.get("surest", [])[:MOST_MISTAKES]],
        reasons=[reason_view(reason) for reason in target.get("reasons", [])],
    )


def _badge(target: Target) -> tuple[str, str]:
    """The verdict in four words, and its colour."""
    verdict = target["verdict"]
    if not verdict["learned"]:
        return "Nothing was learned", "bad"
    if target["baseline"] is None:
        return "Learned, compared with nothing", "even"
    return {
        True: ("Better than the conventional way", "good"),
        False: ("The conventional way is better", "bad"),
        None: ("Level with the conventional way", "even"),
    }[verdict["beats_baseline"]]


def _facts(target: Target) -> list[Fact]:
    performance, baseline, gap = target["performance"], target["baseline"], target["gap"]
    measure = Measure(performance["metric"], target["unit"])
    low, high = performance["low"], performance["high"]
    value, ends = measure.value(performance["value"], low, high), measure.interval(low, high)
    facts = [Fact(measure.name, value, ends, "ours")]
    if baseline:
        value = measure.value(baseline["value"], low, high)
        facts.append(Fact("best conventional way", value, baseline["name"], "theirs"))
    if gap:
        side, size, between = measure.gap(gap["value"], gap["low"], gap["high"])
        facts.append(Fact(f"the network is {side} by", size, between))
    simplest = target["simplest"]
    value = measure.value(simplest["value"], low, high)
    return [*facts, Fact("simplest guess", value, simplest["name"])]


def _figures(target: Target, columns: int, learnt: int) -> dict[str, Figure | None]:
    calibration, confusion, scatter = target["calibration"], target["confusion"], target["scatter"]
    return {
        "curve": figures.learning_curve(target, learnt),
        "ways": figures.conventional_ways(target),
        "confusion": figures.confusion_matrix(confusion) if confusion else None,
        "scatter": figures.predicted_against_true(scatter, target["unit"]) if scatter else None,
        "reliability": figures.reliability(calibration) if calibration else None,
        "coverage": figures.coverage(calibration, target["unit"]) if calibration else None,
        "importance": figures.importance(target, columns),
    }


def _mistake(mistake: Mistake) -> MistakeView:
    marked = marked_spans(mistake.get("marked") or [])
    words = " ".join(span.text for span in marked)  # no need to show them twice
    previews = mistake.get("previews", {})
    seen = [
        Seen(
            column,
            _written(mistake["cells"].get(column, "")),
            preview.get("words", ""),
            _address(preview.get("image"), "image"),
            _address(preview.get("audio"), "audio"),
            "wide" in preview,
        )
        for column, preview in previews.items()
    ]
    plain = {column: value for column, value in mistake["cells"].items() if column not in previews}
    cells = [_cell(column, value) for column, value in plain.items() if value != words]
    confidence = mistake["confidence"]
    return MistakeView(
        mistake["row"],
        _written(mistake["true"]),
        _written(mistake["predicted"]),
        "" if confidence is None else percent(confidence, 0),
        seen,
        cells[:MOST_CELLS],
        cells[MOST_CELLS:],
        marked,
    )


def _address(uri: object, medium: str) -> Markup | None:
    """A data URI of that medium and nothing else: evidence may come from anywhere."""
    sound = re.fullmatch(rf"data:{medium}/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]*", str(uri))
    return Markup(uri) if sound else None


def _cell(column: str, value: object) -> Cell:
    """Cut a long text at a word, and keep the rest to unfold."""
    text = _written(value)
    if len(text) <= SHORT * 1.2:
        return Cell(column, text)
    cut = text.rfind(" ", SHORT // 2, SHORT)
    cut = cut if cut > 0 else SHORT
    rest = text[cut:LONG]
    if len(text) > LONG:
        rest += f" … ({count(len(text) - LONG)} more letters)"
    return Cell(column, text[:cut], rest)


def _written(value: object) -> str:
    if value is None:
        return "missing"
    if not isinstance(value, float):
        return str(value)
    whole = 1e6 <= abs(value) < LARGE
    return (count(value) if whole else f"{value:,.6g}").replace("-", MINUS)


def history_metric(evidence: Document) -> str:
    """What is measured on the choosing rows: of several targets, the sum of their losses."""
    measured = [target["performance"]["metric"] for target in evidence["targets"].values()]
    names = {"accuracy": "log-loss", "RMSE": "squared error", "MAE": "absolute error"}
    name = names.get(measured[0], "loss") if len(measured) == 1 else "loss"
    return f"{name} on choosing rows"


def _promises(evidence: Document) -> list[tuple[str, str, str, str]]:
    """What was planned, what it came to, and the difference."""
    plan, actual = evidence["plan"], evidence["actual"]
    lines: list[tuple[str, Callable[[float], str], float, float]] = [
        ("time", duration, plan["seconds"], actual["seconds"]),
        ("peak memory", memory, plan["megabytes"], actual["megabytes"]),
        ("steps", count, plan["steps"], actual["steps"]),
    ]
    return [
        (what, written(planned), written(came_to), _more(planned, came_to))
        for what, written, planned, came_to in lines
    ]


def _more(planned: float, actual: float) -> str:
    """'3 % less'."""
    if not planned:
        return "–"
    share = actual / planned - 1
    if abs(share) < 0.005:
        return "as planned"
    return f"{percent(abs(share), 0)} {'more' if share > 0 else 'less'}"
