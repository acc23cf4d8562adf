"""The tree-shaped path: gradient boosting by scikit-learn, its trees taken over as tensors."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.errors import PellucidError
from pellucid.kinds import Array, TargetKind
from pellucid.networks.layers import Trees
from pellucid.networks.network import DeepNetwork
from pellucid.store import Store

MOST_ROWS = 200_000
MORE_PLAIN = 16  # times the rows that networks take together, where all columns are plain
SHAPES: tuple[dict[str, Any], ...] = (
    {"max_leaf_nodes": 16, "max_depth": 6, "max_features": 0.5, "l2_regularization": 1.0},
    {"max_leaf_nodes": 8, "max_depth": 5, "max_features": 0.3, "l2_regularization": 3.0},
)
# Trees of these shapes part the levels of a category as they like, the others by frequency: the
# first finds the states that vote alike, the second is not taken in by rare breeds of dogs.
PARTING = (0,)


@dataclass(frozen=True)
class Measured:
    """What trees see of some rows."""

    numbers: Array  # (rows, columns) float64, NaN where missing
    coded: tuple[int, ...]  # the columns that are codes of a few levels

    def __getitem__(self, rows: Array) -> Measured:
        return Measured(self.numbers[rows], self.coded)


def measurements(network: DeepNetwork, store: Store, rows: Array) -> Measured:
    """What trees see of the rows."""
    pieces = []
    # Plain cells are light; of sounds and films the statistics take many times their own bytes.
    together = store.chunk * (MORE_PLAIN if all(network.plain) else 1)
    with torch.inference_mode():
        for chunk in torch.from_numpy(rows).split(together):
            pieces.append(network.measurements(store.batch(chunk, ragged=False)).numpy())
    return Measured(np.concatenate(pieces), network.coded)


def boost(
    kind: TargetKind, shape: int, trees: int, features: Measured, target: Array, seed: int
) -> Any:
    """A fitted scikit-learn estimator of `trees` rounds."""
    model = kind.boosting(seed).set_params(
        learning_rate=0.05, max_iter=trees, early_stopping=False, **SHAPES[shape]
    )
    return grow(model, features, target, shape in PARTING)


def grow(model: Any, features: Measured, target: Array, parting: bool) -> Any:
    """Fit an estimator of trees; a column without any number is no column to it."""
    numbers = features.numbers
    empty = np.isnan(numbers).all(0)
    if parting and features.coded:
        model.set_params(categorical_features=list(features.coded))
    with one_thread():
        return model.fit(np.where(empty, 0.0, numbers), target)


def answers(kind: TargetKind, model: Any, features: Array) -> Array:
    """What a fitted estimator says of the rows, in the form that outputs are judged in."""
    with one_thread():
        return kind.boosted_output(model, features)


def one_thread() -> AbstractContextManager[Any]:
    """OpenMP at one thread: the loops over a small tree's nodes are too short to share.

    With two threads scikit-learn's boosting took 10 times as long on 3,000 rows, 2.5 times on
    50,000, and the same on 200,000.
    """
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="openmp")
    return limits


def best_model(
    kind: TargetKind,
    trees: int,
    features: Measured,
    target: Array,
    fold: tuple[Array, Array],
    seed: int,
) -> tuple[int, Any]:
    """The shape of trees that, grown on fold[0], does best on fold[1], and those trees."""
    learn, choose = fold
    models = [
        boost(kind, shape, trees, features[learn], target[learn], seed)
        for shape in range(len(SHAPES))
    ]
    asked = features[choose].numbers
    outputs = [torch.from_numpy(answers(kind, m, asked)) for m in models]
    scores = [kind.score(output, torch.from_numpy(target[choose])) for output in outputs]
    best = int(np.argmin(scores))
    return best, models[best]


def take_over(layer: nn.Module, kind: TargetKind, model: Any, some: Array) -> None:
    """Put a fitted estimator's trees into the layer, and see that it says the same of some rows."""
    classes = getattr(model, "classes_", None)
    if classes is not None and len(classes) == 1:  # nothing can have grown
        return
    layer.load_state_dict(as_tensors(model, kind.linear_outputs, classes))
    ours = kind.as_logs(layer(torch.from_numpy(some)).numpy())
    check_same(ours, answers(kind, model, some))


