"""Batches: every row once an epoch, a function of seed and step, little padding."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import Mends
from pellucid.kinds.text import Text
from pellucid.schema import Schema
from pellucid.store import Sequences, Store, build_store
from pellucid.training.batches import Batches
from pellucid.training.task import Task


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 300), st.integers(1, 64), st.integers(0, 2**31), st.booleans(), st.integers(0, 3)
)
def test_every_row_comes_once_in_every_epoch(count, size, seed, sized, epoch):
    rows = torch.arange(1_000, 1_000 + count)
    lengths = (torch.arange(2_000) * 7919) % 97 if sized else None
    batches = Batches(rows, size, seed, lengths)
    steps = range(epoch * batches.per_epoch, (epoch + 1) * batches.per_epoch)
    seen = torch.cat([batches(step) for step in steps])
    assert seen.sort().values.equal(rows)
    assert max(len(batches(step)) for step in steps) <= size


def test_a_batch_depends_on_seed_and_step_alone():
    rows, lengths = torch.arange(500), torch.arange(500) % 40
    for sized in (None, lengths):
        in_turn = Batches(rows, 32, 5, sized)
        batches = [in_turn(step) for step in range(40)]
        for step in (39, 3, 17, 0):
            assert Batches(rows, 32, 5, sized)(step).equal(batches[step])
        assert not Batches(rows, 32, 6, sized)(0).equal(batches[0])
        assert not batches[0].equal(batches[in_turn.per_epoch])


@pytest.mark.parametrize("rows", [2_000, 20_000])
@pytest.mark.parametrize(("mean", "spread"), [(3, 0.6), (3.5, 0.8), (4, 1), (5, 0.8)])
def test_padded_tokens_are_at_most_a_tenth_more_than_real_ones(rows, mean, spread):
    rng = np.random.default_rng(0)
    lengths = torch.as_tensor(rng.lognormal(mean, spread, rows).clip(1, 256).astype(np.int64))
    batches = Batches(torch.arange(rows), 64, 0, lengths)
    padded = 0
    for step in range(batches.per_epoch):
        of_batch = lengths[batches(step)]
        padded += int(of_batch.max()) * len(of_batch)
    assert padded <= 1.1 * int(lengths.sum())


def test_texts_are_batched_by_their_subwords_not_by_their_terms():
    rng = np.random.default_rng(0)
    letters = list("abcdefghijklmnop")
    words = np.array(["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(2_000)])
    usual = 1 / np.arange(1, 2_001)
    sizes = rng.lognormal(3, 0.8, 3_000).clip(1, 400).astype(int)
    texts = [" ".join(rng.choice(words, size, p=usual / usual.sum())) for size in sizes]
    cells = pl.DataFrame({"text": texts})
    store = build_store([Text.fit(cells).encode(cells, Mends())])
    real = store.ragged["text.pieces.0"][1].diff()
    batches = Batches(torch.arange(3_000), 64, 0, store.lengths())
    steps = range(batches.per_epoch)
    padded = sum(int(real[batches(s)].max()) * len(batches(s)) for s in steps)
    assert padded <= 1.1 * int(real.sum())


@pytest.mark.parametrize(("rows", "batch"), [(3_000, 30), (24_000, 128)])
def test_pairs_of_sequences_are_batched_by_both_lengths(rows, batch):
    rng = np.random.default_rng(0)
    read = rng.lognormal(2.6, 0.35, rows).clip(3, 60).astype(int)
    lengths = [read, (read * rng.lognormal(0, 0.15, rows)).clip(3).astype(int)]
    offsets = [torch.as_tensor(np.cumsum([0, *each])) for each in lengths]
    store = Store(rows, {}, {"read": (torch.zeros(int(read.sum())), offsets[0])})
    written = Sequences(torch.zeros(int(lengths[1].sum())), offsets[1])
    task = Task(Schema((), (), {}), store, [written], [], 0)
    batches = Batches(torch.arange(rows), batch, 0, task.lengths(), task.window)
    padded = sum(
        int(each[batches(step)].max()) * len(batches(step))
        for step in range(batches.per_epoch)
        for each in lengths
    )
    assert padded <= 1.1 * sum(int(each.sum()) for each in lengths)


def test_rows_of_like_length_are_not_always_in_the_same_batch():
    lengths = torch.arange(6_400) // 10
    batches = Batches(torch.arange(6_400), 32, 0, lengths)
    first = [set(batches(step).tolist()) for step in range(batches.per_epoch)]
    second = [set(batches(step + batches.per_epoch).tolist()) for step in range(batches.per_epoch)]
    most = max(len(a & b) for a in first for b in second)
    assert most < 16


def test_short_texts_do_not_come_before_long_ones():
    lengths = torch.arange(6_400) % 200
    batches = Batches(torch.arange(6_400), 32, 0, lengths)
    means = torch.tensor([lengths[batches(step)].double().mean() for step in range(200)])
    place = torch.arange(200).double()
    assert torch.corrcoef(torch.stack([means, place]))[0, 1].abs() < 0.3
    assert 0.4 < (means.diff() > 0).double().mean() < 0.6
