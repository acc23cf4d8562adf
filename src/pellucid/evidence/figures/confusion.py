"""Which levels are taken for which: a shaded matrix, or the most confused pairs of many levels."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pellucid.evidence.document import Confusion
from pellucid.evidence.figures.bars import Bar, bars
from pellucid.evidence.figures.svg import (
    NARROW,
    Drawing,
    Figure,
    Table,
    drawn,
    element,
    fit,
    label,
    length,
)
from pellucid.evidence.numerals import count, counted, percent

MOST_LEVELS = 20  # in a matrix that can still be read
MOST_LEVELS_NARROW = 12  # on a phone
MOST_PAIRS = 15
MOST_IN_TABLE = 60


def confusion_matrix(confusion: Confusion) -> Figure:
    """True levels against predicted ones; beyond 20 levels, the most confused pairs."""
    if len(confusion["levels"]) > MOST_LEVELS:
        return _most_confused(confusion)
    title = "Confusion matrix"
    pairs = _pairs(confusion)
    crowded = len(confusion["levels"]) > MOST_LEVELS_NARROW and pairs

    def draw(width: int) -> Drawing:
        if crowded and width <= NARROW:
            return bars(_pair_bars(pairs, width), width)
        return _matrix(confusion, width)

    description = (
        "One row for each true level, one column for each predicted level; a darker cell holds a "
        "larger share of its row. The diagonal is right, the rest is wrong. The counts follow in "
        "a table."
    )
    levels, counts = confusion["levels"], confusion["counts"]
    rows = tuple(
        (level, *map(count, row), _found(row, index))
        for index, (level, row) in enumerate(zip(levels, counts, strict=True))
    )
    return Figure(
        title,
        _matrix_caption(confusion),
        drawn(draw, title, description),
        Table(("true \\ predicted", *levels, "found"), rows),
        small=len(levels) <= 6,
    )


@dataclass(frozen=True)
class _Grid:
    """The places of the cells."""

    left: float
    top: float
    size: float
    font: float


def _matrix(confusion: Confusion, width: int) -> Drawing:
    levels, counts = confusion["levels"], confusion["counts"]
    grid = _grid(levels, width)
    parts = _axis_names(grid, len(levels))
    for index, level in enumerate(levels):
        parts += _names(level, index, grid)
        parts += _row(counts[index], index, levels, grid)
        y = grid.top + (index + 0.5) * grid.size + 4
        x = grid.left + len(levels) * grid.size + 8
        parts.append(label(x, y, _found(counts[index], index, 0), class_="tick"))
    right = grid.left + len(levels) * grid.size + 46
    return Drawing(min(right, width), grid.top + len(levels) * grid.size + 4, parts)


def _grid(levels: list[str], width: int) -> _Grid:
    names = max(length(level, 12) for level in levels)
    gutter = min(names + 30, 150.0 if width > NARROW else 84.0)
    size = (width - gutter - 46) / len(levels)
    size = min(size, 84.0 if len(levels) <= 3 else 56.0 if len(levels) <= 12 else 36.0)
    upright = names <= size - 4
    top = 42.0 if upright else min(names, 110.0 if width > NARROW else 84.0) + 36
    return _Grid(gutter, top, size, 12.0 if size >= 28 else 11.0)


def _axis_names(grid: _Grid, levels: int) -> list[Markup]:
    middle = grid.top + levels * grid.size / 2
    where = {"class_": "axis", "text_anchor": "middle"}
    turn = f"rotate(-90 11 {middle:.1f})"
    end = grid.left + levels * grid.size + 8
    return [
        label(grid.left, 12, "predicted", class_="axis"),
        label(end, 12, "found", class_="axis"),
        label(11, middle, "true", transform=turn, **where),
    ]


def _names(level: str, index: int, grid: _Grid) -> list[Markup]:
    """A level's name before its row and above its column, upright where it fits."""
    centre = (index + 0.5) * grid.size
    before = fit(level, grid.left - 28, 12)
    words = [label(grid.left - 8, grid.top + centre + 4, before, class_="tick", text_anchor="end")]
    x, y = grid.left + centre, grid.top - 8
    if grid.top <= 42:
        return [*words, label(x, y, level, class_="tick", text_anchor="middle")]
    turned = fit(level, grid.top - 36, 12)
    turn = f"rotate(-90 {x + 4:.1f} {y:.1f})"
    return [*words, label(x + 4, y, turned, class_="tick", transform=turn)]


