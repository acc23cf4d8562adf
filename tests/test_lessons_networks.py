"""Network lessons agree with torch's own layers, losses and gradients."""

from __future__ import annotations

import json
import math
import time
from fractions import Fraction
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from pellucid.working import CheckFailed, lesson
from pellucid.working.activations import ACTIVATIONS
from pellucid.working.weighted import weighted_sum

QUICK = settings(max_examples=20, deadline=None, derandomize=True, database=None)
ONE = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "softplus": functional.softplus,
}
seeds = st.integers(0, 10_000)


def random(seed: int, *sizes: int) -> torch.Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def close(found: Any, known: torch.Tensor, tolerance: float = 1e-10) -> bool:
    return torch.allclose(torch.tensor(found, dtype=torch.float64), known, atol=tolerance)


@QUICK
@given(seeds, st.sampled_from(sorted(ONE)))
def test_a_layer_agrees_with_torch(seed: int, name: str) -> None:
    x, w, b = random(seed, 3), random(seed + 1, 4, 3), random(seed + 2, 4)
    known = ONE[name](functional.linear(x, w, b))
    assert close(lesson("layer", x, w, b, name).result, known)


@QUICK
@given(st.sampled_from(sorted(ONE)), st.floats(-30, 30))
def test_activations_and_their_slopes_agree_with_torch(name: str, x: float) -> None:
    point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    known = ONE[name](point)
    known.backward()
    step = lesson("activation", name, x)
    assert math.isclose(step.result, known.item(), rel_tol=1e-9, abs_tol=1e-12)
    slope = step.find("Its slope").result
    assert math.isclose(slope, point.grad.item(), rel_tol=1e-9, abs_tol=1e-9)  # type: ignore[union-attr]


@QUICK
@given(seeds, st.integers(1, 5), st.sampled_from([0, 0.1, 0.75]))
def test_softmax_with_cross_entropy_agrees_with_torch(
    seed: int, target: int, smoothing: float
) -> None:
    z = random(seed, 5).mul(4).requires_grad_()
    right = torch.tensor([target - 1])
    known = functional.cross_entropy(z[None], right, label_smoothing=smoothing)
    known.backward()
    step = lesson("cross-entropy", z.detach(), target, smoothing)
    assert math.isclose(step.result, known.item(), abs_tol=1e-10)
    assert close(step.find("dL/dz").result, z.grad)  # type: ignore[arg-type]
    assert close(step.find("Softmax").result, functional.softmax(z.detach(), 0))


def test_cross_entropy_of_far_and_of_many_scores_is_exact_and_quick() -> None:
    assert math.isclose(lesson("cross-entropy", "[100000, 100001, 100002]", 3).result,
                        lesson("cross-entropy", "[0, 1, 2]", 3).result)  # fmt: skip
    began = time.process_time()
    step = lesson("cross-entropy", random(0, 4_096), 7, 0.1)
    assert time.process_time() - began < 1
    assert math.isclose(sum(step.find("dL/dz").result), 0, abs_tol=1e-9)


@QUICK
@given(seeds, st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))
def test_convolution_agrees_with_torch(seed: int, stride: int, padding: int, channels: int) -> None:
    x, w = random(seed, channels, 5, 6), random(seed + 1, channels, 3, 2)
    known = functional.conv2d(
        x[None], w[None], torch.tensor([0.5], dtype=torch.float64), stride, padding
    )[0, 0]
    assert close(lesson("convolution", x, w, "0.5", stride, padding).result, known)


@QUICK
@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_pooling_agrees_with_torch(seed: int, size: int, stride: int) -> None:
    x = random(seed, 5, 6)
    largest = functional.max_pool2d(x[None, None], size, stride)[0, 0]
    mean = functional.avg_pool2d(x[None, None], size, stride)[0, 0]
    assert close(lesson("pooling", x, size, stride).result, largest)
    assert close(lesson("pooling", x, size, stride, "average").result, mean)


@QUICK
@given(seeds, st.booleans())
def test_attention_agrees_with_torch(seed: int, causal: bool) -> None:
    q, k, v = random(seed, 3, 4), random(seed + 1, 3, 4), random(seed + 2, 3, 2)
    known = functional.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=causal)[0]
    assert close(lesson("attention", q, k, v, "causal" if causal else "none").result, known)


@QUICK
@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_the_lstm_cell_agrees_with_torch(seed: int, inputs: int, size: int) -> None:
    cell = torch.nn.LSTMCell(inputs, size, dtype=torch.float64)
    x, h, c = random(seed, inputs), random(seed + 1, size), random(seed + 2, size)
    with torch.no_grad():
        cell.weight_ih.copy_(random(seed + 3, 4 * size, inputs))
        cell.weight_hh.copy_(random(seed + 4, 4 * size, size))
        cell.bias_ih.copy_(random(seed + 5, 4 * size))
        cell.bias_hh.zero_()
        known, memory = cell(x[None], (h[None], c[None]))
        weights = torch.cat([cell.weight_ih, cell.weight_hh], 1)
    step = lesson("lstm", x, h, c, weights, cell.bias_ih.detach())
    assert close(step.result, known[0])
    assert close(step.find("New memory").result, memory[0])


def test_the_lstm_cell_holds_large_memories() -> None:
    assert math.isclose(lesson("lstm", "[0]", "[0]", "[900]").result[0], 0.5, rel_tol=1e-6)


