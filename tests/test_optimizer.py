"""The flat optimizer: the arithmetic of torch's AdamW and of its clipping."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from descents import network, problem
from pellucid.networks.layers import Encoder
from pellucid.networks.layers.convolution import PictureEncoder
from pellucid.training.optimizers import FlatAdamW, FlatMuon, orthogonal


def test_thirty_steps_equal_torchs_adamw_with_the_same_groups():
    ours, theirs = network().eval(), network().eval()
    x, y = problem()
    optimizer = FlatAdamW(ours, decay=0.1, clip=None)
    decayed = [p for p in theirs.parameters() if p.ndim > 1]
    spared = [p for p in theirs.parameters() if p.ndim <= 1]
    reference = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": spared, "weight_decay": 0.0}]
    )
    for step in range(30):
        rate = 1e-2 * (1 + step) / 30
        nn.functional.mse_loss(ours(x), y).backward()
        optimizer.step(rate)
        for group in reference.param_groups:
            group["lr"] = rate
        reference.zero_grad()
        nn.functional.mse_loss(theirs(x), y).backward()
        reference.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert (one - other).abs().max() < 1e-6


def test_parameters_with_a_share_of_the_step_size_equal_torchs_with_rates_of_their_own():
    ours, theirs = network().eval(), network().eval()
    x, y = problem()
    shares = {name: 1 / (1 + i) for i, (name, _) in enumerate(ours.named_parameters())}
    optimizer = FlatAdamW(ours, decay=0.1, clip=None, share=lambda name: shares[name])
    reference = torch.optim.AdamW(
        {"params": [p], "lr": 1e-2 * shares[name], "weight_decay": 0.1 * (p.ndim > 1)}
        for name, p in theirs.named_parameters()
    )
    for _ in range(20):
        nn.functional.mse_loss(ours(x), y).backward()
        optimizer.step(1e-2)
        reference.zero_grad()
        nn.functional.mse_loss(theirs(x), y).backward()
        reference.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert (one - other).abs().max() < 1e-6


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_gradient_is_clipped_as_torch_clips_it(scale):
    ours, theirs = network().eval(), network().eval()
    x, y = problem()
    optimizer = FlatAdamW(ours, decay=0.0, clip=1.0)
    (scale * nn.functional.mse_loss(ours(x), y)).backward()
    (scale * nn.functional.mse_loss(theirs(x), y)).backward()
    nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
    reference = torch.optim.AdamW(theirs.parameters(), lr=1e-2, weight_decay=0.0)
    reference.step()
    optimizer.step(1e-2)
    first_moments = {id(p): reference.state[p]["exp_avg"] for p in theirs.parameters()}
    norm = torch.stack([m.norm() for m in first_moments.values()]).norm()
    assert optimizer.moments[0].norm() == pytest.approx(norm.item(), rel=1e-4)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_parameters_stay_views_of_one_buffer_and_gradients_start_each_step_at_zero():
    module = network()
    optimizer = FlatAdamW(module, decay=0.0)
    x, y = problem()
    nn.functional.mse_loss(module(x), y).backward()
    assert optimizer.gradients.abs().sum() > 0
    optimizer.step(1e-3)
    assert not optimizer.gradients.any()
    assert len(optimizer.weights) == sum(p.numel() for p in module.parameters())
    optimizer.weights.fill_(0.5)
    assert all((p == 0.5).all() for p in module.parameters())


@pytest.mark.parametrize("shape", [(8, 30), (30, 8), (12, 12), (1, 9)])
def test_singular_values_are_brought_nearer_to_one_and_directions_stay(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    left, sizes, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    sizes = _after_rounds(sizes / matrix.double().norm())
    assert ((sizes > 0.4) & (sizes < 1.3)).all()
    expected = (left * sizes) @ right
    torch.testing.assert_close(orthogonal(matrix).double(), expected, atol=2e-5, rtol=0)
    assert not orthogonal(torch.zeros(shape)).any()


def test_directions_that_hardly_matter_grow_forty_fold_at_most():
    left, right = (
        torch.linalg.qr(torch.eye(6) + m)[0]
        for m in torch.rand(2, 6, 6, generator=torch.Generator().manual_seed(0))
    )
    sizes = torch.tensor([1.0, 0.5, 1e-3, 1e-4, 0.0, 0.0])
    matrix = left * sizes @ right
    found = torch.linalg.svdvals(orthogonal(matrix))
    expected = _after_rounds(sizes / matrix.norm()).sort(descending=True).values
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-2)
    assert found[2] < 0.05


def _after_rounds(sizes):
    for _ in range(3):
        sizes = 3.4445 * sizes - 4.7750 * sizes**3 + 2.0315 * sizes**5
    return sizes


def test_kernels_of_convolutions_go_where_torchs_muon_takes_them():
    module = _pictures()
    x = torch.randn(16, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    kernels = [p for p in module.parameters() if p.ndim == 4]
    before = [p.detach().flatten(1).clone() for p in kernels]
    twins = [nn.Parameter(matrix.clone()) for matrix in before]
    reference = torch.optim.Muon(
        twins,
        lr=3.75e-2,
        weight_decay=0.15,
        momentum=0.9,
        ns_steps=3,
        adjust_lr_fn="match_rms_adamw",
    )
    optimizer = FlatMuon(module, decay=0.1, clip=None)
    for _ in range(5):
        module(x).square().mean().backward()
        for twin, kernel in zip(twins, kernels, strict=True):
            twin.grad = kernel.grad.flatten(1).clone()
        reference.step()
        optimizer.step(1e-2)
    for twin, kernel, start in zip(twins, kernels, before, strict=True):
        theirs, ours = (end.detach().flatten(1) - start for end in (twin, kernel))
        # torch multiplies in bfloat16, three digits.
        assert nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), 0) > 0.995
        assert ours.norm() == pytest.approx(float(theirs.norm()), rel=0.03)


def test_a_kernel_without_a_gradient_becomes_shorter_and_points_where_it_did():
    module = _pictures()
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    FlatMuon(module, decay=0.0).step(1e-2)
    for name, p in module.named_parameters():
        shrunk = 1 - 1e-2 * 3.75 * 0.15 if p.ndim == 4 else 1.0
        torch.testing.assert_close(p.detach(), shrunk * before[name])


def test_all_but_kernels_descend_as_without_muon_and_a_state_brings_both_back():
    one, other = (_pictures() for _ in range(2))
    x = torch.randn(16, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    first, second = FlatMuon(one, decay=0.1), FlatAdamW(other, decay=0.1)
    for module, optimizer in ((one, first), (other, second)):
        module(x).square().mean().backward()
        optimizer.step(1e-2)
    for (name, p), q in zip(one.named_parameters(), other.parameters(), strict=True):
        # To the last bit it depends on where the vectors of the processor end in the buffer.
        assert torch.allclose(p, q, rtol=1e-5, atol=1e-7) == (p.ndim < 4), name
    third = _pictures()
    resumed = FlatMuon(third, decay=0.1)
    resumed.restore({name: value.clone() for name, value in first.state().items()})
    for module, optimizer in ((one, first), (third, resumed)):
        module(x).square().mean().backward()
        optimizer.step(1e-2)
    assert torch.equal(first.weights, resumed.weights)


def _pictures() -> PictureEncoder:
    return PictureEncoder(3, 16, Encoder(4), torch.Generator().manual_seed(0))
