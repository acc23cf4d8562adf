"""From the network's outputs to an answer in the target's own words, and how wrong it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl
from torch import Tensor

from pellucid.explanation.cells import shown
from pellucid.kinds import TargetKind
from pellucid.schema import Schema
from pellucid.working.formula import Negative, Symbol, call, minus, power
from pellucid.working.step import Check, NumberTable, Step

MOST_LEVELS = 12
ROUNDING = 1e-3  # what float32 may do to a number that a model predicts


def answer_steps(
    schema: Schema, outputs: Sequence[Tensor], own: Sequence[Tensor]
) -> tuple[Step, ...]:
    """The answer for each target; `own` are the model's outputs in its own floating type."""
    pairs = zip(schema.targets, outputs, own, strict=True)
    return tuple(
        _levels(kind, output) if kind.has_probabilities else _value(kind, output, theirs)
        for kind, output, theirs in pairs
    )


def decoded(kind: TargetKind, output: Tensor) -> Any:
    """The answer of one row as a cell."""
    return kind.decode(output.numpy())[0]


def _chances(kind: TargetKind, output: Tensor) -> pl.DataFrame:
    frame = kind.probabilities(output.numpy())
    assert frame is not None
    return frame


def _levels(kind: TargetKind, output: Tensor) -> Step:
    """Probabilities of the levels, the most probable first."""
    chances = {level: float(p) for level, p in _chances(kind, output).row(0, named=True).items()}
    order = sorted(chances, key=lambda level: -chances[level])
    rows = [(level, math.log(max(chances[level], 1e-300)), chances[level]) for level in order]
    of = f"The first {MOST_LEVELS} of {len(rows)} levels" if len(rows) > MOST_LEVELS else ""
    return Step(
        rule=f"The answer: {kind.columns[0]} is {decoded(kind, output)}",
        given={},
        of=Symbol("p"),
        working=(call("exp", rows[0][1]),),
        result=rows[0][2],
        check=Check(
            "one minus the other probabilities", 1 - math.fsum(p for _, _, p in rows[1:]), 1e-9
        ),
        reason="The network gives logarithms of probabilities; the most probable level is the "
        "answer.",
        table=NumberTable(of, (kind.columns[0], "ln p", "p"), tuple(rows[:MOST_LEVELS])),
    )


def _value(kind: TargetKind, output: Tensor, own: Tensor) -> Step:
    """A number in the target's own unit, with its interval; or whatever the kind answers with."""
    answer, theirs = decoded(kind, output), decoded(kind, own)
    intervals = kind.intervals(output.numpy())
    ends = {} if intervals is None else intervals.row(0, named=True)
    number, text = isinstance(answer, float), str(answer)
    said = f"{answer:.6g}" if number else shown(text)
    return Step(
        rule=f"The answer: {kind.columns[0]} is {said}",
        given={name: float(v) if number else str(v) for name, v in ends.items()},
        of=Symbol("answer"),
        result=float(answer) if number else text,
        check=Check("the model's own answer, in float32", theirs, ROUNDING)
        if number
        else Check(*_said(text, str(theirs))),
        reason="The network's outputs in the target's own unit; low and high are the ends of the "
        "interval."
        if ends
        else "",
    )


def _said(text: str, theirs: str) -> tuple[str, str]:
    """What the model says in float32; a search that parts ways by rounding is no fault."""
    if text == theirs:
        return "the model's own answer, in float32", theirs
    return f"decoding once more; in float32 it is {shown(theirs)}", text


def loss_steps(
    schema: Schema, outputs: Sequence[Tensor], targets: Sequence[Tensor], cells: Sequence[str]
) -> tuple[Step, ...]:
    """How wrong the whole network's answer is, where its kind has a word for one row."""
    steps = []
    for kind, output, target, cell in zip(schema.targets, outputs, targets, cells, strict=True):
        if kind.has_probabilities:
            steps.append(_surprise(kind, output, target, cell))
        elif kind.has_intervals:
            steps.append(_error(kind, output, target))
    return tuple(steps)


def _surprise(kind: TargetKind, output: Tensor, target: Tensor, cell: str) -> Step:
    chances = _chances(kind, output)
    level = int(target[0])
    chance = float(chances.row(0)[level])
    return Step(
        rule=f"How wrong the answer is: {kind.columns[0]} was {cell}",
        given={},
        of=Symbol("log_loss"),
        working=(Negative(call("log", chance)),) if chance > 0 else (),
        result=-float(output[0, level]),
        check=Check(
            "minus ln of the probability of that level",
            -math.log(float(chances[chances.columns[level]][0])) if chance > 0 else math.inf,
        ),
        reason="Minus the logarithm of the probability of the right level.",
    )


def _error(kind: TargetKind, output: Tensor, target: Tensor) -> Step:
    answer = float(decoded(kind, output))
    truth = float(kind.decode(target.double().reshape(1, 1).numpy())[0])
    size, error = abs(answer - truth), minus(answer, truth)
    squared = kind.metric == "RMSE"
    return Step(
        rule=f"How wrong the answer is: {kind.columns[0]} was {truth:.6g}",
        given={},
        of=Symbol("squared_error" if squared else "absolute_error"),
        working=(power(error, 2) if squared else call("abs", error),),
        result=size**2 if squared else size,
        check=Check(
            "what the row adds to the measure of performance",
            float(kind.row_losses(output.numpy(), target.double().numpy())[0]),
            1e-6,
        ),
    )
