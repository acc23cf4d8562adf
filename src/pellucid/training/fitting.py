"""A network fitted to rows: deep networks by descent, linear path by a solver, then their blend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pellucid.kinds import Array, TargetKind
from pellucid.networks.layers import seed_of
from pellucid.networks.network import DeepNetwork, Network, new_network
from pellucid.schema import Schema
from pellucid.store import Store
from pellucid.training.batches import Batches
from pellucid.training.boosting import MOST_ROWS as MOST_BOOSTED
from pellucid.training.boosting import (
    as_tensors,
    best_shape,
    boost,
    check_same,
    measurements,
)
from pellucid.training.linear import MOST_ROWS, MOST_WEIGHTS, best_strength, design_matrix, solve
from pellucid.training.loop import Descent, Schedule, train
from pellucid.training.plan import Plan
from pellucid.training.watch import Watch

PREDICT_ROWS = 1_024


@dataclass(frozen=True)
class Task:
    """What is to be learnt: encoded rows, encoded targets, and who learns from which rows."""

    schema: Schema
    store: Store
    targets: Sequence[Tensor]  # one entry a row
    folds: Sequence[tuple[Array, Array]]  # rows to learn from and rows to choose on
    seed: int

    @property
    def rows(self) -> Array:
        """All the rows that something is learnt from."""
        return np.unique(np.concatenate([np.concatenate(fold) for fold in self.folds]))


@dataclass(frozen=True)
class Fitted:
    """A fitted network, and how each of its deep networks descended."""

    network: Network
    descents: Sequence[Descent]

    @property
    def cuts(self) -> dict[str, dict[str, int]]:
        """What the clock or Ctrl-C changed, by deep network."""
        return {str(i): descent.cut for i, descent in enumerate(self.descents) if descent.cut}


def fit(task: Task, plan: Plan, watch_of: Callable[[int], Watch]) -> Fitted:
    """Fit the deep networks one after the other, then the linear path, then the blend."""
    network = new_network(task.schema, plan.body, len(task.folds), task.seed)
    descents = [
        _descend(deep, task, plan, position, watch_of(position))  # type: ignore[arg-type]
        for position, deep in enumerate(network.deep)
    ]
    finish(network, task, plan)
    return Fitted(network.eval(), descents)


def finish(network: Network, task: Task, plan: Plan) -> None:
    """Solve the linear path, grow the trees, blend all paths on rows that none learnt from."""
    held_out = np.concatenate([choose for _, choose in task.folds])
    for position, target in enumerate(task.schema.targets):
        paths = (
            _solve_linear(network, task, target, position),
            _grow_trees(network, task, target, position, plan.trees),
            _held_out(network, task, position),
        )
        answers = task.targets[position][held_out]
        network.blend[position].load_state_dict(target.fit_blend(paths, answers))


def predict(network: Network | DeepNetwork, store: Store, rows: Array) -> list[Tensor]:
    """Outputs of the rows in their order; sequences of like length share a batch."""
    order = torch.as_tensor(rows)
    lengths = store.lengths()
    dim = 0 if isinstance(network, Network) else 1
    if lengths is None:
        return _in_batches(network, store, order, dim)
    sort = lengths[order].argsort(stable=True)
    back = sort.argsort()
    outputs = _in_batches(network, store, order[sort], dim)
    return [output.index_select(dim, back) for output in outputs]


def _in_batches(
    network: Network | DeepNetwork, store: Store, rows: Tensor, dim: int
) -> list[Tensor]:
    with torch.inference_mode():
        pieces = [network(store.batch(chunk)) for chunk in rows.split(PREDICT_ROWS)]
    return [torch.cat(outputs, dim) for outputs in zip(*pieces, strict=True)]


def _descend(deep: DeepNetwork, task: Task, plan: Plan, position: int, watch: Watch) -> Descent:
    learn, choose = task.folds[position]
    seed = seed_of(task.seed, position)
    batches = Batches(torch.as_tensor(learn), plan.batch, seed, task.store.lengths())
    kinds = task.schema.targets

    def loss_of(step: int) -> Tensor:
        rows = batches(step)
        outputs = deep(task.store.batch(rows))
        losses = [k.loss(o, t[rows]) for k, o, t in zip(kinds, outputs, task.targets, strict=True)]
        return torch.stack(losses).sum() if len(losses) > 1 else losses[0]

    def score() -> float:
        outputs = predict(deep, task.store, choose)
        return sum(
            k.score(k.combine(o), t[choose])
            for k, o, t in zip(kinds, outputs, task.targets, strict=True)
        )

    cuts = plan.cuts.get(str(position), {})
    schedule = Schedule(
        plan.rate, plan.steps, plan.evaluate_every, plan.patience, decay=plan.decay, **cuts
    )
    return train(deep, loss_of, score, schedule, seed, watch)


def _held_out(network: Network, task: Task, position: int) -> Tensor:
    """Each deep network's outputs on the rows that it did not learn from."""
    target = task.schema.targets[position]
    outputs = [
        target.combine(predict(deep, task.store, choose)[position])  # type: ignore[arg-type]
        for deep, (_, choose) in zip(network.deep, task.folds, strict=True)
    ]
    return torch.cat(outputs)


