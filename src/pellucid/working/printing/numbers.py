"""How numbers are written: exact ones exactly, floats with a named number of digits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from pellucid.working.arithmetic import Scalar

DIGITS = 6  # significant digits of a float
CLOSE_DIGITS = 10  # of a float that is almost a whole number
LONGEST = 24
LONGEST_CELL = 10  # a column of 24 digits fits no phone


@dataclass
class Notation:
    """How to write numbers, and what was left out so far."""

    decimal: bool = False  # 4.8 for 24/5
    longest: int = LONGEST  # characters of an exact number, beyond which it is shown rounded
    rounded: bool = False  # digits of a number
    shortened: bool = False  # entries of an array
    told: set[str] = field(default_factory=set)  # reasons given so far


@dataclass(frozen=True)
class Written:
    """The parts of a written number: -above/below or -above times ten to the exponent."""

    negative: bool
    above: str
    below: str = ""
    exponent: int = 0


def written(value: Scalar, notation: Notation) -> Written:
    """Write a number; note in `notation` when digits are left out."""
    if isinstance(value, bool):
        return Written(False, str(value))
    if isinstance(value, (int, Fraction)):
        return _exact(Fraction(value), notation)
    return _floating(value, notation)


def _exact(value: Fraction, notation: Notation) -> Written:
    size, negative = abs(value), value < 0
    if notation.decimal and size.denominator > 1:
        text = terminating(size)
        if text is not None and text.startswith("0.00000"):
            digits = text.lstrip("0.")
            mantissa = digits[0] + (f".{digits[1:]}" if digits[1:] else "")
            return Written(negative, mantissa, exponent=len(digits) + 1 - len(text))
        if text is not None and len(text) <= notation.longest:
            return Written(negative, text)
    if size.numerator >= 10**notation.longest or size.denominator >= 10 ** (notation.longest // 2):
        notation.rounded = True
        return _rounded(size, negative)
    return Written(negative, str(size.numerator), _below(size.denominator))


def _below(denominator: int) -> str:
    return str(denominator) if denominator > 1 else ""


def _rounded(size: Fraction, negative: bool) -> Written:
    """An exact number too long to show; int division keeps even one beyond float64 readable."""
    exponent = len(str(size.numerator)) - len(str(size.denominator))
    mantissa = float(size / Fraction(10) ** exponent)
    if -5 < exponent < 15:
        return Written(negative, f"{mantissa * 10.0**exponent:.{DIGITS}g}")
    if mantissa < 1:
        mantissa, exponent = mantissa * 10, exponent - 1
    return Written(negative, f"{mantissa:.{DIGITS}g}", exponent=exponent)


def terminating(value: Fraction) -> str | None:
    """The decimal expansion if it ends, else None."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > LONGEST:
        return None
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    whole, part = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if value < 0 else "") + whole + ("." + part if part else "")


def _floating(value: float, notation: Notation) -> Written:
    if not math.isfinite(value):
        return Written(value < 0, "nan" if math.isnan(value) else "∞")
    text = f"{abs(value):.{DIGITS}g}"
    if value and float(text) == round(abs(value)) != abs(value):  # 0.9999999979 is not 1
        text = f"{abs(value):.{CLOSE_DIGITS}g}"
    notation.rounded = notation.rounded or float(text) != abs(value)
    mantissa, _, exponent = text.partition("e")
    return Written(value < 0, mantissa, exponent=int(exponent or 0))
