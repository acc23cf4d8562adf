"""Gradient descent: the loop in view."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pellucid.networks.layers import random_layers, seed_layers
from pellucid.training.descent import Descent, Schedule
from pellucid.training.optimizers import FlatAdamW, FlatMuon
from pellucid.training.watch import Watch


def train(
    module: nn.Module,
    loss_of: Callable[[int], Tensor],
    score: Callable[[], float],
    schedule: Schedule,
    seed: int,
    watch: Watch,
) -> Descent:
    """Descend until annealed; leave the weights of the best evaluation in the module.

    `loss_of(step)` is the loss of the step's batch, `score()` what is to be made small on rows
    that are not learnt from. Step's noise comes from (seed, step) alone, so that a descent
    resumed from `watch`'s checkpoint takes the same path as one never interrupted.
    """
    optimizer = FlatMuon(module, schedule.decay, schedule.clip, schedule.share)
    noise = random_layers(module)
    descent = Descent(anneal_share=schedule.anneal)
    best = optimizer.weights.clone()
    watch.resume(descent, optimizer, best)
    module.train()
    stop_at = descent.cut.get("stop_at", schedule.stop_at)
    while (rate := descent.rate(schedule)) > 0 and descent.step != stop_at:
        seed_layers(noise, seed, descent.step)
        loss = loss_of(descent.step)
        loss.backward()
        optimizer.step(rate)
        descent.step += 1
        if descent.step % schedule.evaluate_every == 0 or descent.rate(schedule) == 0:
            moment = {"loss": float(loss.detach()), "rate": rate}
            descent.clock.append(watch.seconds)
            _evaluate(module, score, descent, best, optimizer, moment)
            _anneal_if_due(descent, schedule, best, optimizer)
        _cut_as_before(descent, schedule)
        if watch.due(descent.step) and not watch.look(descent, optimizer, best, loss):
            break
    if descent.step and (not descent.history or descent.history[-1]["step"] != descent.step):
        moment = {"loss": float(loss.detach()), "rate": 0.0}
        descent.clock.append(watch.seconds)
        _evaluate(module, score, descent, best, optimizer, moment)
    watch.save(descent, optimizer, best)
    optimizer.weights.copy_(best)
    module.eval()
    return descent


def _cut_as_before(descent: Descent, schedule: Schedule) -> None:
    if descent.step == schedule.anneal_at and descent.anneal_from is None:
        descent.anneal()
    if descent.step in schedule.hurries:
        descent.anneal_over(schedule.hurries[descent.step])


def _evaluate(
    module: nn.Module,
    score: Callable[[], float],
    descent: Descent,
    best: Tensor,
    optimizer: FlatAdamW,
    moment: dict[str, float],
) -> None:
    module.eval()
    with torch.inference_mode():
        value = score()
    module.train()
    descent.history.append({"step": descent.step, "score": value, **moment})
    if value < descent.best:
        descent.best, descent.best_step, descent.waited = value, descent.step, 0
        best.copy_(optimizer.weights)
    else:
        descent.waited += 1


def _anneal_if_due(
    descent: Descent, schedule: Schedule, best: Tensor, optimizer: FlatAdamW
) -> None:
    if descent.anneal_from is not None:
        return
    if descent.waited >= schedule.patience:
        optimizer.weights.copy_(best)
        descent.settled = True
        descent.anneal_from = descent.step
        descent.anneal_steps = max(10, descent.best_step // 4)
    elif descent.step >= schedule.steps:
        descent.anneal()
