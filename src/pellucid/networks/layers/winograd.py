"""Convolution by kernels of 3 by 3 in fewer multiplications, for learning on processors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

MANY = (
    10_000  # pairs of a channel before and one after; with fewer PyTorch's convolution is quicker
)
AT_ONCE = 256  # tiles, so that what is worked on stays near the processor

_TILE: list[list[float]] = [  # of 6 places, 4 apart: its polynomial at 0, 1, -1, 2, -2 and infinity
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
]
_KERNEL: list[list[float]] = [  # of 3 places, at the same points
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
]
_BACK: list[list[float]] = [  # to the 4 places that a tile and a kernel give
    [1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 0],
    [0, 1, 1, 4, 4, 0],
    [0, 1, -1, 8, -8, 1],
]


def _both_ways(matrix: list[list[float]]) -> Tensor:
    """What the matrix makes of the rows and the columns of a square, as one for all its places."""
    one_way = torch.tensor(matrix, dtype=torch.float64)
    return torch.kron(one_way, one_way).float()


TILE = _both_ways(_TILE)  # (36, 36)
KERNEL = _both_ways(_KERNEL)  # (36, 9)
BACK = _both_ways(_BACK)  # (16, 36)


def pays(x: Tensor, weight: Tensor) -> bool:
    """Whether it is quicker than PyTorch's convolution of padding 1 for these."""
    return (
        weight.shape[2:] == (3, 3)
        and weight.shape[0] * weight.shape[1] >= MANY
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
    )


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
        (batch, _, height, width), out = x.shape, len(weight)
        down, across = -(-height // 4), -(-width // 4)
        kernels = KERNEL @ weight.permute(2, 3, 1, 0).reshape(9, -1)
        kernels = kernels.view(36, -1, out)
        places = x.permute(0, 2, 3, 1)
        result = x.new_empty(batch, down, 4, across, 4, out)
        parts = []
        for some in _parts(batch, down * across):
            tiles = (TILE @ _tiles(places[some], down, across)).unflatten(1, (-1, x.shape[1]))
            products = (BACK @ tiles.bmm(kernels).flatten(1)).view(4, 4, -1, down, across, out)
            result[some] = products.permute(2, 3, 0, 4, 1, 5)
            parts.append(tiles)
        ctx.save_for_backward(kernels, *parts)
        ctx.shape = x.shape
        whole = result.view(batch, 4 * down, 4 * across, out)
        return whole[:, :height, :width].contiguous().permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:
        kernels, *parts = ctx.saved_tensors
        batch, channels, height, width = ctx.shape
        down, across = -(-height // 4), -(-width // 4)
        to_whole_tiles = (0, 0, 0, 4 * across - width, 0, 4 * down - height)
        of_result = nn.functional.pad(g.permute(0, 2, 3, 1), to_whole_tiles)
        of_result = of_result.reshape(batch, down, 4, across, 4, -1)
        of_x = g.new_zeros(batch, down + 1, 4, across + 1, 4, channels)
        of_kernels = torch.zeros_like(kernels)
        for some, tiles in zip(_parts(batch, down * across), parts, strict=True):
            squares = of_result[some].permute(2, 4, 0, 1, 3, 5).reshape(16, -1)
            products = (BACK.T @ squares).view(36, -1, g.shape[1])
            of_kernels.baddbmm_(tiles.mT, products)
            of_tiles = TILE.T @ products.bmm(kernels.mT).flatten(1)
            of_tiles = of_tiles.view(6, 6, -1, down, across, channels)
            _add_tiles(of_x[some], of_tiles.permute(2, 3, 0, 4, 1, 5))
        of_weight = (KERNEL.T @ of_kernels.flatten(1)).view(3, 3, channels, -1)
        of_x = of_x.view(batch, 4 * down + 4, 4 * across + 4, channels)
        inner = of_x[:, 1 : 1 + height, 1 : 1 + width].contiguous()
        return inner.permute(0, 3, 1, 2), of_weight.permute(3, 2, 0, 1)


def _parts(batch: int, tiles: int) -> list[slice]:
    """The batch in parts of as many pictures as have about `AT_ONCE` tiles."""
    size = max(1, AT_ONCE // tiles)
    return [slice(start, min(start + size, batch)) for start in range(0, batch, size)]


def _tiles(places: Tensor, down: int, across: int) -> Tensor:
    """(batch, h, w, channels) -> (36, batch * down * across * channels), 0 beyond the edges."""
    batch, height, width, channels = places.shape
    padded = nn.functional.pad(
        places, (0, 0, 1, 4 * across + 1 - width, 1, 4 * down + 1 - height)
    ).contiguous()
    of_picture, row, column, _ = padded.stride()
    return padded.as_strided(
        (6, 6, batch, down, across, channels), (row, column, of_picture, 4 * row, 4 * column, 1)
    ).reshape(36, -1)


def _add_tiles(x: Tensor, tiles: Tensor) -> None:
    """Add tiles (batch, down, 6, across, 6, channels) that overlap by two places, 4 apart, to x.

    x is (batch, down + 1, 4, across + 1, 4, channels): the places of a tile, and two of the next.
    """
    down, across = tiles.shape[1], tiles.shape[3]
    x[:, :down, :, :across].add_(tiles[:, :, :4, :, :4])
    x[:, 1:, :2, :across].add_(tiles[:, :, 4:, :, :4])
    x[:, :down, :, 1:, :2].add_(tiles[:, :, :4, :, 4:])
    x[:, 1:, :2, 1:, :2].add_(tiles[:, :, 4:, :, 4:])
