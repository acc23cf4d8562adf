"""What mirrored pictures mean: the same, the opposite number, or something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from pellucid.kinds import Array, MediaKind, TargetKind
from pellucid.kinds.number import Number
from pellucid.networks.layers import InputLayer
from pellucid.networks.network import Body, DeepNetwork
from pellucid.training.task import Task

LEARN, CHOOSE = 1_000, 1_000  # rows, at most
# Words that begin so, as in "turn left", "left_hand" and "TurnLeft", but not in "bright".
HANDED = re.compile(r"(?<![^\W\d_])(?i:left|right)|Left|Right")
STRETCHES = 4  # of the rows in order, each predicted from the others: neighbours may be near copies
LIFT, HARM = 0.1, 0.02  # of the squared error


def meaning_of_mirrored(task: Task) -> tuple[bool, bool]:
    """Whether mirrored pictures mean the same, or else the opposite number.

    A linear model of gradients is asked. It learns from pictures as they are; if it does clearly
    worse on mirrored ones, as on digits or on roads that bend, then mirroring does harm. A number
    that it cannot predict is left alone. One that goes to either side of 0, as steering does, turns
    round if the model that has learnt the opposite of mirrored pictures too is no worse for it.
    """
    learn, choose = _some(task.folds[0][0], LEARN), _some(task.folds[0][1], CHOOSE)
    known = _features(task, learn, False)
    plain, mirrored = (_features(task, choose, flag) for flag in (False, True))
    if not known.shape[1]:
        return False, False
    targets = list(zip(task.schema.targets, task.targets, strict=True))
    views = (known, plain, mirrored)
    if all(_no_harm(kind, views, t[learn].numpy(), t[choose].numpy()) for kind, t in targets):
        return True, False
    alone = all(kind.kind == "image" and not kind.measured for kind in task.schema.inputs)  # type: ignore[attr-defined]
    signed = all(isinstance(kind, Number) and kind.signed for kind, _ in targets)
    if not (alone and signed):
        return False, False
    rows = _some(task.rows, LEARN)
    both = (_features(task, rows, False), _features(task, rows, True))
    return False, all(_turns(kind, *both, target[rows].numpy()) for kind, target in targets)  # type: ignore[arg-type]


def _turns(kind: Number, plain: Array, mirrored: Array, target: Array) -> bool:
    """Whether mirrored pictures with the opposite number do a linear model no harm."""
    kind = replace(kind, metric="RMSE")  # quickly solved, and this is not to be judged by it

    def opposite(values: Array) -> Array:
        return kind.opposite(torch.from_numpy(values.reshape(-1, 1))).numpy()

    def predicted(strength: float, twice: bool) -> Array:
        output = np.empty((len(target), 1))
        for asked in np.array_split(np.arange(len(target)), STRETCHES):
            known = np.setdiff1d(np.arange(len(target)), asked)
            x, y = plain[known], target[known]
            if twice:
                x, y = np.concatenate([x, mirrored[known]]), np.append(y, opposite(y))
            weight, bias = kind.solve_linear(x, y, strength)
            output[asked] = plain[asked] @ weight + bias
            if twice:
                other = opposite(mirrored[asked] @ weight + bias)
                output[asked] = (output[asked] + other) / 2
        return output

    strengths = kind.strengths(plain)
    once, twice = (
        max(kind.linear_score(predicted(strength, flag), target) for strength in strengths)
        for flag in (False, True)
    )
    simple = kind.linear_score(np.full((len(target), 1), target.mean()), target)
    return twice - simple > LIFT * -simple and twice - once > HARM * once


def _no_harm(kind: TargetKind, features: Sequence[Array], learnt: Array, target: Array) -> bool:
    if not kind.linear_outputs:
        return False
    levels = kind.levels[0] if kind.kind == "category" else ()  # type: ignore[attr-defined]
    if any(HANDED.search(level) for level in levels):
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


def _some(rows: Array, most: int) -> Array:
    """At most so many of the rows, at equal distances."""
    return rows[:: -(-len(rows) // most)]


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
