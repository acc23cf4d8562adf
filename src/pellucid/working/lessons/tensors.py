"""Scalar, vector, matrix and tensor: shape, rank, what each axis means, and indexing."""

from __future__ import annotations

from math import prod
from typing import Any

from pellucid.errors import UsageError
from pellucid.working.arguments import Entry, Given, read_array, read_numbers
from pellucid.working.arithmetic import flat, shape
from pellucid.working.formula import Symbol, plus, times
from pellucid.working.step import Check, NumberTable, Step

AXES: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("entry",),
    2: ("row", "column"),
    3: ("depth", "row", "column"),
    4: ("example", "channel", "row", "column"),
    5: ("example", "time", "channel", "row", "column"),
}
REASONS = {
    0: "A scalar is one number: no axis, rank 0.",
    1: "A vector is a list of numbers: one axis, rank 1.",
    2: "A matrix is a rectangle of numbers: two axes, rank 2.",
    3: "A tensor is an array with any number of axes; scalar, vector and matrix are its first "
    "three cases.",
}
KINDS = ("Scalar", "Vector", "Matrix", "Tensor")


def scalar(value: Given = "5") -> Step:
    """One number: an array without axes."""
    return _described(read_array(value, "The scalar"), 0, None, None)


def vector(value: Given = "[1, 2, 3]", index: Given = None) -> Step:
    """A list of numbers: one axis."""
    return _described(read_array(value, "The vector"), 1, None, index)


def matrix(value: Given = "[[2, 3], [4, 5]]", axes: Given = None, index: Given = None) -> Step:
    """A rectangle of numbers: two axes, rows and columns."""
    return _described(read_array(value, "The matrix"), 2, axes, index)


def tensor(
    value: Given = "[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]", axes: Given = None, index: Given = None
) -> Step:
    """An array with any number of axes."""
    return _described(read_array(value, "The tensor"), None, axes, index)


def _described(value: Any, rank: int | None, axes: Given, index: Given) -> Step:
    found = shape(value)
    if rank is not None and len(found) != rank:
        raise UsageError(
            f"A {KINDS[rank].lower()} has {rank} axes; found shape {found}, which has "
            f"{len(found)}. `lesson tensor` takes any number of axes."
        )
    names = _names(axes, len(found))
    steps = [_rank(value), _count(value)]
    if found:
        steps.append(_indexed(value, _index(index, found), names))
    return Step(
        rule=KINDS[min(len(found), 3)],
        given={"T": value},
        of=Symbol("shape"),
        result=found,
        check=Check("the length along the first entry of each axis", _first_lengths(value)),
        reason=REASONS[min(len(found), 3)],
        steps=tuple(steps),
        table=_meaning(found, names) if found else None,
    )


def _names(axes: Given, rank: int) -> tuple[str, ...]:
    if axes is None:
        return AXES.get(rank) or tuple(f"axis {number}" for number in range(rank))
    parts = axes.split(",") if isinstance(axes, str) else list(axes)
    names = tuple(str(part).strip() for part in parts)
    if len(names) != rank:
        raise UsageError(f"axes must name {rank} axes; found {len(names)}: {', '.join(names)}.")
    return names


def _index(index: Given, sizes: tuple[int, ...]) -> tuple[int, ...]:
    if index is None:
        return tuple(size - 1 for size in sizes)
    chosen = flat(read_numbers(index, "index"))
    if len(chosen) != len(sizes):
        raise UsageError(f"index must hold {len(sizes)} numbers, one an axis; found {len(chosen)}.")
    for place, size in zip(chosen, sizes, strict=True):
        if place != int(place) or not 0 <= place < size:
            raise UsageError(f"index must count from 0 to {size - 1} here; found {place}.")
    return tuple(int(place) for place in chosen)


def _first_lengths(value: Any) -> tuple[int, ...]:
    lengths = []
    while isinstance(value, tuple):
        lengths.append(len(value))
        value = value[0]
    return tuple(lengths)


def _rank(value: Any) -> Step:
    written = repr(value)
    return Step(
        rule="Rank: the number of axes",
        given={},
        of=Symbol("rank"),
        result=len(shape(value)),
        check=Check("the brackets before the first entry", len(written) - len(written.lstrip("("))),
        reason="In this sense rank counts axes; the rank of a matrix in linear algebra is another "
        "thing, the number of independent rows.",
    )


def _count(value: Any) -> Step:
    sizes = shape(value)
    return Step(
        rule="Entries: the product of the lengths",
        given={},
        of=Symbol("entries"),
        working=(times(*sizes),) if len(sizes) > 1 else (),
        result=prod(sizes),
        check=Check("counting them", len(flat(value))),
    )


def _indexed(value: Any, index: tuple[int, ...], names: tuple[str, ...]) -> Step:
    entry: Any = value
    for place in index:
        entry = entry[place]
    step = _position(value, index)
    words = ", ".join(f"{name} {place}" for name, place in zip(names, index, strict=True))
    position = step.result
    assert isinstance(position, int)
    kept: Entry = flat(value)[position]
    return Step(
        rule=f"Indexing: {words}",
        given={"index": index},
        of=Symbol("T_" + ",".join(map(str, index))),
        result=entry,
        check=Check("its position in memory", kept),
        reason="Each number of the index picks a place along one axis; counting begins at 0, as "
        "Python does (in written mathematics at 1).",
        steps=(step,),
    )


def _position(value: Any, index: tuple[int, ...]) -> Step:
    sizes = shape(value)
    strides = tuple(prod(sizes[axis + 1 :]) for axis in range(len(sizes)))
    position = 0
    for place, size in zip(index, sizes, strict=True):  # Horner's way through the axes
        position = position * size + place
    return Step(
        rule="Position in memory",
        given={"stride": strides},
        of=Symbol("position"),
        working=(plus(*(times(place, s) for place, s in zip(index, strides, strict=True))),),
        result=sum(place * stride for place, stride in zip(index, strides, strict=True)),
        check=Check("Horner's scheme over the axes", position),
        reason="The entries lie one after the other; the stride of an axis is how far a step along "
        "it goes.",
    )


def _meaning(sizes: tuple[int, ...], names: tuple[str, ...]) -> NumberTable:
    rows = tuple((axis, names[axis], size) for axis, size in enumerate(sizes))
    return NumberTable("", ("axis", "meaning", "length"), rows)
