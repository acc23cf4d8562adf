"""Convolution by kernels of 3 by 3 in fewer multiplications, for learning on processors."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# With fewer pairs of a channel before and one after, PyTorch's convolution is quicker.
ENOUGH_PAIRS = 10_000
LEAST_GAIN = 2.0  # times fewer multiplications, which pays for the ways to and fro
AT_ONCE = 256  # tiles: their places and products stay in a processor's last cache
TIMED = 240, 7, 64, 3  # channels, places a side, pictures and rounds by which a processor is judged

POINTS = 0, 1, -1, 2, -2  # and infinity


def _matrices() -> tuple[Tensor, Tensor, Tensor]:
    """What takes tiles (36, 36) and kernels (36, 9) to products, and these (16, 36) to places.

    A kernel and the places of a tile are polynomials, multiplied by their values at the points
    (Toom and Cook): each matrix M of one way, a row or a column, is M kron M for a square.
    """
    others = [[q for q in POINTS if q != p] for p in POINTS]
    tile = np.zeros((6, 6))
    tile[:5, :5] = [np.poly(rest)[::-1] for rest in others]
    tile[5] = np.poly(POINTS)[::-1]
    apart = [np.prod(p - np.array(rest)) for p, rest in zip(POINTS, others, strict=True)]
    kernel = np.vstack([np.vander(POINTS, 3, True) / np.array(apart)[:, None], [0, 0, 1]])
    back = np.hstack([np.vander(POINTS, 4, True).T, [[0], [0], [0], [1]]])
    return _square(tile), _square(kernel), _square(back)


def _square(one_way: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.kron(one_way, one_way)).float()


TILE, KERNEL, BACK = _matrices()


def suits(x: Tensor, weight: Tensor) -> bool:
    """Whether so many channels and places are worth it, on a processor that is quicker by it.

    Never in lower precision: the ways to and fro take small differences of large numbers.
    """
    height, width = x.shape[2:]
    tiles = -(-height // 4) * -(-width // 4)
    return (
        weight.shape[2:] == (3, 3)
        and weight.shape[0] * weight.shape[1] >= ENOUGH_PAIRS
        and 9 * height * width >= LEAST_GAIN * 36 * tiles
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and torch.get_float32_matmul_precision() == "highest"
    )


def quicker() -> bool:
    """Whether this processor learns a wide kernel sooner by it than by PyTorch's convolution."""
    channels, side, batch, rounds = TIMED
    x = torch.ones(batch, side, side, channels).permute(0, 3, 1, 2).requires_grad_()
    weight = torch.ones(channels, channels, 3, 3, requires_grad=True)

    def seconds(convolve: Callable[[Tensor, Tensor], Tensor]) -> float:
        started = time.perf_counter()
        answer = convolve(x, weight)
        torch.autograd.grad(answer, (x, weight), answer.detach())
        return time.perf_counter() - started

    times = [(seconds(convolution), seconds(by_torch)) for _ in range(rounds)]
    ours, theirs = (min(each) for each in zip(*times, strict=True))
    return ours < theirs


def by_torch(x: Tensor, weight: Tensor) -> Tensor:
    """PyTorch's own, padded by 1: what `convolution` is measured by."""
    return nn.functional.conv2d(x, weight, padding=1)


def convolution(x: Tensor, weight: Tensor) -> Tensor:
    """(batch, in, h, w), (out, in, 3, 3) -> (batch, out, h, w), both float32; padded by 1.

    What `conv2d` gives but for rounding (about 1e-5 of the largest value), with 36 products for
    16 places instead of 144 (Winograd 1980; Lavin and Gray 2016, "Fast Algorithms for
    Convolutional Neural Networks"). Its gradients are had in the same way.
    """
    result: Tensor = _Winograd.apply(x, weight)  # type: ignore[no-untyped-call]
    return result


