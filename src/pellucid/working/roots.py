"""The roots of a polynomial with exact coefficients: exact where a closed form exists."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from pellucid.working.arithmetic import Scalar, divide, simplest
from pellucid.working.formula import Formula, Number, call, over, plus, times
from pellucid.working.simplification import simplify
from pellucid.working.symbolic import closed_roots

Coefficients = tuple[Scalar, ...]  # constant term first


@dataclass(frozen=True)
class Root:
    """A root, how it was found, and how often it occurs."""

    value: Formula
    number: complex
    multiplicity: int
    way: str  # "rational", "quadratic", "radicals", "numerical"
    trace: Fraction = Fraction(0)  # of a quadratic root: the sum with its conjugate
    norm: Fraction = Fraction(0)  # and the product


def roots(polynomial: Coefficients) -> tuple[Root, ...]:
    """All roots, largest real part first."""
    found: list[Root] = []
    for factor, multiplicity in square_free(polynomial):
        found += _simple_roots(factor, multiplicity)
    return tuple(sorted(found, key=lambda root: (-root.number.real, -root.number.imag)))


def square_free(polynomial: Coefficients) -> list[tuple[Coefficients, int]]:
    """Factors without repeated roots, each with its multiplicity (Yun, 1976)."""
    found = []
    common = _common(polynomial, _slope(polynomial))
    rest, turn = _divide(polynomial, common)[0], 1
    slope = _minus(_divide(_slope(polynomial), common)[0], _slope(rest))
    while len(rest) > 1:
        factor = _common(rest, slope)
        if len(factor) > 1:
            found.append((factor, turn))
        rest = _divide(rest, factor)[0]
        slope = _minus(_divide(slope, factor)[0], _slope(rest))
        turn += 1
    return found


def _simple_roots(polynomial: Coefficients, multiplicity: int) -> list[Root]:
    found: list[Root] = []
    rest = polynomial
    for candidate in _rational_candidates(polynomial):
        if len(rest) > 1 and value_at(rest, candidate) == 0:
            found.append(
                Root(Number(simplest(candidate)), complex(candidate), multiplicity, "rational")
            )
            rest = _divide(rest, (-candidate, 1))[0]
    if len(rest) == 2:
        last = simplest(-Fraction(rest[0]) / Fraction(rest[1]))
        return [*found, Root(Number(last), complex(last), multiplicity, "rational")]
    if len(rest) == 3:
        return found + _quadratic(rest, multiplicity)
    if len(rest) > 3:
        return found + _higher(rest, multiplicity)
    return found


def _rational_candidates(polynomial: Coefficients) -> list[Fraction]:
    """Numerical roots rounded to the only denominators that a rational root can have."""
    common = lcm(*(Fraction(c).denominator for c in polynomial))
    leading = abs(int(Fraction(polynomial[-1]) * common))
    candidates = []
    for root in _numerical(polynomial):
        if abs(root.imag) < 1e-6 * max(1.0, abs(root)):
            candidates.append(Fraction(root.real).limit_denominator(min(leading, 10**6)))
            if abs(root.real) * leading < 1e15:
                candidates.append(Fraction(round(root.real * leading), leading))
    return candidates


def _numerical(polynomial: Coefficients) -> list[complex]:
    import numpy

    scale = max(abs(Fraction(c)) for c in polynomial)
    scaled = [float(Fraction(c) / scale) for c in reversed(polynomial)]
    found = [complex(root) for root in numpy.roots(scaled)]
    return [_polished(scaled[::-1], root) for root in found]


def _polished(coefficients: list[float], root: complex) -> complex:
    """A few steps of Newton's method."""
    for _ in range(3):
        value = slope = 0j
        for coefficient in reversed(coefficients):
            slope = slope * root + value
            value = value * root + coefficient
        if slope == 0:
            break
        root -= value / slope
    return root


