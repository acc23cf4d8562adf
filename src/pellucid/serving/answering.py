"""Requests answered together: one table, one pass through the network, an answer for each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import polars as pl

from pellucid.errors import Mend, Mends
from pellucid.kinds import Array, TargetKind
from pellucid.media.files import NO_FILES
from pellucid.serving.cells import dtype_of
from pellucid.serving.faults import Problem, RequestError, unusable
from pellucid.serving.fields import Field
from pellucid.serving.records import Record
from pellucid.serving.served import Served

COVERAGE = 0.9  # of the intervals that kinds give
MOST_LEVELS = 20  # whose probabilities an answer lists


@dataclass(frozen=True)
class Answer:
    """What one request is told."""

    predictions: tuple[dict[str, Any], ...]  # one a record: target -> value and how sure
    notes: tuple[Problem, ...]


def answer(served: Served, requests: Sequence[Sequence[Record]]) -> list[Answer | RequestError]:
    """One answer a request, the same whatever shares its batch."""
    model, records = served.model, [record for request in requests for record in request]
    owners = [place for place, request in enumerate(requests) for _ in request]
    firsts = np.cumsum([0, *(len(request) for request in requests)])
    mends = Mends(places=len(records), place=str)
    table = frame_of_records(served.inputs, records)
    encoded = model.schema.encode(table, mends, NO_FILES)
    told = [one for mend in mends.found for one in _told(served.inputs, mend)]
    predictions = _predictions(model.schema.targets, model.outputs_of([encoded]))
    answers: list[Answer | RequestError] = []
    for place, request in enumerate(requests):
        first, last = firsts[place], firsts[place + 1]
        mine = [
            (fault, replace(problem, record=int(row - first)))
            for row, fault, problem in told
            if owners[row] == place
        ]
        if problems := [problem for fault, problem in mine if fault]:
            answers.append(unusable(problems))
            continue
        notes = [note for record in request for note in record.notes]
        told_all = (*notes, *(note for _, note in mine))
        answers.append(Answer(tuple(predictions[first:last]), told_all))
    return answers


def frame_of_records(fields: Sequence[Field], records: Sequence[Record]) -> pl.DataFrame:
    """Records as a table, each column of its field's type."""
    columns = zip(fields, zip(*(record.cells for record in records), strict=True), strict=True)
    return pl.DataFrame([pl.Series(f.name, cells, dtype_of(f)) for f, cells in columns])


def _told(fields: Sequence[Field], mend: Mend) -> Iterator[tuple[int, bool, Problem]]:
    """Each cell that was mended: its row, whether that is a fault, and what is said of it.

    A name that was never seen is no fault; a broken file is one.
    """
    fault = not any(field.name == mend.column and field.kind == "category" for field in fields)
    words = mend.fault if fault else f"{mend.fault}, {mend.action}"
    for where in mend.where:
        row, _, value = where.partition(": ")
        yield int(row), fault, Problem(0, mend.column or "", words, value or None)


def _predictions(targets: Sequence[TargetKind], outputs: Sequence[Array]) -> list[dict[str, Any]]:
    columns = {
        kind.columns[0]: _target(kind, output)
        for kind, output in zip(targets, outputs, strict=True)
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _target(kind: TargetKind, output: Array) -> list[dict[str, Any]]:
    """The value of each row, with its confidence and its interval where the kind has them."""
    answers = [{"value": _finite(value)} for value in kind.decode(output).to_list()]
    parts: list[list[dict[str, Any]]] = [answers]
    if (confidence := kind.confidence(output)) is not None:
        parts.append([{"confidence": float(sure)} for sure in confidence])
    if (probabilities := kind.probabilities(output)) is not None:
        likely = (_likely(probabilities.columns, row) for row in probabilities.to_numpy())
        parts.append([{"probabilities": levels} for levels in likely])
    if (intervals := kind.intervals(output)) is not None:
        ends = ((_finite(low), _finite(high)) for low, high in intervals.rows())
        parts.append([{"low": low, "high": high, "coverage": COVERAGE} for low, high in ends])
    return [reduce(or_, row) for row in zip(*parts, strict=True)]


def _likely(levels: Sequence[str], row: Array) -> dict[str, float]:
    """The most likely levels first."""
    order = np.argsort(-row, kind="stable")[:MOST_LEVELS]
    return {levels[i]: float(row[i]) for i in order}


def _finite(value: Any) -> Any:
    """A value as JSON has it: a number that is not finite is null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
