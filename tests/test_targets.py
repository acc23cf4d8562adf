"""The contract of every kind that can be predicted: encode, decode, loss, metric, linear path."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from pellucid.errors import DataError
from pellucid.kinds import TARGETS
from pellucid.kinds.category import Category
from pellucid.kinds.number import Number
from pellucid.kinds.targets import DeepTarget
from pellucid.training.linear import solve

WIDTH = 8

CELLS = {
    "category": pl.Series("answer", ["no", "yes", "perhaps", "no"] * 20),
    "number": pl.Series("answer", [2.5, -1000.0, 31.25, 0.0] * 20),
}

# What is predicted by the deep path alone has tests of its own.
SOLVED = [kind for kind in TARGETS if not issubclass(kind, DeepTarget)]
each = pytest.mark.parametrize("target", SOLVED, ids=lambda kind: kind.kind)


def as_output(kind, target):
    """The output of a network that is right and sure."""
    if kind.kind == "category":
        return np.log(np.eye(kind.linear_outputs)[target] * 0.98 + 0.01)
    return np.stack([target, np.full_like(target, 0.1), np.full_like(target, 0.1)], 1)


@each
def test_decoding_is_the_inverse_of_encoding_a_target(target):
    cells = CELLS[target.kind]
    kind = target.fit_target(cells)
    decoded = kind.decode(as_output(kind, kind.encode_target(cells)))
    assert decoded.name == "answer"
    if target.kind == "number":
        np.testing.assert_allclose(decoded.to_numpy(), cells.to_numpy(), atol=1e-3)
    else:
        assert decoded.to_list() == cells.to_list()


@pytest.mark.parametrize(
    "given",
    [["b", "a"], [1, 0], [True, False], [2.0, 1.5], [2**64 - 1, 0]],
    ids=["text", "whole", "truth", "fraction", "beyond int64"],
)
def test_levels_come_back_as_what_they_were(given):
    cells = pl.Series("answer", given * 20, strict=False)
    kind = Category.fit_target(cells)
    back = kind.as_given(kind.decode(as_output(kind, kind.encode_target(cells))))
    if cells.dtype == pl.UInt64:  # no signed number of 64 bits holds them
        assert back.cast(pl.UInt64).to_list() == cells.to_list()
    else:
        assert (back.dtype, back.to_list()) == (cells.dtype, cells.to_list())


@each
@pytest.mark.parametrize("wrong", ["mauve", None, "inf"])
def test_a_cell_that_is_no_target_is_an_error_that_names_it(target, wrong):
    kind = target.fit_target(CELLS[target.kind])
    with pytest.raises(DataError, match=r"'answer'.*row 2"):
        kind.encode_target(pl.Series("answer", [str(CELLS[target.kind][0]), wrong]))


@each
def test_loss_and_gradient_reach_every_member(target):
    cells = CELLS[target.kind]
    kind = target.fit_target(cells)
    layer = kind.output_layer(5, WIDTH, torch.Generator().manual_seed(0))
    output = layer(torch.randn(5, len(cells), WIDTH, generator=torch.Generator().manual_seed(1)))
    values = torch.as_tensor(kind.encode_target(cells))
    kind.loss(output, values).backward()
    gradient = layer.weight.grad.flatten(1)
    assert gradient.isfinite().all()
    assert (gradient.abs().sum(1) > 0).all()
    combined = kind.combine(output)
    assert combined.shape == output.shape[1:]
    assert np.isfinite(kind.score(combined, values))


@each
def test_a_loss_of_the_ensemble_is_the_mean_of_the_members_own(target):
    cells = CELLS[target.kind]
    kind = target.fit_target(cells)
    outputs = kind.output_layer(4, WIDTH, torch.Generator().manual_seed(0))(
        torch.randn(4, len(cells), WIDTH, generator=torch.Generator().manual_seed(1))
    )
    values = torch.as_tensor(kind.encode_target(cells))
    alone = torch.stack([kind.loss(outputs[i : i + 1], values) for i in range(4)])
    torch.testing.assert_close(kind.loss(outputs, values), alone.mean())


@each
def test_the_metric_is_the_aggregate_of_the_rows_and_the_first_of_the_metrics(target):
    cells = CELLS[target.kind]
    kind = target.fit_target(cells)
    values = kind.encode_target(cells)
    output = as_output(kind, np.roll(values, 1))
    output[:40] = as_output(kind, values)[:40]
    name, value = next(iter(kind.metrics(output, values).items()))
    assert name == kind.metric
    assert kind.aggregate(kind.row_losses(output, values)) == pytest.approx(value, rel=1e-5)
    best = kind.metrics(as_output(kind, values), values)[name]
    assert (best > value) == kind.higher_is_better


@each
def test_linear_path_and_blend_fit_and_load(target):
    cells = CELLS[target.kind]
    kind = target.fit_target(cells)
    values = kind.encode_target(cells)
    design = np.stack([np.asarray(values, float), np.asarray(values == values[0], float)], 1)
    weight, bias = kind.solve_linear(design, values, kind.strengths(design)[-1])
    assert weight.shape == (2, kind.linear_outputs)
    assert bias.shape == (kind.linear_outputs,)
    linear = torch.tensor(design @ weight + bias, dtype=torch.float32)
    deep = torch.tensor(as_output(kind, values), dtype=torch.float32)
    layer = kind.blend_layer()
    paths = (linear, torch.zeros_like(linear), torch.zeros_like(deep), deep)
    layer.load_state_dict(kind.fit_blend(paths, torch.as_tensor(values)))
    blended = layer(*paths).numpy()
    assert blended.shape == deep.shape
    assert kind.linear_score(blended, values) >= kind.linear_score(linear.numpy(), values)


def test_the_linear_path_needs_neither_centred_features_nor_a_centred_target():
    kind = Number.fit_target(CELLS["number"])
    x = np.random.default_rng(0).normal(size=(300, 2)) + 100
    y = 3 + x @ [0.5, -0.25]
    weight, bias = solve(kind, x, y, 1e-3)
    assert weight.dtype == bias.dtype == np.float32
    np.testing.assert_allclose((x @ weight + bias)[:, 0], y, atol=1e-3)


@each
def test_the_conventional_ways_answer_in_the_same_units(target):
    cells = CELLS[target.kind]
    kind = target.fit_target(cells)
    values = kind.encode_target(cells)
    _, simplest = kind.simplest(values, values[:7])
    assert len(simplest) == 7
    model = kind.boosting(0).fit(values[:, None].astype(float), values)
    boosted = kind.boosted_output(model, values[:, None].astype(float))
    simple = kind.aggregate(kind.row_losses(kind.simplest(values, values)[1], values))
    assert (kind.aggregate(kind.row_losses(boosted, values)) > simple) == kind.higher_is_better
