"""What looks on while a network descends: the clock, Ctrl-C, the progress line, the checkpoint."""

from __future__ import annotations

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


class Watch:
    """Looks at a descent every few steps; what it sees changes no weight, only the end.

    `deadline` (time.monotonic) is when annealing must be over. Annealing that begins for its
    sake, or for Ctrl-C, is written down as the descent's `cut`, so that it can be done over.
    """

    def __init__(
        self,
        deadline: float = float("inf"),
        checkpoint: Path | None = None,
        report: Callable[[Descent, Tensor], None] | None = None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.deadline, self.checkpoint = deadline, checkpoint
        self.report, self.interrupted = report, interrupted
        self.saved = self.started = time.monotonic()
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
        self.first_step = descent.step

    def look(self, descent: Descent, optimizer: FlatAdamW, best: Tensor, loss: Tensor) -> bool:
        """Report, save and check the clock; False if the descent must stop at once."""
        now = time.monotonic()
        if self.report is not None:
            self.report(descent, loss)
        seconds_a_step = (now - self.started) / max(descent.step - self.first_step, 1)
        if descent.anneal_from is None:
            interrupted = self.interrupted()
            if interrupted or now + 1.1 * seconds_a_step * descent.left > self.deadline:
                descent.anneal()
                descent.cut["anneal_at"] = descent.step
        elif now > self.deadline and not descent.cut.get("stop_at"):
            descent.cut["stop_at"] = descent.step
            return False
        if descent.anneal_from is not None:
            self._hurry(descent, now, seconds_a_step)
        if now - self.saved > CHECKPOINT_SECONDS:
            self.save(descent, optimizer, best)
        return True

    def _hurry(self, descent: Descent, now: float, seconds_a_step: float) -> None:
        """Shorten an annealing that would end after the deadline, or that Ctrl-C ends."""
        allowed = descent.left
        if now + seconds_a_step * allowed > self.deadline:
            allowed = int(0.95 * (self.deadline - now) / seconds_a_step)
        if self.interrupted():
            allowed = min(allowed, max(10, descent.step // 4))
            self.interrupted = lambda: False
        if allowed < 0.98 * descent.left:
            descent.hurry(max(allowed, 1))
            descent.cut[f"hurry_at_{descent.step}"] = descent.anneal_steps

    def save(self, descent: Descent, optimizer: FlatAdamW, best: Tensor) -> None:
        """Write the checkpoint, if there is a place for one."""
        if self.checkpoint is not None:
            save_checkpoint(self.checkpoint, descent, optimizer, best)
            self.saved = time.monotonic()
