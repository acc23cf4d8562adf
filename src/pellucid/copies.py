"""Near copies of pictures, sounds and films, kept off the other sides of the split."""

from __future__ import annotations

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
CHUNK, MOST_AT_ONCE = 1_024, 2**24  # rows, and products with all others, 64 MB
MOST_PRODUCTS = 2e12  # beyond, the search would eat the budget
MOST_COPIES = 0.3  # of the rows of a side: more alike rows are no copies but the subject
MOST_FOLDED = 5_000  # rows that may be learnt from in folds; of more, none are

SEEN_AS = {"image": "pictures", "audio": "sounds", "video": "films"}


def without_copies(
    schema: Schema, store: Store, split: Split, blocks: Array, stays: bool
) -> tuple[Split, Array, tuple[str, ...]]:
    """Rows to choose and to prove on that nearly repeat a row of a side before are left out.

    They could as well be learnt from, but would have to bring their groups and whole chains of
    copies with them. Gives the split, the blocks with near copies to learn from joined, and what
    to beware of. A split that is the user's own `stays` as it is.
    """
    again: set[int] = set()
    warnings: list[str] = []
    seen = np.concatenate([split.choose, split.learn])
    for kind in schema.media:
        vectors = likenesses(kind, store, np.concatenate([split.prove, seen]))
        if (vectors.shape[1] * len(vectors)) * vectors[: -len(split.learn)].numel() > MOST_PRODUCTS:
            warnings.append(_not_looked_for(kind, len(vectors)))
            continue
        parts = [len(split.prove), len(split.choose), len(split.learn)]
        prove, choose, learn = (part.flatten(0, 1) for part in vectors.split(parts))
        both = torch.cat([choose, learn])
        again.update(_repeating(split.prove, prove, both), _repeating(split.choose, choose, learn))
        blocks = _joined(blocks, seen, both)
    copies = np.array(sorted(again), np.int64)
    proving = int(np.isin(copies, split.prove).sum())
    many = any(
        np.isin(side, copies).sum() > MOST_COPIES * len(side)
        for side in (split.choose, split.prove)
    )
    if stays or many:
        warnings += [_alike(proving, len(split.prove))] if proving else []
    elif len(copies):
        split = replace(
            split,
            choose=split.choose[~np.isin(split.choose, copies)],
            prove=split.prove[~np.isin(split.prove, copies)],
            how=f"{split.how}; {_left_out(len(copies))}",
        )
    return split, blocks, tuple(warnings)


def likenesses(kind: MediaKind, store: Store, rows: Array) -> Tensor:
    """(rows, columns, features) of length 1, or all 0 where nothing can be told."""
    with torch.inference_mode():
        chunks = torch.as_tensor(rows).split(store.chunk)
        return torch.cat([kind.likeness(store.batch(chunk)) for chunk in chunks])


def _repeating(rows: Array, cells: Tensor, others: Tensor) -> list[int]:
    """Those rows with a cell that is nearly one of the others."""
    found = torch.zeros(len(cells), dtype=torch.bool)
    size = _at_once(others)
    for first in range(0, len(cells), size):
        products = cells[first : first + size] @ others.T
        found[first : first + size] = products.amax(1) >= ALIKE
    repeating: list[int] = rows[found.view(len(rows), -1).any(1).numpy()].tolist()
    return repeating


def _joined(blocks: Array, rows: Array, cells: Tensor) -> Array:
    """The blocks of copies among a few rows as one block, so that no fold parts them."""
    if len(rows) > MOST_FOLDED:
        return blocks
    joined, columns, size = blocks, len(cells) // len(rows), _at_once(cells)
    for first in range(0, len(cells), size):
        near = (cells[first : first + size] @ cells[first:].T >= ALIKE).nonzero() + first
        joined = _merged(joined, *rows[(near.T // columns).numpy()])
    largest, before = (np.bincount(some[rows]).max() for some in (joined, blocks))
    return blocks if largest > max(before, MOST_COPIES * len(rows)) else joined


def _merged(blocks: Array, one: Array, other: Array) -> Array:
    """The blocks of each pair of rows as one block, and chains of them."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    size = int(blocks.max()) + 1
    graph = coo_matrix((np.ones(len(one)), (blocks[one], blocks[other])), (size, size))
    _, component = connected_components(graph, directed=False)
    return np.asarray(component)[blocks]


def _at_once(others: Tensor) -> int:
    return max(1, min(CHUNK, MOST_AT_ONCE // len(others)))


def _left_out(rows: int) -> str:
    return (
        f"{counted(rows, 'row')} to choose or to prove on {verb(rows, 'is', 'are')} left out, for "
        f"{verb(rows, 'it nearly copies', 'they nearly copy')} one of another side"
    )


def _alike(copies: int, rows: int) -> str:
    return (
        f"{copies:,} of {rows:,} rows to prove on {verb(copies, 'looks', 'look')} like copies of "
        "rows on another side: performance may be less on rows that are new"
    )


def _not_looked_for(kind: MediaKind, rows: int) -> str:
    return (
        f"{rows:,} rows are too many to look for near copies of {SEEN_AS[kind.kind]}: if some of "
        "those to prove on are copies of others, performance may be less on rows that are new"
    )