def _solve_linear(network: Network, task: Task, target: TargetKind, position: int) -> Tensor:
    """Solve on each fold for honest outputs, then on all rows for the network."""
    deep = network.deep[0]
    assert isinstance(deep, DeepNetwork)
    held_out = np.concatenate([choose for _, choose in task.folds])
    if deep.features * target.linear_outputs > MOST_WEIGHTS:
        return torch.zeros(len(held_out), target.linear_outputs)
    rows = task.rows
    if len(rows) > MOST_ROWS + len(held_out):
        chosen = np.random.default_rng(task.seed).choice(task.folds[0][0], MOST_ROWS, replace=False)
        rows = np.unique(np.concatenate([chosen, held_out]))
    design = design_matrix(deep, task.store, rows)
    values = task.targets[position].numpy()[rows]
    folds = [_places(rows, fold) for fold in task.folds]
    strength = best_strength(target, design, values, folds[0])
    outputs = []
    for learn, choose in folds:
        weight, bias = solve(target, design[learn], values[learn], strength)
        outputs.append(np.asarray(design[choose] @ weight + bias))
    weight, bias = solve(target, design, values, strength)
    state = {"weight": torch.as_tensor(weight), "bias": torch.as_tensor(bias)}
    network.linear[position].load_state_dict(state)
    return torch.as_tensor(np.concatenate(outputs), dtype=torch.float32)


def _places(rows: Array, fold: tuple[Array, Array]) -> tuple[Array, Array]:
    learn, choose = fold
    learn = learn[np.isin(learn, rows)]
    return np.searchsorted(rows, learn), np.searchsorted(rows, choose)


def _grow_trees(
    network: Network, task: Task, kind: TargetKind, position: int, trees: int
) -> Tensor:
    """Grow on each fold for honest outputs, then on all rows for the network."""
    deep = network.deep[0]
    assert isinstance(deep, DeepNetwork)
    held_out = np.concatenate([choose for _, choose in task.folds])
    if not trees or not deep.measured:
        return torch.zeros(len(held_out), kind.linear_outputs)
    rows = task.rows
    if len(rows) > MOST_BOOSTED + len(held_out):
        chosen = np.random.default_rng(task.seed).choice(
            task.folds[0][0], MOST_BOOSTED, replace=False
        )
        rows = np.unique(np.concatenate([chosen, held_out]))
    features, values = measurements(deep, task.store, rows), task.targets[position].numpy()[rows]
    folds = [_places(rows, fold) for fold in task.folds]
    shape = best_shape(kind, trees, features, values, folds[0], task.seed)
    outputs = []
    for learn, choose in folds:
        model = boost(kind, shape, trees, features[learn], values[learn], task.seed)
        outputs.append(kind.boosted_output(model, features[choose]))
    model = boost(kind, shape, trees, features, values, task.seed)
    classes = getattr(model, "classes_", None)
    layer = network.trees[position]
    layer.load_state_dict(as_tensors(model, kind.linear_outputs, classes))
    some = features[:256]
    check_same(
        kind.as_logs(layer(torch.from_numpy(some)).numpy()), kind.boosted_output(model, some)
    )
    return torch.as_tensor(np.concatenate(outputs), dtype=torch.float32)
