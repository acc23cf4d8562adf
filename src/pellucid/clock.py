"""The time of a run: how much of it is left, and each network's share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pellucid.interruption import Interruption
from pellucid.narration import Narration
from pellucid.settings import Settings
from pellucid.training.budget import TABLE_SHARE, for_evidence
from pellucid.training.plan import Plan
from pellucid.training.watch import Watch
from pellucid.workshop import Workshop

TUNING_SHARE = 0.65  # of the time that is left: then the clock cuts it short


@dataclass(frozen=True)
class Clock:
    """What the time of a run is told by, and what may end it."""

    workshop: Workshop
    settings: Settings
    narration: Narration
    interruption: Interruption
    unhurried: bool = False  # a given plan is followed to its end

    @property
    def left(self) -> float:
        """Seconds of the budget."""
        return float("inf") if self.unhurried else self.settings.minutes * 60 - self.workshop.spent


def watches(plan: Plan, clock: Clock) -> Callable[[int], Watch]:
    """For each deep network a watch with its share of the time that is left for training."""
    narration, workshop = clock.narration, clock.workshop
    began = narration.now()
    solved: list[float] = []
    order = plan.order(plan.folds)
    shares = [TABLE_SHARE if position >= plan.folds else 1 - TABLE_SHARE for position in order]

    def reserve() -> float:
        """For the evidence, whose curve solves the other paths once more on parts of the rows."""
        return for_evidence(plan, clock.settings.minutes * 60, solved[0])

    def watch_of(position: int) -> Watch:
        workshop.note_time()
        solved.append(narration.now() - began)
        left = clock.left - reserve()
        now = narration.now()
        place = order.index(position)
        report = narration.descent(plan, place, workshop, now + left)
        deadline = now + left * shares[place] / sum(shares[place:])
        most = plan.most_steps if position < plan.folds else 0
        return Watch(deadline, workshop.checkpoint(position), report, clock.interruption, most)

    return watch_of


def tuning_watches(plan: Plan, clock: Clock) -> Callable[[str], Watch]:
    """For each kind whose backbone is tuned a watch with its share of the time that is left."""

    def watch_of(kind: str) -> Watch:
        now, workshop = clock.narration.now(), clock.workshop
        report = clock.narration.tuning(plan.tuning[kind], workshop)
        deadline = now + TUNING_SHARE * clock.left
        return Watch(deadline, workshop.checkpoint(kind), report, clock.interruption)

    return watch_of