def _quadratic(polynomial: Coefficients, multiplicity: int) -> list[Root]:
    """(-b ± sqrt(b² - 4ac)) / 2a."""
    c, b, a = (Fraction(value) for value in polynomial)
    half, inside = -b / (2 * a), (b * b - 4 * a * c) / (4 * a * a)
    outer, inner = _square_part(inside)
    found = []
    for sign in (1, -1):
        number = float(half) + sign * complex(inside) ** 0.5
        value = _surd(half, sign * outer, inner)
        found.append(Root(value, complex(number), multiplicity, "quadratic", -b / a, c / a))
    return found


def _surd(half: Fraction, outer: Fraction, inner: int) -> Formula:
    """half + outer·sqrt(inner), over one denominator."""
    if inner in (0, 1):
        return Number(simplest(half + outer * inner))
    below = lcm(half.denominator, outer.denominator)
    unit = (Number(1j),) if inner < 0 else ()
    root = simplify(times(simplest(outer * below), call("sqrt", abs(inner)), *unit))
    above = plus(simplest(half * below), root) if half else root
    return above if below == 1 else over(above, below)


def _square_part(value: Fraction) -> tuple[Fraction, int]:
    """sqrt(value) as outer * sqrt(inner) with a small whole inner: sqrt(8/9) = 2/3 sqrt(2)."""
    whole = value.numerator * value.denominator
    outer, inner, factor = 1, abs(whole), 2
    while factor * factor <= inner and factor < 10_000:
        while inner % (factor * factor) == 0:
            inner //= factor * factor
            outer *= factor
        factor += 1
    return Fraction(outer, value.denominator), inner if whole > 0 else -inner


def _higher(polynomial: Coefficients, multiplicity: int) -> list[Root]:
    """Radicals when they are short, else numbers."""
    from pellucid.working.evaluation import evaluate_complex

    numbers = _numerical(polynomial)
    forms = closed_roots(polynomial)
    if forms is None:
        return [_floating(number, multiplicity) for number in numbers]
    values = [(form, complex(evaluate_complex(form))) for form in forms]
    if any(min(abs(value - number) for number in numbers) > 1e-6 for _, value in values):
        return [_floating(number, multiplicity) for number in numbers]
    return [Root(form, value, multiplicity, "radicals") for form, value in values]


def _floating(number: complex, multiplicity: int) -> Root:
    is_real = abs(number.imag) < 1e-9 * max(1.0, abs(number))
    value = Number(number.real if is_real else number)
    return Root(value, complex(number.real) if is_real else number, multiplicity, "numerical")


def value_at(polynomial: Coefficients, at: Scalar) -> Scalar:
    """Horner's scheme."""
    value: Scalar = 0
    for coefficient in reversed(polynomial):
        value = value * at + coefficient
    return simplest(value)


def _slope(polynomial: Coefficients) -> Coefficients:
    return tuple(k * c for k, c in enumerate(polynomial))[1:] or (0,)


def _minus(left: Coefficients, right: Coefficients) -> Coefficients:
    size = max(len(left), len(right))
    wide = [tuple(p) + (0,) * (size - len(p)) for p in (left, right)]
    return _trimmed([a - b for a, b in zip(*wide, strict=True)])


def _trimmed(values: list[Scalar]) -> Coefficients:
    while len(values) > 1 and values[-1] == 0:
        values.pop()
    return tuple(simplest(value) for value in values)


def _divide(left: Coefficients, right: Coefficients) -> tuple[Coefficients, Coefficients]:
    """Quotient and remainder."""
    rest, quotient = list(left), [Fraction(0)] * max(1, len(left) - len(right) + 1)
    for place in range(len(left) - len(right), -1, -1):
        factor = Fraction(rest[place + len(right) - 1]) / Fraction(right[-1])
        quotient[place] = factor
        for offset, coefficient in enumerate(right):
            rest[place + offset] = rest[place + offset] - factor * coefficient
    return _trimmed(list(quotient)), _trimmed(rest[: max(1, len(right) - 1)])


def _common(left: Coefficients, right: Coefficients) -> Coefficients:
    """The greatest common divisor, with leading coefficient 1."""
    while any(right):
        left, right = right, _divide(left, right)[1]
    return tuple(divide(c, left[-1]) for c in left)
