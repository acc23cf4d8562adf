"""Looking inside: what an answer rests on, and which rows a network takes for alike."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import torch

from pellucid.explanation.attribution import Attribution, attribute
from pellucid.explanation.resting import share_of
from pellucid.lab.digits import pictures_of
from pellucid.lab.own import Own
from pellucid.lab.rows import row_number, shown
from pellucid.lab.taught import Taught, taught
from pellucid.lab.thumbnails import previews

NEAREST = 5
COLUMNS = 8  # of a row that are shown


def inside(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """What the answer for one row rests on, part by part, and the nearest rows.

    Integrated gradients of the deep path and Shapley values of the solved ones, occlusion, and the
    same for shuffled weights: what a picture of reasons looks like without any learning.
    """
    network = _network(own, question)
    place = row_number(question, len(network.rows))
    row = int(network.rows[place])
    cells = network.cells([row])
    targets = network.schema.targets
    found = next(
        (
            each
            for k in range(len(targets))
            if (each := attribute(network.schema, network.network, cells, k)) is not None
        ),
        None,
    )
    return {
        "about": network.about,
        "given": network.given,
        "numbers": network.rows.tolist(),
        "row": row,
        "name": network.table.name,
        "target": targets[0].columns[0],
        "pictures": previews(network.schema, cells),
        "reasons": None if found is None else _reasons(found, cells),
        "nearest": _nearest(network, row),
    }


def _network(own: Own, question: Mapping[str, Any]) -> Taught:
    """The reader's own, or the lab's network of digits where pictures are asked for."""
    return taught(pictures_of(own) if question.get("pictures") else own)


def _reasons(found: Attribution, cells: pl.DataFrame) -> dict[str, Any]:
    return {
        "of": found.of,
        "answer": found.answer,
        "nothing": found.nothing,
        "gap": found.gap,
        "likeness": None if np.isnan(found.likeness) else found.likeness,
        "columns": [
            {
                "name": column.name,
                "cell": shown(cells[column.name][0]),
                "parts": list(column.parts.names),
                "shape": None if column.parts.shape is None else list(column.parts.shape),
                "picture": column.parts.picture,
                "aspect": column.parts.aspect,
                "shares": [float(v) for v in share_of(column, found.gradients)],
                "without": [float(v) for v in share_of(column, found.occlusion)],
                "control": [float(v) for v in share_of(column, found.control)],
            }
            for column in found.columns
            if column.parts.names
        ],
    }


def _nearest(network: Taught, row: int) -> list[dict[str, Any]]:
    """The rows that the last hidden layer puts nearest to a row, itself left out."""
    others = network.others[network.others != row]
    seen = _seen(network)
    with torch.inference_mode():
        own = network.deep.seen(network.raw([row])).mean(0)
        apart = (seen[torch.from_numpy(network.others != row)] - own).norm(dim=1)
    found = []
    known = [*network.schema.columns[:COLUMNS], *(k.columns[0] for k in network.schema.targets)]
    for place in apart.argsort()[:NEAREST].tolist():
        which = [int(others[place])]
        cells = network.table.take(which, [n for n in known if n in network.table.columns])
        answers = [k.columns[0] for k in network.schema.targets if k.columns[0] in cells.columns]
        found.append(
            {
                "distance": float(apart[place]),
                "cells": {n: shown(cells[n][0]) for n in cells.columns if n not in answers},
                "answer": shown(cells[answers[0]][0]) if answers else "",
                "pictures": previews(network.schema, network.cells(which)),
            }
        )
    return found


@lru_cache(maxsize=4)
def _seen(network: Taught) -> torch.Tensor:
    """What the last hidden layer makes of the rows among which the nearest are looked for."""
    parts = []
    for rows in np.array_split(network.others, -(-len(network.others) // 200)):
        with torch.inference_mode():
            parts.append(network.deep.seen(network.raw(rows)).mean(0))
    return torch.cat(parts)
