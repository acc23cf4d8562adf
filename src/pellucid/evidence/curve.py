"""Performance against experience: smaller networks fitted to nested parts of the rows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from pellucid.evidence.document import CurvePoint
from pellucid.evidence.intervals import interval
from pellucid.kinds import Array
from pellucid.schema import Schema
from pellucid.training.convex import Choice
from pellucid.training.encoders import most_passes, smaller, triangular
from pellucid.training.fitting import fit, predict
from pellucid.training.plan import Plan
from pellucid.training.task import Task
from pellucid.training.watch import Watch

MEMBERS, WIDTH, MOST_TREES = 8, 64, 100
WARM_STEPS = 10


def curve_plan(plan: Plan, schema: Schema) -> Plan:
    """The plan of the curve's networks: narrower and shorter, one split, the same at every size."""
    body = replace(
        plan.body,
        encoder=smaller(plan.body.encoder, schema),
        members=min(MEMBERS, plan.body.members),
        width=min(WIDTH, plan.body.width),
        embedding=min(8, plan.body.embedding),
    )
    patience = max(3, plan.patience // 4)
    trees = min(MOST_TREES, plan.trees)
    return replace(
        plan, body=body, folds=1, patience=patience, trees=trees, cuts={}, curve=(), table=None
    )


def learning_curve(
    task: Task, plan: Plan, choices: Sequence[Choice], prove: Array, seconds: float
) -> list[list[CurvePoint]]:
    """For each target, the performance on the proving rows after learning from few to all rows.

    What was chosen for the solved paths is taken over. A size that the time will not suffice for
    is left out, and so are those beyond it.
    """
    points: list[list[CurvePoint]] = [[] for _ in task.targets]
    end, last = time.monotonic() + seconds, 0.0
    for rows, part in _parts(task, plan.curve):
        started = time.monotonic()
        if 2.2 * last > end - started:
            break
        deadline = started + (end - started) * rows / max(plan.curve) * 0.6
        sized = _sized(plan, part, rows)
        fitted = fit(part, sized, lambda _, deadline=deadline: Watch(deadline), choices)  # type: ignore[misc]
        outputs = predict(fitted.network, task.store, prove)
        for target, (kind, output) in enumerate(zip(task.schema.targets, outputs, strict=True)):
            losses = kind.row_losses(output.numpy(), task.targets[target][prove].numpy())
            points[target].append({"rows": rows, **interval(kind, losses, task.seed)})
        last = time.monotonic() - started
    return points


def _sized(plan: Plan, part: Task, rows: int) -> Plan:
    """The curve's plan for so many rows."""
    learn = len(part.folds[0][0])
    plan = replace(curve_plan(plan, part.schema), batch=max(16, min(plan.batch, rows // 16)))
    per_epoch = -(-learn // plan.batch)
    if plan.heavy:  # the deadline ends it, which the warm-up of a whole run would come too late for
        most = int(most_passes(learn) * per_epoch)
        return replace(triangular(plan, min(plan.all_steps, most)), warmup=WARM_STEPS)
    steps = max(per_epoch, plan.steps // 2)
    return replace(plan, steps=steps, evaluate_every=max(per_epoch, plan.evaluate_every // 8))


def curve_sizes(learn: int) -> tuple[int, ...]:
    """An eighth, a quarter, half and all of the rows; fewer sizes where rows are few."""
    return tuple(learn // part for part in (8, 4, 2, 1) if learn // part >= 20)


def _parts(task: Task, sizes: tuple[int, ...]) -> Iterator[tuple[int, Task]]:
    learn, choose = task.folds[0]
    rng = np.random.default_rng(task.seed)
    learn, choose = rng.permutation(learn), rng.permutation(choose)
    for rows in sorted({min(size, len(learn)) for size in sizes}):
        few = max(min(20, len(choose)), len(choose) * rows // len(learn))
        fold = (np.sort(learn[:rows]), np.sort(choose[:few]))
        yield rows, replace(task, folds=[fold])
