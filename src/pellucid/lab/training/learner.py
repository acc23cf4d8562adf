"""A descent that can be stepped, undone and gone back in: as `training.loop`, all by AdamW."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pellucid.networks.layers import random_layers, seed_layers
from pellucid.training.batches import Batches
from pellucid.training.optimizers import FlatAdamW

KEYFRAMES = 64  # states kept; between two of them steps are done over
METHODS = ("adam", "plain")


@dataclass(frozen=True)
class Task:
    """A network and what is made small: the loss of rows, by any network of the same shape."""

    module: nn.Module
    loss: Callable[[nn.Module, Tensor], Tensor]
    learn: Tensor  # rows that are learnt from
    prove: Tensor  # rows that are only looked at
    seed: int


@dataclass(frozen=True)
class Pace:
    """How a step is taken."""

    rate: float
    batch: int
    method: str = "adam"


class Learner:
    """A task's descent and its past.

    A step's rows and noise come from (seed, step) alone, so a state of the past and the paces since
    then are all that is needed to be at any step again.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.optimizer = FlatAdamW(task.module, decay=0.0, clip=None)
        self.noise = random_layers(task.module)
        self.batches: dict[int, Batches] = {}
        self.paces: list[Pace] = []  # of every step done
        self.every = 1  # steps between keyframes
        self.keyframes = {0: self._state()}
        task.module.train()

    @property
    def step(self) -> int:
        """How many steps have been done."""
        return len(self.paces)

    def advance(self, pace: Pace) -> None:
        """One step of gradient descent."""
        rows = self._batches(pace.batch)(self.step)
        seed_layers(self.noise, self.task.seed, self.step)
        loss = self.task.loss(self.task.module, rows)
        loss.backward()
        if pace.method == "plain":
            self.optimizer.weights.sub_(self.optimizer.gradients, alpha=pace.rate)
            self.optimizer.gradients.zero_()
        else:
            self.optimizer.step(pace.rate)
        self.paces.append(pace)
        if self.step % self.every == 0:
            self._keep()

    def go_back(self, step: int) -> None:
        """Be where the descent was after `step` steps; what came later is forgotten."""
        step = max(0, min(step, self.step))
        start = max(each for each in self.keyframes if each <= step)
        again = self.paces[start:step]
        self.keyframes = {k: v for k, v in self.keyframes.items() if k <= start}
        del self.paces[start:]
        self.optimizer.restore(self.keyframes[start])
        for pace in again:
            self.advance(pace)

    def weights_at(self, step: int) -> tuple[int, Tensor]:
        """The kept weights nearest to a step of the past, and their step."""
        if step >= self.step:
            return self.step, self.optimizer.weights
        nearest = min(self.keyframes, key=lambda each: abs(each - step))
        return nearest, self.keyframes[nearest]["weights"]

    def _batches(self, size: int) -> Batches:
        if size not in self.batches:
            self.batches[size] = Batches(self.task.learn, size, self.task.seed)
        return self.batches[size]

    def _keep(self) -> None:
        self.keyframes[self.step] = self._state()
        if len(self.keyframes) > KEYFRAMES:
            self.every *= 2
            self.keyframes = {k: v for k, v in self.keyframes.items() if k % self.every == 0}

    def _state(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self.optimizer.state().items()}


class Twin:
    """A second network of the same shape: whatever is looked at is computed here.

    The network that learns is never called to be looked at, nor switched between learning and
    answering; so watching cannot change it.
    """

    def __init__(self, module: nn.Module) -> None:
        from copy import deepcopy

        self.module = deepcopy(module).eval()
        for parameter in self.module.parameters():
            parameter.grad = None
        self.weights = FlatAdamW(self.module, decay=0.0, clip=None).weights

    def take(self, weights: Tensor) -> nn.Module:
        """The twin with these weights."""
        with torch.no_grad():
            self.weights.copy_(weights)
        return self.module
