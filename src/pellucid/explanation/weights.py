"""Which weight is followed: the one that is named, or the one that the loss feels most."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pellucid.errors import UsageError
from pellucid.explanation.numbers import Place, largest, shape_of

WRITTEN = re.compile(r"^(?P<name>[^\[\]]+?)\s*(\[(?P<place>[^\[\]]*)\])?$")


@dataclass(frozen=True)
class Weight:
    """One number among the parameters of a module."""

    name: str  # of the parameter
    place: Place

    def __str__(self) -> str:
        return f"{self.name}[{','.join(map(str, self.place))}]" if self.place else self.name


def parse(written: str) -> tuple[str, Place | None]:
    """ "hidden.0.weight[3,5]" as name and place; UsageError where it is not written so."""
    found = WRITTEN.match(written.strip())
    if found is None:
        raise UsageError(
            f"{written!r} names no weight; write NAME[i,j], for instance hidden.0.weight[3,5]."
        )
    place = found["place"]
    if place is None:
        return found["name"], None
    try:
        return found["name"], tuple(int(index) for index in place.split(","))
    except ValueError:
        raise UsageError(
            f"{written!r}: the place of a weight is whole numbers with commas between, for "
            "instance [3,5]."
        ) from None


def chosen(
    written: str | None, parameters: Mapping[str, Tensor], gradients: Mapping[str, Tensor | None]
) -> Weight:
    """The weight that is named, else the one with the largest gradient in a matrix."""
    if written is None:
        return _most_influential(gradients)
    name, place = parse(written)
    parameter = parameters[name]
    gradient = gradients.get(name)
    if gradient is None:
        raise UsageError(
            f"No path leads from {name!r} to this loss, so its gradient says nothing here; the "
            f"most influential weight is {_most_influential(gradients)}."
        )
    if place is None:
        return Weight(name, largest(gradient))
    fits = len(place) == parameter.ndim and all(
        -size <= at < size for at, size in zip(place, parameter.shape, strict=True)
    )
    if not fits:
        raise UsageError(
            f"{name!r} is {shape_of(parameter)}, so {list(place)} is no place in it; places are "
            "counted from 0."
        )
    return Weight(name, tuple(at % size for at, size in zip(place, parameter.shape, strict=True)))


def require(written: str, parameters: Mapping[str, Tensor], others: Mapping[str, str]) -> None:
    """UsageError unless the name is that of a parameter; `others` says why a name is none."""
    name, _ = parse(written)
    if name in parameters:
        return
    for known, reason in others.items():
        if name == known:
            raise UsageError(f"{name!r} is {reason}")
    close = difflib.get_close_matches(name, [*parameters, *others], 1, 0.4)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    raise UsageError(f"There is no weight {name!r}.{meant} For instance: {_some(parameters)}.")


def _some(parameters: Mapping[str, Tensor]) -> str:
    names = list(parameters)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _most_influential(gradients: Mapping[str, Tensor | None]) -> Weight:
    """The largest gradient among matrices: biases and scales have the duller paths."""
    there = {name: g for name, g in gradients.items() if g is not None and g.numel()}
    matrices = {name: g for name, g in there.items() if g.ndim > 1} or there
    if not matrices:
        raise UsageError("The loss depends on no weight of the module; there is nothing to follow.")
    name = max(matrices, key=lambda name: float(matrices[name].abs().max()))
    return Weight(name, largest(matrices[name]))


def one_hot(like: Tensor, place: Place) -> Tensor:
    """1 at one place, 0 elsewhere."""
    unit = torch.zeros_like(like)
    unit[place] = 1.0
    return unit
