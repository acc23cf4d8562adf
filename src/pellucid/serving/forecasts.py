"""Forecasts over HTTP: records of a long table become windows, and answers become steps to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends
from pellucid.kinds.settling import NOMINAL
from pellucid.serving.answering import frame_of_records
from pellucid.serving.cells import dtype_of
from pellucid.serving.faults import Problem, RequestError, unusable
from pellucid.serving.records import Record
from pellucid.serving.served import Served
from pellucid.serving.steps import FURTHEST
from pellucid.windows import FEWEST, Windows

MOST_STEPS = 500_000  # from the first to the last record, over all series


def windows_in(served: Served, records: Sequence[Record]) -> tuple[Table, list[Record]]:
    """One window for each series of a request, as a table and as records; 422 where none is."""
    windows = served.model.schema.windows
    assert windows is not None
    frame = frame_of_records(served.fields, records)
    _reach(windows, frame)
    numbers = [str(row) for row in range(frame.height)]
    mends = Mends(places=FEWEST)
    try:
        made = windows.of(Table("the request", frame.lazy(), frame.height, places=numbers), mends)
    except DataError as fault:
        raise RequestError(422, str(fault)) from fault
    typed = [pl.col(f.name).cast(dtype_of(f), strict=False) for f in served.inputs]
    cells = made.take(range(made.height)).select(typed)
    told = (*_absent(records), *map(_note, mends.found))
    first, *others = (Record(row) for row in cells.rows())
    return made, [Record(first.cells, told), *others]


def steps_to_come(
    windows: Windows, table: Table, answers: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """An answer for each window as one for each step: its series, its moment, value, low, high."""
    target = windows.target
    parts = {name: [each[target][name] for each in answers] for name in ("value", "low", "high")}
    steps = windows.unrolled(pl.DataFrame(parts), table, 0)
    keys = [windows.series, windows.time] if windows.series else [windows.time]
    return [
        {
            **{key: row[key] for key in keys},
            target: {**{part: row[part] for part in parts}, "coverage": NOMINAL},
        }
        for row in steps.iter_rows(named=True)
    ]


def _reach(windows: Windows, frame: pl.DataFrame) -> None:
    """Refuse what would make a grid of millions of steps: a slip in a date, or malice."""
    moments, name = windows.moments(frame[windows.time]), windows.time
    lost = np.isnan(moments) | (np.abs(moments) > FURTHEST)
    if lost.any():
        rows = np.flatnonzero(lost)[:100]
        words = "every record needs a moment, and none beyond all calendars"
        raise unusable([Problem(int(row), name, words) for row in rows])
    series = frame[windows.series].fill_null("") if windows.series else pl.lit("").alias("series")
    spans = (
        pl.DataFrame({"step": windows.steps.index(moments)})
        .with_columns(series.alias("series"))
        .group_by("series")
        .agg((pl.col("step").max() - pl.col("step").min() + 1).alias("span"))
    )
    if (steps := int(spans["span"].sum())) > MOST_STEPS:
        raise RequestError(
            422,
            f"the records reach over {steps:,} steps of {windows.steps}, at most {MOST_STEPS:,} "
            f"can be; is a moment in {name!r} mistyped?",
        )


def _absent(records: Sequence[Record]) -> list[Problem]:
    """What is to be said of many records, once."""
    found: dict[tuple[str, str], Problem] = {}
    for record in records:
        for note in record.notes:
            found.setdefault((note.field, note.problem), note)
    return list(found.values())


def _note(mend: Mend) -> Problem:
    record = int(mend.where[0]) if mend.where and mend.where[0].isdigit() else 0
    times = f" ({mend.count:,} times)" if mend.count > 1 else ""
    return Problem(record, mend.column or "", f"{mend.fault}, {mend.action}{times}")
