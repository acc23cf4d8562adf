"""What single rows and columns tell: the worst mistakes, and what each column is worth."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import polars as pl
import torch

from pellucid.errors import Mends
from pellucid.evidence.document import Exhibit, Importance, Mistake
from pellucid.evidence.intervals import gap
from pellucid.experience import Experience
from pellucid.kinds import Array, Encoded, Kind, MediaKind
from pellucid.kinds.contract import Preview
from pellucid.networks.network import Network
from pellucid.store import Store, build_store
from pellucid.training.fitting import predict

MISTAKES, SUREST = 12, 8
IMPORTANCE_ROWS, FEWEST_ROWS = 4_000, 100
IMPORTANCE_BYTES = 512 * 2**20  # of rows of films or long sounds: as they are, and shuffled
PASSES_SHARE = 0.7  # of the time for importance; shuffling and intervals take the rest


def worst_mistakes(
    experience: Experience, position: int, output: Array, prove: Array
) -> list[Mistake]:
    """The rows whose true value was held for least likely, or was missed by most."""
    kind = experience.schema.targets[position]
    wrongness = kind.wrongness(output, experience.targets[position][prove].numpy())
    worst = [int(i) for i in np.argsort(-wrongness, kind="stable")[:MISTAKES] if wrongness[i] > 0]
    return _told(experience, position, output, prove, worst)


def surest_rows(
    experience: Experience, position: int, output: Array, prove: Array
) -> list[Mistake]:
    """The rightly answered rows it was most certain of; only where there is something to see."""
    kind = experience.schema.targets[position]
    confidence = kind.confidence(output)
    if confidence is None or not experience.schema.media:
        return []
    wrongness = kind.wrongness(output, experience.targets[position][prove].numpy())
    surest = np.argsort(-np.where(wrongness > 0, -1.0, confidence), kind="stable")[:SUREST]
    return _told(experience, position, output, prove, [int(i) for i in surest if not wrongness[i]])


def _told(
    experience: Experience, position: int, output: Array, prove: Array, which: list[int]
) -> list[Mistake]:
    """Some rows of the proving ones as a person sees them."""
    kind = experience.schema.targets[position]
    confidence = kind.confidence(output)
    rows = prove[which]
    cells = experience.take(rows, [*experience.schema.columns, kind.columns[0]])
    predicted = kind.decode(output[which]).to_list()
    shown = [
        {column: _shown(value) for column, value in row.items() if column != kind.columns[0]}
        for row in cells.to_dicts()
    ]
    true = [kind.read(cell) for cell in cells[kind.columns[0]]]
    return [
        {
            "row": experience.place(int(rows[i])),
            "true": true[i],
            "predicted": predicted[i],
            "confidence": None if confidence is None else float(confidence[which[i]]),
            "cells": shown[i],
            **_exhibit(
                kind.marked(cells.row(i, named=True), predicted[i], true[i]),
                experience.previews(int(rows[i])),
            ),
        }
        for i in range(len(which))
    ]


def _exhibit(words: list[list[str]] | None, previews: dict[str, Preview]) -> Exhibit:
    exhibit: Exhibit = {} if words is None else {"marked": words}
    if previews:
        exhibit["previews"] = previews
    return exhibit


def column_importance(
    experience: Experience, network: Network, prove: Array, seconds: float, seed: int
) -> list[list[Importance]]:
    """For each target, what performance loses when one column is shuffled among the rows.

    Permutation importance (Breiman 2001) on at most 4,000 proving rows: on fewer where the time
    would not suffice for all columns, or the memory for so many films. Columns that it does not
    even then suffice for are left out.
    """
    rng, deadline = np.random.default_rng(seed), time.monotonic() + seconds
    schema, drawn = experience.schema, rng.permutation(prove)[: _most_rows(experience)]
    few = drawn[:FEWEST_ROWS]
    began = time.monotonic()
    _losses(experience, network, experience.store.take(torch.as_tensor(few)), few)
    for_row = (time.monotonic() - began) / len(few)
    for_pass = PASSES_SHARE * (deadline - time.monotonic()) / (len(schema.columns) + 1)
    rows = np.sort(drawn[: max(FEWEST_ROWS, int(for_pass / for_row))])
    store = experience.store.take(torch.as_tensor(rows))
    whole = _losses(experience, network, store, rows)
    cells = experience.raw(rows)
    found: list[list[Importance]] = [[] for _ in schema.targets]
    for kind_of_column, column in ((k, c) for k in schema.inputs for c in k.columns):
        if time.monotonic() > deadline:
            break
        order = rng.permutation(len(rows))
        shuffled = _shuffled(store, kind_of_column, column, cells, order)
        other = cells.with_columns(cells[column][order])
        for kind in schema.targets:
            shuffled = _replaced(shuffled, kind.encode_inputs(other, Mends()))
        losses = _losses(experience, network, shuffled, rows)
        for target, kind in enumerate(schema.targets):
            lost = gap(kind, whole[target], losses[target], seed)
            found[target].append({"column": column, **lost})
    return [sorted(each, key=lambda item: -item["value"]) for each in found]


def _most_rows(experience: Experience) -> int:
    """As many rows as may be in memory twice, encoded and raw."""
    raw = max(table.weight(experience.schema.columns) for table in experience.tables)
    heavy = IMPORTANCE_BYTES // (2 * (experience.store.row_bytes + raw) + 1)
    return max(FEWEST_ROWS, min(IMPORTANCE_ROWS, heavy))


def _shuffled(store: Store, kind: Kind, column: str, cells: pl.DataFrame, order: Array) -> Store:
    """The rows with one column's cells in another order; only what it changes is encoded anew."""
    position, rows = kind.columns.index(column), torch.as_tensor(order)
    if kind.kind in store.dense or isinstance(kind, MediaKind):
        for name in (n for n in store.dense if n.split(".")[0] == kind.kind):
            store = store.reordered(name, rows, position)
        for name in (n for n in store.ragged if n.startswith(f"{kind.kind}.")):
            if name.endswith(f".{position}"):
                store = store.reordered(name, rows)
        return store
    own = cells.select(kind.columns).with_columns(cells[column][order])
    if (vectors := f"{kind.kind}.vectors") in store.dense:  # dear to make anew
        store = store.reordered(vectors, rows, position)
        kind = replace(kind, pretrained=None)  # type: ignore[type-var]
    return _replaced(store, kind.encode(own, Mends()))


def _replaced(store: Store, encoded: Encoded) -> Store:
    """The store with other arrays of these names."""
    if not encoded:
        return store
    changed = build_store([encoded])
    dense, ragged = {**store.dense, **changed.dense}, {**store.ragged, **changed.ragged}
    return replace(store, dense=dense, ragged=ragged)


def _losses(experience: Experience, network: Network, store: Store, rows: Array) -> list[Array]:
    outputs = predict(network, store, np.arange(len(rows)))
    kinds, targets = experience.schema.targets, experience.targets
    return [
        kind.row_losses(output.numpy(), target[rows].numpy())
        for kind, output, target in zip(kinds, outputs, targets, strict=True)
    ]


def _shown(value: object) -> object:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return value[:2_000] if isinstance(value, str) else value
