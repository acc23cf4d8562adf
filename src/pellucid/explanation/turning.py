"""One step of Muon on a kernel of a convolution, worked for one of its weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pellucid.training.optimizers import NEWTON_SCHULZ, ROUNDS, SMALLEST_NORM, FlatMuon
from pellucid.working.formula import Symbol, minus, over, plus, times
from pellucid.working.step import Check, Step

Place = tuple[int, ...]


@dataclass(frozen=True)
class Turn:
    """How a kernel is moved: with this step size and decay."""

    rate: float  # of Muon, not of the AdamW beside it
    decay: float

    def moved(self, kernel: Tensor, gradient: Tensor) -> Tensor:
        """The kernel after a step from rest, its singular values by eigenvalues."""
        ahead = (1 - FlatMuon.MOMENTUM**2) * gradient.flatten(1)
        way = _by_eigenvalues(ahead)[-1].view_as(kernel)
        return kernel - self.rate * (self.decay * kernel + _size(kernel) * way)

    def working(
        self, kernel: Tensor, gradient: Tensor, place: Place, name: str, theirs: Check
    ) -> Step:
        """The same for the weight at `place`, by the rounds that the optimizer makes."""
        size = _size(kernel)
        g, w = (float(tensor[place]) for tensor in (gradient, kernel))
        ahead = (1 - FlatMuon.MOMENTUM**2) * gradient.flatten(1)
        at = place[0], int(np.ravel_multi_index(place[1:], kernel.shape[1:]))
        steps = [_ahead(g, float(ahead[at])), *_rounds(ahead, at)]
        way = steps[-1].result
        return Step(
            rule=f"One step of Muon on {name}",
            given={"w_0": w, "h": self.rate, "lambda": self.decay, "r": size, "o": way},
            of=Symbol("w_1"),
            working=(
                minus(times(minus(1, times("h", "lambda")), "w_0"), times("h", "r", "o")),
            ),
            result=(1 - self.rate * self.decay) * w - self.rate * size * float(way),  # type: ignore[arg-type]
            check=theirs,
            reason="The slope of the kernel, a matrix with one row for each channel that it gives, "
            "is replaced by one with the same directions and lengths that are nearer to 1, so that "
            "directions are learnt at like paces (Jordan and others, 2024). r, 0.2 times the root "
            "of the longer side, brings it to the size of AdamW's steps, and h is "
            f"{FlatMuon.FASTER} times the step size of the other weights. λ is "
            f"{FlatMuon.DECAY} for every kernel, whose length only says how far a step turns it.",
            steps=tuple(steps),
        )  # fmt: skip


def _ahead(g: float, result: float) -> Step:
    mu = FlatMuon.MOMENTUM
    average = plus(times("mu", "b_0"), times(minus(1, "mu"), "g_1"))
    return Step(
        rule="Average the slopes, and look ahead as Nesterov does",
        given={"g_1": g, "mu": mu, "b_0": 0.0},
        of=Symbol("u"),
        working=(plus(times(minus(1, "mu"), "g_1"), times("mu", average)),),
        result=result,
        check=Check("g less its part that both averages leave, μ²", g - mu * mu * g),
        reason="The average starts at 0.",
    )


def _rounds(matrix: Tensor, at: tuple[int, int]) -> list[Step]:
    """The matrix divided by its length, then round by round nearer to an orthogonal one."""
    norm = max(float(matrix.norm()), SMALLEST_NORM)
    x = matrix / norm
    steps = [
        Step(
            rule="Divide by the length of the whole matrix",
            given={"u": float(matrix[at]), "norm": norm},
            of=Symbol("o"),
            working=(over("u", "norm"),),
            result=float(x[at]),
            check=Check("u times 1 / norm", float(matrix[at]) * (1 / norm)),
        )
    ]
    a, b, c = NEWTON_SCHULZ
    again = _by_eigenvalues(matrix)
    for count in range(1, ROUNDS + 1):
        once = x @ x.T @ x
        twice = x @ x.T @ once
        after = a * x + b * once + c * twice
        steps.append(
            Step(
                rule=f"Newton-Schulz, round {count} of {ROUNDS}",
                given={"a": a, "b": b, "c": c, "o": float(x[at]), "p": float(once[at]),
                       "q": float(twice[at])},
                of=Symbol("o"),
                working=(plus(times("a", "o"), times("b", "p"), times("c", "q")),),
                result=float(after[at]),
                check=Check("the eigenvalues of OOᵀ", float(again[count][at]), 1e-7),
                reason="" if count > 1 else "p is this weight's entry of OOᵀO, q of OOᵀOOᵀO.",
            )
        )  # fmt: skip
        x = after
    return steps


def _by_eigenvalues(matrix: Tensor) -> list[Tensor]:
    """What 0, 1, … rounds make of a matrix X, by the eigenvalues of XXᵀ.

    A round multiplies each singular value σ by a + bσ² + cσ⁴ and leaves the directions alone.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return [each.T for each in _by_eigenvalues(matrix.T)]
    x = matrix / max(float(matrix.norm()), SMALLEST_NORM)
    squares, directions = torch.linalg.eigh(x @ x.T)
    a, b, c = NEWTON_SCHULZ
    factor, seen, found = torch.ones_like(squares), directions.T @ x, [x]
    for _ in range(ROUNDS):
        once = a + b * squares + c * squares**2
        factor, squares = factor * once, squares * once**2
        found.append(directions * factor @ seen)
    return found


def _size(kernel: Tensor) -> float:
    return FlatMuon.SIZE * max(kernel.flatten(1).shape) ** 0.5
