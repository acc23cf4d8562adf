"""How a raw row became tensors: each cell, its kind, and the numbers that it enters as."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from pellucid.explanation.numbers import described, nested
from pellucid.explanation.reading import Row
from pellucid.kinds import Array, Encoded, Kind, Ragged
from pellucid.schema import Schema
from pellucid.working.step import Check, NumberTable, Step

LONGEST, LEAST = 36, 12  # letters of a cell that are shown
ROOM = 62  # of them, and of a column's name and what stands beside, on a terminal's line
MOST_VALUES = 400  # numbers of one tensor that a step keeps


def cells_step(schema: Schema, row: Row) -> Step:
    """The raw row, kind by kind, as the tensors that the network takes."""
    kinds = zip(schema.inputs, row.encoded, strict=True)
    steps = tuple(_kind_step(schema, kind, row, encoded) for kind, encoded in kinds)
    plural = "tensor" if len(row.raw) == 1 else "tensors"
    tensors = f"{len(row.raw)} {plural}"
    text = ", ".join(f"{name}: {described(values)}" for name, values in row.raw.items())
    return Step(
        rule="How the raw row became tensors",
        given={},
        result=tensors,
        check=Check("counting them", f"{sum(1 for _ in row.raw)} {plural}"),
        reason=f"Every cell is decoded, nothing more; all arithmetic is in the network. {text}.",
        steps=steps,
    )


def _kind_step(schema: Schema, kind: Kind, row: Row, encoded: Encoded) -> Step:
    """The columns of one kind: the cells, and the numbers they became."""
    cells, raw = row.cells, row.raw
    own = {name: _first(values) for name, values in encoded.items()}
    entered = {
        name: nested(raw[name][0].double().flatten()[: len(values)]) for name, values in own.items()
    }
    counts = {name: _flat(values).size for name, values in encoded.items()}
    single = own.get(kind.kind)
    by_column = single is not None and len(single) == len(kind.columns)
    rows = []
    beside = 0 if by_column else max(len(schema.reasons[column]) for column in kind.columns)
    room = ROOM - max(map(len, kind.columns)) - beside
    for position, column in enumerate(kind.columns):
        cell = shown(cells[column][0], min(LONGEST, max(LEAST, room)))
        reason = schema.reasons[column]
        rows.append((column, cell, single[position] if single and by_column else reason))
    heading = f'in "{kind.kind}"' if by_column else "why this kind"
    steps = tuple(_array_step(name, counts[name], own[name], entered[name]) for name in own)
    last = steps[-1]
    return Step(
        rule=f"{len(kind.columns)} × {kind.kind}",
        given={},
        of=last.of,
        result=last.result,
        check=last.check,
        steps=steps if len(steps) > 1 else (),
        table=NumberTable("", ("column", "cell", heading), tuple(rows)),
    )


def _array_step(name: str, count: int, values: tuple[Any, ...], entered: tuple[Any, ...]) -> Step:
    """The numbers of one tensor."""
    first = f", the first {len(values):,} of them" if count > len(values) else ""
    return Step(
        rule=f'As "{name}": {count:,} number{"s" if count != 1 else ""}{first}',
        given={},
        result=values or "no number",
        check=Check("what the store of rows hands to the network", entered or "no number", 1e-6),
    )


def _flat(values: Any) -> Array:
    array = values.values if isinstance(values, Ragged) else values[0]
    return np.asarray(array).reshape(-1)


def _first(values: Any) -> tuple[Any, ...]:
    return tuple(nested(torch.as_tensor(_flat(values)[:MOST_VALUES].astype(np.float64))))


def shown(cell: object, most: int = LONGEST) -> str:
    """A cell in a few letters."""
    if cell is None:
        return "missing"
    if isinstance(cell, bytes):
        return f"{len(cell):,} bytes"
    text = " ".join(str(cell).split())
    return text if len(text) <= most else text[: most - 2] + " …"
