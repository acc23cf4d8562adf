"""What looks on while a network descends: the clock, Ctrl-C, the progress line, the checkpoint."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from pellucid.errors import ModelError
from pellucid.training.checkpoint import load_checkpoint, save_checkpoint
from pellucid.training.descent import Descent
from pellucid.training.optimizers import FlatAdamW

CHECKPOINT_SECONDS = 15.0
LOOK_STEPS, LOOK_SECONDS = 10, 2.0  # between two looks; steps are slow that go on for longer
SURE_STEPS, WORTH = 50, 1.15  # before annealing is lengthened; by how much at least


class Watch:
    """Looks at a descent every few steps; what it sees changes no weight, only the end.

    `deadline` (time.monotonic) is when annealing must be over. Annealing that begins for its
    sake, or for Ctrl-C, is written down as the descent's `cut`, so that it can be done over; and
    so is annealing that goes on for longer, up to `most` steps in all, where time would be left.
    """

    def __init__(
        self,
        deadline: float = float("inf"),
        checkpoint: Path | None = None,
        report: Callable[[Descent, Tensor], None] | None = None,
        interrupted: Callable[[], bool] = lambda: False,
        most: int = 0,
    ) -> None:
        self.deadline, self.checkpoint, self.most = deadline, checkpoint, most
        self.report, self.interrupted = report, interrupted
        self.saved = self.looked = self.started = time.monotonic()
        self.first_step = 0

    @property
    def seconds(self) -> float:
        """How long the descent has gone on, since it was last taken up."""
        return time.monotonic() - self.started

    def resume(self, descent: Descent, optimizer: FlatAdamW, best: Tensor) -> None:
        """Take the descent up where its checkpoint left it, if there is a sound one."""
        if self.checkpoint is not None and self.checkpoint.exists():
            try:
                load_checkpoint(self.checkpoint, descent, optimizer, best)
            except ModelError as error:
                warnings.warn(f"{error}; this network begins again", stacklevel=2)
        self.first_step, self.looked = descent.step, time.monotonic()

    def due(self, step: int) -> bool:
        """Whether it is time for a look: a slow backbone must not outrun the clock or Ctrl-C.

        How long the rest will take is not judged by the first steps, which are the slowest; but
        what has passed since the last look must still fit in once more.
        """
        if step % LOOK_STEPS == 0:
            return True
        now = time.monotonic()
        slow = now - self.looked > LOOK_SECONDS
        return slow and (2 * now - self.looked > self.deadline or self.interrupted())

    def look(self, descent: Descent, optimizer: FlatAdamW, best: Tensor, loss: Tensor) -> bool:
        """Report, save and check the clock; False if the descent must stop at once."""
        now = self.looked = time.monotonic()
        if self.report is not None:
            self.report(descent, loss)
        seconds_a_step = (now - self.started) / max(descent.step - self.first_step, 1)
        if descent.anneal_from is None:
            interrupted = self.interrupted()
            self.most = 0 if interrupted else self.most
            if interrupted or now + 1.1 * seconds_a_step * descent.left > self.deadline:
                descent.anneal()
                descent.cut["anneal_at"] = descent.step
        elif now > self.deadline and not descent.cut.get("stop_at"):
            descent.cut["stop_at"] = descent.step
            return False
        if descent.anneal_from is not None:
            self._fit_to_deadline(descent, now, seconds_a_step)
        if now - self.saved > CHECKPOINT_SECONDS:
            self.save(descent, optimizer, best)
        return True

    def _fit_to_deadline(self, descent: Descent, now: float, seconds_a_step: float) -> None:
        """Shorten an annealing that would end too late, or that Ctrl-C ends; lengthen an early one.

        The steps were planned by the speed of a short probe, on a machine that may have been busy.
        """
        allowed = descent.left
        if self.interrupted():
            allowed = min(allowed, max(10, descent.step // 4))
            self.interrupted, self.most = (lambda: False), 0
        if now + seconds_a_step * allowed > self.deadline:
            allowed = int(0.95 * (self.deadline - now) / seconds_a_step)
        elif self._may_lengthen(descent):
            in_time = int(0.95 * (self.deadline - now) / seconds_a_step)
            longer = min(in_time, self.most - descent.step)
            allowed = longer if longer > WORTH * allowed else allowed
        if not 0.98 * descent.left <= allowed <= descent.left:
            descent.anneal_over(max(allowed, 1))
            descent.cut[f"hurry_at_{descent.step}"] = descent.anneal_steps

    def _may_lengthen(self, descent: Descent) -> bool:
        """Whether time is limited, the speed known, and more steps may still bring something."""
        sure = descent.step - self.first_step >= SURE_STEPS
        return sure and not descent.settled and math.isfinite(self.deadline)

    def save(self, descent: Descent, optimizer: FlatAdamW, best: Tensor) -> None:
        """Write the checkpoint, if there is a place for one."""
        if self.checkpoint is not None:
            save_checkpoint(self.checkpoint, descent, optimizer, best)
            self.saved = time.monotonic()
