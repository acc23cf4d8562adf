"""Performance on new labelled rows, and whether it held."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypedDict

import numpy as np
import polars as pl

from pellucid.counts import counted
from pellucid.data.checking import require_column
from pellucid.data.fingerprint import fingerprint
from pellucid.data.reading import read
from pellucid.data.table import Table
from pellucid.errors import DataError, Mends
from pellucid.evidence.document import Performance
from pellucid.evidence.intervals import interval
from pellucid.evidence.numerals import Measure
from pellucid.kinds import Array, TargetKind
from pellucid.kinds.cells import texts
from pellucid.model import Model
from pellucid.store import answers_of

LEARNT_FROM = (
    " It was made of these very rows and has seen most of them: only rows that are new to it tell "
    "whether performance held."
)


class Evaluation(TypedDict):
    """How well the model does on new rows, beside what it promised."""

    performance: Performance
    others: dict[str, float]
    promised: Performance | None
    learnt_from: bool  # the rows are those that it was made of, most of which it has seen
    held: bool | None  # None where the model brings no promise, or has seen the rows
    sentence: str


def evaluate(model: Model, source: Any) -> dict[str, Evaluation]:
    """Every target's performance on the rows of `source`; rows without an answer are left out.

    Performance held when the new 95 % interval reaches the promised one.
    """
    mends = Mends()
    given = read(source, mends, ragged="mend")
    learnt_from = bool(model.evidence) and fingerprint(given) == model.evidence["data"]["hash"]
    table = model.schema.judged_rows(given, mends)
    for name in model.targets:
        require_column(table, name)
    outputs = model.outputs(table, mends)
    found = {
        kind.columns[0]: _evaluation(model, kind, (table, output), learnt_from, mends)
        for kind, output in zip(model.schema.targets, outputs, strict=True)
    }
    for mend in mends.found:
        warnings.warn(str(mend), stacklevel=3)
    return found


def _evaluation(
    model: Model, kind: TargetKind, answered: tuple[Table, Array], learnt_from: bool, mends: Mends
) -> Evaluation:
    """One target's performance; `answered` are the rows, and what the model says of each."""
    (table, output), name = answered, kind.columns[0]
    answers = table.column(name)
    known = texts(answers).is_not_null()
    if not known.any():
        raise DataError(
            f"No row of {table.name} has an answer in {name!r}, so nothing can be evaluated."
        )
    rows = known.arg_true().to_numpy()
    encoded = kind.encode_target(
        answers.gather(rows), _places(table, rows), _inputs(table, rows), mends
    )
    target = answers_of(encoded, np.arange(len(rows)), len(rows))[np.arange(len(rows))].numpy()
    measured = interval(kind, kind.row_losses(output[rows], target), seed=0)
    performance: Performance = {
        "metric": kind.metric,
        "rows": len(rows),
        "higher_is_better": kind.higher_is_better,
        "value": measured["value"],
        "low": measured["low"],
        "high": measured["high"],
    }
    promised = model.evidence["targets"][name]["performance"] if model.evidence else None
    told = None if learnt_from else promised
    held = None if told is None else _held(kind, performance, told)
    return Evaluation(
        performance=performance,
        others={k: v for k, v in kind.metrics(output[rows], target).items() if k != kind.metric},
        promised=promised,
        learnt_from=learnt_from,
        held=held,
        sentence=_sentence(kind, performance, promised, held)
        + (LEARNT_FROM if learnt_from else ""),
    )


def _places(table: Table, rows: Array) -> Callable[[int], str]:
    return lambda row: f"{table.name}, {table.place(int(rows[row]))},"


def _inputs(table: Table, rows: Array) -> Callable[[str], pl.Series]:
    return lambda column: table.column(column).cast(pl.String).gather(rows)


def _held(kind: TargetKind, now: Performance, promised: Performance) -> bool:
    if kind.higher_is_better:
        return now["high"] >= promised["low"]
    return now["low"] <= promised["high"]


def _sentence(
    kind: TargetKind, now: Performance, promised: Performance | None, held: bool | None
) -> str:
    text = f"{_estimate(now)} on {counted(now['rows'], kind.case)}"
    if promised is None or held is None:
        return text + "."
    verdict = "held" if held else "did not hold"
    return f"{text}: performance {verdict} ({_estimate(promised)} when it was learnt)."


def _estimate(measured: Performance) -> str:
    value, low, high = measured["value"], measured["low"], measured["high"]
    return f"{measured['metric']} {Measure(measured['metric']).estimate(value, low, high)}"
