"""The budget: from minutes and a short probe to a plan that is written down before training."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import torch

from pellucid.kinds.targets import summed_loss
from pellucid.networks.layers import winograd
from pellucid.networks.network import DeepNetwork
from pellucid.training.batches import Batches
from pellucid.training.draft import FEWEST_TREES
from pellucid.training.encoders import EVALUATIONS, seen_at, sized, triangular
from pellucid.training.fitting import predict
from pellucid.training.mirroring import meaning_of_mirrored
from pellucid.training.optimizers import FlatAdamW, FlatMuon
from pellucid.training.plan import Plan
from pellucid.training.task import Task

PROBE_STEPS, MOST_PROBE_STEPS = 4, 24
PROBE_SHARE, LONGEST_PROBE = 0.005, 5.0  # of the time, for each number of threads; seconds
MOST_PROBE = 6  # times as long; beyond it two steps must do, the first of which is a slow one
SMALL = 32  # pixels of the shorter side that the first steps are timed at
# A second thread must pay for itself, since shared machines punish it later; so must half. Steps of
# media are long, so that little is lost where it does not.
PAYS, HEAVY_PAYS = 0.8, 0.9
MOST_LINEAR_ROWS, FEWEST_LINEAR_ROWS = 100_000, 1_000  # a line is known well from the most
TABLE_SHARE = 0.15  # of the deep networks' time, for those of the plain columns alone
SHARE_OF_MEMBERS = 0.78  # of the time that a plain table takes, at least, for deep networks
# Of the budget, for the evidence: up to so many seconds the first share, of the rest the second.
EVIDENCE = (60, 0.15, 0.045)
HEAVY_EVIDENCE = (600, 0.19, 0.09)  # where looking takes long
AGAIN = 1.15  # times the seconds of the solved paths, at least
# Times the evidence's time: what it and the solved paths take together.
SOLVED, HEAVY_SOLVED = 1.45, 1.22


@dataclass(frozen=True)
class Probe:
    """What a few steps of the planned network cost, and at which number of threads."""

    threads: int
    step_seconds: float
    row_seconds: float  # of a prediction
    terms: float = 0.0  # of the linear path that a row has, on average


def probe(task: Task, plan: Plan, seconds: float, most_threads: int | None = None) -> Probe:
    """Time a few steps of a throw-away network at one thread and at all of them.

    The first steps are slower than those to come; more are taken where there are many `seconds`.
    """
    network, step = _timed_steps(task, plan, seconds)
    threads, step_seconds = threads_that_pay(step, most_threads or usable_threads(), pays_of(plan))
    with threads_set(threads):
        started = time.perf_counter()
        some = task.folds[0][1][: 2 * task.store.chunk]
        predict(network.eval(), task.store, some, task.targets)
        row_seconds = (time.perf_counter() - started) / len(some)
    network.train()
    return Probe(threads, step_seconds, row_seconds, _terms(network, task))


def _timed_steps(
    task: Task, plan: Plan, seconds: float
) -> tuple[DeepNetwork, Callable[[float | None], float]]:
    """A new network, and what takes a few steps with it."""
    network = DeepNetwork(task.schema, plan.body, torch.Generator().manual_seed(0))
    optimizer = FlatMuon(network, plan.decay)
    batches = Batches(torch.as_tensor(task.folds[0][0]), plan.batch, 0, task.lengths(), task.window)
    return network, partial(
        _time_steps, network, optimizer, batches, task, min(PROBE_SHARE * seconds, LONGEST_PROBE)
    )


def pays_of(plan: Plan) -> float:
    """Of the time of a step with one thread, what it may take with more."""
    return HEAVY_PAYS if plan.heavy else PAYS


def threads_that_pay(
    step: Callable[[float | None], float], most: int, pays: float = PAYS
) -> tuple[int, float]:
    """One thread, or `most` where they take at most `pays` of its time; and a step's seconds so.

    `step(best)` measures the seconds of a step; it may stop early where they are well over `best`.
    """
    with threads_set(1):
        alone = step(None)
    if most == 1:
        return 1, alone
    with threads_set(most):
        together = step(alone)
    return (most, together) if together <= pays * alone else (1, alone)


def with_encoders(plan: Plan, task: Task, seconds: float) -> Plan:
    """The draft with networks for its pictures, sounds and films as large as the time allows."""
    if not task.schema.media:
        return plan
    same, opposite = meaning_of_mirrored(task)
    encoder = replace(plan.body.encoder, mirror=same, opposite=opposite)
    shrunk = seen_at(encoder, task.schema, SMALL)
    shrunk = replace(shrunk, shrink=max(1, max(kind.side for kind in task.schema.media) // SMALL))
    small = replace(plan, body=replace(plan.body, encoder=shrunk))
    small = _by_winograd(_halved(small, task, seconds))

    def step_seconds(plan: Plan) -> float:
        step = _timed_steps(task, plan, seconds)[1]
        return threads_that_pay(step, usable_threads(), pays_of(plan))[1]

    return sized(small, task, _for_deep(plan, seconds), step_seconds)


def _halved(plan: Plan, task: Task, seconds: float) -> Plan:
    """The plan with bfloat16 while learning, where the processor is clearly quicker with it."""
    if torch.backends.cpu.get_cpu_capability() == "AVX2":  # which takes ten times as long with it
        return plan
    encoder = replace(plan.body.encoder, half=True)
    halved = replace(plan, body=replace(plan.body, encoder=encoder))
    with threads_set(1):
        whole = _timed_steps(task, plan, seconds)[1](None)
        half = _timed_steps(task, halved, seconds)[1](whole)
    return halved if half <= PAYS * whole else plan


def _by_winograd(plan: Plan) -> Plan:
    """The plan with wide kernels in fewer multiplications, where the processor is quicker so."""
    if plan.body.encoder.half:
        return plan
    with threads_set(1):
        encoder = replace(plan.body.encoder, winograd=winograd.quicker())
    return replace(plan, body=replace(plan.body, encoder=encoder))


def fit_to_time(plan: Plan, task: Task, probed: Probe, seconds: float) -> Plan:
    """As many steps and folds as the time allows."""
    if plan.table is not None:
        table = replace(plan.table, folds=plan.folds)
        table = _fit_table(table, task, for_members(plan, seconds))
        plan = replace(plan, table=table)
    if task.schema.media:
        return _fit_media(plan, task, probed, seconds)
    learn = len(task.folds[0][0])
    plan = replace(plan, threads=probed.threads)
    plan = replace(
        plan,
        trees=_affordable_trees(plan, task, 0.1 * seconds),
        linear_rows=_affordable_rows(plan, task, probed.terms, 0.25 * seconds),
    )
    each = (1 + plan.anneal) * _step_cost(plan, probed, learn)  # of a step, and its annealing
    for folds in sorted({plan.folds, min(plan.folds, 4), 1}, reverse=True):
        steps = int(_for_deep(plan, seconds) / folds / each)
        if steps >= min(plan.steps // 2, 30 * plan.evaluate_every) or folds == 1:
            break
    most = plan.all_steps
    steps = max(10, min(plan.steps, steps))
    worth = int(4 * len(task.folds[0][1]) * probed.row_seconds / probed.step_seconds)
    every = min(plan.evaluate_every, max(1, steps // 12, min(worth, steps // 4)))
    return replace(plan, folds=folds, steps=steps, evaluate_every=every, most_steps=most)


def _fit_media(plan: Plan, task: Task, probed: Probe, seconds: float) -> Plan:
    """The schedule is known from the start, and ends when the time does."""
    chosen = min(plan.looked_at, len(task.folds[0][1])) * probed.row_seconds * EVALUATIONS
    steps = int((_for_deep(plan, seconds) / plan.folds - chosen) / probed.step_seconds)
    plan = replace(
        plan,
        threads=probed.threads,
        trees=_affordable_trees(plan, task, 0.1 * seconds),
        linear_rows=_affordable_rows(plan, task, probed.terms, 0.05 * seconds),
    )
    return triangular(plan, max(20, min(plan.most_steps or plan.all_steps, steps)))


def _fit_table(plan: Plan, task: Task, seconds: float) -> Plan:
    """The plan of the networks of plain columns, with as many steps as their share allows."""
    task = task.table
    probed = probe(task, plan, seconds, most_threads=1)
    each = (1 + plan.anneal) * _step_cost(plan, probed, len(task.folds[0][0]))
    steps = max(10, min(plan.steps, int(TABLE_SHARE * seconds / plan.folds / each)))
    every = min(plan.evaluate_every, max(1, steps // 12))
    return replace(plan, steps=steps, evaluate_every=every)


def planned_seconds(plan: Plan, learn: int, probed: Probe, seconds: float) -> float:
    """The longest that a run of so many `seconds` can take by the plan."""
    deep = plan.folds * plan.all_steps * _step_cost(plan, probed, learn)
    share = for_members(plan, seconds) / seconds if plan.heavy else SHARE_OF_MEMBERS
    return deep / share / (1 if plan.table is None else 1 - TABLE_SHARE)


def usable_threads() -> int:
    """Processors that this process may use."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, affinity or 1)


