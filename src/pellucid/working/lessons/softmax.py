"""Softmax over a whole vector, and the cross-entropy that is learned with it."""

from __future__ import annotations

import math
import sys
from typing import cast

from pellucid.errors import UsageError
from pellucid.working.arguments import Given, read_count, read_number, read_vector
from pellucid.working.arithmetic import Scalar, Vector, subtract
from pellucid.working.formula import (
    Formula,
    Negative,
    Symbol,
    call,
    formula,
    minus,
    over,
    plus,
    times,
)
from pellucid.working.step import Check, Step

LONGEST_PAIRWISE = 100
TOO_LARGE = 700.0  # exp of more overflows float64


def softmax(logits: Given = "[1, 2, 3]", target: Given = None) -> Step:
    """Turns a whole vector of scores into probabilities that add up to 1."""
    scores = read_vector(logits, "logits")
    found = softmax_step(scores)
    if target is None:
        return found
    place = read_count(target, "target", 1, len(scores))
    return cross_entropy_step(scores, place)


def cross_entropy(logits: Given = "[1, 2, 3]", target: Given = 3, smoothing: Given = "0") -> Step:
    """The loss of a classifier: minus the logarithm of the right class's probability.

    With smoothing that part of the right answer is spread over all classes (Szegedy et al. 2016).
    """
    scores = read_vector(logits, "logits")
    spread = float(read_number(smoothing, "smoothing"))
    if not 0 <= spread < 1:
        raise UsageError(f"smoothing must be at least 0 and below 1; found {smoothing!r}.")
    return cross_entropy_step(scores, read_count(target, "target", 1, len(scores)), spread)


def probabilities(scores: Vector) -> tuple[float, ...]:
    """Softmax in float64."""
    top = max(scores)
    powers = [math.exp(float(score - top)) for score in scores]
    return tuple(power / math.fsum(powers) for power in powers)


def softmax_step(scores: Vector, of: str = "p") -> Step:
    """Softmax as a step."""
    top = max(scores)
    moved = cast(Vector, subtract(scores, top))
    powers = tuple(math.exp(float(score)) for score in moved)
    whole = math.fsum(powers)
    result = tuple(power / whole for power in powers)
    return Step(
        rule="Softmax",
        given={"z": scores},
        of=Symbol(of),
        working=(_quotients(moved),) if len(scores) <= 6 else (),
        result=result,
        check=_second_way(scores),
        reason="Each exp divided by the sum of all: every answer depends on the whole vector, all "
        "are positive, and they add up to 1.",
        steps=(_shifted(scores, moved, top), _powers(moved, powers), _sum_to_one(result)),
    )


def _quotients(moved: Vector) -> Formula:
    below = plus(*(call("exp", score) for score in moved))
    return formula([over(call("exp", score), below) for score in moved])


def _second_way(scores: Vector) -> Check:
    """Quotients of exponentials pairwise; for long vectors, which that would make slow, by ln."""
    if len(scores) <= LONGEST_PAIRWISE:
        one_by_one = tuple(
            1 / math.fsum(_exp(float(other - score)) for other in scores) for score in scores
        )
        return Check("1 over the sum of exp(z_j − z_i)", one_by_one)
    top = float(max(scores))
    whole = top + math.log(math.fsum(math.exp(float(score) - top) for score in scores))
    return Check("exp(z − ln of the sum)", tuple(math.exp(float(s) - whole) for s in scores))


def _exp(value: float) -> float:
    return math.exp(value) if value < TOO_LARGE else math.inf


def _shifted(scores: Vector, moved: Vector, top: Scalar) -> Step:
    return Step(
        rule="Subtract the largest score",
        given={"max": top},
        of=minus("z", "max"),
        result=moved,
        check=Check("adding the negative", tuple(-(top - score) for score in scores)),
        reason="It changes nothing in the quotients and keeps exp from overflowing: in float32 "
        "exp(89) is already infinite.",
    )


def _powers(moved: Vector, powers: tuple[float, ...]) -> Step:
    return Step(
        rule="Exponentials and their sum",
        given={"e": powers},
        of=Symbol("sum"),
        working=(plus(*(call("exp", score) for score in moved)),) if len(moved) <= 12 else (),
        result=math.fsum(powers),
        check=Check("adding from the last", sum(reversed(powers))),
    )


