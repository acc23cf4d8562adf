"""Which plan a run follows: a given one, a killed run's, or a new one that fits the time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pellucid.evidence.curve import curve_sizes
from pellucid.experience import Experience
from pellucid.keeping import load
from pellucid.narration import Narration
from pellucid.settings import Settings
from pellucid.training.budget import fit_to_time, planned_seconds, probe, with_encoders
from pellucid.training.draft import first_plan
from pellucid.training.plan import Plan
from pellucid.training.task import Task
from pellucid.tuning import planned_tuning
from pellucid.workshop import Workshop


def plan_of(
    given: Plan | None,
    workshop: Workshop,
    experience: Experience,
    settings: Settings,
    narration: Narration,
) -> Plan:
    """The plan that is given, the one of a run that was killed, or a new one that fits the time."""
    learn = len(experience.split.learn)
    chosen = given or workshop.plan()
    seconds = 0.0
    if chosen is None:
        draft, tuning, told = planned_tuning(
            experience,
            first_plan(experience.schema, learn),
            settings.seed,
            settings.minutes * 60 - workshop.spent,
        )
        narration.hint(told)
        chosen, seconds = timed(draft, workshop, experience, settings, tuning)
        folds = len(experience.folds(chosen.folds, settings.seed))  # few groups make fewer folds
        chosen = replace(chosen, folds=folds, curve=curve_sizes(learn))
        workshop.keep_plan(chosen)
    narration.plan(chosen, experience, min(seconds, settings.minutes * 60), workshop.resumed)
    return chosen


def timed(
    draft: Plan, workshop: Workshop, experience: Experience, settings: Settings, tuning: float = 0
) -> tuple[Plan, float]:
    """The draft with what the time allows of its steps, and the longest that the run can take.

    Of the time `tuning` seconds are spoken for.
    """
    task = task_of(experience, replace(draft, folds=1), settings)
    budget = settings.minutes * 60 - tuning
    draft = with_encoders(draft, task, budget - workshop.spent)
    probed = probe(task, draft, budget - workshop.spent)
    plan = fit_to_time(draft, task, probed, budget - workshop.spent)
    learn = len(experience.split.learn)
    return plan, workshop.spent + tuning + planned_seconds(
        plan, learn, probed, budget - workshop.spent
    )


def given_plan(plan: str | Path | Plan | None) -> Plan | None:
    """A plan, that of a model by its path, or none."""
    return load(plan).plan if isinstance(plan, str | Path) else plan


def task_of(experience: Experience, plan: Plan, settings: Settings) -> Task:
    """What is to be learnt, in as many folds as the plan has."""
    folds = experience.folds(plan.folds, settings.seed)
    return Task(experience.schema, experience.store, experience.targets, folds, settings.seed)