@QUICK
@given(seeds)
def test_normalisations_agree_with_torch(seed: int) -> None:
    x, g, b = random(seed, 4, 3), random(seed + 1, 3), random(seed + 2, 3)
    known = functional.batch_norm(x, None, None, g, b, training=True)
    assert close(lesson("batch-norm", x, g, b).result, known)
    known = functional.layer_norm(x, (3,), g, b)
    assert close(lesson("layer-norm", x, g, b).result, known)


@QUICK
@given(seeds, st.sampled_from(["tanh", "relu", "sigmoid"]), st.integers(1, 3))
def test_backpropagation_agrees_with_autograd(seed: int, name: str, hidden: int) -> None:
    sizes = (2, 3, hidden, 2)
    layers = [random(seed + k, sizes[k + 1], sizes[k] + 1) for k in range(3)]
    x, target = random(seed + 7, 2), random(seed + 8, 2)
    parameters = [layer.clone().requires_grad_() for layer in layers]
    values = x
    for number, layer in enumerate(parameters):
        values = functional.linear(values, layer[:, :-1], layer[:, -1])
        values = ONE[name](values) if number < 2 else values
    loss = ((values - target) ** 2).sum() / 2
    loss.backward()
    network = json.dumps([layer.tolist() for layer in layers])
    step = lesson("backpropagation", x, network, target, name, weight="1,2,3")
    for number, layer in enumerate(parameters, start=1):
        assert close(step.find(f"dL/dW_{number}").result, layer.grad)  # type: ignore[arg-type]
    assert math.isclose(step.result, parameters[0].grad[1, 2].item(), abs_tol=1e-10)  # type: ignore[index]
    assert math.isclose(step.find("L").result, loss.item(), abs_tol=1e-10)


def test_the_paths_add_up_to_the_gradient_and_are_sorted_by_size() -> None:
    step = lesson("backpropagation").find("All 2 paths from the weight to the loss")
    parts = [path.result for path in step.steps]
    assert math.isclose(sum(parts), step.result)
    assert abs(parts[0]) >= abs(parts[1])


def test_one_step_against_the_gradient_lowers_the_loss() -> None:
    step = lesson("backpropagation")
    assert step.find("L_new").result < step.find("L").result


def test_the_gradient_of_a_bias_may_be_asked_for() -> None:
    step = lesson("backpropagation", weight="1,1,3")
    assert "the bias of neuron 1 in layer 1" in step.reason
    assert math.isclose(step.result, step.find("dL/dW_1").result[0][2])


def test_a_relu_network_stays_exact() -> None:
    assert isinstance(lesson("backpropagation", activation="relu").result, Fraction)


def test_a_long_weighted_sum_shows_the_largest_terms_and_the_rest_as_one_number() -> None:
    weights = numpy.linspace(-1, 1, 784)
    step = lesson("neuron", numpy.ones(784), weights, 0, "none")
    assert "rest is the sum of the 776 smaller ones" in step.text()
    assert math.isclose(step.result, float(weights.sum()), abs_tol=1e-9)


def test_a_network_may_bring_its_own_result_to_a_weighted_sum() -> None:
    inputs, weights = (0.1, 0.2), (0.3, 0.4)
    computed = float(numpy.float32(0.11))
    step = weighted_sum(inputs, weights, computed=computed, tolerance=1e-6)
    assert step.result == computed and 0 < step.difference < 1e-6
    with pytest.raises(CheckFailed):
        weighted_sum(inputs, weights, computed=0.12, tolerance=1e-6)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_the_range_of_an_activation_holds_its_values(name: str) -> None:
    low, high = lesson("activation", name).find("range").result
    values = [ONE[name](torch.tensor(x / 10, dtype=torch.float64)).item() for x in range(-400, 400)]
    assert low <= min(values) and max(values) <= high


def test_relu_makes_negatives_zero_and_leaves_positives() -> None:
    assert lesson("activation", "relu", -3).result == 0
    assert lesson("activation", "relu", "5/2").result == Fraction(5, 2)


def test_float32_can_only_write_1_for_the_sigmoid_of_20() -> None:
    step = lesson("activation", "sigmoid", 20)
    assert step.find("float32").result == 1.0 == torch.sigmoid(torch.tensor(20.0)).item()
    assert step.result < 1
    limit = step.find("Where float32 can only write 1").result
    exact = torch.sigmoid(torch.tensor([limit + 0.1, limit - 0.1], dtype=torch.float64))
    assert exact[0] < 1 and exact.float()[0] == 1 and exact.float()[1] < 1


def test_softmax_needs_the_whole_vector() -> None:
    assert lesson("softmax", "[3]").result == (1.0,)
    assert lesson("softmax", "[3, 4]").result[0] < 0.5
    assert lesson("activation", "softmax", "[1, 2, 3]").rule == "Softmax"


def test_softmax_of_huge_scores_does_not_overflow() -> None:
    assert lesson("softmax", "[1000, 0]").result == (1.0, 0.0)


def test_layers_without_activation_collapse_into_one() -> None:
    assert lesson("layer").find("Two layers minus one").result == (0, 0)


def test_convolution_of_a_large_picture_works_the_first_places_only() -> None:
    step = lesson("convolution", numpy.ones((40, 40)), "[[1, 1], [1, 1]]")
    assert len(step.result) == 39 and step.result[38][38] == 4
    assert len(step.steps) < 80
