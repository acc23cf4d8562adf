"""One raw row read: its cells, as they enter the network, and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.data.frames import frame_of
from pellucid.data.table import Table
from pellucid.errors import DataError, Mends, UsageError
from pellucid.explanation.parts import encodings
from pellucid.kinds import Encoded
from pellucid.kinds.cells import texts
from pellucid.media.files import ANYWHERE, Files
from pellucid.schema import Schema
from pellucid.store import answers_of, build_store


@dataclass(frozen=True)
class Row:
    """One row: its raw cells, as they enter the network, and its answers where they are known."""

    place: str
    cells: pl.DataFrame  # the input columns, one row
    encoded: list[Encoded]  # of each kind of the inputs
    raw: dict[str, Tensor]  # as the network takes them
    targets: tuple[Tensor, ...] | None
    unknown: str  # why the targets are None


def read_row(schema: Schema, cells: pl.DataFrame, place: str, files: Files = ANYWHERE) -> Row:
    """The row as the network takes it, and its targets."""
    mends = Mends()
    inputs = schema.locate(schema.complete(cells, mends, cells.columns), files)
    encoded = encodings(schema, inputs)
    whole: Encoded = {name: values for own in encoded for name, values in own.items()}
    for target in schema.targets:
        whole |= target.encode_inputs(inputs, mends)
    raw = build_store([whole]).batch(torch.tensor([0]))
    targets, unknown = _targets(schema, cells)
    return Row(place, inputs, encoded, raw, targets, unknown)


def _targets(schema: Schema, cells: pl.DataFrame) -> tuple[tuple[Tensor, ...] | None, str]:
    found = []
    for kind in schema.targets:
        name = kind.columns[0]
        if name not in cells.columns:
            return None, f"The row has no column {name!r}"
        if cells[name].is_null().any():
            return None, f"The row's {name!r} is missing"
        try:
            encoded = kind.encode_target(
                cells[name], inputs=lambda column: texts(cells[column]).fill_null("")
            )
            found.append(answers_of(encoded, np.arange(1), 1)[torch.tensor([0])])
        except DataError as error:
            return None, str(error).rstrip(".")
    return tuple(found), ""


def frame_of_row(row: Any) -> pl.DataFrame:
    """A mapping, a Series or a frame of one row as a frame."""
    if hasattr(row, "to_dict") and not hasattr(row, "columns"):
        row = row.to_dict()  # a pandas Series: one row of its frame
    if isinstance(row, Mapping) and not any(isinstance(cell, list) for cell in row.values()):
        row = [dict(row)]
    frame = frame_of(row, Mends())
    if frame is None or not frame.columns:
        raise UsageError(
            "A row is a mapping of columns to cells, a pandas Series or a frame of one row, "
            f"however: {type(row).__name__}."
        )
    return frame


def latest_window(schema: Schema, frame: pl.DataFrame) -> pl.DataFrame:
    """The window of a forecast at the end of the one series that is given."""
    mends = Mends()
    found = schema.rows(Table("the given table", frame.lazy(), frame.height), mends)
    if found.height != 1:
        raise UsageError(
            f"One forecast is explained at a time, however: {found.height:,} series were given."
        )
    return found.take([0], list(found.columns))
