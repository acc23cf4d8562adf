"""A task: encoded rows, encoded answers, and which rows may be seen for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pellucid.kinds import Array
from pellucid.schema import Schema
from pellucid.store import Answers, Sequences, Store
from pellucid.training.batches import WINDOW


@dataclass(frozen=True)
class Task:
    """What is to be learnt: encoded rows, encoded targets, and who learns from which rows."""

    schema: Schema
    store: Store
    targets: Sequence[Answers]  # one entry a row
    folds: Sequence[tuple[Array, Array]]  # rows to learn from and rows to choose on
    seed: int

    def lengths(self) -> Tensor | None:
        """By what rows are put into batches, so that little is padded; None where nothing is.

        First by the sequence that is to be written, two lengths at a time, then by the longest
        read: up within one pair of lengths and down within the next, so that neighbours are alike
        in both.
        """
        read = self.store.lengths()
        for target in self.targets:
            if isinstance(target, Sequences) and read is not None:
                pair, most = target.offsets.diff() // 2, int(read.max())
                read = pair * (most + 1) + torch.where(pair % 2 == 0, read, most - read)
        return read

    @property
    def window(self) -> int:
        """Of how many batches rows are sorted together: of more where two lengths must agree."""
        return 2 * WINDOW if any(isinstance(t, Sequences) for t in self.targets) else WINDOW

    @property
    def table(self) -> Task:
        """The same with the plain columns alone."""
        store = replace(self.store, dense=self.schema.plain_of(self.store.dense), ragged={})
        return replace(self, schema=self.schema.table, store=store)

    @property
    def rows(self) -> Array:
        """All the rows that something is learnt from."""
        return np.unique(np.concatenate([np.concatenate(fold) for fold in self.folds]))