def _sum_to_one(result: tuple[float, ...]) -> Step:
    return Step(
        rule="They add up to 1",
        given={},
        of=Symbol("sum"),
        working=(plus(*result),) if len(result) <= 12 else (),
        result=math.fsum(result),
        check=Check("one", 1),
    )


def cross_entropy_step(scores: Vector, target: int, smoothing: float = 0.0) -> Step:
    """-ln of the target's probability, or of all classes' as y weighs them; its gradient p - y."""
    found = softmax_step(scores)
    chances = cast("tuple[float, ...]", found.result)
    wanted = _wanted(len(scores), target, smoothing)
    direct = _direct(scores, wanted)
    for place, (y, p) in enumerate(zip(wanted, chances, strict=True), 1):
        if y and p < sys.float_info.min:
            raise UsageError(
                f"The probability of class {place} is below the smallest float64; its logarithm "
                f"cannot be written. The loss is {direct:.6g}."
            )
    told = [(y, p) for y, p in zip(wanted, chances, strict=True) if y]
    terms = [times(y, call("log", p)) if smoothing else call("log", p) for y, p in told]
    subtracted = "the sum of y z" if smoothing else "the target's score"
    return Step(
        rule="Softmax with cross-entropy",
        given={"z": scores, "target": target, **({"y": wanted} if smoothing else {})},
        of=Symbol("L"),
        working=(Negative(plus(*terms) if smoothing else terms[0]),) if len(terms) <= 12 else (),
        result=-math.fsum(y * math.log(p) for y, p in told),
        check=Check(f"ln of the sum of exp(z), minus {subtracted}", direct, 1e-6),
        reason=SMOOTHED.format(smoothing) if smoothing else PLAIN,
        steps=(found, _gradient(scores, chances, wanted, smoothing)),
    )


PLAIN = (
    "The loss is 0 when the right class has probability 1 and grows without bound as that "
    "probability falls."
)
SMOOTHED = (
    "{:g} of the answer is spread over all classes, so that scores have no reason to grow without "
    "end: a network learns the rows less by heart."
)


def _wanted(count: int, target: int, smoothing: float) -> tuple[Scalar, ...]:
    """What each class's probability is to be: 1 at the target, but for what is spread over all."""
    hot = [int(place == target) for place in range(1, count + 1)]
    return tuple((1 - smoothing) * y + smoothing / count for y in hot) if smoothing else (*hot,)


def _direct(scores: Vector, wanted: tuple[Scalar, ...]) -> float:
    """The loss without probabilities, by distances from the largest score."""
    top = max(scores)
    below = [float(score - top) for score in scores]
    meant = math.fsum(float(y) * z for y, z in zip(wanted, below, strict=True) if y)
    return math.log(math.fsum(map(math.exp, below))) - meant


def _gradient(
    scores: Vector, chances: tuple[float, ...], wanted: tuple[Scalar, ...], smoothing: float
) -> Step:
    elsewhere = "what is spread over all" if smoothing else "0"
    return Step(
        rule="Its gradient",
        given={"p": chances, "y": wanted},
        of=Symbol("dL/dz"),
        working=(minus("p", "y"),),
        result=tuple(p - y for p, y in zip(chances, wanted, strict=True)),
        check=Check("central differences", _differences(scores, wanted), 1e-6),
        reason=f"Probability minus what it is to be; but for the target, y is {elsewhere}.",
    )


def _differences(scores: Vector, wanted: tuple[Scalar, ...]) -> tuple[float, ...]:
    """The slope along each score, measured with float64 differences."""
    width, top = 1e-5, max(scores)
    powers = [math.exp(float(score - top)) for score in scores]
    whole = math.fsum(powers)

    def moved(power: float, move: float) -> float:
        return math.log(whole - power + power * math.exp(move))

    return tuple(
        (moved(power, width) - moved(power, -width)) / (2 * width) - float(y)
        for power, y in zip(powers, wanted, strict=True)
    )