class _Winograd(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        (batch, channels, height, width), out = x.shape, len(weight)
        down, across = -(-height // 4), -(-width // 4)
        kernels = KERNEL @ weight.permute(2, 3, 1, 0).reshape(9, -1)
        kernels = kernels.view(36, channels, out)
        places = x.permute(0, 2, 3, 1)
        result = x.new_empty(batch, down, 4, across, 4, out)
        for some in _parts(batch, down * across):
            products = _tiles(places[some], down, across).bmm(kernels)  # (36, tiles, out)
            squares = (BACK @ products.flatten(1)).view(4, 4, -1, down, across, out)
            result[some] = squares.permute(2, 3, 0, 4, 1, 5)
        ctx.save_for_backward(x, kernels)
        whole = result.view(batch, 4 * down, 4 * across, out)
        return whole[:, :height, :width].contiguous().permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, Tensor]:
        x, kernels = ctx.saved_tensors  # of tiles there are more than twice as much as of x
        (batch, channels, height, width), out = x.shape, g.shape[1]
        down, across = -(-height // 4), -(-width // 4)
        places = x.permute(0, 2, 3, 1)
        of_result = nn.functional.pad(
            g.permute(0, 2, 3, 1), (0, 0, 0, 4 * across - width, 0, 4 * down - height)
        ).reshape(batch, down, 4, across, 4, out)
        of_kernels = torch.zeros_like(kernels)
        of_x = g.new_zeros(batch, down + 1, 4, across + 1, 4, channels)
        for some in _parts(batch, down * across):
            squares = of_result[some].permute(2, 4, 0, 1, 3, 5).reshape(16, -1)
            products = (BACK.T @ squares).view(36, -1, out)
            of_kernels.baddbmm_(_tiles(places[some], down, across).mT, products)
            if ctx.needs_input_grad[0]:
                of_tiles = TILE.T @ products.bmm(kernels.mT).flatten(1)
                of_tiles = of_tiles.view(6, 6, -1, down, across, channels)
                _add_tiles(of_x[some], of_tiles.permute(2, 3, 0, 4, 1, 5))
        of_weight = (KERNEL.T @ of_kernels.flatten(1)).view(3, 3, channels, out)
        of_weight = of_weight.permute(3, 2, 0, 1)
        if not ctx.needs_input_grad[0]:
            return None, of_weight
        of_x = of_x.view(batch, 4 * down + 4, 4 * across + 4, channels)
        inner = of_x[:, 1 : 1 + height, 1 : 1 + width].contiguous()
        return inner.permute(0, 3, 1, 2), of_weight


def _parts(batch: int, tiles: int) -> list[slice]:
    """The batch in parts of as many pictures as have about `AT_ONCE` tiles."""
    size = max(1, AT_ONCE // tiles)
    return [slice(start, min(start + size, batch)) for start in range(0, batch, size)]


def _tiles(places: Tensor, down: int, across: int) -> Tensor:
    """(batch, h, w, channels) -> (36, batch * down * across, channels).

    Each tile has 6 by 6 places and begins 4 after the one before; 0 beyond the edges.
    """
    batch, height, width, channels = places.shape
    padded = nn.functional.pad(
        places, (0, 0, 1, 4 * across + 1 - width, 1, 4 * down + 1 - height)
    ).contiguous()
    of_picture, row, column, _ = padded.stride()
    tiles = padded.as_strided(
        (6, 6, batch, down, across, channels), (row, column, of_picture, 4 * row, 4 * column, 1)
    )
    return (TILE @ tiles.reshape(36, -1)).view(36, -1, channels)


def _add_tiles(x: Tensor, tiles: Tensor) -> None:
    """Add tiles (batch, down, 6, across, 6, channels) to x where they lie, over each other by two.

    x is (batch, down + 1, 4, across + 1, 4, channels): four places of a tile, two of the next.
    """
    down, across = tiles.shape[1], tiles.shape[3]
    x[:, :down, :, :across].add_(tiles[:, :, :4, :, :4])
    x[:, 1:, :2, :across].add_(tiles[:, :, 4:, :, :4])
    x[:, :down, :, 1:, :2].add_(tiles[:, :, :4, :, 4:])
    x[:, 1:, :2, 1:, :2].add_(tiles[:, :, 4:, :, 4:])
