"""The paths that no descent trains, in their own terms: weighted features, questions of trees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from pellucid.explanation.doubles import InFloat64
from pellucid.kinds import Kind
from pellucid.networks.layers import SparseLinear, Trees
from pellucid.networks.network import Network, first_network
from pellucid.schema import Schema
from pellucid.working.formula import Symbol, plus
from pellucid.working.step import Check, NumberTable, Step

MOST_TERMS = 12
MOST_TREES = 3
MOST_LEAVES = 10
MOST_CODES = 8


@dataclass(frozen=True)
class Measurement:
    """A number that trees may ask for; of a code the levels that 1, 2, … stand for."""

    name: str
    levels: tuple[str, ...] = ()

    def level(self, code: int) -> str:
        """The name of a code."""
        return self.levels[code - 1] if 0 < code <= len(self.levels) else f"level {code}"


def linear_step(schema: Schema, network: Network, raw: dict[str, Tensor]) -> tuple[Step, ...]:
    """For each target the largest output of the linear path, feature by feature."""
    layers: Any = first_network(network).inputs
    counts = [layer.features for layer in layers]
    with torch.no_grad(), InFloat64():
        index, value = first_network(network).terms(raw)
        outputs = [layer(index, value)[0] for layer in network.linear]
    steps = []
    for kind, layer, output in zip(schema.targets, network.linear, outputs, strict=True):
        if not isinstance(layer, SparseLinear):
            continue
        place = int(output.argmax())
        steps.append(
            _features(
                (schema, counts), layer, (index[0], value[0]), output, (place, _of(kind, place))
            )
        )
    return tuple(steps)


def _of(kind: Any, place: int) -> str:
    """What an output of a solved path speaks for."""
    name: str = kind.columns[0]
    return f"{name} = {kind.levels[0][place]}" if kind.has_probabilities else name


def _features(
    known: tuple[Schema, Sequence[int]],
    layer: SparseLinear,
    terms: tuple[Tensor, Tensor],
    output: Tensor,
    asked: tuple[int, str],
) -> Step:
    """`known` are the schema and how many features each kind has."""
    (index, value), (place, of) = terms, asked
    weights = layer.weight[index, place].double()
    products = (weights * value).tolist()
    order = sorted(range(len(products)), key=lambda k: -abs(products[k]))
    present = [k for k in order if products[k]]
    rows = [
        (feature_name(*known, int(index[k])), float(value[k]), float(weights[k]), products[k])
        for k in present[:MOST_TERMS]
    ]
    rest = math.fsum(products[k] for k in present[MOST_TERMS:])
    if len(present) > MOST_TERMS:
        rows.append((f"{len(present) - MOST_TERMS} smaller ones", "", "", rest))  # type: ignore[arg-type]
    bias = float(layer.bias[place])
    return Step(
        rule=f"The score of {of} by features",
        given={"b": bias},
        of=Symbol("score"),
        working=(plus(math.fsum(products), bias),),
        result=math.fsum(products) + bias,
        check=Check("the network's linear path", float(output[place]), 1e-9),
        reason="Each feature times its weight, the largest first, added up with the bias b.",
        table=NumberTable("", ("feature", "value", "weight", "product"), tuple(rows)),
    )


def feature_name(schema: Schema, counts: Sequence[int], index: int) -> str:
    """What a feature of the linear path is, as its kind calls it; each kind has so many."""
    for kind, features in zip(schema.inputs, counts, strict=True):
        if index < features:
            named = getattr(kind, "feature", None)
            return named(index) if named else f"{kind.kind} feature {index + 1:,}"
        index -= features
    raise IndexError(index)


def measurements_of(schema: Schema, network: Network) -> list[Measurement]:
    """What each number that the trees may ask for is called."""
    names: list[Measurement] = []
    layers: Any = first_network(network).inputs
    for kind, layer in zip(schema.inputs, layers, strict=True):
        names += _measured(kind, layer.measured)
    return names


def _measured(kind: Kind, count: int) -> list[Measurement]:
    named = getattr(kind, "measurement", None)
    if named is not None:
        return [Measurement(named(position)) for position in range(count)]
    if count == len(kind.columns):
        levels = getattr(kind, "levels", ((),) * count)
        return [Measurement(*each) for each in zip(kind.columns, levels, strict=True)]
    return [Measurement(f"{kind.kind} {position + 1}") for position in range(count)]


def trees_step(schema: Schema, network: Network, raw: dict[str, Tensor]) -> tuple[Step, ...]:
    """For each target the sum of the leaves for the largest output, and some trees' questions."""
    names = measurements_of(schema, network)
    if not names:
        return ()
    with torch.no_grad(), InFloat64():
        numbers = first_network(network).measurements(raw)
        outputs = [layer(numbers)[0] for layer in network.trees]
    steps = []
    for kind, layer, output in zip(schema.targets, network.trees, outputs, strict=True):
        if isinstance(layer, Trees) and len(layer.root):
            place = int(output.argmax())
            found = _leaves(layer, numbers[0], output, place, _of(kind, place), names)
            steps.append(found)
    return tuple(steps)