def as_tensors(model: Any, outputs: int, classes: Array | None) -> dict[str, Tensor]:
    """The trees of a fitted scikit-learn estimator in the form of the layer `Trees`.

    `classes` are the outputs that the estimator knows, None for a number; of two classes the
    one score counts for the second and against the first.
    """
    grown = [(tree, slot, 1.0) for round_ in model._predictors for slot, tree in enumerate(round_)]
    base = np.asarray(model._baseline_prediction).reshape(-1)
    if classes is not None and len(classes) == 2:
        grown = [(tree, slot, sign) for tree, _, _ in grown for slot, sign in ((0, -0.5), (1, 0.5))]
        base = np.array([-0.5, 0.5]) * base
    places = np.zeros(1, np.int64) if classes is None else classes
    sizes = np.array([len(tree.nodes) for tree, _, _ in grown])
    first = np.concatenate([[0], sizes.cumsum()])[:-1]
    whole = np.full(outputs, -20.0)  # the log-odds of a class that was never seen
    whole[places] = base
    depths = [int(tree.nodes["depth"].max()) for tree, _, _ in grown]
    return {
        **_nodes([(tree, sign) for tree, _, sign in grown], first, _columns(model)),
        "root": torch.from_numpy(first.astype(np.int64)),
        "output": torch.tensor([int(places[slot]) for _, slot, _ in grown], dtype=torch.int64),
        "base": torch.tensor(whole, dtype=torch.float32),
        "depth": torch.tensor(max(depths)),
    }


def check_same(state_output: Array, model_output: Array) -> None:
    """Raise if the layer does not say what scikit-learn says."""
    difference = float(np.abs(state_output - model_output).max())
    if difference > 1e-3:
        raise PellucidError(
            f"the trees taken over from scikit-learn differ from it by {difference:.2g}: this "
            "version of scikit-learn keeps its trees in another form. Install one that pellucid "
            "was tested with."
        )


def _columns(model: Any) -> list[tuple[int, Array | None]]:
    """For each column of the estimator its column of ours, and of codes those it has seen.

    An estimator that parts levels puts their columns first and numbers the codes anew.
    """
    columns = range(model.n_features_in_)
    if model.is_categorical_ is None:
        return [(column, None) for column in columns]
    codes = model._preprocessor.named_transformers_["encoder"].categories_
    coded = zip(np.flatnonzero(model.is_categorical_), codes, strict=True)
    known: list[tuple[int, Array | None]] = [
        (int(column), seen[~np.isnan(seen)].astype(np.int64)) for column, seen in coded
    ]
    return known + [(column, None) for column in columns if not model.is_categorical_[column]]


def _nodes(
    grown: list[tuple[Any, float]], first: Array, names: list[tuple[int, Array | None]]
) -> dict[str, Tensor]:
    # The last code stands for all that are larger, which were never seen.
    width = 2 + max((int(seen.max(initial=0)) for _, seen in names if seen is not None), default=0)
    subsets = [np.zeros(width, bool)]
    ours = np.array([column for column, _ in names])
    columns: dict[str, list[Array]] = {name: [] for name in Trees.NODES}
    for (tree, sign), start in zip(grown, first, strict=True):
        nodes = tree.nodes
        leaf, coded = nodes["is_leaf"].astype(bool), nodes["is_categorical"].astype(bool)
        itself = np.arange(len(nodes)) + start
        subset = np.zeros(len(nodes), np.int64)
        for node in np.flatnonzero(coded & ~leaf):
            seen = names[nodes[node]["feature_idx"]][1]
            subset[node] = len(subsets)
            subsets.append(_subset(tree, nodes[node], seen, width))
        columns["column"].append(np.where(leaf, 0, ours[nodes["feature_idx"]]).astype(np.int64))
        threshold = np.where(coded, -np.inf, nodes["num_threshold"])
        columns["threshold"].append(np.where(leaf, 0.0, threshold))
        columns["subset"].append(subset)
        columns["missing_left"].append(nodes["missing_go_to_left"].astype(bool))
        columns["left"].append(np.where(leaf, itself, nodes["left"] + start).astype(np.int64))
        columns["right"].append(np.where(leaf, itself, nodes["right"] + start).astype(np.int64))
        columns["value"].append((sign * nodes["value"]).astype(np.float32))
    tensors = {name: torch.from_numpy(np.concatenate(parts)) for name, parts in columns.items()}
    return tensors | {"subsets": torch.from_numpy(np.stack(subsets))}


def _subset(tree: Any, node: Any, seen: Array | None, width: int) -> Array:
    """Which codes go left at a node; one that was never seen goes where missing ones go."""
    assert seen is not None
    bits = tree.raw_left_cat_bitsets[node["bitset_idx"]]
    numbered = np.arange(len(seen))
    left = np.full(width, bool(node["missing_go_to_left"]))
    left[seen] = (bits[numbered // 32] >> (numbered % 32).astype(np.uint32)) & 1
    return left
