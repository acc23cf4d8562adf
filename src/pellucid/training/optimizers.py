"""AdamW over one flat buffer, and Muon for the kernels of convolutions among it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import torch
from torch import Tensor, nn

from pellucid.networks.layers.convolution import Convolution

BETAS, EPSILON = (0.9, 0.999), 1e-8

# Of the step size its share, the decay, and as the fused step takes them: weights, gradients,
# both moments, no largest moment, the count.
_Part = tuple[float, float, tuple[list[Tensor], ...]]


class FlatAdamW:
    """AdamW (Loshchilov and Hutter 2019) whose parameters and gradients are views of two buffers.

    A small network's step is mostly the cost of calling operations, so that one call over one
    buffer is two to three times as quick as a call for each parameter. Matrices decay; biases,
    scales and vectors (fewer than two dimensions, or marked by a name in `SPARED`) do not. With
    `share` each parameter has a part of the step size of its own, by its name. Those `apart` come
    last in the buffers and are left to a subclass to move.
    """

    SPARED = ("bias", "missing.weight", "scale.weight", "attention")

    def __init__(
        self,
        module: nn.Module,
        decay: float,
        clip: float | None = 1.0,
        share: Callable[[str], float] | None = None,
        apart: Sequence[nn.Parameter] = (),
    ) -> None:
        named = [(n, p) for n, p in module.named_parameters() if p.requires_grad]
        spared = [n.endswith(self.SPARED) or p.ndim < 2 for n, p in named]
        last = {id(p) for p in apart}
        ordered = sorted(
            zip(spared, named, strict=True), key=lambda pair: (id(pair[1][1]) in last, pair[0])
        )
        self.clip = clip
        self.parameters = [p for _, (_, p) in ordered]
        self.weights = torch.cat([p.detach().flatten() for p in self.parameters])
        self.gradients = torch.zeros_like(self.weights)
        self.moments = torch.zeros(2, len(self.weights))
        self.count = torch.zeros(())
        self._views()
        ours = ordered[: len(ordered) - len(last)]
        kinds = [(share(n) if share else 1.0, 0.0 if s else decay) for s, (n, _) in ours]
        sizes = [p.numel() for _, (_, p) in ours]
        self.parts = list(self._parts(zip(sizes, kinds, strict=True)))

    def _parts(self, sized: Iterable[tuple[int, tuple[float, float]]]) -> Iterator[_Part]:
        """Neighbours with the same share and decay together."""
        flat, start = (self.weights, self.gradients, *self.moments), 0
        for (share, decay), alike in groupby(sized, key=itemgetter(1)):
            end = start + sum(size for size, _ in alike)
            yield share, decay, (*([tensor[start:end]] for tensor in flat), [], [self.count])
            start = end

    def _views(self) -> None:
        start = 0
        for parameter in self.parameters:
            end = start + parameter.numel()
            parameter.data = self.weights[start:end].view_as(parameter)
            parameter.grad = self.gradients[start:end].view_as(parameter)
            start = end

    def step(self, rate: float) -> None:
        """Clip the gradient, take one step downhill, set the gradient to zero."""
        if self.clip is not None:
            norm = float(torch.linalg.vector_norm(self.gradients))
            if norm > self.clip:
                self.gradients.mul_(self.clip / (norm + 1e-6))
        self._move(rate)
        self.gradients.zero_()

    def _move(self, rate: float) -> None:
        self.count += 1
        for share, decay, tensors in self.parts:
            torch._fused_adamw_(
                *tensors, lr=rate * share, beta1=BETAS[0], beta2=BETAS[1], weight_decay=decay,
                eps=EPSILON, amsgrad=False, maximize=False,
            )  # fmt: skip

    def state(self) -> dict[str, Tensor]:
        """Everything that a resumed run needs."""
        return {"weights": self.weights, "moments": self.moments, "count": self.count}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go back to a state that `state` gave."""
        self.weights.copy_(state["weights"])
        self.moments.copy_(state["moments"])
        self.count.copy_(state["count"])


class FlatMuon(FlatAdamW):
    """AdamW, but kernels that pictures, sounds and films pass descend by Muon (Jordan et al. 2024).

    A kernel (out, in, height, width) is a matrix (out, in * height * width). Its averaged
    gradient, ahead as Nesterov looks, is brought near to an orthogonal one, so that directions are
    learnt at like paces, and to the size that steps of AdamW have (Liu et al. 2025). Behind a
    kernel comes a normalisation, so that its length means nothing but how far a step turns it:
    by decay it stays short, or the steps of long runs would turn it less and less. A module
    without such kernels descends by AdamW alone.
    """

    MOMENTUM = 0.9
    FASTER = 3.75  # times the step size of AdamW
    DECAY = 0.15  # of kernels, times their step size
    SIZE = 0.2  # of an entry of AdamW's step, in parts of the step size

    def __init__(
        self,
        module: nn.Module,
        decay: float,
        clip: float | None = 1.0,
        share: Callable[[str], float] | None = None,
        kernels: Mapping[str, nn.Parameter] | None = None,
    ) -> None:
        named = kernels_of(module) if kernels is None else kernels
        super().__init__(module, decay, clip, share, list(named.values()))
        self.kernels = []  # share of the step size; weight, gradient and its average as matrices
        start = len(self.weights) - sum(kernel.numel() for kernel in named.values())
        for name, kernel in named.items():
            flat = slice(start, start + kernel.numel())
            views = (self.weights[flat], self.gradients[flat], self.moments[0, flat])
            matrices = [view.view(len(kernel), -1) for view in views]
            self.kernels.append((self.FASTER * (share(name) if share else 1.0), matrices))
            start = flat.stop

    def _move(self, rate: float) -> None:
        super()._move(rate)
        for share, (weight, gradient, average) in self.kernels:
            average.lerp_(gradient, 1 - self.MOMENTUM)
            ahead = gradient.lerp(average, self.MOMENTUM)
            size = self.SIZE * max(weight.shape) ** 0.5
            weight.mul_(1 - rate * share * self.DECAY)
            weight.sub_(orthogonal(ahead), alpha=rate * share * size)


def kernels_of(module: nn.Module) -> dict[str, nn.Parameter]:
    """The kernels in a module that Muon moves, by name."""
    return {
        f"{name}.weight": layer.weight
        for name, layer in module.named_modules()
        if isinstance(layer, Convolution) and layer.weight.requires_grad
    }


NEWTON_SCHULZ, ROUNDS = (3.4445, -4.7750, 2.0315), 3  # five were no better on cifar10
SMALLEST_NORM = 1e-7


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with its singular values brought nearer to 1, by Newton-Schulz iterations.

    Those above a fortieth of its length come to 0.7 to 1.3, smaller ones grow up to forty-fold.
    Each round is X <- P X with P = a + bG + cG² and G = XXᵀ. All of them are polynomials of the
    first G, so that they are multiplied among themselves, in the shorter side, and with X once.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T).T
    x = matrix / matrix.norm().clamp_min(SMALLEST_NORM)
    gram = x @ x.T
    turn = once = _polynomial(gram)
    for _ in range(ROUNDS - 1):
        gram = once @ gram @ once
        once = _polynomial(gram)
        turn = once @ turn
    return turn @ x


def _polynomial(gram: Tensor) -> Tensor:
    a, b, c = NEWTON_SCHULZ
    found = torch.addmm(gram, gram, gram, beta=b, alpha=c)
    found.diagonal().add_(a)
    return found
