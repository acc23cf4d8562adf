"""A series of numbers to one vector: convolutions over it, and plain statistics of it."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from pellucid.networks.layers.dropout import Dropout
from pellucid.networks.layers.sequence import TokenConvolution

CHANNELS = 16
SIZES = (7, 5, 3)  # of the convolutions (Wang et al. 2017 have 8, 5, 3)
FINEST = 32  # numbers that the last convolution should still see
PIECES, BANDS, LAGS = 16, 8, (1, 2, 4, 8)
SMALLEST = 1e-6


class SeriesEncoder(nn.Module):
    """Series in standard units (n, length), NaN where there is no number, -> (n, width).

    Three convolutions over the series as it is, over its shape alone and over where it has
    numbers (Wang et al. 2017); then the mean and the largest value of each channel.
    """

    def __init__(self, length: int, generator: torch.Generator) -> None:
        super().__init__()
        widths = (3, CHANNELS, CHANNELS, 2 * CHANNELS)
        self.convolutions = nn.ModuleList(
            TokenConvolution(before, after, size, generator)
            for before, after, size in zip(widths[:-1], widths[1:], SIZES, strict=True)
        )
        pooled = max(1, round((length / FINEST) ** 0.5))
        self.pools = [pooled, pooled, 1]
        self.dropout = Dropout(0.1)
        self.width = 4 * CHANNELS
        self.norm = nn.LayerNorm(self.width)

    def forward(self, x: Tensor) -> Tensor:
        """(n, length) -> (n, width)."""
        known = ~x.isnan()
        shape, _, _ = shape_of(x)
        hidden = torch.stack([x.nan_to_num(0.0), shape, known.float()], -1)  # (n, length, 3)
        for convolve, size in zip(self.convolutions, self.pools, strict=True):
            hidden = convolve(hidden).relu()
            pooled = nn.functional.avg_pool1d(hidden.transpose(1, 2), size, ceil_mode=True)
            hidden = pooled.transpose(1, 2)
        both = torch.cat([hidden.mean(1), hidden.amax(1)], 1)
        return self.dropout(self.norm(both))


class SeriesStatistics(nn.Module):
    """Series (n, length), NaN where there is no number, -> (n, features).

    Level, spread, ends, slope, roughness, autocorrelations, power in bands of frequency, and the
    series' shape in a few pieces. All 0 where there is no number at all.
    """

    features = 9 + len(LAGS) + BANDS + PIECES

    def forward(self, x: Tensor) -> Tensor:
        """(n, length) -> (n, features)."""
        known = ~x.isnan()
        count = known.sum(1).clamp(min=1)
        shape, mean, spread = shape_of(x)
        low = x.nan_to_num(float("inf")).amin(1).nan_to_num(posinf=0.0)
        high = (-x).nan_to_num(float("inf")).amin(1).nan_to_num(posinf=0.0).neg()
        place = torch.arange(x.shape[1]).float()
        middle = (place * known).sum(1, keepdim=True) / count.unsqueeze(1)
        along = (place - middle) * known
        slope = (along * shape).sum(1) / along.square().sum(1).clamp(min=1).sqrt()
        slope = slope / count.sqrt()
        first = (shape * (known.cumsum(1) == 1) * known).sum(1)
        last = (shape * (known.cumsum(1) == known.sum(1, keepdim=True)) * known).sum(1)
        padded = nn.functional.pad(shape, (0, 2 * max(LAGS)))
        moved = [(padded[:, lag : lag + x.shape[1]] * shape).sum(1) / count for lag in LAGS]
        rough = (padded[:, 1 : 1 + x.shape[1]] - shape).abs().sum(1) / count
        plain = [mean, spread, low, high, first, last, slope, rough, known.float().mean(1), *moved]
        return torch.cat([torch.stack(plain, 1), bands(shape), pieces(shape)], 1)


def shape_of(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Each series less its mean, in units of its spread, 0 where nothing is known; mean, spread."""
    known = ~x.isnan()
    count = known.sum(1, keepdim=True).clamp(min=1)
    mean = x.nan_to_num(0.0).sum(1, keepdim=True) / count
    centred = (x - mean).nan_to_num(0.0)
    spread = (centred.square().sum(1, keepdim=True) / count).sqrt()
    return centred / spread.clamp(min=SMALLEST), mean.squeeze(1), spread.squeeze(1)


def bands(shape: Tensor) -> Tensor:
    """Logarithm of the power in bands of frequency, each twice as wide as the one below it."""
    power = torch.fft.rfft(shape, n=max(2 ** (BANDS + 1), shape.shape[1])).abs().square()
    edges = [0, *(power.shape[1] >> (BANDS - 1 - band) for band in range(BANDS))]
    sums = [power[:, a:b].sum(1) for a, b in pairwise(edges)]
    share = torch.stack(sums, 1) / power.sum(1, keepdim=True).clamp(min=SMALLEST)
    return (share + 1e-4).log()


def pieces(shape: Tensor) -> Tensor:
    """The mean of each of a few equal parts."""
    return nn.functional.adaptive_avg_pool1d(shape.unsqueeze(1), PIECES).squeeze(1)
