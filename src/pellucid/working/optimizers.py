"""The optimizers: each one as formulas for a reader, and once more as plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pellucid.working.arithmetic import Scalar, divide
from pellucid.working.formula import Formula, Symbol, call, minus, over, plus, power, times

State = dict[str, Any]
Settings = Mapping[str, Scalar]
Advance = Callable[[Any, Any, State, Settings], tuple[Any, State]]

X, G, H, V, M, S = (Symbol(name) for name in ("x", "g", "h", "v", "m", "s"))


@dataclass(frozen=True)
class Optimizer:
    """The update of one method; x, g, v, m and s may be numbers or vectors.

    `formulas` are evaluated in order, each result taking its name; a name not yet given is the
    value of the step before. `advance` is the same update without formulas, for the check.
    """

    formulas: tuple[tuple[str, Formula], ...]
    advance: Advance
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    state: tuple[str, ...] = ()
    exact: bool = False  # stays in fractions when the gradient does
    reason: str = ""


def _plain(x: Any, g: Any, state: State, by: Settings) -> tuple[Any, State]:
    return x - by["h"] * g, state


def _momentum(x: Any, g: Any, state: State, by: Settings) -> tuple[Any, State]:
    v = by["mu"] * state["v"] + g
    return x - by["h"] * v, {"v": v}


def _nesterov(x: Any, g: Any, state: State, by: Settings) -> tuple[Any, State]:
    v = by["mu"] * state["v"] + g
    return x - by["h"] * (g + by["mu"] * v), {"v": v}


def _rmsprop(x: Any, g: Any, state: State, by: Settings) -> tuple[Any, State]:
    s = by["alpha"] * state["s"] + (1 - by["alpha"]) * g * g
    return x - by["h"] * g / (math.sqrt(s) + by["epsilon"]), {"s": s}


def _adam(x: Any, g: Any, state: State, by: Settings) -> tuple[Any, State]:
    m = state["m"] + (1 - by["beta_1"]) * (g - state["m"])
    s = by["beta_2"] * state["s"] + (1 - by["beta_2"]) * g * g
    size = by["h"] / (1 - by["beta_1"] ** by["t"])
    root = math.sqrt(s) / math.sqrt(1 - by["beta_2"] ** by["t"])
    return x - size * m / (root + by["epsilon"]), {"m": m, "s": s}


def _adamw(x: Any, g: Any, state: State, by: Settings) -> tuple[Any, State]:
    return _adam(x - by["h"] * by["lambda"] * x, g, state, by)


VELOCITY = ("v", plus(times("mu", V), G))
MOMENTS = (
    ("m", plus(times("beta_1", M), times(minus(1, "beta_1"), G))),
    ("s", plus(times("beta_2", S), times(minus(1, "beta_2"), power(G, 2)))),
    ("m_hat", over(M, minus(1, power("beta_1", "t")))),
    ("s_hat", over(S, minus(1, power("beta_2", "t")))),
)
STEP_OF_ADAM = minus(X, over(times(H, "m_hat"), plus(call("sqrt", "s_hat"), "epsilon")))
EPSILON = Fraction(1, 10**8)
BETAS = {"beta_1": Fraction(9, 10), "beta_2": Fraction(999, 1000), "epsilon": EPSILON}

OPTIMIZERS: dict[str, Optimizer] = {
    "plain": Optimizer(
        formulas=(("x", minus(X, times(H, G))),),
        advance=_plain,
        exact=True,
        reason="Go against the slope g, by the step size h times its length.",
    ),
    "momentum": Optimizer(
        formulas=(VELOCITY, ("x", minus(X, times(H, V)))),
        advance=_momentum,
        settings={"mu": Fraction(9, 10)},
        state=("v",),
        exact=True,
        reason="The velocity v remembers earlier slopes, so the path rolls on like a ball.",
    ),
    "nesterov": Optimizer(
        formulas=(VELOCITY, ("x", minus(X, times(H, plus(G, times("mu", V)))))),
        advance=_nesterov,
        settings={"mu": Fraction(9, 10)},
        state=("v",),
        exact=True,
        reason="Momentum that looks ahead: the new velocity is used once more before the step.",
    ),
    "rmsprop": Optimizer(
        formulas=(
            ("s", plus(times("alpha", S), times(minus(1, "alpha"), power(G, 2)))),
            ("x", minus(X, over(times(H, G), plus(call("sqrt", S), "epsilon")))),
        ),
        advance=_rmsprop,
        settings={"alpha": Fraction(99, 100), "epsilon": EPSILON},
        state=("s",),
        reason="The slope is divided by its recent size, so steep and flat directions move alike.",
    ),
    "adam": Optimizer(
        formulas=(*MOMENTS, ("x", STEP_OF_ADAM)),
        advance=_adam,
        settings=BETAS,
        state=("m", "s"),
        reason="m averages the slopes, s their squares; both start at 0, which the hats correct "
        "(Kingma and Ba, 2015).",
    ),
    "adamw": Optimizer(
        formulas=(("x", minus(X, times(H, "lambda", X))), *MOMENTS, ("x", STEP_OF_ADAM)),
        advance=_adamw,
        settings={**BETAS, "lambda": Fraction(1, 100)},
        state=("m", "s"),
        reason="Adam, but before each step x shrinks a little by itself: weight decay apart from "
        "the slope (Loshchilov and Hutter, 2019).",
    ),
}


def advance_vector(
    optimizer: Optimizer, x: Any, g: Any, state: State, settings: Settings
) -> tuple[Any, State]:
    """The plain arithmetic, coordinate by coordinate for vectors."""
    if not isinstance(x, tuple):
        return optimizer.advance(x, g, state, settings)
    moved = [
        optimizer.advance(a, b, {name: state[name][k] for name in optimizer.state}, settings)
        for k, (a, b) in enumerate(zip(x, g, strict=True))
    ]
    after = {name: tuple(new[name] for _, new in moved) for name in optimizer.state}
    return tuple(place for place, _ in moved), after


NEWTON_SCHULZ = (Fraction("3.4445"), Fraction("-4.7750"), Fraction("2.0315"))
NEWTON_SCHULZ_STEPS = 5
MUON_SETTINGS: dict[str, Scalar] = {"mu": divide(95, 100), "lambda": divide(1, 10)}
