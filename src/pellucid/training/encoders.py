"""How large the networks of pictures, sounds and films may be, and how long they learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from pellucid.networks.layers import Encoder
from pellucid.networks.network import Body, DeepNetwork
from pellucid.schema import Schema
from pellucid.training.plan import Plan
from pellucid.training.task import Task

# Channels, and pixels of the shorter side at most: each costs 1.4 to four times the one before.
LADDER = ((16, 32), (16, 64), (24, 64), (24, 128), (32, 128), (40, 128), (48, 128), (64, 128))
NO_SIDE = 1  # of sounds, which are not shrunk
FEWEST_PASSES, MOST_PASSES = 8, 120
CHEAP = 24  # pixels of the shorter side
# Where time is left: so many times the planned passes, or so many in all where that is more.
MORE_PASSES, ENOUGH_PASSES = 1.5, 24
MANY_PASSES = 40  # planned, from which on pictures are turned, stretched, shaded, covered too
RATE, FAST_RATE = 3e-3, 8e-3  # of AdamW; in few passes the fast one is worth a point
QUICKER = 2.5  # times what arithmetic says, at most, for a larger network
SMOOTHING = 0.1  # of a class's answer (Szegedy et al. 2016)
WARM_SHARE = 0.15  # of the steps; then the step size falls to 0
EVALUATIONS, LOOKED_AT = 6, 1_500  # of a run; rows of each
FEW_ROWS = 2_000  # fewer are learnt in folds: an eighth of them is a poor judge
# Of the planned passes, what every fold must be able to make; beside plain columns, which know the
# most of it and gain by folds themselves, less will do.
FOLD_SHARE, MIXED_FOLD_SHARE = 0.3, 0.05


def media_plan(schema: Schema, learn: int) -> Plan:
    """The first plan of a table with pictures, sounds or films."""
    mixed = len(schema.media) < len(schema.inputs)
    trees = mixed or any(kind.measured for kind in schema.media)
    distort = passes(learn) >= MANY_PASSES
    rate = RATE if mixed or distort else FAST_RATE
    body = Body(
        members=8 if mixed else 2,
        width=128,
        blocks=1 if mixed else 0,
        embedding=16,
        dropout=0.1,
        encoder=Encoder(distort=distort),
    )
    batch = int(np.clip(2 ** int(np.log2(max(learn, 1) / 40 + 1)), 16, 128))
    steps = max(10, int(passes(learn) * -(-learn // batch)))
    most = MORE_PASSES if mixed else most_passes(learn) / passes(learn)
    plan = Plan(
        body=body, folds=_folds(learn, mixed), batch=batch, rate=rate, decay=1e-2,
        steps=steps, evaluate_every=1, patience=2**20, threads=1, trees=300 if trees else 0,
        looked_at=LOOKED_AT, smoothing=SMOOTHING, most_steps=int(most * steps),
    )  # fmt: skip
    return triangular(plan, steps)


def _folds(learn: int, mixed: bool) -> int:
    """As plain tables are learnt in, or fewer: a network of pictures is dear."""
    return 1 if learn >= FEW_ROWS else 8 if mixed and learn < 500 else 5


def passes(learn: int) -> float:
    """How often each row should be seen: the fewer there are, the more often."""
    return float(np.clip(FEWEST_PASSES * (40_000 / learn) ** 0.6, FEWEST_PASSES, MOST_PASSES))


def most_passes(learn: int) -> float:
    """How often each row is seen at most, where time is left."""
    return max(MORE_PASSES * passes(learn), ENOUGH_PASSES)


def triangular(plan: Plan, steps: int) -> Plan:
    """The plan with so many steps in all: up in a line, then down to 0 in a line (Smith 2018)."""
    warm = max(1, round(WARM_SHARE * steps))
    every = max(1, steps // EVALUATIONS)
    return replace(
        plan, steps=warm, warmup=warm, anneal=(steps - warm) / warm, evaluate_every=every
    )


def sized(plan: Plan, task: Task, seconds: float, step_seconds: Callable[[Plan], float]) -> Plan:
    """The plan with as many folds, then with the largest encoder, as make their passes in the time.

    Arithmetic tells which that is, by the speed of the plan's own encoder. Larger ones are quicker
    than that: so those beyond are timed, step by step up the ladder.
    """
    speed = plan.batch / step_seconds(plan)
    learn = len(task.folds[0][0])
    share = FOLD_SHARE if plan.table is None else MIXED_FOLD_SHARE
    fewest = share * passes(learn) * learn / speed  # seconds of one fold
    possible = [k for k in (3, 5, 8) if k <= plan.folds and k * fewest <= seconds]
    plan = replace(plan, folds=max(possible, default=1))
    most = 24 if learn < 1_000 else 32 if learn < 10_000 else 64
    rows = plan.folds * passes(learn) * learn
    chosen = plan.body.encoder
    base = flops(task, plan.body)
    for channels, pixels in LADDER:
        encoder = seen_at(replace(chosen, channels=min(channels, most)), task.schema, pixels)
        larger = replace(plan, body=replace(plan.body, encoder=encoder))
        if larger.body == plan.body:
            continue
        counted = rows * flops(task, larger.body) / base / speed
        fits = counted <= seconds or (channels == LADDER[0][0] and plan.folds == 1)
        if not fits and counted > QUICKER * seconds:
            break
        if not fits and rows / plan.batch * step_seconds(larger) > seconds:
            break
        plan = larger
    return plan


def seen_at(encoder: Encoder, schema: Schema, pixels: int) -> Encoder:
    """The encoder with the shorter sides of what is seen brought to `pixels` at most, about.

    Where kinds differ in size, such as small pictures beside films, each is by itself.
    """
    sides = {kind.side for kind in schema.media}
    differ = len(sides - {NO_SIDE}) > 1
    shrink = max(1, -(-max(sides) // pixels))
    return replace(encoder, shrink=shrink, pixels=pixels if differ else 0)


def smaller(encoder: Encoder, schema: Schema) -> Encoder:
    """As narrow as the lowest rung, and pictures at sides that cost little."""
    narrow = replace(encoder, channels=min(LADDER[0][0], encoder.channels))
    small = seen_at(narrow, schema, CHEAP) if schema.media else narrow
    return replace(small, shrink=max(small.shrink, encoder.shrink))


def flops(task: Task, body: Body) -> float:
    """Multiplications and additions of one row's way through the network."""
    from torch.utils.flop_counter import FlopCounterMode

    network = DeepNetwork(task.schema, body, torch.Generator().manual_seed(0)).eval()
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        network(task.store.batch(torch.as_tensor(task.folds[0][0][:2])))
    mirrored = 2 if body.encoder.mirror or body.encoder.opposite else 1
    return counter.get_total_flops() / 2 / mirrored
