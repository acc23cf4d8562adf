"""Backbones tuned on the rows to learn from, and kept where the choosing rows are better for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from pellucid.evidence.numerals import duration
from pellucid.experience import Experience
from pellucid.kinds import Array, Encoded
from pellucid.kinds.pretrained import TunableKind
from pellucid.networks.network import Network, new_network
from pellucid.schema import located
from pellucid.store import build_store
from pellucid.training.convex import Choice, linear_path
from pellucid.training.plan import Plan
from pellucid.training.task import Task
from pellucid.training.tuning import BATCH, Lesson, looks, step_seconds, steps_within, tune
from pellucid.training.watch import Watch

SHARE = 0.5  # of the time that is left, for tuning and for reading everything once more
DEARER = 3.0  # times a reading: a step's cost a row
MOST_BYTES = 2**30  # of the cells that are learnt from, which are kept in memory


@dataclass(frozen=True)
class Frozen:
    """What conventional ways may see of backbones: vectors that no row here has had a part in."""

    task: Task  # on one split
    network: Network  # its linear path is solved
    choices: Sequence[Choice]
    loss: float  # of the linear path on the choosing rows


@dataclass(frozen=True)
class Tuned:
    """The experience with tuned vectors where they are better, beside what it was before."""

    experience: Experience
    frozen: Frozen
    kept: bool = False
    cuts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    told: tuple[str, ...] = ()


def planned_tuning(
    experience: Experience, plan: Plan, seed: int, seconds: float
) -> tuple[Plan, float, str | None]:
    """The plan with the steps that each backbone can make in its share of the seconds.

    Beside it the seconds that they take, and what is said of a backbone that has too few.
    """
    kinds, steps, spent, told = _readers(experience), {}, 0.0, []
    rows = sum(table.height for table in experience.tables)
    for kind in kinds:
        cell = len(kind.columns) * kind.pretrained.wall_seconds
        allowed, again = SHARE * seconds / len(kinds), cell * rows
        guess = DEARER * cell * BATCH  # of a step; it is measured where it could be enough
        lesson = None
        if steps_within(experience.split, allowed - again, guess / 2):
            lesson = _lesson(experience, kind, plan, seed)
        of_step = guess if lesson is None else step_seconds(lesson)
        made = lesson and steps_within(experience.split, allowed - again, of_step)
        if made:
            steps[kind.kind] = made
            spent += again + of_step * (made + looks(experience.split))
        else:
            one = again + of_step * (looks(experience.split) + len(experience.split.learn) / BATCH)
            more = one * len(kinds) / SHARE - seconds
            told.append(_untuned(kind.pretrained.name, more))
    if steps:
        plan = replace(plan, tuning=steps, tuning_threads=torch.get_num_threads())
    return plan, spent, " · ".join(told) or None


def tuned(
    experience: Experience,
    plan: Plan,
    seed: int,
    watch_of: Callable[[str], Watch],
    folder: Path | None,
) -> Tuned | None:
    """Tune each backbone as the plan says; None where it says nothing.

    Whether one is better for it is asked of the linear path, all columns in it, on the choosing
    rows. The vectors of all rows are made once more then.
    """
    kinds = [kind for kind in _readers(experience) if kind.kind in plan.tuning]
    if not kinds:
        return None
    before = _solved(experience, plan, seed)
    found, best = Tuned(experience, before), before.loss
    for kind in kinds:
        lesson = _lesson(found.experience, kind, plan, seed)
        if lesson is None:
            continue
        cut = dict(plan.cuts.get(kind.kind, {}))
        learnt, descent = tune(lesson, plan.tuning[kind.kind], watch_of(kind.kind), cut)
        tried = _with(found.experience, learnt, lesson, folder)
        loss = _solved(tried, plan, seed).loss
        cuts = {**found.cuts, **({kind.kind: descent.cut} if descent.cut else {})}
        told = (*found.told, _told(kind.pretrained.name, descent.step, best, loss))
        found = replace(found, cuts=cuts, told=told)
        if better(loss, best):
            found, best = replace(found, experience=tried, kept=True), loss
    return found


def better(loss: float, best: float) -> bool:
    """Whether a tuned backbone takes the place of the frozen one."""
    return loss < best


def _untuned(name: str, more: float) -> str:
    """Why a backbone is not tuned; `more` seconds would do, if they are what is missing."""
    if more > 0:
        return f"with about {duration(more)} more, {name} would be tuned on these rows as well"
    return f"{name} is not tuned: the cells that it would learn from take more than 1 GB"


def _told(name: str, steps: int, before: float, after: float) -> str:
    losses = f"loss of the linear path on the choosing rows {before:.4f}, tuned {after:.4f}"
    return (
        f"{name} in {steps:,} steps · {losses} · {'kept' if better(after, before) else 'not kept'}"
    )


def _readers(experience: Experience) -> list[Any]:
    """The kinds whose backbone can be tuned, where its vectors are good for something."""
    if not any(target.linear_outputs for target in experience.schema.targets):
        return []
    return [kind for kind in experience.schema.readers if isinstance(kind, TunableKind)]


def _lesson(experience: Experience, kind: Any, plan: Plan, seed: int) -> Lesson | None:
    """What a backbone learns from; None where it would not fit in memory."""
    learn, choose = experience.split.learn, experience.split.choose
    rows = np.sort(np.concatenate([learn, choose]))
    cells = _cells(experience, kind, rows)
    if cells is None:
        return None
    pairs = zip(experience.schema.targets, experience.targets, strict=True)
    return Lesson(
        kind,
        lambda asked: cells[np.searchsorted(rows, asked)],
        [(target, answers) for target, answers in pairs if target.linear_outputs],
        learn,
        choose,
        experience.store.dense[f"{kind.kind}.vectors"],
        experience.store.lengths(),
        plan.body.encoder.mirror,
        seed,
    )


def _cells(experience: Experience, kind: Any, rows: Array) -> pl.DataFrame | None:
    """The located cells of the kind's columns in these rows of the first table."""
    table, frames, first = experience.tables[0], [], 0
    for frame in table.batches(kind.columns, getattr(kind, "slice_rows", None)):
        inside = rows[np.searchsorted(rows, first) : np.searchsorted(rows, first + frame.height)]
        frames.append(located(frame[inside - first], type(kind), table.files))
        first += frame.height
        if sum(each.estimated_size() for each in frames) > MOST_BYTES:
            return None
    return pl.concat(frames)


