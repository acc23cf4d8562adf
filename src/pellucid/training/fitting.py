"""A network fitted to rows: solved paths first, then deep networks by descent, then their blend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.kinds import Array
from pellucid.kinds.targets import summed_loss
from pellucid.networks.layers import seed_of
from pellucid.networks.network import DeepNetwork, Network, new_network
from pellucid.store import Answers, Store, joined
from pellucid.training.batches import Batches
from pellucid.training.convex import Choice, Solved, solve_paths
from pellucid.training.descent import Descent, Schedule
from pellucid.training.loop import train
from pellucid.training.plan import Plan
from pellucid.training.task import Task
from pellucid.training.watch import Watch


@dataclass(frozen=True)
class Fitted:
    """A fitted network, how its deep networks descended, what was chosen for its solved paths."""

    network: Network
    descents: Sequence[Descent]
    choices: Sequence[Choice]

    @property
    def cuts(self) -> dict[str, dict[str, int]]:
        """What the clock or Ctrl-C changed, by deep network."""
        return {str(i): descent.cut for i, descent in enumerate(self.descents) if descent.cut}

    @property
    def settled(self) -> bool:
        """Whether every deep network annealed because nothing better came, not for the clock."""
        return all(descent.settled for descent in self.descents)


def fit(
    task: Task,
    plan: Plan,
    watch_of: Callable[[int], Watch],
    choices: Sequence[Choice] | None = None,
) -> Fitted:
    """Solve the linear path and grow the trees, descend with each deep network, blend them all.

    The solvers come first: they cannot be hurried, and a descent fits itself to the time left.
    """
    table = None if plan.table is None else plan.table.body
    network = new_network(task.schema, plan.body, len(task.folds), task.seed, table)
    solved = [
        solve_paths(network, task, plan, position, choices[position] if choices else None)
        for position in range(len(task.targets))
    ]
    networks = [*network.deep, *network.tables]
    descents = {
        position: _descend(networks[position], task, plan, position, watch_of(position))
        for position in plan.order(len(task.folds))
    }
    _blend(network, task, solved)
    in_order = [descents[position] for position in range(len(networks))]
    return Fitted(network.eval(), in_order, [each.choice for each in solved])


def predict(
    network: Network | DeepNetwork, store: Store, rows: Array, answers: Sequence[Answers] = ()
) -> list[Tensor]:
    """Outputs of the rows in their order; sequences of like length share a batch.

    A deep network that is given the answers says what its losses are made of.
    """
    order = torch.as_tensor(rows)
    lengths = store.lengths()
    dim = 0 if isinstance(network, Network) else 1
    if lengths is None:
        return _in_batches(network, store, order, dim, answers)
    sort = lengths[order].argsort(stable=True)
    back = sort.argsort()
    outputs = _in_batches(network, store, order[sort], dim, answers)
    return [output.index_select(dim, back) for output in outputs]


def _in_batches(
    network: Network | DeepNetwork,
    store: Store,
    rows: Tensor,
    dim: int,
    answers: Sequence[Answers],
) -> list[Tensor]:
    with torch.inference_mode():
        pieces = [
            network.learning(store.batch(chunk), [a[chunk] for a in answers])
            if isinstance(network, DeepNetwork) and answers
            else network(store.batch(chunk))
            for chunk in rows.split(store.chunk)
        ]
    return [joined(outputs, dim) for outputs in zip(*pieces, strict=True)]


def _blend(network: Network, task: Task, solved: Sequence[Solved]) -> None:
    """Weigh the paths on rows that none of them learnt from."""
    held_out = np.concatenate([choose for _, choose in task.folds])
    for position, target in enumerate(task.schema.targets):
        if not target.blends:
            continue
        paths = (
            solved[position].linear,
            solved[position].trees,
            *_held_out(network, task, position),
        )
        state = target.fit_blend(paths, task.targets[position][held_out])
        network.blend[position].load_state_dict(state)


def _descend(deep: DeepNetwork, task: Task, plan: Plan, position: int, watch: Watch) -> Descent:
    learn, choose = task.folds[position % len(task.folds)]
    seed = seed_of(task.seed, position)
    cuts = plan.cuts.get(str(position), {})
    if position >= len(task.folds) and plan.table is not None:
        task, plan = task.table, plan.table
    deep.prepare(task.store.batch, torch.as_tensor(learn))
    batches = Batches(torch.as_tensor(learn), plan.batch, seed, task.lengths(), task.window)
    kinds = task.schema.targets

    def loss_of(step: int) -> Tensor:
        rows = batches(step)
        answers = [target[rows] for target in task.targets]
        outputs = deep.learning(task.store.batch(rows), answers)
        return summed_loss(kinds, outputs, answers, plan.smoothing)

    some = choose[:: -(-len(choose) // plan.looked_at)]

    def score() -> float:
        outputs = predict(deep, task.store, some, task.targets)
        return sum(
            k.choosing_score(o, t[some])
            for k, o, t in zip(kinds, outputs, task.targets, strict=True)
        )

    hurries = {
        int(name.rpartition("_")[2]): steps for name, steps in cuts.items() if "hurry" in name
    }
    schedule = Schedule(
        plan.rate, plan.steps, plan.evaluate_every, plan.patience, plan.warmup, plan.decay,
        anneal_at=cuts.get("anneal_at"), stop_at=cuts.get("stop_at"), hurries=hurries,
        anneal=plan.anneal,
    )  # fmt: skip
    return train(deep, loss_of, score, schedule, seed, watch)


def _held_out(network: Network, task: Task, position: int) -> tuple[Tensor, Tensor]:
    """The outputs of the table's and the deep networks on rows that they did not learn from."""
    target = task.schema.targets[position]

    def outputs(networks: nn.ModuleList, store: Store) -> Tensor:
        return joined(
            [
                target.combine(predict(deep, store, choose)[position])  # type: ignore[arg-type]
                for deep, (_, choose) in zip(networks, task.folds, strict=True)
            ]
        )

    deep = outputs(network.deep, task.store)
    if not len(network.tables):
        return torch.zeros_like(deep), deep
    return outputs(network.tables, task.table.store), deep
