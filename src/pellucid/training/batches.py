"""Which rows make the batch of a step: a function of (seed, step), so that a run can resume."""

from __future__ import annotations

import torch
from torch import Tensor

from pellucid.networks.layers import seed_of

WINDOW = 64  # batches within which rows are sorted by length


class Batches:
    """Shuffled batches of rows, epoch by epoch; the last, smaller batch of an epoch is kept.

    With `lengths`, rows are sorted by length inside shuffled windows of `window` batches, and the
    batches shuffled again: the padding falls to a few per cent.
    """

    def __init__(
        self,
        rows: Tensor,
        size: int,
        seed: int,
        lengths: Tensor | None = None,
        window: int = WINDOW,
    ) -> None:
        self.rows, self.size, self.seed = rows, min(size, len(rows)), seed
        self.window = window
        self.lengths = None if lengths is None else lengths[rows]
        self.per_epoch = -(-len(rows) // self.size)
        self.epoch = -1
        self.batches: list[Tensor] = []

    def __call__(self, step: int) -> Tensor:
        """The rows of one step."""
        epoch, position = divmod(step, self.per_epoch)
        if epoch != self.epoch:
            self._shuffle(epoch)
        return self.batches[position]

    def _shuffle(self, epoch: int) -> None:
        self.epoch = epoch
        generator = torch.Generator().manual_seed(seed_of(self.seed, epoch))
        shuffled = torch.randperm(len(self.rows), generator=generator)
        if self.lengths is not None:
            windows = shuffled.split(self.size * self.window)
            sorted_windows = [w[self.lengths[w].argsort(stable=True)] for w in windows]
            shuffled = torch.cat(sorted_windows)
        self.batches = list(self.rows[shuffled].split(self.size))
        if self.lengths is not None:
            places = torch.randperm(self.per_epoch, generator=generator)
            self.batches = [self.batches[place] for place in places.tolist()]
