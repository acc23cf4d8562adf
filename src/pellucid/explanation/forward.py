"""The forward pass of a model for one row: every operation, path by path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from torch import Tensor

from pellucid.explanation.recorder import Operation
from pellucid.explanation.solved import linear_step, trees_step
from pellucid.explanation.walk import by_module, section, shown_of
from pellucid.networks.network import Network
from pellucid.schema import Schema
from pellucid.working.step import Step


def forward_step(
    schema: Schema,
    network: Network,
    raw: dict[str, Tensor],
    operations: Sequence[Operation],
    names: tuple[Mapping[int, str], Mapping[str, str]],
) -> Step:
    """Every operation, path by path."""
    steps: list[Step] = []
    for part, group in groupby(operations, key=lambda operation: _part(operation.module)):
        again = part.startswith("deep.") and part != "deep.0"
        within = by_module(list(group), *names, lessons=not again)
        title, reason = _titles(part, len(network.deep))
        extra: tuple[Step, ...] = ()
        if part == "linear":
            extra = linear_step(schema, network, raw)
        elif part == "trees":
            extra = trees_step(schema, network, raw)
        brief = again or (part == "trees" and extra)
        most = shown_of(within)
        shown = len(extra) if brief else None if most is None else len(extra) + most
        steps.append(section(title, (*extra, *within), reason, shown=shown))
    return section(f"Forward: {len(operations)} operations in order", steps, shown=None)


def _part(module: str) -> str:
    """Which path of the network an operation belongs to."""
    words = module.split(".")
    if words[-1] == "terms" or words[0] == "linear":
        return "linear"
    if words[-1] == "measurements" or words[0] == "trees":
        return "trees"
    return ".".join(words[:2]) if words[0] == "deep" else words[0]


def _titles(part: str, deep: int) -> tuple[str, str]:
    if part.startswith("deep."):
        number = int(part.split(".")[1]) + 1
        first = number == 1
        return f"Deep network {number} of {deep}", "" if first else (
            "It does the same as the first with weights of its own, learnt from other rows."
        )
    return {
        "": (
            "The deep networks' members as one answer",
            "Every member answers by itself; their answers are averaged.",
        ),
        "linear": (
            "The linear path",
            "A weighted sum of plain features, its weights found by a convex solver.",
        ),
        "trees": (
            "The tree-shaped path",
            "Boosted trees; each asks its questions and adds the value of the leaf it ends in.",
        ),
        "tables": (
            "The table's own deep networks",
            "They see the numbers, categories and dates alone.",
        ),
        "blend": (
            "The blend of the paths",
            "One weight a path, fitted on rows that none of them learnt from.",
        ),
    }.get(part, (part, ""))
