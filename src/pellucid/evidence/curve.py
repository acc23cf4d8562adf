"""Performance against experience: smaller networks fitted to nested parts of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from pellucid.evidence.document import CurvePoint
from pellucid.evidence.intervals import interval
from pellucid.kinds import Array
from pellucid.training.fitting import Task, fit, predict
from pellucid.training.plan import Plan
from pellucid.training.watch import Watch

MEMBERS, WIDTH, MOST_TREES = 8, 64, 100


def curve_plan(plan: Plan) -> Plan:
    """The plan of the curve's networks: narrower and shorter, one split, the same at every size."""
    body = replace(
        plan.body,
        members=min(MEMBERS, plan.body.members),
        width=min(WIDTH, plan.body.width),
        embedding=min(8, plan.body.embedding),
    )
    patience = max(3, plan.patience // 4)
    trees = min(MOST_TREES, plan.trees)
    return replace(plan, body=body, folds=1, patience=patience, trees=trees, cuts={}, curve=())


def learning_curve(
    task: Task, plan: Plan, prove: Array, watch_of: Callable[[int], Watch]
) -> list[list[CurvePoint]]:
    """For each target, the performance on the proving rows after learning from few to all rows."""
    points: list[list[CurvePoint]] = [[] for _ in task.targets]
    small = curve_plan(plan)
    for position, (rows, part) in enumerate(_parts(task, plan.curve)):
        batch = max(16, min(plan.batch, rows // 16))
        per_epoch = -(-len(part.folds[0][0]) // batch)
        steps = max(per_epoch, plan.steps // 2)
        sized = replace(
            small, batch=batch, steps=steps, evaluate_every=max(per_epoch, plan.evaluate_every // 8)
        )
        fitted = fit(part, sized, lambda _, position=position: watch_of(position))  # type: ignore[misc]
        outputs = predict(fitted.network, task.store, prove)
        for target, (kind, output) in enumerate(zip(task.schema.targets, outputs, strict=True)):
            losses = kind.row_losses(output.numpy(), task.targets[target].numpy()[prove])
            points[target].append({"rows": rows, **interval(kind, losses, task.seed)})
    return points


def curve_sizes(learn: int) -> tuple[int, ...]:
    """An eighth, a quarter, half and all of the rows; fewer sizes where rows are few."""
    return tuple(learn // part for part in (8, 4, 2, 1) if learn // part >= 20)


def _parts(task: Task, sizes: tuple[int, ...]) -> Iterator[tuple[int, Task]]:
    learn, choose = task.folds[0]
    rng = np.random.default_rng(task.seed)
    learn, choose = rng.permutation(learn), rng.permutation(choose)
    for rows in sizes:
        few = max(min(20, len(choose)), len(choose) * rows // len(learn))
        fold = (np.sort(learn[:rows]), np.sort(choose[:few]))
        yield rows, replace(task, folds=[fold])
