"""Attention over sequences: the blocks of an encoder and of a decoder (Vaswani et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.networks.layers.dropout import Dropout
from pellucid.networks.layers.ensemble import Linear

Cache = tuple[Tensor, Tensor]  # keys and values, (batch, heads, length, width of a head)


class Attention(nn.Module):
    """Several heads that look from one sequence at another, or at itself."""

    def __init__(self, width: int, heads: int, generator: torch.Generator) -> None:
        super().__init__()
        self.heads = heads
        self.query = Linear(width, width, generator)
        self.pair = Linear(width, 2 * width, generator)
        self.out = Linear(width, width, generator)

    def remember(self, memory: Tensor) -> Cache:
        """Keys and values of (batch, length, width)."""
        keys, values = self.pair(memory).chunk(2, -1)
        return self._split(keys), self._split(values)

    def forward(
        self, x: Tensor, cache: Cache, mask: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """What x (batch, length, width) finds; `mask` is True where it may look."""
        found = nn.functional.scaled_dot_product_attention(
            self._split(self.query(x)), *cache, attn_mask=mask, is_causal=causal
        )
        return self.out(found.transpose(1, 2).flatten(2))

    def weights(self, x: Tensor, cache: Cache, mask: Tensor) -> Tensor:
        """Where x looks, the mean over the heads: (batch, length of x, length of the memory)."""
        query, keys = self._split(self.query(x)), cache[0]
        scores = query @ keys.transpose(-1, -2) * keys.shape[-1] ** -0.5
        return scores.masked_fill(~mask, float("-inf")).softmax(-1).mean(1)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    """Two layers at each place by itself."""

    def __init__(self, width: int, inner: int, generator: torch.Generator) -> None:
        super().__init__()
        self.first = Linear(width, inner, generator)
        self.second = Linear(inner, width, generator)

    def forward(self, x: Tensor) -> Tensor:
        """relu(x W + b) W + b."""
        return self.second(self.first(x).relu())


class EncoderBlock(nn.Module):
    """Attention to oneself, then a feed-forward layer, each behind a normalisation."""

    def __init__(self, width: int, heads: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.attention = Attention(width, heads, generator)
        self.feed = FeedForward(width, 3 * width, generator)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, width); `mask` (batch, 1, 1, length) is True at real places."""
        near = self.norms[0](x)
        x = x + self.dropout(self.attention(near, self.attention.remember(near), mask))
        return x + self.dropout(self.feed(self.norms[1](x)))


class DecoderBlock(nn.Module):
    """Attention to what was written so far, to the memory, then a feed-forward layer."""

    def __init__(self, width: int, heads: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.itself = Attention(width, heads, generator)
        self.across = Attention(width, heads, generator)
        self.feed = FeedForward(width, 3 * width, generator)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, memory: Cache, mask: Tensor) -> Tensor:
        """All places at once, each of which sees those before it."""
        near = self.norms[0](x)
        x = x + self.dropout(self.itself(near, self.itself.remember(near), causal=True))
        x = x + self.dropout(self.across(self.norms[1](x), memory, mask))
        return x + self.dropout(self.feed(self.norms[2](x)))

    def step(
        self, x: Tensor, past: Cache | None, memory: Cache, mask: Tensor
    ) -> tuple[Tensor, Cache]:
        """One place of each of `beams` beginnings: x (batch, beams, width).

        `past` holds the keys and values of the places before, of (batch * beams); the memory is
        that of the rows.
        """
        batch, beams, _ = x.shape
        near = self.norms[0](x).flatten(0, 1).unsqueeze(1)
        keys, values = self.itself.remember(near)
        if past is not None:
            keys, values = torch.cat([past[0], keys], 2), torch.cat([past[1], values], 2)
        x = x + self.itself(near, (keys, values)).view(batch, beams, -1)
        x = x + self.across(self.norms[1](x), memory, mask)
        return x + self.feed(self.norms[2](x)), (keys, values)
