"""Near copies of pictures, sounds and films: found, and kept on one side of the split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from pellucid.counts import counted, verb
from pellucid.data.splitting import Split
from pellucid.kinds import Array, MediaKind
from pellucid.schema import Schema
from pellucid.store import Store

ALIKE = 0.997  # product of two likenesses from which one is a copy of the other
CHUNK = 1_024
MOST_PRODUCTS = 2e12  # beyond, the search would eat the budget
MOST_MOVED = 0.3  # of the rows to prove or to choose: more alike rows are no copies but the subject


def without_copies(
    schema: Schema, store: Store, split: Split, blocks: Array, movable: bool
) -> tuple[Split, Array, str | None]:
    """Rows to choose and to prove that nearly repeat another side's go to those to learn from.

    The schema is fitted already, so no row may go the other way. Gives the split, the blocks with
    near copies joined, and what there is to tell. A split that is the user's own stays as it is.
    """
    if not schema.media or not len(split.prove):
        return split, blocks, None
    pairs = list(near_copies(schema, store, split))
    crossing = {row for pair in pairs for row in pair}
    held = np.concatenate([split.choose, split.prove])
    copies = np.array([row for row in held if row in crossing], np.int64)
    if not len(copies):
        return split, blocks, None
    proving = int(np.isin(copies, split.prove).sum())
    many = any(
        np.isin(side, copies).sum() > MOST_MOVED * len(side) for side in (split.choose, split.prove)
    )
    if not movable or many:
        told = (
            f"{proving:,} of {len(split.prove):,} rows to prove on "
            f"{verb(proving, 'looks', 'look')} like copies of rows on another side: "
            "performance may be less on rows that are new"
        )
        return split, blocks, told if proving else None
    moved = replace(
        split,
        learn=np.sort(np.concatenate([split.learn, copies])),
        choose=split.choose[~np.isin(split.choose, copies)],
        prove=split.prove[~np.isin(split.prove, copies)],
    )
    told = (
        f"{counted(len(copies), 'row')} that nearly {verb(len(copies), 'copies', 'copy')} one of "
        f"another side {verb(len(copies), 'is', 'are')} learnt from, neither chosen nor proved on"
    )
    return moved, _joined(blocks, pairs), told


def near_copies(schema: Schema, store: Store, split: Split) -> Iterator[tuple[int, int]]:
    """Pairs of rows on different sides with a cell each that is nearly the other's."""
    rows = np.concatenate([split.prove, split.choose, split.learn])
    ends = np.cumsum([len(split.prove), len(split.choose)])
    for kind in schema.media:
        vectors = likenesses(kind, store, rows)  # (rows, columns, features)
        columns = vectors.shape[1]
        flat = vectors.flatten(0, 1)
        if ends[1] * columns * flat.numel() > MOST_PRODUCTS:
            continue
        for first in range(0, int(ends[1]) * columns, CHUNK):
            some = flat[first : first + CHUNK]
            found = (some @ flat.T >= ALIKE).nonzero() + torch.tensor([first, 0])
            one, other = found.T // columns
            apart = _side(one, ends) < _side(other, ends)
            pairs = rows[torch.stack([one[apart], other[apart]]).numpy()]
            yield from zip(*pairs.tolist(), strict=True)


def _side(rows: Tensor, ends: Array) -> Tensor:
    return torch.bucketize(rows, torch.as_tensor(ends), right=True)


def likenesses(kind: MediaKind, store: Store, rows: Array) -> Tensor:
    """(rows, columns, features) of length 1, or all 0 where nothing can be told."""
    with torch.inference_mode():
        chunks = torch.as_tensor(rows).split(store.chunk)
        return torch.cat([kind.likeness(store.batch(chunk)) for chunk in chunks])


def _joined(blocks: Array, pairs: list[tuple[int, int]]) -> Array:
    """The blocks of copies as one block."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    size = int(blocks.max()) + 1
    one, other = (blocks[[pair[side] for pair in pairs]] for side in (0, 1))
    graph = coo_matrix((np.ones(len(one)), (one, other)), (size, size))
    _, component = connected_components(graph, directed=False)
    return np.asarray(component)[blocks]