def for_evidence(plan: Plan, seconds: float, solved: float = 0.0) -> float:
    """Of the budget's seconds those for the evidence, much of which costs the same in any budget.

    Conventional ways and the learning curve take about as long as the paths that were `solved` in
    so many seconds. Where a single look at all proving rows takes long, so does the evidence.
    """
    until, share, later = HEAVY_EVIDENCE if plan.heavy else EVIDENCE
    first = min(seconds, until)
    asked = share * first + later * (seconds - first)
    return asked + 0.5 * solved if plan.heavy else max(asked, AGAIN * solved)


def for_members(plan: Plan, seconds: float) -> float:
    """Of the seconds that are left those for the deep networks."""
    return seconds - (HEAVY_SOLVED if plan.heavy else SOLVED) * for_evidence(plan, seconds)


def _for_deep(plan: Plan, seconds: float) -> float:
    """Of the seconds that are left those for the deep networks of all columns."""
    return for_members(plan, seconds) * (1 if plan.table is None else 1 - TABLE_SHARE)


@contextmanager
def threads_set(threads: int) -> Iterator[None]:
    """torch's threads for a while, then the caller's own again."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _affordable_trees(plan: Plan, task: Task, seconds: float) -> int:
    """As many rounds of boosting as `seconds` allow, none where they would be too few to matter.

    A tree costs about 0.6 ms and 5 ns a cell; every fold, the choice of a shape and the last
    fit on all rows grow their own, and so does each target, a class one for each level.
    """
    inputs = task.schema.inputs
    columns = sum(getattr(kind, "measured", len(kind.columns)) for kind in inputs)
    rows = min(len(task.folds[0][0]), 200_000)
    each = sum(kind.tree_outputs for kind in task.schema.targets)
    if not each:
        return 0
    cost = each * (plan.folds + 3) * (6e-4 + 5e-9 * rows * columns)
    rounds = min(plan.trees, int(seconds / cost))
    return rounds if rounds >= FEWEST_TREES and columns else 0


def _affordable_rows(plan: Plan, task: Task, terms: float, seconds: float) -> int:
    """As many rows as the solver of the linear path gets through in `seconds`.

    It takes about 0.25 µs for each term and output of a row, for each of four strengths that are
    tried and for each fold.
    """
    outputs = sum(kind.linear_outputs * kind.linear_solutions for kind in task.schema.targets)
    rows = int(seconds / ((4 + plan.folds) * 2.5e-7 * max(1.0, terms) * max(1, outputs)))
    return min(MOST_LINEAR_ROWS, max(FEWEST_LINEAR_ROWS, rows))


def _terms(network: DeepNetwork, task: Task) -> float:
    with torch.inference_mode():
        _, value = network.terms(task.store.batch(torch.as_tensor(task.folds[0][0][:64])))
    return float((value != 0).sum()) / max(1, len(value))


def _step_cost(plan: Plan, probed: Probe, learn: int) -> float:
    chosen = min(20_000, plan.looked_at, learn * 0.2)
    return probed.step_seconds + chosen * probed.row_seconds / max(plan.evaluate_every, 1)


def _time_steps(
    network: DeepNetwork,
    optimizer: FlatAdamW,
    batches: Batches,
    task: Task,
    seconds: float,
    best: float | None,
) -> float:
    """The median of the steps that were timed, the first ones left out.

    Fewer than PROBE_STEPS where they are slow beside the best, or would eat up the time.
    """
    times: list[float] = []
    while len(times) <= PROBE_STEPS or (len(times) < MOST_PROBE_STEPS and sum(times) < seconds):
        if len(times) >= 2 and sum(times) > MOST_PROBE * seconds:
            break
        if best is not None and len(times) == 3 and min(times[1:]) > 1.5 * best:
            break
        started = time.perf_counter()
        rows = batches(len(times))
        answers = [target[rows] for target in task.targets]
        outputs = network.learning(task.store.batch(rows), answers)
        summed_loss(task.schema.targets, outputs, answers).backward()
        optimizer.step(0.0)
        times.append(time.perf_counter() - started)
    known = sorted(times[max(1, len(times) // 4) :])
    return known[len(known) // 2]
