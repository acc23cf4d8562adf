"""What some of the network's answers rest on: worst mistakes, and right answers it is sure of."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch

from pellucid.evidence.document import Reason, ReasonColumn
from pellucid.experience import Experience
from pellucid.explanation.attribution import Attribution, attribute
from pellucid.explanation.resting import share_of
from pellucid.kinds import Array, TargetKind
from pellucid.networks.network import Network

WRONG, RIGHT = 3, 2  # rows of each sort
PASSES = 50  # forward passes that one row costs, about
MOST_PARTS = 12  # columns of one part that are kept, those with the largest share


def reasons(
    experience: Experience, network: Network, position: int, output: Array, seconds: float
) -> list[Reason]:
    """As many rows as the time suffices for, the worst mistakes first."""
    kind, prove = experience.schema.targets[position], experience.split.prove
    target = experience.targets[position][prove].numpy()
    found: list[Reason] = []
    schema = experience.schema
    reading = sum(
        kind.readings * pretrained.wall_seconds
        for kind, pretrained in zip(schema.readers, schema.pretrained, strict=True)
    )
    if PASSES * _pass_seconds(experience, network) + reading > seconds:
        return found
    began = time.monotonic()
    for place, right in _chosen(kind, output, target):
        spent = time.monotonic() - began
        if spent + spent / max(len(found), 1) > seconds:
            break
        reason = _reason(experience, network, position, int(prove[place]), right)
        if reason is None:
            break
        found.append(reason)
    return found


def _pass_seconds(experience: Experience, network: Network) -> float:
    """How long the network takes for one row."""
    raw = experience.store.batch(torch.as_tensor(experience.split.prove[:1]))
    began = time.monotonic()
    with torch.inference_mode():
        network(raw)
    return time.monotonic() - began


def _chosen(kind: TargetKind, output: Array, target: Array) -> Iterator[tuple[int, bool]]:
    """Places among the proving rows: a mistake, then a certain right answer, in turn."""
    wrongness = kind.wrongness(output, target)
    confidence = kind.confidence(output)
    sure = -wrongness if confidence is None else np.where(wrongness > 0, -1.0, confidence)
    wrong = [int(i) for i in np.argsort(-wrongness, kind="stable")[:WRONG] if wrongness[i] > 0]
    right = [int(i) for i in np.argsort(-sure, kind="stable")[:RIGHT] if int(i) not in wrong]
    for turn in range(max(len(wrong), len(right))):
        yield from ((place, False) for place in wrong[turn : turn + 1])
        yield from ((place, True) for place in right[turn : turn + 1])


def _reason(
    experience: Experience, network: Network, position: int, row: int, right: bool
) -> Reason | None:
    cells = experience.raw(np.array([row]))
    found = attribute(experience.schema, network, cells, position)
    if found is None:
        return None
    name = experience.schema.targets[position].columns[0]
    truth = experience.take(np.array([row]), [name])[name][0]
    return {
        "row": experience.place(row),
        "right": right,
        "of": found.of,
        "true": str(truth),
        "answer": found.answer,
        "nothing": found.nothing,
        "gap": found.gap,
        "likeness": None if np.isnan(found.likeness) else found.likeness,
        "columns": _columns(found),
    }


def _columns(found: Attribution) -> list[ReasonColumn]:
    """Cells with parts whole, of the others those that count most."""
    columns: list[ReasonColumn] = [
        {
            "column": column.name,
            "parts": list(column.parts.names),
            "shares": [float(share) for share in share_of(column, found.gradients)],
            "without": [float(share) for share in share_of(column, found.occlusion)],
            "control": [float(share) for share in share_of(column, found.control)],
            "shape": None if column.parts.shape is None else list(column.parts.shape),
            "picture": column.parts.picture,
            "aspect": column.parts.aspect,
        }
        for column in found.columns
        if column.parts.names
    ]
    columns.sort(key=lambda column: -max(map(abs, column["shares"])))
    single = [column for column in columns if len(column["parts"]) == 1][MOST_PARTS:]
    return [column for column in columns if column not in single]
