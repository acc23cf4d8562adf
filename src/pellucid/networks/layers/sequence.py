"""A sequence of tokens to one vector: convolutions of three widths and two ways of pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.networks.layers.dropout import Dropout
from pellucid.networks.layers.embedding import Embedding

KERNELS = (1, 3, 5)
NOTHING = -1e9  # what padding counts as where the largest is sought


class SequenceEncoder(nn.Module):
    """Token ids (batch, length), 0 for padding, -> (batch, 2 * 3 * channels).

    Convolutions over 1, 3 and 5 tokens (Kim 2014), then the largest value and the
    attention-weighted mean over the real tokens.
    """

    def __init__(
        self, tokens: int, embedding: int, channels: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.embedding = Embedding(tokens, embedding, generator)
        self.word_dropout = Dropout(0.1)
        self.dropout = Dropout(0.2)
        self.convolutions = nn.ModuleList(
            TokenConvolution(embedding, channels, size, generator) for size in KERNELS
        )
        self.width = 2 * len(KERNELS) * channels
        self.attention = nn.Parameter(torch.zeros(len(KERNELS) * channels))
        self.norm = nn.LayerNorm(self.width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Pool the convolved tokens: (batch, length) -> (batch, width)."""
        if self.training:
            tokens = tokens * ~self.word_dropout.dropped(tokens.float())
        real = (tokens > 0).unsqueeze(-1)  # (batch, length, 1)
        vectors = self.dropout(self.embedding(tokens)) * real
        hidden = torch.cat([convolve(vectors) for convolve in self.convolutions], -1).relu()
        scores = (hidden @ self.attention).unsqueeze(-1)
        weights = scores.masked_fill(~real, NOTHING).softmax(1)  # (batch, length, 1)
        mean = torch.bmm(weights.transpose(1, 2), hidden).squeeze(1)
        highest = (hidden * real).amax(1)  # hidden is never negative
        return self.norm(torch.cat([mean, highest], 1))


class TokenConvolution(nn.Module):
    """A convolution over `size` neighbouring tokens: (batch, length, in) -> (batch, length, out).

    It is run as a picture of height 1 with its channels last, twice as quick on a CPU as
    the one-dimensional kernel.
    """

    def __init__(self, width: int, channels: int, size: int, generator: torch.Generator) -> None:
        super().__init__()
        self.size = size
        weight = torch.rand(channels, width, 1, size, generator=generator) * 2 - 1
        self.weight = nn.Parameter(weight * (width * size) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """sum_i x[:, t + i] W_i + b."""
        picture = x.unsqueeze(1).permute(0, 3, 1, 2)
        weight = self.weight.contiguous(memory_format=torch.channels_last)
        convolved = nn.functional.conv2d(picture, weight, self.bias, padding=(0, self.size // 2))
        return convolved.permute(0, 2, 3, 1).squeeze(1)
