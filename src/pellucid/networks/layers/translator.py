"""From what was read to a text: an encoder, a decoder, and the search for the best ending."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from pellucid.networks.layers.beam import BEGIN, best_text
from pellucid.networks.layers.dropout import Dropout
from pellucid.networks.layers.embedding import Embedding
from pellucid.networks.layers.ensemble import Linear
from pellucid.networks.layers.input import Tensors
from pellucid.networks.layers.normalisation import BatchNorm
from pellucid.networks.layers.transformer import Cache, DecoderBlock, EncoderBlock
from pellucid.networks.layers.vocabulary import token_losses

SMOOTHING = 0.1
AT_ONCE = 64  # rows that are written together
Memory = tuple[list[Cache], Tensor]  # keys and values for each block, and where they are real


class Translator(nn.Module):
    """Subwords of the source -> encoder -> decoder -> subwords of the target.

    Before the source stands the members' mean of the hidden layers, through which every other kind
    of input speaks. One table of vectors serves the source, the target and the output (Press and
    Wolf 2017).
    """

    def __init__(
        self,
        tokens: int,
        key: str,
        sizes: tuple[int, int, int, int],
        generator: torch.Generator,
        alone: bool = False,
    ) -> None:
        """`key` names the raw source.

        `sizes`: of the hidden layers, a vector; how much is written where no end comes, at least
        (more where much is read) and at most. `alone`: nothing is read but the hidden layers; what
        tells one row from another is then brought out of what all have in common.
        """
        super().__init__()
        hidden, width, self.least, self.longest = sizes
        self.key, self.beams = key, 4
        self.embedding = Embedding(tokens, width, generator)
        self.context = Linear(hidden, width, generator)
        self.contrast = BatchNorm(width) if alone else nn.Identity()
        heads = max(1, width // 32)
        self.encoder = nn.ModuleList(EncoderBlock(width, heads, 0.1, generator) for _ in range(3))
        self.decoder = nn.ModuleList(DecoderBlock(width, heads, 0.1, generator) for _ in range(3))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.dropout = Dropout(0.1)

    def forward(self, hidden: Tensor, raw: Tensors, answer: Tensor | None = None) -> Tensor:
        """(1, batch, 1 + length): the mean log-probability of the tokens, then the tokens.

        With the answer: of each row the loss summed over its tokens and how many these are.
        """
        if answer is None:
            return self._written(hidden, raw[self.key]).unsqueeze(0)
        memory = self.remember(hidden, raw[self.key])
        real = answer > 0  # the output layer is most of the work: none for padding
        x = self.decode(memory, answer)[real]
        if self.training:
            losses = token_losses(x, self.embedding.weight, answer[real], SMOOTHING)
        else:
            logits = x @ self.embedding.weight.T
            losses = nn.functional.cross_entropy(logits, answer[real], reduction="none")
        summed = losses.new_zeros(len(answer)).index_add(0, real.nonzero()[:, 0], losses)
        return torch.stack([summed, real.sum(1)], 1).unsqueeze(0)

    def _written(self, hidden: Tensor, source: Tensor) -> Tensor:
        """The best text of each row, a few rows at a time: (batch, 1 + length).

        What many rows at once need does not stay near the processor: 1,000 took six times as long.
        """
        longest = min(max(self.least, int(1.8 * source.shape[1]) + 8), self.longest)
        if len(source) <= AT_ONCE:
            return self.write(self.remember(hidden, source), longest)
        parts = zip(hidden.split(AT_ONCE, 1), source.split(AT_ONCE), strict=True)
        written = [self.write(self.remember(*part), longest) for part in parts]
        most = max(part.shape[1] for part in written)
        return torch.cat([nn.functional.pad(part, (0, most - part.shape[1])) for part in written])

    def remember(self, hidden: Tensor, source: Tensor) -> Memory:
        """What the decoder looks at: of hidden (members, batch, width), source (batch, length)."""
        others = self.contrast(self.context(hidden.mean(0))).unsqueeze(1)
        x = torch.cat([others, self._vectors(source)], 1)
        real = nn.functional.pad(source > 0, (1, 0), value=True)
        mask = real[:, None, None]
        x = self.dropout(x)
        for block in self.encoder:
            x = block(x, mask)
        x = self.norms[0](x)
        return [cast(DecoderBlock, block).across.remember(x) for block in self.decoder], mask

    def decode(self, memory: Memory, answer: Tensor) -> Tensor:
        """The decoder's vectors before each token of the answer: (batch, length, width)."""
        begun = torch.cat([torch.full_like(answer[:, :1], BEGIN), answer[:, :-1]], 1)
        x = self.dropout(self._vectors(begun))
        caches, mask = memory
        for block, cache in zip(self.decoder, caches, strict=True):
            x = block(x, cache, mask)
        return self.norms[1](x)

    def surenesses(self, memory: Memory, answer: Tensor) -> Tensor:
        """The log-probability of each token of one answer (1, length): (batch, length)."""
        each = answer.expand(len(memory[1]), -1)
        return self._logs(self.decode(memory, each)).gather(2, each.unsqueeze(2)).squeeze(2)

    def looks(self, memory: Memory, answer: Tensor) -> Tensor:
        """Where the last but one block looks before each token: (batch, length, memory)."""
        begun = torch.cat([torch.full_like(answer[:, :1], BEGIN), answer[:, :-1]], 1)
        x = self._vectors(begun)
        caches, mask = memory
        *before, looking, _ = [cast(DecoderBlock, block) for block in self.decoder]
        for block, cache in zip(before, caches, strict=False):
            x = block(x, cache, mask)
        near = looking.norms[0](x)
        x = x + looking.itself(near, looking.itself.remember(near), causal=True)
        return looking.across.weights(looking.norms[1](x), caches[-2], mask)

    def write(self, memory: Memory, longest: int) -> Tensor:
        """The best text of each row, by its mean log-probability a token: (batch, 1 + length)."""
        caches, mask = memory
        pasts: list[Cache | None] = [None] * len(caches)
        place = 0

        def step(tokens: Tensor, rows: Tensor) -> Tensor:
            nonlocal place
            x = self._vectors(tokens.unsqueeze(2), place).squeeze(2)
            for layer, (block, cache) in enumerate(zip(self.decoder, caches, strict=True)):
                past = pasts[layer]
                kept = None if past is None else (past[0][rows], past[1][rows])
                x, pasts[layer] = cast(DecoderBlock, block).step(x, kept, cache, mask)
            place += 1
            return self._logs(self.norms[1](x))

        return best_text(step, len(mask), self.beams, longest)

    def _logs(self, x: Tensor) -> Tensor:
        return (x @ self.embedding.weight.T).log_softmax(-1)

    def _vectors(self, tokens: Tensor, first: int = 0) -> Tensor:
        """Of each token its own vector and that of its place, (…, length) -> (…, length, width)."""
        width = self.embedding.weight.shape[1]
        places = torch.arange(first, first + tokens.shape[-1], dtype=torch.float32)
        rate = torch.exp(torch.arange(0, width, 2) * (-9.21 / width))  # 1 to 1/10,000
        angle = places.unsqueeze(1) * rate
        waves = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)
        return self.embedding(tokens) * width**0.5 + waves
