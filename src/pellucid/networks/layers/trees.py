"""Boosted regression trees as tensor operations: the tree-shaped path of a network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

DEEPEST = 64


class Trees(nn.Module):
    """Trees walked side by side: (batch, columns) numbers, NaN where missing -> (batch, outputs).

    All trees take one step down at a time; a leaf leads to itself. The trees are no parameters:
    gradient boosting grows them (Friedman 2001), gradient descent leaves them be.
    """

    NODES = ("column", "threshold", "subset", "missing_left", "left", "right", "value")

    column: Tensor  # (nodes,) which number is asked
    threshold: Tensor  # (nodes,) float64; up to it one goes left
    subset: Tensor  # (nodes,) the row of `subsets` whose codes go left, too
    subsets: Tensor  # (subsets, codes) bool; of the first none; the last code means all beyond
    missing_left: Tensor  # (nodes,) where one goes without the number
    left: Tensor  # (nodes,) the node below; of a leaf, itself
    right: Tensor
    value: Tensor  # (nodes,) what a leaf adds
    root: Tensor  # (trees,) the first node of each
    output: Tensor  # (trees,) which output it adds to
    base: Tensor  # (outputs,)
    depth: Tensor  # () steps down the deepest tree

    def __init__(self, columns: int, outputs: int) -> None:
        super().__init__()
        self.columns, self.outputs = columns, outputs
        for name, value in _stump(outputs).items():
            self.register_buffer(name, value)

    def forward(self, x: Tensor) -> Tensor:
        """base + the sum of one leaf's value of each tree."""
        node = self.root.expand(len(x), -1)  # (batch, trees)
        for _ in range(int(self.depth)):
            value = x.gather(1, self.column[node])
            left = torch.where(value.isnan(), self.missing_left[node], self.goes_left(node, value))
            node = torch.where(left, self.left[node], self.right[node])
        leaves = self.value[node]  # (batch, trees)
        total = leaves.new_zeros(len(x), self.outputs).index_add(1, self.output, leaves)
        return total + self.base

    def goes_left(self, node: Tensor, value: Tensor) -> Tensor:
        """Whether a number that is there goes left at a node of the same place: as `value`."""
        left = value <= self.threshold[node]
        if len(self.subsets) == 1:  # no node asks for a code
            return left
        code = value.nan_to_num(0.0).clamp(0, self.subsets.shape[1] - 1).long()
        return left | self.subsets[self.subset[node], code]

    def grow(self, state: dict[str, Tensor]) -> None:
        """Take these trees for one's own; ValueError where they do not hold together."""
        missing = set(_stump(1)) - set(state)
        if missing:
            raise ValueError(f"trees without {', '.join(sorted(missing))}")
        nodes = len(state["value"])
        subsets = state["subsets"]
        if subsets.ndim != 2 or subsets.dtype != torch.bool or not subsets.numel():
            raise ValueError("trees without subsets of codes")
        whole = ("column", "subset", "left", "right", "root", "output")
        limits = (self.columns, len(subsets), nodes, nodes, nodes, self.outputs)
        for name, limit in zip(whole, limits, strict=True):
            values = state[name]
            if values.dtype != torch.int64 or not bool(((values >= 0) & (values < limit)).all()):
                raise ValueError(f"trees whose {name!r} is out of bounds")
        sizes = {len(state[name]) for name in self.NODES}
        trees = len(state["root"]) == len(state["output"])
        if len(sizes) > 1 or not trees or state["base"].shape != (self.outputs,):
            raise ValueError("trees of uneven sizes")
        if not 0 <= int(state["depth"]) <= DEEPEST:
            raise ValueError(f"trees of depth {int(state['depth'])}")
        for name, value in state.items():
            setattr(self, name, value)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        names = [name for name in state_dict if name.startswith(prefix)]
        self.grow({name.removeprefix(prefix): state_dict[name] for name in names})
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _stump(outputs: int) -> dict[str, Tensor]:
    """No tree at all: what there is before anything has grown."""
    whole = torch.zeros(0, dtype=torch.int64)
    return {
        "column": whole,
        "threshold": torch.zeros(0, dtype=torch.float64),
        "subset": whole.clone(),
        "subsets": torch.zeros(1, 1, dtype=torch.bool),
        "missing_left": torch.zeros(0, dtype=torch.bool),
        "left": whole.clone(),
        "right": whole.clone(),
        "value": torch.zeros(0),
        "root": whole.clone(),
        "output": whole.clone(),
        "base": torch.zeros(outputs),
        "depth": torch.tensor(0),
    }