def _leaves(
    layer: Trees, numbers: Tensor, output: Tensor, place: int, of: str, names: list[Measurement]
) -> Step:
    walks = [
        (tree, _walk(layer, numbers, int(root)))
        for tree, root in enumerate(layer.root)
        if int(layer.output[tree]) == place
    ]
    values = [float(layer.value[walk[-1]]) for _, walk in walks]
    order = sorted(range(len(walks)), key=lambda k: -abs(values[k]))
    base = float(layer.base[place])
    shown = [values[k] for k in order[:MOST_LEAVES]]
    rest = math.fsum(values[k] for k in order[MOST_LEAVES:])
    note = (
        f" The last term is the sum of {len(order) - MOST_LEAVES:,} smaller leaves."
        if len(order) > MOST_LEAVES
        else ""
    )
    return Step(
        rule=f"The score of {of} by {len(walks)} trees",
        given={"base": base},
        of=Symbol("score"),
        working=(plus(base, *shown, *((rest,) if note else ())),),
        result=math.fsum(values) + base,
        check=Check("the network's tree-shaped path", float(output[place]), 1e-9),
        reason="Each tree is walked by hand from its root to a leaf; the leaves' values are added "
        f"to the base, the largest first.{note}",
        steps=tuple(_tree(layer, numbers, walks[k], names) for k in order[:MOST_TREES]),
    )


def _walk(layer: Trees, numbers: Tensor, node: int) -> list[int]:
    """The nodes from the root to a leaf, asked one by one."""
    path = [node]
    for _ in range(int(layer.depth)):
        column = float(numbers[layer.column[node]])
        go_left = (
            bool(layer.missing_left[node])
            if math.isnan(column)
            else column in codes(layer, node)
            if layer.subset[node]
            else column <= float(layer.threshold[node])
        )
        following = int((layer.left if go_left else layer.right)[node])
        if following == node:
            break
        path.append(following)
        node = following
    return path


def _tree(
    layer: Trees, numbers: Tensor, walk: tuple[int, list[int]], names: list[Measurement]
) -> Step:
    """The questions of one tree."""
    tree, path = walk
    rows = []
    for node, following in pairwise(path):
        column = int(layer.column[node])
        value = float(numbers[column])
        question = _question(layer, node, names[column])
        answer = "yes" if following == int(layer.left[node]) else "no"
        rows.append((question, _shown(layer, node, names[column], value), answer))
    leaf = float(layer.value[path[-1]])
    with torch.no_grad():
        known = _by_tensors(layer, numbers, tree)
    return Step(
        rule=f"Tree {tree + 1} of {len(layer.root)}",
        given={},
        of=Symbol("leaf"),
        result=leaf,
        check=Check("the tree as the network walks it", known, 1e-12),
        table=NumberTable("", ("question", "it is", "answer"), tuple(rows)) if rows else None,
    )


def codes(layer: Trees, node: int) -> list[int]:
    """The codes of a category that go left at a node."""
    return [int(code) for code in layer.subsets[int(layer.subset[node])].nonzero()[:, 0]]


def _question(layer: Trees, node: int, asked: Measurement) -> str:
    if not layer.subset[node]:
        return f"{asked.name} ≤ {float(layer.threshold[node]):.6g}?"
    left = [code for code in codes(layer, node) if code]
    more = f", … {len(left) - MOST_CODES:,} more" if len(left) > MOST_CODES else ""
    return f"{asked.name} one of {', '.join(map(asked.level, left[:MOST_CODES]))}{more}?"


def _shown(layer: Trees, node: int, asked: Measurement, value: float) -> str:
    if math.isnan(value):
        return "missing"
    return asked.level(int(value)) if layer.subset[node] else f"{value:.6g}"


def _by_tensors(layer: Trees, numbers: Tensor, tree: int) -> float:
    """The leaf of one tree, walked by tensor operations as the layer does."""
    node = layer.root[tree : tree + 1]
    for _ in range(int(layer.depth)):
        value = numbers[layer.column[node]]
        left = torch.where(value.isnan(), layer.missing_left[node], layer.goes_left(node, value))
        node = torch.where(left, layer.left[node], layer.right[node])
    return float(layer.value[node])
