"""One step of the optimizer on all weights, worked for the chosen one, and the loss after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pellucid.explanation.doubles import InFloat64
from pellucid.explanation.turning import Turn
from pellucid.explanation.weights import Weight
from pellucid.training.optimizers import FlatMuon
from pellucid.working.formula import Symbol, minus, over, plus, times
from pellucid.working.iteration import Problem, assignments
from pellucid.working.optimizers import BETAS, OPTIMIZERS
from pellucid.working.step import Check, Step

TORCH = "torch.optim.AdamW"


@dataclass(frozen=True)
class Descent:
    """How a module descends: AdamW with this step size, decay and limit of the gradient.

    Kernels of convolutions that pellucid trains descend by Muon.
    """

    rate: float
    decay: float
    clip: float | None
    spares: Callable[[str, Tensor], bool]  # a parameter that does not decay
    name: str = TORCH  # what it is compared with
    kernels: frozenset[str] = frozenset()  # by Muon

    @property
    def turn(self) -> Turn:
        """A step of Muon."""
        return Turn(FlatMuon.FASTER * self.rate, FlatMuon.DECAY)


@dataclass(frozen=True)
class Stepped:
    """What one step did."""

    steps: tuple[Step, ...]
    moved: Mapping[str, Tensor]  # every parameter after the step
    theirs: Mapping[str, Tensor]  # and after that of the optimizer it is compared with
    difference: float  # to `theirs`, the largest over all parameters


def step_of(
    module: nn.Module, gradients: Mapping[str, Tensor | None], weight: Weight, descent: Descent
) -> Stepped:
    """One step from rest: the averages start at 0, as at the beginning of a training."""
    parameters = dict(module.named_parameters())
    norm = float(
        torch.stack([g.square().sum() for g in gradients.values() if g is not None]).sum().sqrt()
    )
    scale = 1.0
    if descent.clip is not None and norm > descent.clip:
        scale = descent.clip / (norm + 1e-6)
    moved = {
        name: _moved(parameter.detach(), gradients[name], scale, descent, name)
        for name, parameter in parameters.items()
    }
    # For a row torch's own would take a second to load; tests compare with it.
    theirs = (_by_torch if descent.name == TORCH else _by_own)(parameters, gradients, descent)
    gradient = gradients[weight.name]
    assert gradient is not None
    g = float(gradient[weight.place])
    clipped = () if scale == 1.0 else (_clipped(g, norm, scale, descent),)
    own = parameters[weight.name].detach()
    if weight.name in descent.kernels:
        check = Check(descent.name, float(theirs[weight.name][weight.place]))
        update = descent.turn.working(own, gradient * scale, weight.place, str(weight), check)
        return Stepped((*clipped, update), moved, theirs, _gap(moved, theirs))
    update = _update(
        weight,
        float(own[weight.place]),
        g * scale,
        float(theirs[weight.name][weight.place]),
        descent,
        descent.spares(weight.name, parameters[weight.name]),
    )
    return Stepped((*clipped, update), moved, theirs, _gap(moved, theirs))


def _gap(moved: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> float:
    return max(float((moved[n] - theirs[n]).abs().max()) for n in moved if moved[n].numel())


def _moved(w: Tensor, g: Tensor | None, scale: float, descent: Descent, name: str) -> Tensor:
    """The arithmetic of the lesson over a whole tensor."""
    if g is None:
        return w.clone()
    g = g * scale
    if name in descent.kernels:
        return descent.turn.moved(w, g)
    b1, b2, small = (float(BETAS[key]) for key in ("beta_1", "beta_2", "epsilon"))
    if not descent.spares(name, w):
        w = w - descent.rate * descent.decay * w
    m, s = (1 - b1) * g, (1 - b2) * g * g
    m_hat, s_hat = m / (1 - b1), s / (1 - b2)
    return w - descent.rate * m_hat / (s_hat.sqrt() + small)


def _by_torch(
    parameters: Mapping[str, Tensor], gradients: Mapping[str, Tensor | None], descent: Descent
) -> dict[str, Tensor]:
    """The same step by torch's own clipping and AdamW."""
    twins = {name: p.detach().clone().requires_grad_() for name, p in parameters.items()}
    for name, twin in twins.items():
        gradient = gradients[name]
        twin.grad = None if gradient is None else gradient.detach().clone()
    if descent.clip is not None:
        nn.utils.clip_grad_norm_(list(twins.values()), descent.clip)
    spared = [twin for name, twin in twins.items() if descent.spares(name, twin)]
    decayed = [twin for name, twin in twins.items() if not descent.spares(name, twin)]
    groups = [
        {"params": group, "weight_decay": decay}
        for group, decay in ((decayed, descent.decay), (spared, 0.0))
        if group
    ]
    torch.optim.AdamW(groups, lr=descent.rate, foreach=False).step()
    return {name: twin.detach() for name, twin in twins.items()}


