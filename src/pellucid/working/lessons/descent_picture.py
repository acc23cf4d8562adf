"""The path of gradient descent over the curve, over level lines, or as height against step."""

from __future__ import annotations

import math

from pellucid.working.arithmetic import Undefined
from pellucid.working.evaluation import real_number
from pellucid.working.iteration import Problem
from pellucid.working.lessons.derivative import graph
from pellucid.working.lessons.descent_verdict import Visit
from pellucid.working.picture import Path, Picture, Place
from pellucid.working.printing.linear import one_line

MOST_PLACES = 60
GRID = 33
LEVELS = 8


def picture(problem: Problem, visits: list[Visit]) -> Picture:
    """Choose the picture that fits the number of variables."""
    shown = visits[:MOST_PLACES]
    drawing = {1: _over_curve, 2: _over_levels}.get(len(problem.names), _heights)
    return drawing(problem, shown)


def _over_curve(problem: Problem, visits: list[Visit]) -> Picture:
    places = [(float(visit.point[0]), float(visit.height)) for visit in visits]
    across = [x for x, _ in places]
    low, high = min(across), max(across)
    margin = max(0.35 * (high - low), 0.5)
    curve = graph(problem.function, problem.names[0], low - margin, high + margin)
    return Picture(
        title=f"Path of {problem.method} descent on {one_line(problem.function, True)}",
        description=_description(places),
        paths=(
            Path("function", curve, "first"),
            Path("path", tuple(places), "second", dots=True),
        ),
        across=problem.names[0],
        up="f",
    )


def _description(places: list[Place]) -> str:
    first, last = places[0], places[-1]
    return (
        f"The path begins at ({first[0]:.4g}, {first[1]:.4g}) and ends after {len(places) - 1} "
        f"steps at ({last[0]:.4g}, {last[1]:.4g})."
    )


def _heights(problem: Problem, visits: list[Visit]) -> Picture:
    places = tuple((float(k), float(visit.height)) for k, visit in enumerate(visits))
    return Picture(
        title=f"{one_line(problem.function, True)} at each step",
        description=_description(list(places)),
        paths=(Path("", places, "first", dots=True),),
        across="step",
        up="f",
    )


def _over_levels(problem: Problem, visits: list[Visit]) -> Picture:
    places = tuple((float(v.point[0]), float(v.point[1])) for v in visits)
    bounds = []
    for axis in (0, 1):
        values = [place[axis] for place in places]
        middle = (max(values) + min(values)) / 2
        reach = max((max(values) - min(values)) * 0.8, 0.5)
        bounds.append((middle - reach, middle + reach))
    lines = level_lines(problem, bounds[0], bounds[1])
    return Picture(
        title=f"Path of {problem.method} descent over level lines of "
        f"{one_line(problem.function, True)}",
        description=_description(list(places)),
        paths=(
            *(Path("level lines" if k == 0 else "", line, "faint") for k, line in enumerate(lines)),
            Path("path", places, "second", dots=True),
        ),
        across=problem.names[0],
        up=problem.names[1],
    )


def level_lines(
    problem: Problem, across: tuple[float, float], up: tuple[float, float]
) -> list[tuple[Place, ...]]:
    """Short pieces of level lines, cell by cell of a grid (marching squares), joined by gaps."""
    xs, ys = _ruled(across), _ruled(up)
    heights = [[_height(problem, x, y) for x in xs] for y in ys]
    finite = sorted(h for row in heights for h in row if math.isfinite(h))
    if len(finite) < 2:
        return []
    levels = [finite[len(finite) * k // (LEVELS + 1)] for k in range(1, LEVELS + 1)]
    lines = []
    for level in sorted(set(levels)):
        pieces: list[Place] = []
        for row in range(GRID - 1):
            for column in range(GRID - 1):
                corners = [
                    (xs[column + dx], ys[row + dy], heights[row + dy][column + dx])
                    for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1))
                ]
                crossing = _crossings(corners, level)
                if len(crossing) >= 2:
                    pieces += [*crossing[:2], (math.nan, math.nan)]
        if pieces:
            lines.append(tuple(pieces))
    return lines


def _ruled(bounds: tuple[float, float]) -> list[float]:
    low, high = bounds
    return [low + (high - low) * k / (GRID - 1) for k in range(GRID)]


def _height(problem: Problem, x: float, y: float) -> float:
    try:
        return real_number(problem.function, dict(zip(problem.names, (x, y), strict=True)))
    except Undefined:
        return math.nan


def _crossings(corners: list[tuple[float, float, float]], level: float) -> list[Place]:
    """Where a level crosses the sides of one cell."""
    found: list[Place] = []
    for (x0, y0, h0), (x1, y1, h1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if math.isfinite(h0) and math.isfinite(h1) and (h0 < level) != (h1 < level):
            part = (level - h0) / (h1 - h0)
            found.append((x0 + (x1 - x0) * part, y0 + (y1 - y0) * part))
    return found
