"""A sequence of tokens to one vector: convolutions of three widths and two ways of pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.networks.layers.dropout import Dropout
from pellucid.networks.layers.embedding import Embedding

KERNELS = (1, 3, 5)


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
            nn.utils.skip_init(nn.Conv1d, embedding, channels, size, padding=size // 2)
            for size in KERNELS
        )
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv1d)
            bound = (embedding * convolution.kernel_size[0]) ** -0.5
            nn.init.uniform_(convolution.weight, -bound, bound, generator=generator)
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
        self.width = 2 * len(KERNELS) * channels
        self.attention = nn.Parameter(torch.zeros(len(KERNELS) * channels))
        self.norm = nn.LayerNorm(self.width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Pool the convolved tokens: (batch, length) -> (batch, width)."""
        if self.training:
            tokens = tokens * (self.word_dropout.mask(tokens.float()) > 0)
        real = tokens > 0  # (batch, length)
        vectors = self.dropout(self.embedding(tokens)) * real.unsqueeze(-1)
        vectors = vectors.transpose(1, 2)  # (batch, embedding, length)
        hidden = torch.cat([convolve(vectors) for convolve in self.convolutions], 1)
        hidden = nn.functional.gelu(hidden)  # (batch, channels of all sizes, length)
        scores = (hidden * self.attention.unsqueeze(-1)).sum(1)
        weights = scores.masked_fill(~real, -1e9).softmax(-1)  # (batch, length)
        mean = torch.bmm(hidden, weights.unsqueeze(-1)).squeeze(-1)
        highest = hidden.masked_fill(~real.unsqueeze(1), -1e9).amax(-1)
        highest = torch.where(real.any(-1, keepdim=True), highest, 0.0)
        return self.norm(torch.cat([mean, highest], 1))
