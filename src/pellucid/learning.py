"""The main job: learn from a raw table, prove it, keep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TextIO

from pellucid.asked import horizon_asked, metric_asked, other_words, several
from pellucid.clock import Clock, tuning_watches, watches
from pellucid.data.checking import nearest, require_column
from pellucid.data.fingerprint import fingerprint
from pellucid.data.reading import read
from pellucid.data.table import Table
from pellucid.errors import Mends, UsageError
from pellucid.evidence.curve import learning_curve
from pellucid.evidence.judgement import compare, judge
from pellucid.evidence.reasons import reasons
from pellucid.evidence.rows import column_importance
from pellucid.experience import Experience, gather
from pellucid.interruption import Interruption
from pellucid.keeping import versions, write_model
from pellucid.model import Model
from pellucid.narration import Narration
from pellucid.origins import windows_of
from pellucid.planning import given_plan, plan_of, task_of, timed
from pellucid.record import document
from pellucid.settings import Settings
from pellucid.training.budget import threads_set
from pellucid.training.draft import first_plan, of_epochs
from pellucid.training.fitting import Fitted, fit
from pellucid.training.memory import keep_freed_memory
from pellucid.training.plan import Plan
from pellucid.training.task import Task
from pellucid.tuning import Frozen, tuned
from pellucid.workshop import Workshop

REASONS_SHARE = 0.02  # of the whole budget, for what single answers rest on
# Of the time that is left when each begins.
WAYS_SHARE, CURVE_SHARE, IMPORTANCE_SHARE = 0.3, 0.6, 0.4


def learn(  # noqa: PLR0913
    source: Any,
    target: str | Sequence[str] | None = None,
    *,
    test: Any = None,
    minutes: float = 5.0,
    seed: int = 0,
    kinds: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    group: str | None = None,
    time: str | None = None,
    strict: bool = False,
    horizon: int | None = None,
    series: str | None = None,
    known: Sequence[str] = (),
    metric: str | None = None,
    backbone: str | Sequence[str] = (),
    plan: str | Path | Plan | None = None,
    output: str | Path | None = None,
    verbose: bool | TextIO = True,
    **words: Any,
) -> Model:
    """Learn to predict `target` from all other columns of `source`, and prove it.

    source: a path (CSV, TSV, Parquet, Arrow, JSON lines, Excel), a folder (one folder of files
        for each class, or files and the table that names them), a `Query`, a pandas, polars or
        Arrow frame, or "sample:NAME".
    target: the column, or columns, to predict; of class folders the folder, if not given.
    test: rows to prove it on: a path or a frame, or the name of a column that says which rows
        are for training and which for testing. Without it 15 % of the rows are set apart.
    minutes: wall clock for everything, evidence included.
    kinds: column -> "number", "category", "date", "text", "series", "image", "audio" or "video",
        over what is recognised.
    ignore: columns to leave out.
    group: a column whose equal values are kept on one side of the split.
    time: a column of dates or numbers: learn from the past, prove on the future.
    strict: every mend of the data is an error.
    horizon: forecast so many steps of `time` instead of one value a row.
    series: the column that names the series, where there are several to forecast.
    known: columns whose values are known ahead, as prices or holidays.
    metric: what performance is measured by and learning makes small: of numbers "RMSE" (so that
        the mean is predicted) or "MAE" (the median).
    backbone: a pretrained network that reads the texts, or the pictures and films, as well: a
        folder, the name of an installed package of weights, or "hf:owner/name" or "timm:name" to
        have it from the hub; one of texts and one of pictures.
    plan: a model (or its path) whose plan is followed step by step; the clock is not heeded.
    output: a folder to write the model to; a run killed on the way goes on from there.

    verbose: tell on standard output, on the given stream, or (False) not at all.

    `label`, `time_limit` (in seconds) and `random_state` are taken for `target`, `minutes` and
    `seed`. Raises DataError for data that cannot be used, UsageError for a request that cannot
    be met.
    """
    named, minutes, seed = other_words(words, target, minutes, seed)
    if not isinstance(kinds or {}, Mapping):
        raise UsageError(
            f'kinds maps columns to kinds, like {{"zip": "category"}}; it is {kinds!r}.'
        )
    ahead = several(known)
    steps = horizon_asked(horizon, series, ahead, (test, group, time))
    settings = Settings(
        minutes,
        seed,
        dict(kinds or {}),
        several(ignore),
        group,
        time,
        strict,
        steps,
        series,
        ahead,
        metric_asked(metric),
        several(backbone),
    )
    plan = given_plan(plan)
    narration = Narration(verbose)
    keep_freed_memory()
    with Interruption(narration.interrupted) as interruption:
        mends = Mends(strict)
        tables, own = _tables(source, test, mends)
        target = named or _own_target(tables[0])
        request = _request(tables, target, settings, plan)
        workshop = Workshop(_path(output), request, narration.stages[0][1])
        # A run that goes on from where it was killed has had the minutes that reading takes.
        limit = settings.minutes if (plan or workshop.plan()) is None else float("inf")
        experience = _experience(
            tables, target, replace(settings, minutes=limit), own, mends, workshop.folder
        )
        narration.data(experience, mends)
        clock = Clock(workshop, settings, narration, interruption, unhurried=plan is not None)
        chosen = plan_of(plan, workshop, experience, settings, narration)
        experience, frozen, chosen = _tuned(experience, chosen, clock)
        with threads_set(chosen.threads):
            task = task_of(experience, chosen, settings)
            fitted = fit(task, chosen, watches(chosen, clock))
            chosen = replace(chosen, cuts={**chosen.cuts, **fitted.cuts})
            narration.learned(fitted, chosen)
            targets = _judge(experience, (task, frozen), chosen, fitted, clock)
        evidence = document(experience, mends, chosen, (fitted, targets), narration, workshop)
        model = Model(experience.schema, fitted.network, chosen, evidence, asdict(settings))
    return _keep(model, _path(output), workshop, narration)


def fit_only(  # noqa: PLR0913
    table: Table,
    targets: list[str],
    settings: Settings,
    mends: Mends,
    *,
    folds: int | None = None,
    epochs: int | None = None,
    threads: int = 1,
) -> Model:
    """Learn from every row of `table`; nothing is set apart, proved, told or kept.

    `folds` and `epochs` are taken instead of the recipe's own. The threads are given, not probed,
    so that a plan that fits the time does not depend on the clock.
    """
    narration, workshop = Narration(False), Workshop(None, {})
    experience = gather((table,), targets, settings, None, mends, prove=False)
    draft = first_plan(experience.schema, len(experience.split.learn))
    draft = draft if epochs is None else of_epochs(draft, len(experience.split.learn), epochs)
    draft = replace(draft, folds=folds or draft.folds)
    plan, _ = timed(draft, workshop, experience, settings)
    task = task_of(experience, plan, settings)
    plan = replace(plan, folds=len(task.folds), threads=threads)
    with threads_set(threads):
        # Not entered: Ctrl-C ends a search or a cross-validation, not one of its many fits.
        clock = Clock(workshop, settings, narration, Interruption())
        fitted = fit(task, plan, watches(plan, clock))
    plan = replace(plan, cuts=fitted.cuts)
    return Model(experience.schema, fitted.network, plan, {}, asdict(settings))


def _experience(
    tables: tuple[Table, ...],
    target: Sequence[str],
    settings: Settings,
    own: str | None,
    mends: Mends,
    folder: Path | None,
) -> Experience:
    """The table made ready; of a forecast its windows, which bring their own split."""
    if settings.horizon is not None:
        tables = (windows_of(tables[0], target, settings, mends),)
        own = tables[0].split
        settings = replace(settings, time=None, ignore=(str(settings.time),))
    return gather(tables, target, settings, own, mends, folder)


def _own_target(table: Table) -> list[str]:
    """The class folder of files, where nobody says what is predicted."""
    if table.target is None:
        raise UsageError("Say what to predict: name a column with target (--target).")
    return [table.target]


def _path(output: str | Path | None) -> Path | None:
    return None if output is None else Path(output)


def _tables(source: Any, test: Any, mends: Mends) -> tuple[tuple[Table, ...], str | None]:
    """The table, the user's own test table, and the user's own split column."""
    table = read(source, mends)
    if test is None:
        return (table,), table.split
    if isinstance(test, str) and test in table.columns and not Path(test).exists():
        return (table,), test
    plain = isinstance(test, str) and "." not in test and not Path(test).exists()
    if plain and nearest(test, table.columns):
        require_column(table, test)  # no file has this name, and a column nearly has it
    return (table, read(test, mends)), None


def _request(
    tables: tuple[Table, ...], target: list[str], settings: Settings, plan: Plan | None
) -> dict[str, Any]:
    return {
        "data": [fingerprint(table) for table in tables],
        "target": target,
        "settings": {
            **asdict(settings),
            "ignore": list(settings.ignore),
            "known": list(settings.known),
            "backbones": list(settings.backbones),
        },
        "plan": None if plan is None else plan.to_json(),
        "versions": versions(),
    }


def _tuned(
    experience: Experience, plan: Plan, clock: Clock
) -> tuple[Experience, Frozen | None, Plan]:
    """With tuned backbones, if the plan says so and they are better: then there is one split."""
    if not plan.tuning:
        return experience, None, plan

    with threads_set(plan.tuning_threads):
        watch_of = tuning_watches(plan, clock)
        found = tuned(experience, plan, clock.settings.seed, watch_of, clock.workshop.folder)
    clock.narration.tuned(() if found is None else found.told)
    if found is None:
        return experience, None, plan
    plan = replace(plan, cuts={**plan.cuts, **found.cuts})
    if not found.kept:
        return experience, None, plan
    return found.experience, found.frozen, replace(plan, folds=1)


def _judge(
    experience: Experience,
    tasks: tuple[Task, Frozen | None],
    plan: Plan,
    fitted: Fitted,
    clock: Clock,
) -> dict[str, Any]:
    """Conventional ways and the curve rest on frozen backbones: tuned ones have seen the rows."""
    (task, frozen), narration = tasks, clock.narration
    prove = experience.split.prove

    def left() -> float:
        return max(3.0, clock.settings.minutes * 60 - clock.workshop.spent)

    narration.stage("proving")
    usual = (task, fitted.network) if frozen is None else (frozen.task, frozen.network)
    compared = compare(experience, task, fitted.network, usual, WAYS_SHARE * left())
    choices = fitted.choices if frozen is None else frozen.choices
    curves = learning_curve(usual[0], plan, choices, prove, CURVE_SHARE * left())
    seconds = IMPORTANCE_SHARE * left()
    importances = column_importance(experience, fitted.network, prove, seconds, task.seed)
    judged = judge(experience, task, compared, curves, importances)
    seconds = min(REASONS_SHARE * clock.settings.minutes * 60, left()) / len(judged)
    for position, target in enumerate(judged.values()):
        output = compared[position].outputs["answer"]
        target["reasons"] = reasons(experience, fitted.network, position, output, seconds)
    return judged


def _keep(model: Model, output: Path | None, workshop: Workshop, narration: Narration) -> Model:
    replaced = output is not None and output.exists()
    if output is not None:
        write_model(model, output)
        workshop.clear()
    narration.verdict(model, output, replaced)
    return model