def _row(counts: list[int], index: int, levels: list[str], grid: _Grid) -> list[Markup]:
    whole = sum(counts) or 1
    parts = []
    for other, number in enumerate(counts):
        share = number / whole
        right = index == other
        # Errors are few: the root makes a tenth of a row visible.
        shade = share if right else share**0.5
        x, y = grid.left + other * grid.size, grid.top + index * grid.size
        says = f"true {levels[index]}, predicted {levels[other]}: {counted(number, 'row')}"
        parts.append(
            element(
                "rect",
                element("title", says),
                x=x + 1,
                y=y + 1,
                width=grid.size - 2,
                height=grid.size - 2,
                class_="cell ours" if right else "cell theirs",
                # Never so dark that its number could not be read.
                fill_opacity=f"{0.03 + 0.57 * shade:.2f}" if number else "0.03",
            )
        )
        if number and length(count(number), grid.font) <= grid.size - 4:
            where = {"class_": "number", "text_anchor": "middle"}
            parts.append(label(x + grid.size / 2, y + grid.size / 2 + 4, count(number), **where))
    return parts


def _found(row: list[int], index: int, digits: int = 1) -> str:
    """The share of a true level's rows that were recognised."""
    whole = sum(row)
    return percent(row[index] / whole, digits) if whole else "–"


def _matrix_caption(confusion: Confusion) -> str:
    words = "Each row of cells is a true level; its shades add up to all rows of that level. "
    pairs = _pairs(confusion)
    if not pairs:
        return words + "Every row was recognised."
    true, predicted, number, share = pairs[0]
    return words + (
        f"Most often confused: “{true}” taken for “{predicted}”, {counted(number, 'time')} "
        f"({percent(share)} of all “{true}”)."
    )


def _pairs(confusion: Confusion) -> list[tuple[str, str, int, float]]:
    """True level, predicted level, rows, share of the true level; the most frequent first."""
    levels = confusion["levels"]
    pairs = [
        (levels[index], levels[other], number, number / sum(row))
        for index, row in enumerate(confusion["counts"])
        for other, number in enumerate(row)
        if number and index != other
    ]
    return sorted(pairs, key=lambda pair: -pair[2])


def _most_confused(confusion: Confusion) -> Figure:
    title = "The most confused pairs"
    description = (
        "One bar for each pair of a true level and the level it was taken for: how many rows. "
        "The numbers follow in a table."
    )
    pairs = _pairs(confusion)
    drawing = Markup("")
    if pairs:
        drawing = drawn(lambda width: bars(_pair_bars(pairs, width), width), title, description)
    rows = tuple(
        (true, predicted, count(number), percent(share))
        for true, predicted, number, share in pairs[:MOST_IN_TABLE]
    )
    return Figure(
        title,
        _levels_caption(confusion),
        drawing,
        Table(
            ("true", "predicted", "rows", "share of the true level"), rows, len(pairs) - len(rows)
        ),
    )


def _pair_bars(pairs: list[tuple[str, str, int, float]], width: int) -> list[Bar]:
    def pair(true: str, predicted: str) -> str:
        room = 134.0 if width > NARROW else 98.0
        return f"{fit(true, room)} → {fit(predicted, room)}"

    return [
        Bar(pair(true, predicted), number, f"{count(number)} ({percent(share, 0)})", "theirs")
        for true, predicted, number, share in pairs[:MOST_PAIRS]
    ]


def _levels_caption(confusion: Confusion) -> str:
    found = sorted(
        (row[index] / sum(row), confusion["levels"][index])
        for index, row in enumerate(confusion["counts"])
        if sum(row)
    )
    middle = found[len(found) // 2][0] if found else 0.0
    perfect = sum(share == 1 for share, _ in found)
    hardest = ", ".join(f"“{level}” ({percent(share, 0)})" for share, level in found[:3])
    return (
        f"Of {len(confusion['levels'])} levels, half are recognised at least {percent(middle, 0)} "
        f"of the time and {count(perfect)} always. Hardest: {hardest}. Shares are of the true "
        "level's rows."
    )
