"""The paths of a network that solvers find, not descent: the linear one and the trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pellucid.kinds import Array, TargetKind
from pellucid.networks.network import Network, first_network
from pellucid.training import boosting, linear
from pellucid.training.plan import Plan
from pellucid.training.task import Task

QUICK = 1_000_000  # rows x features x outputs that are solved in no time


@dataclass(frozen=True)
class Choice:
    """What was found best for one target: how much to regularise, what shape of trees to grow."""

    strength: float | None = None
    shape: int | None = None
    plain: bool = False  # the linear path does best on the plain columns alone


@dataclass(frozen=True)
class Solved:
    """Outputs on the rows chosen on, each from a solution that did not learn from them."""

    linear: Tensor
    trees: Tensor
    choice: Choice


def solve_paths(
    network: Network, task: Task, plan: Plan, position: int, choice: Choice | None
) -> Solved:
    """Solve both paths for one target and put them into the network.

    Without a choice the best is looked for on the first fold, and the network gets a solution on
    all rows; with one, nothing is looked for and the first fold's own solution will do.
    """
    linear_output, strength, plain = linear_path(network, task, plan.linear_rows, position, choice)
    trees_output, shape = _trees(network, task, plan.trees, position, choice)
    return Solved(linear_output, trees_output, Choice(strength, shape, plain))


def linear_path(
    network: Network, task: Task, most: int, position: int, choice: Choice | None = None
) -> tuple[Tensor, float | None, bool]:
    """Solve the linear path alone.

    Its outputs on the rows chosen on, how it is regularised, and whether it is of plain columns
    alone; no strength where there is no such path, or where it would be too large.
    """
    deep, kind = first_network(network), task.schema.targets[position]
    if not 0 < deep.features * kind.linear_outputs <= linear.MOST_WEIGHTS:
        return _nothing(task, kind), None, False
    rows, folds, values = _rows(task, position, most)
    design = linear.design_matrix(deep, task.store, rows)
    columns = deep.plain_terms.numpy()
    if choice is None or choice.strength is None:
        strength, solutions, plain = _best(kind, design, columns, values, folds)
    else:
        strength, plain, solutions = choice.strength, choice.plain, []
    mine = design[:, columns] if plain else design
    rest = folds[len(solutions) :]
    solutions += [linear.solve(kind, mine[learn], values[learn], strength) for learn, _ in rest]
    outputs = [
        np.asarray(mine[choose] @ weight + bias)
        for (weight, bias), (_, choose) in zip(solutions, folds, strict=True)
    ]
    last = solutions[0] if choice else linear.solve(kind, mine, values, strength)
    weight, bias = linear.within(columns, last) if plain else last
    state = {"weight": torch.as_tensor(weight), "bias": torch.as_tensor(bias)}
    network.linear[position].load_state_dict(state)
    return torch.as_tensor(np.concatenate(outputs), dtype=torch.float32), strength, plain


def _best(
    kind: TargetKind,
    design: Any,
    columns: Array,
    values: Array,
    folds: list[tuple[Array, Array]],
) -> tuple[float, list[linear.Solution], bool]:
    """The best regularisation of all columns, or of the plain ones if they alone do better.

    Few rows choose in all folds, for those of one are too few to choose on; in the first, where
    so many solutions would take long.
    """
    quick = isinstance(design, np.ndarray) and design.size * kind.linear_outputs < QUICK
    tried = folds if quick else folds[:1]
    strength, score, solutions = linear.best_strength(kind, design, values, tried)
    if not columns.any() or columns.all():
        return strength, solutions, False
    alone = linear.best_strength(kind, design[:, columns], values, tried)
    if alone[1] > score:
        return alone[0], alone[2], True
    return strength, solutions, False


def _trees(
    network: Network, task: Task, trees: int, position: int, choice: Choice | None
) -> tuple[Tensor, int | None]:
    deep, kind = first_network(network), task.schema.targets[position]
    if not trees or not deep.measured or not kind.tree_outputs:
        return _nothing(task, kind), None
    rows, folds, values = _rows(task, position, boosting.MOST_ROWS)
    features = boosting.measurements(deep, task.store, rows)
    if choice is None or choice.shape is None:
        shape, first = boosting.best_model(kind, trees, features, values, folds[0], task.seed)
    else:
        shape, learn = choice.shape, folds[0][0]
        first = boosting.boost(kind, shape, trees, features[learn], values[learn], task.seed)
    rest = [
        boosting.boost(kind, shape, trees, features[learn], values[learn], task.seed)
        for learn, _ in folds[1:]
    ]
    outputs = [
        boosting.answers(kind, model, features[choose].numbers)
        for model, (_, choose) in zip([first, *rest], folds, strict=True)
    ]
    last = first if choice else boosting.boost(kind, shape, trees, features, values, task.seed)
    boosting.take_over(network.trees[position], kind, last, features.numbers[:256])
    return torch.as_tensor(np.concatenate(outputs), dtype=torch.float32), shape


def _nothing(task: Task, kind: TargetKind) -> Tensor:
    return torch.zeros(sum(len(choose) for _, choose in task.folds), kind.linear_outputs)


def _rows(task: Task, position: int, most: int) -> tuple[Array, list[tuple[Array, Array]], Array]:
    """At most about `most` rows with all that are chosen on, the folds among them, the answers."""
    rows = task.rows
    held_out = np.concatenate([choose for _, choose in task.folds])
    if len(rows) > most + len(held_out):
        generator = np.random.default_rng(task.seed)
        rows = generator.choice(task.folds[0][0], most, replace=False)
        rows = np.unique(np.concatenate([rows, held_out]))
    folds = [
        (np.searchsorted(rows, learn[np.isin(learn, rows)]), np.searchsorted(rows, choose))
        for learn, choose in task.folds
    ]
    return rows, folds, task.targets[position][rows].numpy()
