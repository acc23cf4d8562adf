"""The gradient of one weight by the chain rule: all its paths to the loss, layer by layer.

Forward, an entry of a layer moves by t when the weight moves by 1; backward, the loss moves by g
when that entry does. The paths through the entry contribute g t, and where every path must pass,
these products add up to the gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import torch
from torch import Tensor, nn

from pellucid.explanation.doubles import InFloat64, mapped
from pellucid.explanation.numbers import entry, largest, place_of
from pellucid.explanation.recorder import Held, Operation, leaves, storage_of
from pellucid.explanation.sums import SUMS
from pellucid.explanation.walk import MOVES, called, section
from pellucid.explanation.weights import Weight, one_hot
from pellucid.working.activations import ACTIVATIONS, slope_step
from pellucid.working.formula import Symbol, plus, times
from pellucid.working.step import Check, Step

MOST_ENTRIES = 6  # entries of a layer in its table; the others are added up in one line
SHOWN = 30
TOLERANCE = 1e-9
MOVE = 1e-5  # of the weight, both ways, when its slope is measured


def follow(operations: Sequence[Operation], parameter: Tensor, weight: Weight) -> tuple[str, ...]:
    """Write down how the output of every operation moves with the weight; which could not be told.

    The product of a Jacobian with a vector, by reverse-mode differentiation twice over (Townsend
    2017): torch's own forward mode lacks some operations and takes seconds to load.
    """
    moves: dict[int, Tensor] = {id(parameter): one_hot(parameter.detach(), weight.place)}
    lost: list[str] = []
    reached = {storage_of(parameter)}  # memory that depends on the weight
    for operation in operations:
        met = _held(operation.args) + _held(operation.kwargs)
        for leaf in met:
            leaf.tangent = moves.get(id(leaf.live))
        if not any(storage_of(leaf.live) in reached for leaf in met if leaf.live is not None):
            continue
        made = [leaf.live for leaf in _held(operation.output) if leaf.live is not None]
        reached.update(map(storage_of, made))
        y = operation.first
        if y is None or y.live is None or not y.live.requires_grad or y.live._version != y.version:
            continue
        try:
            y.tangent = _moves_of(y.live, parameter, weight)
        except RuntimeError as error:  # torch tells a missing derivative by its words alone
            if "not implemented" not in str(error):
                raise
            lost.append(f"{operation.number} {called(operation)}")
        if y.tangent is not None:
            moves[id(y.live)] = y.tangent
    return tuple(lost)


def _held(values: object) -> list[Held]:
    return [leaf for leaf in leaves(values) if isinstance(leaf, Held)]


def _moves_of(y: Tensor, parameter: Tensor, weight: Weight) -> Tensor | None:
    if y is parameter:
        return one_hot(parameter.detach(), weight.place)
    probe = torch.zeros_like(y, requires_grad=True)
    # A sum, for which torch needs no shapes of the probe: asking for them loads SymPy.
    whole = (y * probe).sum()
    (back,) = torch.autograd.grad(whole, parameter, create_graph=True, allow_unused=True)
    if back is None or not back.requires_grad:
        return None
    (moved,) = torch.autograd.grad(back[weight.place], probe, allow_unused=True)
    return None if moved is None else moved.detach()


def paths_step(
    weight: Weight,
    gradient: float,
    operations: Sequence[Operation],
    measured: float,
    lost: Sequence[str] = (),
) -> Step:
    """dL/dw, layer by layer, and once more measured by moving the weight.

    `lost` are operations through which torch cannot follow the paths.
    """
    layers = tuple(_layers(operations, gradient))
    check = Check(f"the loss measured with w moved by {MOVE:g} both ways", measured, 1e-5)
    if not abs(measured - gradient) <= 1e-5 * max(1.0, abs(gradient)):
        # A corner within reach: the slope is one-sided, and only the paths can tell it.
        check = Check("the paths through the last layer", layers[-1].result if layers else gradient)
    return Step(
        rule=f"The gradient of {weight} by its paths",
        given={"measured": measured},
        of=Symbol("dL/dw"),
        result=gradient,
        check=check,
        reason="Forward: how far each number of a layer moves when the weight moves by 1. "
        "Backward: how far the loss moves with that number. Their product is the share of all "
        "paths through it; where every path passes, the products add up to the gradient."
        + _lost(lost),
        steps=layers,
        shown=SHOWN if len(layers) > SHOWN else None,
    )


def _lost(operations: Sequence[str]) -> str:
    if not operations:
        return ""
    return (
        f" From {operations[0]} on the paths are not followed, for torch has no second derivative "
        f"of it ({len(operations)} operations)."
    )


def _layers(operations: Sequence[Operation], gradient: float) -> list[Step]:
    carrying = [
        operation
        for operation in operations
        if operation.name not in MOVES
        and operation.first is not None
        and operation.first.tangent is not None
        and operation.gradient is not None
        and bool(operation.first.tangent.any())
    ]
    return [
        section(
            f"Layer {path}" if path else "Between the layers",
            [_through(operation, gradient) for operation in group],
        )
        for path, group in groupby(carrying, key=lambda operation: operation.module)
    ]


def _through(ahead: Operation, gradient: float) -> Step:
    """All paths through the output of one operation."""
    assert ahead.first is not None
    moves, pulls = ahead.first.tangent, ahead.gradient
    assert moves is not None and pulls is not None
    products = (moves * pulls).flatten()
    whole = math.fsum(products.tolist())
    moving = int((products != 0).sum())
    scale = max(1e-300, float(products.abs().sum()))
    full = abs(whole - gradient) <= TOLERANCE * max(scale, abs(gradient))
    share = whole / gradient if gradient else 0.0
    reason = "" if full else f"Other paths go around: {share:.1%} of the gradient pass here."
    order = products.abs().argsort(descending=True)[:MOST_ENTRIES].tolist()
    chosen = [place_of(k, moves.shape) for k in order]
    rest = moving - sum(bool(products[k]) for k in order)
    symbols = [entry("y", place) for place in chosen]
    steps = [
        _entry(symbol, float(moves[place]), float(pulls[place]))
        for symbol, place in zip(symbols, chosen, strict=True)
        if float(moves[place] * pulls[place])
    ]
    known = whole - math.fsum(float(products[k]) for k in order)
    form = plus(*(step.result for step in steps), *((known,) if rest > 0 else ()))  # type: ignore[arg-type]
    local = _local(ahead)
    smaller = f" The last term is the sum of {rest:,} smaller ones." if rest > 0 else ""
    return Step(
        rule=f"{ahead.number}  {called(ahead)}: {moving:,} of {products.numel():,} numbers carry "
        "the paths",
        given={},
        of=Symbol("dL/dw") if full else Symbol("through_here"),
        working=(form,) if len(steps) > 1 else (),
        result=whole,
        check=Check("reverse-mode differentiation of the loss", gradient, 1e-9)
        if full
        else Check("the products as torch adds them", float(products.sum()), 1e-9),
        reason=(reason + smaller).strip(),
        steps=(*local, *steps),
        shown=len(local) + 3,
    )


def _entry(symbol: Symbol, moves: float, pulls: float) -> Step:
    """What one entry contributes."""
    return Step(
        rule=f"Paths through {_spoken(symbol)}",
        given={"t": moves, "g": pulls},
        of=times("t", "g"),
        result=moves * pulls,
        check=Check("in the other order", pulls * moves),
        reason="t: how far it moves with the weight; g: how far the loss moves with it.",
    )


def _spoken(symbol: Symbol) -> str:
    """ "y[0,3]" for the symbol y with its place as an index."""
    name, _, place = symbol.name.partition("_")
    return f"{name}[{place}]" if place else name


def _local(ahead: Operation) -> tuple[Step, ...]:
    """How one entry came to move: the same lesson, on movements in the place of numbers."""
    if ahead.name in SUMS:
        moved = _of_movements(ahead)
        if moved is None:
            return ()
        enters = _moving(ahead)[0] is not _met(ahead)[0]
        return tuple(_told(step, enters) for step in SUMS[ahead.name](moved))
    if ahead.name in ACTIVATIONS and ahead.args and isinstance(ahead.args[0], Held):
        return _slope(ahead)
    return ()


def _told(step: Step, enters: bool) -> Step:
    rest = step.reason.partition("bias. ")[2]
    if enters:
        rule = "Where the weight enters"
        reason = "Moving the weight by 1 moves the sum by what the weight is multiplied with."
    else:
        rule = "How the number that moves most comes to move"
        reason = "A weighted sum moves by the weighted sum of the movements."
    return replace(step, rule=rule, of=Symbol("t"), reason=f"{reason} {rest}".strip())


def _met(ahead: Operation) -> list[Held]:
    """The factors of an operation's products."""
    held = [leaf for leaf in leaves((ahead.args, ahead.kwargs)) if isinstance(leaf, Held)]
    return held[1:3] if ahead.name in ("addmm", "baddbmm") else held[:2]


