"""What chapters show of a table: its columns, how one row becomes tensors, and its explanation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import torch

from pellucid.errors import Mends, UsageError
from pellucid.kinds import Kind
from pellucid.kinds.cells import texts
from pellucid.lab.examples import example
from pellucid.lab.own import Own
from pellucid.lab.thumbnails import previews
from pellucid.networks.network import Body, DeepNetwork
from pellucid.store import build_store

BARS = 12
LONGEST = 160  # letters of a cell that are shown
MOST_VALUES = 24  # numbers of a tensor that are shown
EMBEDDING = 8


def columns(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """Every column: its kind and why, what it holds, and how its cells are spread."""
    experience = own.experience
    schema, table = experience.schema, experience.tables[0]
    kinds = {column: kind for kind in schema.inputs for column in kind.columns}
    targets = {kind.columns[0]: kind for kind in schema.targets}
    left = {each.column: each.reason for each in experience.findings.ignored}
    cells = table.take(np.arange(min(table.height, 5_000)), list(table.columns))
    found = []
    for name in table.columns:
        kind = kinds.get(name) or targets.get(name)
        found.append(
            {
                "name": name,
                "role": "target" if name in targets else "input" if kind else "left out",
                "kind": kind.kind if kind else "",
                "why": left.get(name) or schema.reasons.get(name, "not used"),
                "summary": kind.summary(name) if kind else "",
                "bars": _words(cells[name]) if kind and kind.kind == "text" else _bars(cells[name]),
                "missing": int(cells[name].null_count()),
            }
        )
    split = experience.split
    return {
        "name": table.name,
        "given": own.given,
        "rows": table.height,
        "columns": found,
        "warnings": list(experience.findings.warnings),
        "split": [len(split.learn), len(split.choose), len(split.prove)],
    }


def encoding(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """How one row became tensors: raw cell, encoded numbers, and the vector of the input layer.

    `media` asks for the lab's own pictures, sounds and films.
    """
    if question.get("media"):
        own = example("media")
    schema = own.experience.schema if own.model is None else own.model.schema
    row, cells = row_of(own, question, schema.columns)
    complete = schema.complete(cells, Mends(), cells.columns).select(schema.columns)
    encoded = schema.encode(complete, Mends(), own.table.files)
    raw = build_store([encoded]).batch(torch.tensor([0]))
    layers = _layers(own)
    parts = [
        _part(kind, name, place, complete, raw, layer)
        for kind, layer in zip(schema.inputs, layers, strict=True)
        for place, name in enumerate(kind.columns)
    ]
    width = sum(len(part["vector"]) for part in parts)
    seen = previews(schema, schema.locate(complete, own.table.files))
    for part in parts:
        part["picture"] = seen.get(part["column"])
    return {
        "row": row,
        "rows": own.table.height,
        "name": own.table.name,
        "parts": parts,
        "width": width,
        "learnt": own.model is not None,
    }


def _part(
    kind: Kind, name: str, place: int, cells: pl.DataFrame, raw: Any, layer: Any
) -> dict[str, Any]:
    with torch.inference_mode():
        vector = layer(raw)[0, place]
    tensors = []
    for key, value in raw.items():
        if key != kind.kind and not key.startswith(f"{kind.kind}."):
            continue
        own = value[0] if "." in key else value[0, place : place + 1]
        first = own.flatten()[:MOST_VALUES].to(torch.float64)
        tensors.append(
            {
                "name": key,
                "shape": list(own.shape),
                "type": str(value.dtype).removeprefix("torch."),
                "values": [_finite(each) for each in first.tolist()],
            }
        )
    return {
        "column": name,
        "kind": kind.kind,
        "cell": shown(cells[name][0]),
        "summary": kind.summary(name),
        "tensors": tensors,
        "vector": [_finite(each) for each in vector.flatten().tolist()],
    }


def _layers(own: Own) -> list[Any]:
    """The input layers of the model; without one, those of a network that has learnt nothing."""
    if own.model is not None:
        from pellucid.networks.network import first_network

        return list(first_network(own.model.network).inputs)
    generator = torch.Generator().manual_seed(0)
    body = Body(members=1, width=8, blocks=1, embedding=EMBEDDING)
    return list(DeepNetwork(own.experience.schema, body, generator).eval().inputs)


def row_of(own: Own, question: Mapping[str, Any], wanted: list[str]) -> tuple[int, pl.DataFrame]:
    row = row_number(question, own.table.height)
    known = [name for name in wanted if name in own.table.columns]
    return row, own.table.take(np.array([row]), known)


def row_number(question: Mapping[str, Any], rows: int) -> int:
    row = question.get("row", 0)
    if not isinstance(row, int) or not 0 <= row < rows:
        raise UsageError(f"There are {rows:,} rows, counted from 0; there is no row {row!r}.")
    return row


def _bars(cells: pl.Series) -> list[list[Any]]:
    """Counts: of ranges of numbers, or of the most frequent values."""
    there = cells.drop_nulls()
    if there.dtype.is_numeric() and there.n_unique() > BARS:
        counts, edges = np.histogram(there.cast(pl.Float64).to_numpy(), BARS)
        return [[f"{edges[i]:.4g}", int(n)] for i, n in enumerate(counts)]
    counted = texts(there).value_counts(sort=True).head(BARS)
    return [[shown(value), int(n)] for value, n in counted.iter_rows()]


def _words(cells: pl.Series) -> list[list[Any]]:
    """The most frequent words of texts."""
    words = texts(cells).drop_nulls().str.to_lowercase().str.extract_all(r"\w+").explode()
    return _bars(words.drop_nulls())


def shown(cell: Any) -> str:
    if cell is None:
        return "missing"
    if isinstance(cell, bytes):
        return f"{len(cell):,} bytes"
    text = f"{cell:.6g}" if isinstance(cell, float) else str(cell)
    return text if len(text) <= LONGEST else text[: LONGEST - 2] + " …"


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
