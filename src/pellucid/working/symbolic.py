"""Closed forms of roots through SymPy, when it is there; nothing else needs it."""

from __future__ import annotations

import importlib.util
from fractions import Fraction
from typing import Any

from pellucid.working import formula as tree
from pellucid.working.arithmetic import Scalar
from pellucid.working.formula import Formula, Number, size

LONGEST = 45  # parts of a closed form that still tells a reader something


def is_available() -> bool:
    """Say whether SymPy is installed."""
    return importlib.util.find_spec("sympy") is not None


def closed_roots(coefficients: tuple[Scalar, ...]) -> tuple[Formula, ...] | None:
    """All roots of a polynomial of degree 3 or 4 in radicals, or None if they are too long."""
    if not is_available() or not 3 <= len(coefficients) - 1 <= 4:
        return None
    import sympy

    unknown = sympy.Symbol("x")
    exact = [sympy.Rational(str(Fraction(c))) for c in reversed(coefficients)]
    found = sympy.roots(sympy.Poly(exact, unknown), multiple=True)
    if len(found) != len(coefficients) - 1:
        return None
    forms = [_from_sympy(root) for root in found]
    if any(form is None or size(form) > LONGEST for form in forms):
        return None
    return tuple(form for form in forms if form is not None)


def _from_sympy(node: Any) -> Formula | None:
    """A SymPy number built from fractions, roots and i; None for anything else."""
    import sympy

    if isinstance(node, sympy.Rational):
        return tree.formula(Fraction(int(node.p), int(node.q)))
    if node is sympy.I:
        return Number(1j)
    parts = [_from_sympy(part) for part in node.args]
    if not parts or any(part is None for part in parts):
        return None
    formulas = [part for part in parts if part is not None]
    if node.is_Add:
        return tree.plus(*formulas)
    if node.is_Mul:
        return tree.times(*formulas)
    if node.is_Pow and isinstance(formulas[1], Number):
        return tree.Power(formulas[0], formulas[1])
    return None
