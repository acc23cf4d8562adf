"""A backbone that learns on: its own weights and a head over its vectors, by descent."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import torch
from torch import Tensor, nn

from pellucid.data.splitting import Split
from pellucid.kinds import Array, TargetKind
from pellucid.kinds.pretrained import Pretrained
from pellucid.kinds.targets import summed_loss
from pellucid.networks.layers import Dropout, seed_of
from pellucid.store import Answers
from pellucid.training.batches import Batches
from pellucid.training.descent import Descent, Schedule
from pellucid.training.loop import train
from pellucid.training.optimizers import FlatAdamW
from pellucid.training.watch import Watch

BATCH, EPOCHS, EVALUATIONS = 32, 3, 6
LOOKED_AT = 1_000  # rows of one evaluation, at most
SMALL, RATE, CAREFUL_RATE = 60_000_000, 1e-4, 3e-5  # weights up to which the larger rate does
HEAD = 10.0  # times the rate of the last layer; the head is as good as new
FIRST = 0.4  # of that rate for the first layer: 0.9 a layer, of about nine
WARM = 0.06  # of the steps
DECAY = 1e-2
HEAD_EPOCHS, HEAD_STEPS, HEAD_RATE = 30, 3_000, 2e-3  # over vectors that are there already


@dataclass(frozen=True)
class Lesson:
    """What a backbone learns from: the cells it reads, the answers, and who sees which rows."""

    kind: Any  # of texts or of pictures, with the backbone
    cells: Callable[[Array], pl.DataFrame]  # of those columns, located
    targets: Sequence[tuple[TargetKind, Answers]]
    learn: Array
    choose: Array
    vectors: Tensor  # (rows, columns, width), as the frozen backbone made them
    lengths: Tensor | None
    mirror: bool  # a mirrored picture means the same
    seed: int


class Head(nn.Module):
    """Vectors (batch, columns, width) -> one output for each target, as one member's."""

    mean: Tensor
    spread: Tensor

    def __init__(
        self, fitted: Pretrained, columns: int, targets: Sequence[TargetKind], seed: int
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("mean", torch.tensor(fitted.mean))
        self.register_buffer("spread", torch.tensor(fitted.spread))
        self.dropout = Dropout(0.1)
        width = columns * len(fitted.mean)
        self.outputs = nn.ModuleList(kind.output_layer(1, width, generator) for kind in targets)

    def forward(self, vectors: Tensor) -> list[Tensor]:
        """One linear layer for each target; a cell that could not be read counts for nothing."""
        there = vectors.detach().ne(0).any(2, keepdim=True)
        x = self.dropout(((vectors.float() - self.mean) / self.spread * there).flatten(1))
        return [output(x.unsqueeze(0), {}, None) for output in self.outputs]


class Tuning(nn.Module):
    """The backbone's network and the head. What is random in the network stays off, and the

    statistics of its batch normalisations and its vectors of words stay as they are: rows are few.
    """

    def __init__(self, lesson: Lesson, head: Head) -> None:
        super().__init__()
        self.kind = with_own_copy(lesson.kind)
        self.network: nn.Module = self.kind.pretrained.backbone.network.network
        self.head = head
        self.network.requires_grad_(True)
        for layer in self.network.modules():
            if isinstance(layer, nn.Embedding):
                layer.requires_grad_(False)

    def forward(self, cells: pl.DataFrame, mirrored: Array | None = None) -> list[Tensor]:
        """One output for each target."""
        return self.head(self.kind.live(cells, mirrored))

    def train(self, mode: bool = True) -> Tuning:
        """The head alone."""
        self.head.train(mode)
        return self

    def share(self) -> Callable[[str], float]:
        """Of the step size, what each parameter takes: less the nearer it is to the input."""
        names = [name for name, p in self.network.named_parameters() if p.requires_grad]
        last = max(1, len(names) - 1)
        shares = {f"network.{name}": FIRST ** (1 - i / last) for i, name in enumerate(names)}
        return lambda name: shares.get(name, HEAD)


def tune(lesson: Lesson, steps: int, watch: Watch, cut: dict[str, int]) -> tuple[Any, Descent]:
    """The kind with a tuned copy of its backbone, and how it descended.

    `cut` is what the clock changed in the run that is done over.
    """
    head = _head(lesson)
    module = Tuning(lesson, head)
    batches = _batches(lesson)
    flips = torch.Generator()

    def loss_of(step: int) -> Tensor:
        rows = batches(step)
        flips.manual_seed(seed_of(lesson.seed, step))
        coins = torch.rand(len(rows), generator=flips) < 0.5
        mirrored = coins.numpy() if lesson.mirror else None
        return _loss(lesson, module(lesson.cells(rows.numpy()), mirrored), rows)

    some = lesson.choose[:: -(-len(lesson.choose) // LOOKED_AT)]

    def score() -> float:
        parts = torch.as_tensor(some).split(BATCH)
        outputs = [module(lesson.cells(part.numpy())) for part in parts]
        return _score(lesson, [torch.cat(each, 1) for each in zip(*outputs, strict=True)], some)

    weights = sum(p.numel() for p in module.network.parameters())
    warm = max(1, round(WARM * steps))
    schedule = Schedule(
        RATE if weights <= SMALL else CAREFUL_RATE, warm, max(1, -(-steps // EVALUATIONS)), 2**20,
        warm, DECAY, anneal_at=cut.get("anneal_at", warm), stop_at=cut.get("stop_at"),
        hurries={int(n.rpartition("_")[2]): left for n, left in cut.items() if "hurry" in n},
        anneal=(steps - warm) / warm, share=module.share(),
    )  # fmt: skip
    descent = train(module, loss_of, score, schedule, lesson.seed, watch)
    module.network.requires_grad_(False)
    return module.kind, descent


def step_seconds(lesson: Lesson) -> float:
    """What one step takes, of a few that change nothing."""
    module = Tuning(lesson, _new_head(lesson))
    optimizer = FlatAdamW(module, DECAY, share=module.share())
    batches, times = _batches(lesson), []
    for step in range(3):
        started = time.perf_counter()
        rows = batches(step)
        _loss(lesson, module(lesson.cells(rows.numpy())), rows).backward()
        optimizer.step(0.0)
        times.append(time.perf_counter() - started)
    return sum(times[1:]) / 2


def steps_within(split: Split, seconds: float, of_step: float) -> int:
    """As many steps as the seconds allow, a few passes at most; 0 if they are not half of one."""
    per_epoch = math.ceil(len(split.learn) / BATCH)
    steps = int(seconds / of_step - looks(split))
    return 0 if 2 * steps < per_epoch else min(steps, EPOCHS * per_epoch)


def looks(split: Split) -> float:
    """What looking at the rows to choose on costs, in steps: a step goes back as well."""
    return EVALUATIONS * min(LOOKED_AT, len(split.choose)) / BATCH / 3


def with_own_copy(kind: Any) -> Any:
    """The kind with a copy of its backbone, that may be changed."""
    backbone = kind.pretrained.backbone
    own = replace(backbone, folder="").holding(copy.deepcopy(backbone.network))
    return replace(kind, pretrained=replace(kind.pretrained, backbone=own, tuned=True))


def _new_head(lesson: Lesson) -> Head:
    kinds = [kind for kind, _ in lesson.targets]
    return Head(lesson.kind.pretrained, len(lesson.kind.columns), kinds, lesson.seed)


def _head(lesson: Lesson) -> Head:
    """A head fitted to the vectors of the frozen backbone."""
    head = _new_head(lesson)
    batches = Batches(torch.as_tensor(lesson.learn), BATCH, lesson.seed)

    def loss_of(step: int) -> Tensor:
        rows = batches(step)
        return _loss(lesson, head(lesson.vectors[rows]), rows)

    def score() -> float:
        return _score(lesson, head(lesson.vectors[torch.as_tensor(lesson.choose)]), lesson.choose)

    steps = min(HEAD_STEPS, HEAD_EPOCHS * batches.per_epoch)
    schedule = Schedule(HEAD_RATE, steps, batches.per_epoch, 4, decay=DECAY)
    train(head, loss_of, score, schedule, lesson.seed, Watch())
    return head


def _batches(lesson: Lesson) -> Batches:
    return Batches(torch.as_tensor(lesson.learn), BATCH, lesson.seed, lesson.lengths)


def _loss(lesson: Lesson, outputs: Sequence[Tensor], rows: Tensor) -> Tensor:
    kinds, answers = zip(*lesson.targets, strict=True)
    return summed_loss(kinds, outputs, [each[rows] for each in answers])


def _score(lesson: Lesson, outputs: Sequence[Tensor], rows: Array) -> float:
    pairs = zip(lesson.targets, outputs, strict=True)
    return sum(kind.choosing_score(output, answers[rows]) for (kind, answers), output in pairs)