def _by_own(
    parameters: Mapping[str, Tensor], gradients: Mapping[str, Tensor | None], descent: Descent
) -> dict[str, Tensor]:
    """The same step by the optimizer that pellucid's networks learn with."""
    twins, kernels = nn.Module(), {}
    followed = {name: p for name, p in parameters.items() if gradients[name] is not None}
    for position, (name, parameter) in enumerate(followed.items()):
        part = nn.Module()
        leaf = name.rpartition(".")
        part.register_parameter(leaf[2], nn.Parameter(parameter.detach().clone()))
        inner = nn.Module()
        inner.add_module(leaf[0].rpartition(".")[2] or "part", part)
        twins.add_module(str(position), inner)
        if name in descent.kernels:
            kernels[name] = next(inner.parameters())
    with InFloat64():
        optimizer = FlatMuon(twins, descent.decay, descent.clip, kernels=kernels)
        for twin, name in zip(twins.parameters(), followed, strict=True):
            gradient = gradients[name]
            assert twin.grad is not None and gradient is not None
            twin.grad.copy_(gradient)
        optimizer.step(descent.rate)
    moved = dict(zip(followed, (p.detach() for p in twins.parameters()), strict=True))
    return {name: moved.get(name, p.detach()) for name, p in parameters.items()}


def _clipped(g: float, norm: float, scale: float, descent: Descent) -> Step:
    clip = descent.clip
    assert clip is not None
    return Step(
        rule="The gradient is clipped",
        given={"norm": norm, "limit": clip, "g": g},
        of=Symbol("g_clipped"),
        working=(over(times("g", "limit"), plus("norm", 1e-6)),),
        result=g * scale,
        check=Check("g times the scale", scale * g),
        reason="The gradient of all weights together is longer than the limit, so all of it is "
        "shortened to that length.",
    )


def _update(
    weight: Weight, w: float, g: float, theirs: float, descent: Descent, spared: bool
) -> Step:
    """The optimizer's formulas, one after the other, with the weight's numbers."""
    method = "adam" if spared else "adamw"
    settings = {**OPTIMIZERS[method].settings, "h": descent.rate, "t": 1}
    if not spared:
        settings["lambda"] = descent.decay
    problem = Problem(Symbol("w"), ("w",), (), method, settings, (1, 1))
    steps, known = assignments(problem, {**settings, "x": w, "g": g, "m": 0.0, "s": 0.0}, 1)
    note = " This weight is one of those that do not decay." if spared else ""
    return Step(
        rule=f"One step of {'AdamW' if not spared else 'Adam'} on {weight}",
        given={"w_0": w, "g_1": g},
        of=Symbol("w_1"),
        result=known["x"],
        check=Check(descent.name, theirs, 1e-12),
        reason=OPTIMIZERS[method].reason + note,
        steps=tuple(steps),
    )


def after_step(
    module: nn.Module,
    stepped: Stepped,
    loss_of: Callable[[], Tensor],
    gradients: Mapping[str, Tensor | None],
    before: float,
) -> Step:
    """The loss with all weights moved, beside what the slope foretold."""
    moved = stepped.moved
    own = {name: p.detach().clone() for name, p in module.named_parameters()}
    losses = []
    with torch.no_grad(), InFloat64():
        for values in (moved, stepped.theirs):
            _put(module, values)
            losses.append(float(loss_of()))
        _put(module, own)
    after, again = losses
    foretold = sum(
        float(((moved[name] - own[name]) * g).sum())
        for name, g in gradients.items()
        if g is not None
    )
    went = "fell" if after < before else "rose"
    reason = (
        f"All weights took their step and the loss {went}. The gradients foretold a change of "
        f"{foretold:.4g}; it was {after - before:.4g}, because the loss is no straight line."
    )
    if after > before:
        reason += (
            " A first step of full size can be too long for a network that is already trained."
        )
    return Step(
        rule="The loss after the step",
        given={"L_before": before, "L_after": after},
        of=minus("L_after", "L_before"),
        working=(minus(after, before),),
        result=after - before,
        check=Check("the loss with the weights that the optimizer gives", again - before, 1e-9),
        reason=reason.replace("-", "−"),
    )


def _put(module: nn.Module, values: Mapping[str, Tensor]) -> None:
    for name, parameter in module.named_parameters():
        parameter.copy_(values[name])
