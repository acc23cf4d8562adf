"""What a run tells people while it goes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from torch import Tensor

from pellucid.errors import Mends
from pellucid.evidence.numerals import duration, memory
from pellucid.experience import Experience
from pellucid.kinds import TargetKind
from pellucid.model import Model
from pellucid.progress import Progress
from pellucid.training.descent import Descent
from pellucid.training.fitting import Fitted
from pellucid.training.memory import peak_megabytes
from pellucid.training.plan import Plan
from pellucid.workshop import Workshop

if TYPE_CHECKING:
    pass

MOST_INPUTS = 12


class Narration:
    """Prints each stage as it happens, and remembers when it began."""

    def __init__(self, verbose: bool | TextIO) -> None:
        stream = None if isinstance(verbose, bool) else verbose
        self.progress = Progress(stream, quiet=not verbose)
        self.stages: list[tuple[str, float]] = [("reading", self.now())]
        self.planned: dict[str, float] = {"seconds": 0.0, "megabytes": 0.0}
        self.resumed = False
        self.hints: list[str] = []  # of backbones: whether they were tuned, what it would take

    @staticmethod
    def now() -> float:
        """Seconds of a clock that never jumps."""
        return time.monotonic()

    def stage(self, name: str) -> None:
        """A stage begins."""
        self.stages.append((name, self.now()))

    def interrupted(self) -> None:
        """Ctrl-C was pressed once."""
        self.progress.line(
            "stopping", "annealing and finishing; press Ctrl-C again to stop at once"
        )

    def data(self, experience: Experience, mends: Mends) -> None:
        """What was read, what is predicted, from what, and how the rows are split."""
        say = self.progress.line
        table = experience.tables[0]
        skipped = sum(m.count for m in mends.found if m.action.startswith("row skipped"))
        counts = f"{table.rows_given:,} rows"
        counts += f" · {len(table.columns)} columns" if table.windows is None else ""
        if skipped:
            counts += f" · {skipped:,} {'row' if skipped == 1 else 'rows'} skipped"
        say("data", f"{table.name} · {counts}")
        if table.told:
            say("series", table.told)
        for mend in mends.found:
            say("", str(mend))
        for kind in experience.schema.targets:
            say("task", _task(kind, experience.schema.reasons[kind.columns[0]]))
        say("inputs", _inputs(experience))
        if experience.findings.ignored:
            say(
                "ignored",
                " · ".join(f"{i.column} ({i.reason})" for i in experience.findings.ignored),
            )
        for warning in experience.findings.warnings:
            say("beware", warning)
        for hint in experience.hints:
            say("hint", hint)
        split = experience.split
        sides = (split.learn, split.choose, split.prove)
        learn, choose, prove = (f"{len(rows):,}" for rows in sides)
        say("split", f"{learn} learn / {choose} choose / {prove} prove · {split.how}")
        self.stage("planning")

    def plan(self, plan: Plan, experience: Experience, seconds: float, resumed: bool) -> None:
        """The size of the network, and what it will cost at most."""
        weights = _weights(plan, experience)
        # A weight costs itself, its gradient, two moments and the best so far, 4 bytes each.
        megabytes = peak_megabytes() + 20 * weights / 2**20 + 100
        self.planned = {"seconds": seconds, "megabytes": megabytes}
        self.resumed = resumed
        folds = f"{plan.folds} networks of " if plan.folds > 1 else ""
        about = (
            f" · at most {duration(seconds)} on {plan.threads} of {os.cpu_count()} cores"
            if seconds
            else ""
        )
        again = " · goes on from its checkpoints" if resumed else ""
        self.progress.line(
            "plan",
            f"{folds}{weights / 1e6:.2g} M weights · {plan.body.members} members{about}"
            f" · peak memory about {memory(megabytes)}{again}",
        )
        self.stage("tuning" if plan.tuning else "learning")

    def hint(self, told: str | None) -> None:
        """What more could be had."""
        if told is not None:
            self.hints.append(told)
            self.progress.line("hint", told)

    def tuning(self, steps: int, workshop: Workshop) -> Callable[[Descent, Tensor], None]:
        """A report for a backbone that learns on."""
        first, started, noted = None, self.now(), self.now()

        def report(descent: Descent, loss: Tensor) -> None:
            nonlocal first, noted
            first = descent.step - 10 if first is None else first
            if self.now() - noted > 5:
                noted = self.now()
                workshop.note_time()
            rate = (descent.step - first) / max(self.now() - started, 1e-9)
            score = f"choosing loss {descent.best:.4f} · " if descent.history else ""
            text = f"{score}{rate:.2g} steps/s"
            left = (steps - descent.step) / rate
            self.progress.advance("tuning", descent.step / steps, text, left)

        return report

    def tuned(self, told: Sequence[str]) -> None:
        """The backbones have learnt on, and are kept or not."""
        for each in told:
            self.hints.append(f"Tuning {each}.")
            self.progress.line("tuning", each)
        self.stage("learning")

    def descent(
        self, plan: Plan, place: int, workshop: Workshop, end: float
    ) -> Callable[[Descent, Tensor], None]:
        """A report for the descent at that place in their order; by `end` the last is over."""
        count = len(plan.order(plan.folds))
        mine = plan.table if plan.table is not None and place < plan.folds else plan
        started, before = self.now(), None
        noted = self.now()

        def report(descent: Descent, loss: Tensor) -> None:
            nonlocal before, noted
            if before is None:
                before = descent.step - 10
            if self.now() - noted > 5:
                noted = self.now()
                workshop.note_time()
            if self.progress.quiet:
                return
            rate = (descent.step - before) / max(self.now() - started, 1e-9)
            last = (
                descent.anneal_from + descent.anneal_steps
                if descent.anneal_from
                else mine.all_steps
            )
            left = (last - descent.step) / rate + (count - place - 1) * last / rate
            left = min(left, max(0.0, end - self.now()))
            done = (place + min(1.0, descent.step / last)) / count
            score = f"choosing loss {descent.best:.4f} · " if descent.history else ""
            self.progress.advance("learning", done, f"{score}{rate * mine.batch:,.0f} rows/s", left)

        return report

    def learned(self, fitted: Fitted, plan: Plan) -> None:
        """The networks are trained."""
        steps = sum(d.step for d in fitted.descents)
        seconds = self.now() - self.stages[-1][1]
        how = ""
        if fitted.settled:
            how = " · ended when nothing more was gained"
        elif fitted.cuts:
            shortened = steps < plan.whole_steps
            how = " · annealed early to keep the budget" if shortened else " · longer than planned"
        self.progress.line("learning", f"{steps:,} steps in {duration(seconds)}{how}")

    def verdict(self, model: Model, output: Path | None, replaced: bool) -> None:
        """The verdict on every target, and where the model is."""
        self.progress.line("", "")
        for name, target in model.evidence["targets"].items():
            heading = "verdict" if len(model.targets) == 1 else name
            for position, sentence in enumerate(target["verdict"]["sentences"]):
                self.progress.line(heading[:9] if position == 0 else "", sentence)
        if output is not None:
            how = "replaced" if replaced else "saved"
            self.progress.line(
                how, f"{output}/   report.html shows the curve, the mistakes and the network"
            )
        self.progress.close()


def _task(kind: TargetKind, reason: str) -> str:
    return f"predict {kind.task()}, because {reason} · performance: {kind.metric}"


def _inputs(experience: Experience) -> str:
    columns = [
        f"{column} {kind.kind} ({kind.summary(column)})"
        for kind in experience.schema.inputs
        for column in kind.columns
    ]
    if len(columns) <= MOST_INPUTS:
        return " · ".join(columns)
    counts = " · ".join(f"{len(k.columns)} × {k.kind}" for k in experience.schema.inputs)
    return f"{len(columns)} columns: {counts}"


def _weights(plan: Plan, experience: Experience) -> int:
    from pellucid.networks.network import new_network

    table = None if plan.table is None else plan.table.body
    network = new_network(experience.schema, plan.body, 1, 0, table)
    return sum(p.numel() for p in network.parameters())
