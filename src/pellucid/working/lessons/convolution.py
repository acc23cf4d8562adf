"""Convolution and pooling: one output in full, the rest as a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pellucid.errors import UsageError
from pellucid.working.arguments import Given, read_choice, read_count, read_number, read_numbers
from pellucid.working.arithmetic import Matrix, Scalar, Vector, divide, shape, simplest, total
from pellucid.working.formula import Formula, Symbol, call, minus, over, plus
from pellucid.working.step import Check, Step
from pellucid.working.weighted import weighted_sum

LARGEST = 64  # rows or columns
SHOWN = 2
MOST_STEPS = 64  # places worked as steps; further ones are computed, and checked all together
IMAGE = "[[1, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]]"
KERNEL = "[[1, 0, -1], [2, 0, -2], [1, 0, -1]]"


@dataclass(frozen=True)
class Grid:
    """A window that moves over channels of pixels."""

    pixels: Any  # (channels, rows, columns), padding included
    window: tuple[int, int]
    stride: int

    @property
    def rows(self) -> int:
        """Places of the window downwards."""
        return (len(self.pixels[0]) - self.window[0]) // self.stride + 1

    @property
    def columns(self) -> int:
        """Places of the window to the right."""
        return (len(self.pixels[0][0]) - self.window[1]) // self.stride + 1

    def under(self, row: int, column: int) -> Vector:
        """The pixels under the window at one place, channel by channel."""
        top, left = row * self.stride, column * self.stride
        return tuple(
            pixel
            for channel in self.pixels
            for line in channel[top : top + self.window[0]]
            for pixel in line[left : left + self.window[1]]
        )


def convolution(
    image: Given = IMAGE,
    kernel: Given = KERNEL,
    bias: Given = 0,
    stride: Given = 1,
    padding: Given = 0,
) -> Step:
    """A small matrix of weights slides over a picture; one weighted sum a place."""
    pixels, weights = _picture(image, "image"), _picture(kernel, "kernel")
    if len(pixels) != len(weights):
        raise UsageError(
            f"The image has {len(pixels)} channels and the kernel {len(weights)}; they must agree."
        )
    border = read_count(padding, "padding", 0, LARGEST)
    padded = tuple(_padded(channel, border) for channel in pixels)
    grid = _grid(padded, (len(weights[0]), len(weights[0][0])), stride)
    b = read_number(bias, "bias")
    flat_kernel = tuple(w for channel in weights for row in channel for w in row)
    cells = _cells(grid, lambda place, of: weighted_sum(grid.under(*place), flat_kernel, b, of))
    result = _filled(grid, cells, lambda values: _sum(values, flat_kernel, b))
    single = len(pixels) == 1
    return Step(
        rule="Convolution",
        given={
            "X": pixels[0] if single else pixels,
            "K": weights[0] if single else weights,
            "b": b,
            "stride": grid.stride,
            "padding": border,
        },
        of=Symbol("Y"),
        result=result,
        check=Check("whole pictures shifted, weighted and added", _shifted(grid, weights, b)),
        reason="The kernel is laid over every place of the image; pixel times weight, added up. "
        "Networks do not flip the kernel (strictly this is cross-correlation). The same weights "
        "serve all places.",
        steps=(*_sizes(grid), *cells),
        shown=2 + SHOWN,
    )


def pooling(image: Given = IMAGE, size: Given = 2, stride: Given = None, kind: str = "max") -> Step:
    """Windows of a picture, each replaced by its largest or its mean number."""
    pixels = _picture(image, "image")
    if len(pixels) > 1:
        raise UsageError("Pooling treats every channel by itself; give one matrix.")
    side = read_count(size, "size", 1, LARGEST)
    chosen = read_choice(kind, "kind", ("max", "average"))
    grid = _grid(pixels, (side, side), side if stride is None else stride)
    cells = _cells(grid, lambda place, of: pooled_step(grid.under(*place), chosen, of))
    result = _filled(grid, cells, max if chosen == "max" else _average)
    return Step(
        rule=f"{chosen.capitalize()} pooling",
        given={"X": pixels[0], "size": side, "stride": grid.stride},
        of=Symbol("Y"),
        result=result,
        check=Check("rows first, then columns", _in_turn(grid, chosen)),
        reason="The picture shrinks and small shifts matter less. Max pooling keeps what is "
        "strongest; in the backward pass only that pixel receives the derivative. Average pooling "
        "shares it out.",
        steps=(*_sizes(grid), *cells),
        shown=2 + SHOWN,
    )


def _picture(given: Given, name: str) -> Any:
    """Channels of rows of numbers; one channel may be left out."""
    found = read_numbers(given, name)
    sizes = shape(found)
    if len(sizes) == 2:
        found, sizes = (found,), (1, *sizes)
    if len(sizes) != 3 or max(sizes) > LARGEST:
        raise UsageError(
            f"{name} must be a matrix, or channels of matrices, of at most {LARGEST} rows and "
            f"columns; found shape {shape(found)}."
        )
    return found


def _padded(channel: Matrix, border: int) -> Matrix:
    """Zeros around the picture."""
    side = (0,) * border
    empty = ((0,) * (len(channel[0]) + 2 * border),) * border
    return (*empty, *((*side, *row, *side) for row in channel), *empty)


def _grid(pixels: Any, window: tuple[int, int], stride: Given) -> Grid:
    grid = Grid(pixels, window, read_count(stride, "stride", 1, LARGEST))
    if grid.rows < 1 or grid.columns < 1:
        raise UsageError(
            f"The window {window[0]} × {window[1]} does not fit into the picture "
            f"{len(pixels[0])} × {len(pixels[0][0])}, padding included."
        )
    return grid


def _sizes(grid: Grid) -> tuple[Step, Step]:
    """Rows and columns of the output."""
    picture = len(grid.pixels[0]), len(grid.pixels[0][0])
    steps = []
    for name, size, part in zip(("rows", "columns"), picture, grid.window, strict=True):
        rest = (size - part) % grid.stride
        above: Formula = minus(size, part, rest) if rest else minus(size, part)
        steps.append(
            Step(
                rule=f"{name.capitalize()} of the output",
                given={},
                of=Symbol(name),
                working=(plus(over(above, grid.stride), 1),),
                result=(size - part) // grid.stride + 1,
                check=Check("counting the places", len(range(0, size - part + 1, grid.stride))),
                reason="(size with padding − window)/stride + 1"
                + (f"; the last {rest} are not reached." if rest else "."),
            )
        )
    return steps[0], steps[1]


def _cells(grid: Grid, work: Callable[[tuple[int, int], Symbol], Step]) -> list[Step]:
    """The first places as steps."""
    digits = "" if max(grid.rows, grid.columns) < 10 else ","
    places = [(i, j) for i in range(grid.rows) for j in range(grid.columns)][:MOST_STEPS]
    return [work((i, j), Symbol(f"Y_{i + 1}{digits}{j + 1}")) for i, j in places]


def _filled(grid: Grid, cells: list[Step], compute: Callable[[Vector], Scalar]) -> Any:
    """All places: those of the steps, then the computed ones."""
    values: list[Any] = [step.result for step in cells]
    for number in range(len(cells), grid.rows * grid.columns):
        values.append(compute(grid.under(*divmod(number, grid.columns))))
    width = grid.columns
    return tuple(tuple(values[start : start + width]) for start in range(0, len(values), width))


def _sum(values: Vector, weights: Vector, bias: Scalar) -> Scalar:
    return total((*(w * x for w, x in zip(weights, values, strict=True)), bias))


def _average(values: Vector) -> Scalar:
    return divide(total(values), len(values))


def _shifted(grid: Grid, weights: Any, bias: Scalar) -> Any:
    """Add up the picture once for each weight, moved by that weight's place."""
    out: list[list[Scalar]] = [[bias] * grid.columns for _ in range(grid.rows)]
    for channel, kernel in zip(grid.pixels, weights, strict=True):
        for i, line in enumerate(kernel):
            for j, weight in enumerate(line):
                _add_shifted(out, channel, (i, j, grid.stride), weight)
    return tuple(map(tuple, out))


