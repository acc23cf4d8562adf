"""The slopes of the elementary functions, as formulas."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.working.formula import (
    ONE,
    ZERO,
    Choice,
    Comparison,
    Formula,
    Negative,
    call,
    minus,
    over,
    plus,
    power,
    times,
)


def _normal(u: Formula) -> Formula:
    """The density of the standard normal distribution."""
    return over(call("exp", Negative(over(power(u, 2), 2))), call("sqrt", times(2, "pi")))


def _bell(u: Formula) -> Formula:
    return over(plus(1, call("erf", over(u, call("sqrt", 2)))), 2)


SLOPES: dict[str, Callable[[Formula], Formula]] = {
    "exp": lambda u: call("exp", u),
    "log": lambda u: over(1, u),
    "sqrt": lambda u: over(1, times(2, call("sqrt", u))),
    "sin": lambda u: call("cos", u),
    "cos": lambda u: Negative(call("sin", u)),
    "tan": lambda u: plus(1, power(call("tan", u), 2)),
    "asin": lambda u: over(1, call("sqrt", minus(1, power(u, 2)))),
    "acos": lambda u: Negative(over(1, call("sqrt", minus(1, power(u, 2))))),
    "atan": lambda u: over(1, plus(1, power(u, 2))),
    "sinh": lambda u: call("cosh", u),
    "cosh": lambda u: call("sinh", u),
    "tanh": lambda u: minus(1, power(call("tanh", u), 2)),
    "sigmoid": lambda u: times(call("sigmoid", u), minus(1, call("sigmoid", u))),
    "softplus": lambda u: call("sigmoid", u),
    "erf": lambda u: times(over(2, call("sqrt", "pi")), call("exp", Negative(power(u, 2)))),
    "gelu": lambda u: plus(_bell(u), times(u, _normal(u))),
    "silu": lambda u: plus(
        call("sigmoid", u), times(u, call("sigmoid", u), minus(1, call("sigmoid", u)))
    ),
    "relu": lambda u: Choice(Comparison(u, ">", ZERO), ONE, ZERO),
    "abs": lambda u: call("sign", u),
    "sign": lambda u: ZERO,
}
