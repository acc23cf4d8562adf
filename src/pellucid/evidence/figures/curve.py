"""The learning curve: performance P against experience E, with its band and a forecast."""

from __future__ import annotations

from pellucid.evidence.document import CurvePoint, Target
from pellucid.evidence.figures.curve_drawing import CurvePlot, draw_curve
from pellucid.evidence.figures.svg import Figure, Table, drawn
from pellucid.evidence.numerals import Measure, count

TITLE = "Learning curve"
DESCRIPTION = (
    "Performance, upwards, against the number of rows learned from, to the right, "
    "on a logarithmic scale. A shaded band is the 95 % interval, a hollow point the forecast for "
    "twice the rows, a dashed line the best conventional way. The numbers follow in a table."
)


def learning_curve(target: Target, learnt: int = 0) -> Figure | None:
    """The curve of one target; None when no point was measured.

    The network itself learnt from `learnt` rows: more than the last point where time was short.
    """
    if not target["curve"]:
        return None
    plot = _plot(target, learnt)
    drawing = drawn(lambda width: draw_curve(plot, width), TITLE, DESCRIPTION)
    return Figure(TITLE, _caption(plot), drawing, _table(plot))


def _plot(target: Target, learnt: int) -> CurvePlot:
    performance = target["performance"]
    points = sorted(target["curve"], key=lambda point: point["rows"])
    value = performance["value"]
    # The curve may be of smaller, quicker networks: then it does not end at the network's value.
    rows = max(learnt, points[-1]["rows"])
    near = abs(points[-1]["value"] - value) < 1e-9 * max(abs(value), 1.0)
    same = near and rows == points[-1]["rows"]
    better = performance["higher_is_better"]
    return CurvePlot(
        points,
        _forecast(points[-1], target, 1.0 if better else -1.0),
        None if same else _itself(rows, target),
        _levels(points, target),
        Measure(performance["metric"], target["unit"]),
        better,
    )


def _itself(rows: int, target: Target) -> CurvePoint:
    """The network itself, as a point of the plot."""
    done = target["performance"]
    return CurvePoint(rows=rows, value=done["value"], low=done["low"], high=done["high"])


def _forecast(last: CurvePoint, target: Target, sign: float) -> CurvePoint | None:
    """The gain of twice the rows, added to the last point."""
    doubled = target["doubled"]
    if doubled is None:
        return None
    low, high = sorted(last["value"] + sign * end for end in (doubled["low"], doubled["high"]))
    value = last["value"] + sign * doubled["value"]
    return CurvePoint(rows=2 * last["rows"], value=value, low=low, high=high)


def _levels(points: list[CurvePoint], target: Target) -> list[tuple[str, float, str]]:
    """The best conventional way, and the simplest guess unless it would flatten the curve."""
    baseline, simplest = target["baseline"], target["simplest"]
    levels = [(baseline["name"], baseline["value"], "theirs")] if baseline else []
    seen = [*(point["value"] for point in points), *(value for _, value, _ in levels)]
    reach = [*seen, simplest["value"]]
    if max(reach) - min(reach) <= max(2 * (max(seen) - min(seen)), 1e-12):
        levels.append((simplest["name"], simplest["value"], "quiet"))
    return levels


def _caption(plot: CurvePlot) -> str:
    first, last, measure = plot.points[0], plot.points[-1], plot.measure
    value = measure.value(last["value"])
    words = (
        f"From {count(first['rows'])} to {count(last['rows'])} rows, {measure.name} went from "
        f"{measure.value(first['value'])} to {value}. "
    )
    if first is last:
        words = f"One point was measured: {measure.name} {value} from {count(last['rows'])} rows. "
    if plot.network:
        words = (
            "The curve is of smaller networks of the same sort, which learn quickly; the network "
            f"itself reaches {measure.value(plot.network['value'])}. {words}"
        )
    if plot.forecast is None:
        return words + ("" if first is last else "The points carry no forecast.")
    forecast = plot.forecast
    value = measure.estimate(forecast["value"], forecast["low"], forecast["high"])
    whose = "they may be expected to reach" if plot.network else "expect about"
    return f"{words}With {count(forecast['rows'])} rows {whose} {value}."


def _table(plot: CurvePlot) -> Table:
    measure = plot.measure
    lines = [(plot.name, point) for point in plot.points]
    if plot.forecast:
        lines.append((f"{plot.name}, forecast", plot.forecast))
    if plot.network:
        lines.append(("this network", plot.network))
    rows = [
        (
            what,
            count(point["rows"]),
            measure.value(point["value"], point["low"], point["high"]),
            measure.interval(point["low"], point["high"]),
        )
        for what, point in lines
    ]
    rows += [(name, "", measure.value(value), "") for name, value, _ in plot.levels]
    return Table(("what", "rows", measure.name, "95 % interval"), tuple(rows))
