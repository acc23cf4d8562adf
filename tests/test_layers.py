"""The vocabulary of layers: values by a reference, gradients by finite differences, own noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from pellucid.networks.layers import (
    ClassBlend,
    Dropout,
    Embedding,
    Encoder,
    EnsembleLinear,
    EnsembleScale,
    Linear,
    MissingValue,
    NumberBlend,
    PiecewiseLinear,
    SequenceEncoder,
    SparseLinear,
    random_layers,
    seed_layers,
    winograd,
)
from pellucid.networks.layers.convolution import Convolution, PictureEncoder, Whitening
from pellucid.networks.layers.normalisation import BatchNorm
from pellucid.networks.layers.sequence import TokenConvolution
from pellucid.training.optimizers import FlatAdamW, FlatMuon


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def curve():
    """A curve of two columns that bends."""
    start, slope = torch.tensor([[0.0, 1.0], [-1.0, 0.0]]), torch.tensor([[1.0, 0.5], [0.7, 0.0]])
    layer = PiecewiseLinear(start, slope, 3, generator())
    with torch.no_grad():
        layer.weight.normal_(generator=generator(1))
    return layer


def check_gradients(layer, *inputs):
    """Of all parameters and of all inputs that ask for one, in float64."""
    layer.double()
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def call(*tensors):
        replaced = dict(zip(names, tensors, strict=False))
        return torch.func.functional_call(layer, replaced, tensors[len(names) :])

    given = [p.detach().clone().requires_grad_() for p in parameters]
    assert gradcheck(call, (*given, *inputs))


def test_batch_normalisation_is_torchs_and_its_averages_travel_with_the_weights():
    ours, theirs = BatchNorm(3), torch.nn.BatchNorm2d(3)
    optimizer = FlatAdamW(ours, decay=0.1)
    x = 2 * torch.randn(8, 3, 5, 5, generator=torch.Generator().manual_seed(0)) + 1
    torch.testing.assert_close(ours.train()(x), theirs.train()(x))
    ours(x).sum().backward()
    optimizer.step(0.0)
    kept = optimizer.weights.clone()
    theirs(x)
    assert (ours.mean - theirs.running_mean).abs().max() < 1e-6
    assert (ours.variance - theirs.running_var).abs().max() < 1e-5
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
    ours.train()(5 * x)
    optimizer.weights.copy_(kept)
    torch.testing.assert_close(ours.eval()(x), theirs(x))


def test_an_ensemble_of_lines_equals_one_line_for_each_member():
    layer = EnsembleLinear(3, 4, 2, generator())
    x = torch.randn(3, 5, 4, generator=generator(1))
    for member, output in enumerate(layer(x)):
        want = x[member] @ layer.weight[member] + layer.bias[member]
        torch.testing.assert_close(output, want)
    check_gradients(layer, normal(3, 5, 4).requires_grad_())


@pytest.mark.parametrize("make", [lambda: EnsembleLinear(3, 4, 2, generator()), curve])
def test_learning_predicting_and_looking_into_a_layer_have_the_same_numbers(make):
    layer = make().double()
    x = (normal(3, 5, 4),) if isinstance(layer, EnsembleLinear) else (normal(5, 2),) * 2
    outputs, gradients = [], []
    for training in (True, False):
        layer.train(training)
        outputs.append(layer(*x))
        gradients.append(torch.autograd.grad(outputs[-1].sin().sum(), layer.parameters()))
    with torch.inference_mode():
        outputs.append(layer(*x))
    for output in outputs[1:]:
        torch.testing.assert_close(output, outputs[0], rtol=1e-12, atol=1e-12)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_members_scale_the_same_input_by_signs_of_their_own():
    layer = EnsembleScale(4, 6, generator())
    x = torch.randn(5, 6, generator=generator(1))
    output = layer(x)
    assert output.shape == (4, 5, 6)
    assert set(layer.weight.flatten().tolist()) == {-1.0, 1.0}
    torch.testing.assert_close(output[2], x * layer.weight[2])
    assert len({tuple(row) for row in layer.weight.flatten(1).tolist()}) == 4
    check_gradients(layer, normal(5, 6).requires_grad_())


def test_a_line_is_torchs_line_with_weights_from_its_generator():
    one, same, other = (
        Linear(5, 3, generator()),
        Linear(5, 3, generator()),
        Linear(5, 3, generator(1)),
    )
    assert one.weight.equal(same.weight)
    assert not one.weight.equal(other.weight)
    x = torch.randn(2, 4, 5, generator=generator(2))
    torch.testing.assert_close(one(x), nn.functional.linear(x, one.weight, one.bias))
    assert one.weight.abs().max() <= 5**-0.5


def test_sparse_terms_give_the_product_with_the_dense_matrix():
    layer = SparseLinear(7, 3)
    weight, bias = torch.randn(7, 3, generator=generator()), torch.tensor([1.0, 2.0, 3.0])
    layer.load_state_dict({"weight": weight, "bias": bias})
    index = torch.tensor([[0, 6, 2], [3, 3, 0]])
    value = torch.tensor([[1.0, -2.0, 0.0], [0.5, 0.25, 0.0]])
    dense = torch.zeros(2, 7).scatter_add_(1, index, value)
    torch.testing.assert_close(layer(index, value), dense @ weight + bias)
    assert not list(layer.parameters())  # a solver finds its weights, descent leaves them be


def test_ramps_rise_from_0_to_1_between_their_knots():
    start = torch.tensor([[0.0, 1.0], [10.0, 0.0]])
    slope = torch.tensor([[1.0, 0.5], [0.1, 0.0]])  # a slope of 0 fills up the second column
    layer = PiecewiseLinear(start, slope, 3, generator())
    with torch.no_grad():
        layer.weight.normal_(generator=generator(1))
    x = torch.tensor([[-5.0, 10.0], [0.5, 15.0], [2.0, 99.0]])
    ramps = np.array([[[0, 0], [0, 0]], [[0.5, 0], [0.5, 0]], [[1, 0.5], [1, 0]]])
    weight, linear, bias = (p.detach().numpy() for p in (layer.weight, layer.linear, layer.bias))
    want = np.einsum("bcp,cpw->bcw", ramps, weight) + bias + x.numpy()[..., None] * linear
    np.testing.assert_allclose(layer(x, x).detach().numpy(), want, rtol=1e-5)


def test_ramps_begin_as_a_plain_line_and_have_true_gradients():
    start, slope = torch.tensor([[0.0, 1.0, 3.0]]), torch.tensor([[1.0, 0.5, 0.2]])
    layer = PiecewiseLinear(start, slope, 2, generator())
    x = torch.linspace(-3, 9, 7).unsqueeze(1)
    assert (layer(x, x).diff(n=2, dim=0).abs() < 1e-5).all()
    layer.double()
    with torch.no_grad():
        layer.weight.normal_(generator=generator(1))
    away_from_knots = torch.tensor([[-0.5], [0.3], [1.7], [4.1]], dtype=torch.float64)
    check_gradients(layer, away_from_knots.requires_grad_(), normal(4, 1).requires_grad_())


def test_an_embedding_looks_up_and_gathers_gradients():
    layer = Embedding(5, 3, generator())
    index = torch.tensor([[0, 4], [4, 4]])
    output = layer(index)
    assert output.shape == (2, 2, 3)
    assert output[0, 1].equal(layer.weight[4])
    output.sum().backward()
    assert layer.weight.grad[:, 0].tolist() == [1, 0, 0, 0, 3]


def test_a_missing_cell_gets_its_columns_vector_and_the_others_stay():
    layer = MissingValue(2, 3).eval()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2, 3], [4, 5, 6]]))
    x = torch.randn(2, 2, 3, generator=generator())
    output = layer(x, torch.tensor([[True, False], [False, True]]))
    assert output[0, 0].tolist() == [1, 2, 3]
    assert output[1, 1].tolist() == [4, 5, 6]
    assert output[0, 1].equal(x[0, 1])


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(share):
    layer = Dropout(share).train()
    layer.generator.manual_seed(1)
    output = layer(torch.ones(1_000_003))
    dropped = (output == 0).float().mean().item()
    assert dropped == pytest.approx(share, abs=1 / 256)
    assert output.mean().item() == pytest.approx(1, abs=0.02)
    assert len(output.unique()) == 2


def test_dropout_is_nothing_when_not_training_or_without_a_share():
    x = torch.randn(50, generator=generator())
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0).train()(x) is x


def test_the_values_that_dropout_takes_are_independent():
    layer = Dropout(0.5).train()
    layer.generator.manual_seed(0)
    kept = (layer(torch.ones(64, 20_000)) > 0).double()
    correlation = torch.corrcoef(kept.T[:64]) - torch.eye(64)
    lagged = torch.corrcoef(torch.stack([kept[:, :-1].flatten(), kept[:, 1:].flatten()]))
    assert correlation.abs().max() < 0.7  # 64 draws each
    assert lagged[0, 1].abs() < 0.005


def test_dropout_repeats_by_seed_and_step_and_differs_between_layers():
    module = nn.Sequential(Dropout(0.5), Dropout(0.5)).train()
    x = torch.ones(1_000)

    def draw(seed, step):
        seed_layers(random_layers(module), seed, step)
        return [layer(x) for layer in module]

    first, again = draw(3, 7), draw(3, 7)
    assert first[0].equal(again[0])
    assert first[1].equal(again[1])
    assert not first[0].equal(first[1])
    for other in (draw(3, 8), draw(4, 7)):
        assert not first[0].equal(other[0])
        assert not first[1].equal(other[1])


def test_dropout_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    Dropout(0.5).train()(torch.ones(100))
    assert torch.random.get_rng_state().equal(before)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_convolution_over_tokens_is_torchs_in_one_dimension(size):
    layer = TokenConvolution(8, 6, size, generator())
    with torch.no_grad():
        layer.bias.normal_(generator=generator(1))
    x = torch.randn(4, 11, 8, generator=generator(2))
    weight = layer.weight.squeeze(2)  # (channels, width, size)
    want = nn.functional.conv1d(x.transpose(1, 2), weight, layer.bias, padding=size // 2)
    torch.testing.assert_close(layer(x), want.transpose(1, 2), atol=1e-5, rtol=1e-5)


def test_a_sequence_gives_the_same_vector_however_far_it_is_padded():
    layer = SequenceEncoder(20, 8, 6, generator()).eval()
    tokens = torch.tensor([[3, 5, 7, 2, 9]])
    padded = nn.functional.pad(tokens, (0, 11))
    torch.testing.assert_close(layer(tokens), layer(padded))
    assert layer(tokens).shape == (1, layer.width)


def test_a_sequence_of_nothing_is_finite_and_order_matters():
    layer = SequenceEncoder(20, 8, 6, generator()).eval()
    assert layer(torch.zeros(2, 4, dtype=torch.int64)).isfinite().all()
    one, other = layer(torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1]]))
    assert not torch.allclose(one, other)


def test_blends_weigh_the_paths():
    linear, trees = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    table, deep = torch.tensor([[4.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    classes = ClassBlend()
    until_fitted = classes(linear, trees, table, deep)
    assert until_fitted.equal(deep.log_softmax(-1))
    classes.load_state_dict({"weights": torch.tensor([2.0, 4.0, 1.5, 0.5])})
    want = torch.tensor([[8.0, 5.5]]).log_softmax(-1)
    torch.testing.assert_close(classes(linear, trees, table, deep), want)
    numbers = NumberBlend(-10.0, 10.0)
    weights = torch.tensor([0.5, 2.0, 1.0, 3.0, 1.0])
    state = {"weights": weights, "share": torch.tensor([0.25]), "margin": torch.tensor([0.25])}
    numbers.load_state_dict(state)
    table = torch.tensor([[-1.0, 0.9, 0.5], [1, -1, 0]])
    deep = torch.tensor([[1.0, 0.5, 0.1], [1, -1, 0]])
    output = numbers(torch.tensor([[2.0], [100.0]]), torch.tensor([[0.5], [0]]), table, deep)
    torch.testing.assert_close(output, torch.tensor([[5.0, 0.85, 0.45], [10.0, 0.0, 0.25]]))


def test_a_picture_is_seen_in_halves_only_while_learning():
    whole, half = (
        PictureEncoder(3, 32, Encoder(8, half=flag), generator()) for flag in (False, True)
    )
    x = torch.randn(4, 3, 32, 32, generator=generator())
    seen, seen_in_halves = whole.train()(x), half.train()(x)
    assert seen_in_halves.dtype == torch.float32
    assert not seen_in_halves.equal(seen)
    torch.testing.assert_close(seen_in_halves, seen, atol=0.1, rtol=0.05)
    assert half.eval()(x).dtype == torch.float32
    fresh = PictureEncoder(3, 32, Encoder(8, half=True), generator()).eval()
    assert fresh(x).equal(PictureEncoder(3, 32, Encoder(8), generator()).eval()(x))


@pytest.mark.parametrize("channels", [1, 3])
def test_neighbouring_pixels_are_parted_into_components_of_variance_one(channels):
    x = torch.randn(50, channels, 9, 12, generator=generator()).cumsum(3)
    x = (x - x.mean()) / x.std() + 0.2 * torch.randn(x.shape, generator=generator())
    layer = Whitening(channels, generator())
    layer.measure(x)
    found = nn.functional.conv2d(x, layer.weight)
    components, opposites = found.chunk(2, 1)
    assert components.shape[1] == 4 * channels and components.equal(-opposites)
    flat = components.transpose(0, 1).flatten(1)
    torch.testing.assert_close(
        flat @ flat.T / flat.shape[1], torch.eye(4 * channels), atol=0.05, rtol=0
    )
    assert layer(x).shape == (50, 8 * channels, 8, 11)
    assert [name for name, _ in layer.named_parameters()] == ["bias"]


def test_pictures_of_one_colour_leave_components_finite():
    layer = Whitening(3, generator())
    layer.measure(torch.zeros(4, 3, 8, 8))
    assert layer.weight.isfinite().all()


@pytest.mark.parametrize("side", [25, 32, 48])
def test_small_pictures_are_looked_at_place_by_place(side):
    encoder = PictureEncoder(3, side, Encoder(8), generator(), whiten=True)
    x = torch.randn(2, 3, side, side + 3, generator=generator())
    assert encoder.whitening is not None
    assert encoder(x).shape == (2, encoder.width)
    others = [PictureEncoder(3, s, Encoder(8), generator(), whiten=True) for s in (24, 49)]
    assert all(other.whitening is None for other in others)


def test_components_are_the_same_in_halves():
    x = torch.randn(20, 3, 32, 32, generator=generator()).cumsum(2).cumsum(3)
    whole, half = (
        PictureEncoder(3, 32, Encoder(8, half=flag), generator(), whiten=True)
        for flag in (False, True)
    )
    for encoder in (whole, half):
        encoder.whitening.measure(x / x.std())
        encoder.layers = encoder.layers[:1]
    assert half.train()(x / x.std()).equal(whole.train()(x / x.std()))


WIDE = 100  # channels


@pytest.mark.parametrize(
    "shape, out",
    [
        ((3, 48, 7, 7), 50), ((2, 5, 31, 30), 7), ((4, 3, 1, 1), 2), ((1, 2, 4, 13), 3),
        ((3, 4, 8, 12), 4), ((40, 8, 15, 15), 8), ((2, 240, 15, 15), 240), ((0, 3, 5, 5), 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_few_multiplications_give_the_convolution_and_its_gradients(shape, out, order):
    x = nn.functional.gelu(normal(*shape)).float().contiguous(memory_format=order).requires_grad_()
    weight = normal(out, shape[1], 3, 3, seed=1).float().requires_grad_()
    answer = winograd.convolution(x, weight)
    double = nn.functional.conv2d(x.double(), weight.double(), padding=1)
    g = normal(*double.shape, seed=2).contiguous(memory_format=order)
    assert answer.shape == double.shape
    found = (answer, *torch.autograd.grad(answer, (x, weight), g.float()))
    known = (double, *torch.autograd.grad(double, (x, weight), g))
    for one, other in zip(found, known, strict=True):
        assert ((one.double() - other).abs() <= 3e-5 * largest(other)).all()


def largest(x):
    return max([1.0, *x.abs().flatten().tolist()])


def test_few_multiplications_ask_for_no_gradient_that_is_not_wanted():
    x, weight = normal(2, 3, 8, 8).float(), normal(4, 3, 3, 3).float().requires_grad_()
    known = torch.autograd.grad(nn.functional.conv2d(x, weight, padding=1).sum(), weight)
    found = torch.autograd.grad(winograd.convolution(x, weight).sum(), weight)
    torch.testing.assert_close(found, known, rtol=1e-4, atol=1e-4)


def test_wide_kernels_learn_by_few_multiplications_what_they_predict_by_many():
    layer, x = wide_convolution(), normal(8, WIDE, 8, 8).float()
    learnt = layer.train()(x)
    with torch.no_grad():  # as a prediction sees it, by the moments of this batch
        plain = nn.functional.conv2d(x, layer.weight, padding=1)
        moments = plain.mean((0, 2, 3)), plain.var((0, 2, 3), correction=0)
        layer.norm.mean.copy_(moments[0])
        layer.norm.variance.copy_(moments[1])
    answer = layer.eval()(x)
    torch.testing.assert_close(learnt, answer, rtol=1e-4, atol=1e-4)
    assert "_WinogradBackward" in operations(learnt)
    assert "_WinogradBackward" not in operations(answer)


def wide_convolution(stride=1):
    layer = Convolution(WIDE, WIDE, generator(), stride=stride)
    layer.winograd = True
    return layer


def operations(x):
    """The names of everything that gave x its gradient."""
    waiting, names = [x.grad_fn], set()
    while waiting:
        node = waiting.pop()
        names.add(type(node).__name__)
        waiting += [before for before, _ in node.next_functions if before is not None]
    return names


def test_strides_and_plans_that_know_nothing_of_it_learn_by_torchs_convolution():
    x, plain = normal(2, WIDE, 8, 8).float(), wide_convolution()
    plain.winograd = False
    for layer in (wide_convolution(stride=2), plain):
        assert "_WinogradBackward" not in operations(layer(x))


@pytest.mark.parametrize(
    "x, weight",
    [
        (torch.ones(1, WIDE, 8, 8, dtype=torch.float64), torch.ones(WIDE, WIDE, 3, 3)),
        (torch.ones(1, WIDE, 8, 8, device="meta"), torch.ones(WIDE, WIDE, 3, 3, device="meta")),
        (torch.ones(1, WIDE, 8, 8), torch.ones(WIDE, WIDE, 5, 5)),
        (torch.ones(1, WIDE, 8, 8), torch.ones(WIDE - 1, WIDE, 3, 3)),
        (torch.ones(1, WIDE, 5, 5), torch.ones(WIDE, WIDE, 3, 3)),
        (torch.ones(1, WIDE, 1, 64), torch.ones(WIDE, WIDE, 3, 3)),
    ],
)
def test_other_convolutions_are_left_to_torch(x, weight):
    assert not winograd.suits(x, weight)


def test_lower_precision_is_left_to_torch():
    x, weight = torch.ones(1, WIDE, 8, 8), torch.ones(WIDE, WIDE, 3, 3)
    assert winograd.suits(x, weight)
    with torch.autocast("cpu", torch.bfloat16):
        assert not winograd.suits(x, weight)
    torch.set_float32_matmul_precision("medium")
    try:
        assert not winograd.suits(x, weight)
    finally:
        torch.set_float32_matmul_precision("highest")


def test_an_encoder_hands_it_to_all_its_layers_and_learns_the_same_each_time():
    def learnt():
        encoder = PictureEncoder(3, 32, Encoder(24, winograd=True), generator(), whiten=True)
        optimizer = FlatMuon(encoder, 0.01)
        for _ in range(2):
            answer = encoder(normal(4, 3, 32, 32).float())
            answer.square().mean().backward()
            optimizer.step(1e-3)
        return operations(answer), [p.detach().clone() for p in encoder.parameters()]

    (names, one), (_, again) = learnt(), learnt()
    assert "_WinogradBackward" in names
    assert all(x.equal(y) for x, y in zip(one, again, strict=True))