def _solved(experience: Experience, plan: Plan, seed: int) -> Frozen:
    """The linear path on one split."""
    schema, split, loss, choices = experience.schema, experience.split, 0.0, []
    folds = [(split.learn, split.choose)]
    task = Task(schema, experience.store, experience.targets, folds, seed)
    network = new_network(schema, plan.body, 1, seed)
    for position, (kind, answers) in enumerate(zip(schema.targets, task.targets, strict=True)):
        output, strength, plain = linear_path(network, task, plan.linear_rows, position)
        choices.append(Choice(strength, plain=plain))
        if strength is not None:
            loss += kind.score(output, answers[split.choose])
    return Frozen(task, network.eval(), choices, loss)


def _with(experience: Experience, kind: Any, lesson: Lesson, folder: Path | None) -> Experience:
    """The experience with what the kind's tuned backbone makes of all cells."""
    kind = kind.with_backbone(kind.pretrained.backbone, lesson.cells(lesson.learn))
    kind = replace(kind, pretrained=replace(kind.pretrained, tuned=True))
    inputs = (kind if each.kind == kind.kind else each for each in experience.schema.inputs)
    schema = replace(experience.schema, inputs=tuple(inputs))
    read = build_store(_vectors(experience, kind), folder)
    before = experience.store
    store = replace(
        before,
        dense={**before.dense, **read.dense},
        keep_alive=(before.keep_alive, read.keep_alive),
    )
    return replace(experience, schema=schema, store=store)


def _vectors(experience: Experience, kind: Any) -> Iterator[Encoded]:
    for table in experience.tables:
        known = [column for column in kind.columns if column in table.columns]
        for cells in table.batches(known, experience.schema.slice_rows):
            nothing = [pl.lit(None, pl.String).alias(c) for c in kind.columns if c not in known]
            whole = cells.with_columns(nothing).select(kind.columns)
            yield kind.vectors(located(whole, type(kind), table.files))