def _add_shifted(
    out: list[list[Scalar]], channel: Matrix, move: tuple[int, int, int], weight: Scalar
) -> None:
    down, right, stride = move
    for row, line in enumerate(out):
        pixels = channel[row * stride + down]
        for column in range(len(line)):
            pixel = pixels[column * stride + right]
            line[column] = simplest(line[column] + weight * pixel)


def pooled_step(values: Vector, kind: str, of: Symbol) -> Step:
    """One window: its largest or its mean number."""
    several = len(values) > 1
    if kind == "max":
        form: Formula = call("max", *values) if several else plus(*values)
        result, again = max(values), sorted(values)[-1]
    else:
        form = over(plus(*values), len(values)) if several else plus(*values)
        result, again = _average(values), total(divide(v, len(values)) for v in values)
    return Step(
        rule="The largest" if kind == "max" else "The mean",
        given={},
        of=of,
        working=(form,) if len(values) <= 16 else (),
        result=result,
        check=Check("sorting" if kind == "max" else "each divided first", again),
    )


def _in_turn(grid: Grid, kind: str) -> Any:
    """Pool along the rows, then along the columns."""
    pick: Callable[[Vector], Scalar] = max if kind == "max" else _average

    def along(values: Vector, count: int) -> Vector:
        starts = range(0, count * grid.stride, grid.stride)
        return tuple(pick(values[start : start + grid.window[0]]) for start in starts)

    narrow = [along(row, grid.columns) for row in grid.pixels[0]]
    columns = [along(column, grid.rows) for column in zip(*narrow, strict=True)]
    return tuple(zip(*columns, strict=True))
