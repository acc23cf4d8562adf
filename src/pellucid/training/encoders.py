"""How large the networks of pictures, sounds and films may be, and how long they learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from pellucid.kinds import Array, MediaKind, TargetKind
from pellucid.networks.layers import Encoder, InputLayer
from pellucid.networks.network import Body, DeepNetwork
from pellucid.schema import Schema
from pellucid.training.plan import Plan
from pellucid.training.task import Task

# Channels, and pixels of the shorter side at most: each costs two to four times the one before.
LADDER = ((16, 32), (16, 64), (24, 64), (24, 128), (32, 128), (48, 128), (64, 128))
FEWEST_PASSES, MOST_PASSES = 8, 120
MANY_PASSES = 15  # from here on pictures are turned, stretched, shaded and covered too
RATE, FAST_RATE = 3e-3, 8e-3  # in few passes, cifar10's four, the fast one is worth a point
WARM_SHARE = 0.15  # of the steps; then the step size falls to 0
EVALUATIONS, LOOKED_AT = 6, 1_500  # of a run; rows of each
MIRROR_LEARN, MIRROR_CHOOSE = 1_000, 1_000
HANDED = ("left", "right")


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
    plan = Plan(
        body=body, folds=1, batch=batch, rate=rate, decay=1e-2, steps=steps, evaluate_every=1,
        patience=2**20, threads=1, trees=300 if trees else 0,
        looked_at=LOOKED_AT,
    )  # fmt: skip
    return triangular(plan, steps)


def passes(learn: int) -> float:
    """How often each row should be seen: the fewer there are, the more often."""
    return float(np.clip(FEWEST_PASSES * (40_000 / learn) ** 0.6, FEWEST_PASSES, MOST_PASSES))


def triangular(plan: Plan, steps: int) -> Plan:
    """The plan with so many steps in all: up in a line, then down to 0 in a line (Smith 2018)."""
    warm = max(1, round(WARM_SHARE * steps))
    every = max(1, steps // EVALUATIONS)
    return replace(
        plan, steps=warm, warmup=warm, anneal=(steps - warm) / warm, evaluate_every=every
    )


def sized(plan: Plan, task: Task, seconds: float, speed: float) -> Plan:
    """The plan with the largest encoder that can make its passes in the time.

    `speed` is that of the plan's own encoder, in rows a second of learning.
    """
    learn = len(task.folds[0][0])
    side = max(kind.side for kind in task.schema.media)
    most = 24 if learn < 1_000 else 32 if learn < 10_000 else 64
    rows = passes(learn) * learn
    chosen = plan.body.encoder
    base = flops(task, plan.body)
    for channels, pixels in LADDER:
        encoder = replace(chosen, channels=min(channels, most), shrink=max(1, -(-side // pixels)))
        body = replace(plan.body, encoder=encoder)
        if rows * flops(task, body) / base / speed > seconds and channels > LADDER[0][0]:
            break
        plan = replace(plan, body=body)
    return plan


def flops(task: Task, body: Body) -> float:
    """Multiplications and additions of one row's way through the network."""
    from torch.utils.flop_counter import FlopCounterMode

    network = DeepNetwork(task.schema, body, torch.Generator().manual_seed(0)).eval()
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        network(task.store.batch(torch.as_tensor(task.folds[0][0][:2])))
    mirrored = 2 if body.encoder.mirror else 1
    return counter.get_total_flops() / 2 / mirrored


def mirror_is_harmless(task: Task) -> bool:
    """Whether mirrored pictures mean the same, as far as a linear model of gradients can tell.

    It learns from pictures as they are; if it does clearly worse on mirrored ones, as on digits or
    on roads that bend, then mirroring does harm. A number that it cannot predict is left alone.
    """
    learn, choose = task.folds[0]
    learn, choose = (
        learn[:: -(-len(learn) // MIRROR_LEARN)],
        choose[:: -(-len(choose) // MIRROR_CHOOSE)],
    )
    known = _features(task, learn, False)
    plain, mirrored = (_features(task, choose, flag) for flag in (False, True))
    if not known.shape[1]:
        return False
    return all(
        _no_harm(kind, (known, plain, mirrored), target[learn].numpy(), target[choose].numpy())
        for kind, target in zip(task.schema.targets, task.targets, strict=True)
    )


def _no_harm(kind: TargetKind, features: Sequence[Array], learnt: Array, target: Array) -> bool:
    if not kind.linear_outputs:
        return False
    levels = [level.lower() for level in kind.levels[0]] if kind.kind == "category" else []  # type: ignore[attr-defined]
    if any(word in level for level in levels for word in HANDED):
        return False
    known, plain, mirrored = features
    strength = sorted(kind.strengths(known))[1]
    weight, bias = kind.solve_linear(known, learnt, strength)
    score, flipped = (kind.linear_score(x @ weight + bias, target) for x in (plain, mirrored))
    simple = kind.linear_score(
        np.zeros((len(target), 1)) + kind.simplest(learnt, learnt[:1])[1], target
    )
    lift, loss = score - simple, score - flipped
    if kind.kind != "category" and lift <= 0:
        return False
    return loss <= max(0.25 * lift, 1 / np.sqrt(len(target)))


def _features(task: Task, rows: Array, mirror: bool) -> Array:
    """What the linear path sees of the pictures: (rows, features)."""
    network = DeepNetwork(task.schema, Body(), torch.Generator().manual_seed(0)).eval()
    pieces = []
    with torch.inference_mode():
        for chunk in torch.as_tensor(rows).split(task.store.chunk):
            raw = task.store.batch(chunk, ragged=False)
            found = [torch.zeros(len(chunk), 0)]
            for kind, layer in zip(task.schema.inputs, network.inputs, strict=True):
                turned = kind.mirrored(raw) if isinstance(kind, MediaKind) else None
                if turned is not None:
                    assert isinstance(layer, InputLayer)
                    # Mirrored twice, it is as it was but for what nobody can mirror.
                    twice = kind.mirrored(turned)  # type: ignore[attr-defined]
                    found.append(layer.terms(turned if mirror else twice)[1])
            pieces.append(torch.cat(found, 1))
    return torch.cat(pieces).double().numpy()
