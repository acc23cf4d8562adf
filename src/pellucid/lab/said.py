"""A sentence typed into a page, answered by a network that reads texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import torch

from pellucid.errors import Mends, UsageError
from pellucid.explanation.attribution import attribute
from pellucid.explanation.resting import share_of
from pellucid.lab.own import Own
from pellucid.lab.taught import Taught, taught
from pellucid.media.files import ANYWHERE
from pellucid.store import build_store

LONGEST = 600  # letters
LEVELS = 8


def said(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """What is answered for a row whose text is the sentence, and which of its words speak for it.

    The row's other cells are missing, so that nothing but the sentence is answered to. Without a
    text among the reader's columns the lab's own reviews are asked.
    """
    sentence = str(question.get("sentence", ""))[:LONGEST]
    network = _reading(own)
    column = _text(network)
    if column is None:
        raise UsageError("No column of this table holds texts.")
    cells = network.cells([int(network.rows[0])])
    alone = [
        pl.Series(name, [sentence if name == column else None], cells[name].dtype)
        for name in cells.columns
    ]
    row = pl.DataFrame(alone)
    encoded = network.schema.encode(row, Mends(), ANYWHERE)
    with torch.inference_mode():
        outputs = network.network(build_store([encoded]).batch(torch.tensor([0])))
    for position, (kind, output) in enumerate(zip(network.schema.targets, outputs, strict=True)):
        chances = kind.probabilities(output.numpy())
        if chances is not None:
            found = attribute(network.schema, network.network, row, position)
            likely = sorted(chances.row(0, named=True).items(), key=lambda pair: -pair[1])
            words = []
            if found is not None:
                own_words = next(each for each in found.columns if each.name == column)
                shares = share_of(own_words, found.gradients)
                words = list(zip(own_words.parts.names, map(float, shares), strict=True))
            return {
                "about": network.about,
                "name": network.table.name,
                "column": column,
                "target": kind.columns[0],
                "levels": [[level, float(chance)] for level, chance in likely[:LEVELS]],
                "words": words,
                "of": "" if found is None else found.of,
            }
    raise UsageError("This network predicts no classes.")


def _reading(own: Own) -> Taught:
    """The reader's network where it reads texts and answers with classes; else the lab's own."""
    network = taught(own)
    classes = any(kind.has_probabilities for kind in network.schema.targets)
    return network if classes and _text(network) is not None else taught(Own())


def _text(network: Taught) -> str | None:
    names = [name for kind in network.schema.inputs if kind.kind == "text" for name in kind.columns]
    return names[0] if names else None
