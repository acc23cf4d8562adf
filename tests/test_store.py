"""Encoded rows: the same batches from memory and from disk, padded no further than needed."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid import store as store_module
from pellucid.kinds import Ragged
from pellucid.store import build_store


def encoded(lengths, seed=0):
    """A dense array of three columns and one sequence of the given length for each row."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return {
        "number": rng.normal(size=(len(lengths), 3)).astype(np.float32),
        "words": Ragged(rng.integers(1, 99, offsets[-1]).astype(np.int32), offsets),
    }


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.data())
def test_a_batch_holds_the_rows_asked_for_padded_with_0_to_the_longest(lengths, data):
    cells = encoded(lengths)
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=8))
    batch = build_store([cells]).batch(torch.tensor(rows))
    np.testing.assert_array_equal(batch["number"], cells["number"][rows])
    words = batch["words"].flatten(1)
    assert words.shape[1] == max(1, *(lengths[row] for row in rows))
    for padded, row in zip(words, rows, strict=True):
        start, end = cells["words"].offsets[row : row + 2]
        assert padded[: lengths[row]].tolist() == cells["words"].values[start:end].tolist()
        assert not padded[lengths[row] :].any()


def test_rows_on_disk_are_the_rows_in_memory_and_the_files_go_with_the_store(tmp_path, monkeypatch):
    slices = [encoded(np.random.default_rng(i).integers(0, 20, 40), i) for i in range(5)]
    memory = build_store(slices, tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(store_module, "IN_MEMORY", 1_000)
    disk = build_store(slices, tmp_path)
    assert list(tmp_path.iterdir())
    assert memory.height == disk.height == 200
    rows = torch.tensor([199, 0, 41, 41, 120])
    for name, tensor in memory.batch(rows).items():
        assert tensor.equal(disk.batch(rows)[name])
    assert memory.lengths().equal(disk.lengths())
    del disk
    gc.collect()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("limit", [10**9, 1])
def test_sequences_that_are_all_empty_are_no_fault(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(store_module, "IN_MEMORY", limit)
    store = build_store([encoded([0, 0, 0]), encoded([0])], tmp_path)
    batch = store.batch(torch.arange(4))
    assert batch["words"].numel() == 4
    assert not batch["words"].any()
    assert batch["words"].dtype == torch.int64
