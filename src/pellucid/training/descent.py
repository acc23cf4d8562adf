"""A descent: how large its steps are, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Schedule:
    """The step size as a function of the step: warm up, stay, anneal linearly to 0.

    Annealing begins at `steps` or when `patience` evaluations brought nothing better, then from
    the best weights; it lasts `anneal` times the steps before it. An evaluation comes every
    `evaluate_every` steps.
    """

    rate: float
    steps: int
    evaluate_every: int
    patience: int
    warmup: int = 10
    decay: float = 3e-4
    clip: float | None = 1.0
    anneal_at: int | None = None  # of a run that is done over: where it began to anneal
    stop_at: int | None = None  # ... and where it was cut short
    hurries: Mapping[int, int] = field(default_factory=dict)  # ... where so many steps were given
    anneal: float = 0.25
    share: Callable[[str], float] | None = None  # of the step size, that a parameter takes, by name


@dataclass
class Descent:
    """Where a descent stands; with the optimizer's state it is all that a resumed run needs."""

    step: int = 0
    anneal_from: int | None = None
    anneal_steps: int = 0
    anneal_share: float = 0.25
    peak: float = 1.0  # of the step size, where the present annealing began
    best: float = float("inf")
    best_step: int = 0
    waited: int = 0
    settled: bool = False  # it annealed because nothing better came
    history: list[dict[str, float]] = field(default_factory=list)
    cut: dict[str, int] = field(default_factory=dict)  # what the clock or Ctrl-C changed
    clock: list[float] = field(default_factory=list, compare=False)  # seconds at each evaluation

    def rate(self, schedule: Schedule) -> float:
        """The step size of the next step; 0 when the descent is over."""
        rate = schedule.rate * min(1.0, (self.step + 1) / max(schedule.warmup, 1))
        return rate if self.anneal_from is None else rate * self._height()

    def anneal(self) -> None:
        """Begin to anneal now."""
        self.anneal_from = self.step
        self.anneal_steps = max(10, int(self.step * self.anneal_share))

    def anneal_over(self, steps: int) -> None:
        """Anneal from where the step size stands now to 0 in so many steps."""
        self.peak = self._height() if self.anneal_from is not None else 1.0
        self.anneal_from, self.anneal_steps = self.step, steps

    @property
    def left(self) -> int:
        """Steps until annealing is over, or would be if it began now."""
        if self.anneal_from is None:
            return int(self.step * self.anneal_share)
        return self.anneal_from + self.anneal_steps - self.step

    def _height(self) -> float:
        assert self.anneal_from is not None
        return self.peak * max(0.0, 1 - (self.step - self.anneal_from) / self.anneal_steps)
