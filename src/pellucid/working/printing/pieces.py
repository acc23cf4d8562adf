"""The pieces of written mathematics that every printer lays out, and how names are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["number", "name", "function", "operator", "text"]

GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi chi "
        "psi omega Gamma Delta Theta Lambda Sigma Phi Omega pi nabla".split(),
        "α β γ δ ε ζ η θ κ λ μ ν ξ ρ σ τ φ χ ψ ω Γ Δ Θ Λ Σ Φ Ω π ∇".split(),
        strict=True,
    )
)


@dataclass(frozen=True)
class Display:
    """A piece of written mathematics."""


@dataclass(frozen=True)
class Word(Display):
    """One token."""

    text: str
    kind: Kind = "operator"


@dataclass(frozen=True)
class Row(Display):
    """Pieces one after the other."""

    parts: tuple[Display, ...]


@dataclass(frozen=True)
class Fraction(Display):
    """One piece over another."""

    above: Display
    below: Display


@dataclass(frozen=True)
class Raised(Display):
    """A piece with an exponent."""

    base: Display
    exponent: Display


@dataclass(frozen=True)
class Lowered(Display):
    """A piece with an index."""

    base: Display
    index: Display


@dataclass(frozen=True)
class Hat(Display):
    """A piece with a hat or a bar over it."""

    base: Display
    mark: Literal["^", "¯"]


@dataclass(frozen=True)
class Root(Display):
    """The square root of a piece."""

    of: Display


@dataclass(frozen=True)
class Fence(Display):
    """A piece between brackets or bars."""

    inner: Display
    left: str = "("
    right: str = ")"


@dataclass(frozen=True)
class Grid(Display):
    """Rows of cells between square brackets."""

    rows: tuple[tuple[Display, ...], ...]


@dataclass(frozen=True)
class Cases(Display):
    """Values, each with its condition, behind one brace."""

    rows: tuple[tuple[Display, Display], ...]


SPACE = Word(" ")


def named(name: str) -> Display:
    """Write a name: `x_1` with an index, `y_hat` with a hat, `dL/dw` as a partial derivative."""
    if "/" in name:
        above, below = (part.removeprefix("d") for part in name.split("/", 1))
        round_d = Word("∂", "name")
        return Fraction(Row((round_d, named(above))), Row((round_d, named(below))))
    base, *index = name.split("_")
    base = GREEK.get(base, base)
    body: Display = Word(base, "name" if len(base.rstrip("'")) == 1 else "text")
    if index and index[0] in ("hat", "bar"):
        body = Hat(body, "^" if index.pop(0) == "hat" else "¯")
    if index:
        text = " ".join(index).replace("-", "−")
        kind: Kind = "number" if text.isdigit() else "name" if len(text) == 1 else "text"
        body = Lowered(body, Word(GREEK.get(text, text), kind))
    return body
