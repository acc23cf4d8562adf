"""The whole network: from raw tensors to one output a target, in any order, repeatable."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from every_kind import table
from pellucid.data.contents import Sample
from pellucid.errors import Mends
from pellucid.networks.network import Body, DeepNetwork, new_network
from pellucid.schema import fit_schema
from pellucid.store import build_store
from pellucid.training.fitting import predict

BODY = Body(members=3, width=16, blocks=2, embedding=4, dropout=0.1)


@pytest.fixture(scope="module")
def schema():
    cells = table()
    answers = cells.select("liked", "paid")
    return fit_schema(Sample(cells.drop("liked", "paid")), answers, answers, {})


@pytest.fixture(scope="module")
def store(schema):
    cells = table().drop("liked", "paid")
    slices = [cells[start : start + 50] for start in range(0, 160, 50)]
    return build_store([schema.encode(part, Mends()) for part in slices])


def deep(schema, seed=0):
    return DeepNetwork(schema, BODY, torch.Generator().manual_seed(seed))


def test_there_is_one_output_a_target_and_member(schema, store):
    liked, paid = deep(schema)(store.batch(torch.arange(7)))
    assert liked.shape == (3, 7, 2)
    assert paid.shape == (3, 7, 3)  # mean, and the way to the ends of its interval
    whole = new_network(schema, BODY, 2, seed=0)(store.batch(torch.arange(7)))
    assert [output.shape for output in whole] == [(7, 2), (7, 3)]


def test_a_new_network_depends_on_its_seed_alone(schema):
    one, same, other = (new_network(schema, BODY, 2, seed).state_dict() for seed in (5, 5, 6))
    assert all(one[name].equal(same[name]) for name in one)
    assert any(not one[name].equal(other[name]) for name in one)
    first, second = (
        torch.cat([p.flatten() for p in network.parameters()])
        for network in new_network(schema, BODY, 2, 5).deep
    )
    assert not first.equal(second)


def test_members_differ_from_the_first_step_on(schema, store):
    liked, _ = deep(schema).eval()(store.batch(torch.arange(20)))
    assert (liked[0] - liked[1]).abs().max() > 1e-3


def test_predictions_come_in_the_order_that_was_asked_for(schema, store):
    network = new_network(schema, BODY, 1, seed=0).eval()
    rows = np.random.default_rng(0).permutation(160)
    in_order, shuffled = (predict(network, store, asked) for asked in (np.arange(160), rows))
    for ordered, output in zip(in_order, shuffled, strict=True):
        torch.testing.assert_close(output, ordered[rows], atol=1e-5, rtol=1e-4)
    one_by_one = torch.cat([predict(network, store, np.array([row]))[1] for row in rows[:9]])
    torch.testing.assert_close(one_by_one, in_order[1][rows[:9]], atol=1e-5, rtol=1e-4)


def test_the_members_are_averaged_as_probabilities_and_as_numbers(schema, store):
    network = new_network(schema, BODY, 2, seed=0).eval()
    raw = store.batch(torch.arange(30))
    liked, paid = network(raw)
    alone = [each(raw) for each in network.deep]
    probability = torch.cat([outputs[0] for outputs in alone]).softmax(-1).mean(0)
    torch.testing.assert_close(liked.exp(), probability)  # only the deep path, until it is fitted
    mean = torch.cat([outputs[1] for outputs in alone])[..., 0].mean(0)
    lowest, highest = network.blend[1].lowest, network.blend[1].highest
    torch.testing.assert_close(paid[:, 0], mean.clamp(lowest, highest))


def test_the_forward_pass_can_be_traced_so_it_has_no_branch_that_depends_on_data(schema, store):
    network = deep(schema).eval()
    traced = torch.fx.symbolic_trace(network)
    raw = store.batch(torch.arange(30))
    for got, want in zip(traced(raw), network(raw), strict=True):
        torch.testing.assert_close(got, want)


def test_the_gradient_reaches_every_parameter(schema, store):
    network = deep(schema).train()
    outputs = network(store.batch(torch.arange(160)))
    sum(output.square().mean() for output in outputs).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


def test_the_plan_lists_every_layer_with_its_parameters(schema):
    network = new_network(schema, BODY, 2, seed=0)
    layers = network.plan()
    assert "tables" not in {layer["layer"] for layer in layers}  # an empty list is no layer
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert sum(layer["parameters"] for layer in layers) == parameters
    assert {layer["type"] for layer in layers} >= {"Linear", "Dropout", "SparseLinear", "Trees"}