def _moving(ahead: Operation) -> list[Held]:
    return [factor for factor in _met(ahead) if factor.tangent is not None]


def _of_movements(ahead: Operation) -> Operation | None:
    """The operation on tangents, if exactly one factor of its products moves."""
    held = [leaf for leaf in leaves((ahead.args, ahead.kwargs)) if isinstance(leaf, Held)]
    others = [h for h in held if h not in _met(ahead)]
    y = None if ahead.first is None else ahead.first.tangent
    if len(_moving(ahead)) != 1 or any(h.tangent is not None for h in others) or y is None:
        return None
    if ahead.name in ("sum", "embedding_bag"):
        return None
    flat = set(map(id, others))

    def swapped(leaf: object) -> object:
        if not isinstance(leaf, Held):
            return leaf
        if leaf.tangent is not None:
            return Held(leaf.tangent)
        return Held(torch.zeros_like(leaf.value)) if id(leaf) in flat else leaf

    args, kwargs = mapped(swapped, (ahead.args, ahead.kwargs))
    return replace(ahead, args=args, kwargs=kwargs, output=Held(y))


def _slope(ahead: Operation) -> tuple[Step, ...]:
    """An activation's slope times what arrives."""
    assert ahead.first is not None
    arriving, y = ahead.args[0], ahead.first.tangent
    if arriving.tangent is None or y is None:
        return ()
    place = largest(y)
    slope = slope_step(ahead.name, float(arriving.value[place]))
    moved = float(arriving.tangent[place])
    return (
        Step(
            rule="How the number that moves most comes to move",
            given={},
            of=Symbol("t"),
            working=(times(slope.result, moved),),  # type: ignore[arg-type]
            result=float(y[place]),
            check=Check("slope times what arrives", float(slope.result) * moved, 1e-9),  # type: ignore[arg-type]
            reason="The slope of the activation times how far its input moves.",
            steps=(slope,),
        ),
    )


def gradients_of(loss: Tensor, parameters: Mapping[str, Tensor]) -> dict[str, Tensor | None]:
    """The loss's gradient by every parameter; None where no path leads to the loss."""
    if not loss.requires_grad:
        return dict.fromkeys(parameters)
    values = list(parameters.values())
    found = torch.autograd.grad(loss, values, retain_graph=True, allow_unused=True)
    return dict(zip(parameters, found, strict=True))


def measured(
    module: nn.Module, weight: Weight, loss_of: Callable[[], Tensor], move: float = MOVE
) -> float:
    """The slope of the loss by central differences."""
    parameter = module.get_parameter(weight.name)
    values = []
    with torch.no_grad(), InFloat64():
        own = float(parameter[weight.place])
        for shift in (move, -move):
            parameter[weight.place] = own + shift
            values.append(float(loss_of()))
        parameter[weight.place] = own
    return (values[0] - values[1]) / (2 * move)
