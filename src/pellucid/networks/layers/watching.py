"""Pairs of frames of a film to one vector: what a network sees, and what statistics tell of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from pellucid.networks.layers.augmentation import PictureAugmentation
from pellucid.networks.layers.convolution import PictureEncoder
from pellucid.networks.layers.ensemble import Linear
from pellucid.networks.layers.input import Encoder
from pellucid.networks.layers.randomness import RandomLayer

HEADS = 4
COLOUR_BINS, DIRECTIONS = 8, 8
MOVED = (4.0, 8.0, 16.0, 32.0, 64.0, 128.0)  # levels of 256 by which a place has changed
FARTHEST = 5.0


class Watching(nn.Module):
    """Pairs of neighbouring frames (n, moments, 2, height, width, 3) uint8 -> (n, `width`).

    At each moment the network sees the colours and how they have changed since the frame before;
    attention decides which moments count.
    """

    mean: Tensor
    spread: Tensor
    change: Tensor

    def __init__(
        self, moments: int, side: int, encoder: Encoder, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.shrink, self.mirror = encoder.shrink_of(side), encoder.mirror
        for name, start in (("mean", 0.0), ("spread", 1.0), ("change", 1.0)):
            self.register_buffer(name, torch.full((1, 1, 3, 1, 1), start))
        self.choice = MomentChoice()
        self.augmentation = PictureAugmentation(encoder.mirror, encoder.distort)
        self.encoder = PictureEncoder(6, side // self.shrink, encoder, generator)
        self.attention = TemporalAttention(moments, self.encoder.width, generator)
        self.width = self.attention.width

    def forward(self, frames: Tensor) -> Tensor:
        """Encode each moment, then attend to all of them; mirrored as well when predicting."""
        frames, moments = self.choice(frames)
        x = self._views(frames)
        x = self.augmentation(x.flatten(1, 2))  # one and the same way for a whole film
        x = x.unflatten(1, (-1, 6)).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        seen = self._seen(x, moments)
        if self.mirror and not self.training:
            seen = (seen + self._seen(x.flip(3), moments)) / 2
        return seen

    def _seen(self, x: Tensor, moments: Tensor) -> Tensor:
        vectors = nn.functional.layer_norm(self.encoder(x), (self.encoder.width,))
        return self.attention(vectors.unflatten(0, (-1, moments.shape[-1])), moments)

    def _views(self, frames: Tensor) -> Tensor:
        """Colours and their change in standard units: (n, moments, 6, height, width)."""
        pixels = frames.permute(0, 1, 2, 5, 3, 4).float()  # (n, moments, 2, 3, height, width)
        if self.shrink > 1:
            small = nn.functional.avg_pool2d(pixels.flatten(0, 3), self.shrink)
            pixels = small.unflatten(0, pixels.shape[:4])
        before, now = pixels[:, :, 0], pixels[:, :, 1]
        return torch.cat([(now - self.mean) / self.spread, (now - before) / self.change], 2)


class MomentChoice(RandomLayer):
    """Every second moment of each film, the even or the odd ones, while training; otherwise all.

    So a step costs half, and a film never looks the same twice (Wang et al. 2016 draw likewise).
    """

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """(n, moments, …) -> the chosen frames, and which moments they are (n or 1, chosen)."""
        count, of = frames.shape[:2]
        if not self.training:
            return frames, torch.arange(of).unsqueeze(0)
        first = torch.randint(0, 2, (count, 1), generator=self.generator)
        chosen = (2 * torch.arange(-(-of // 2)) + first).clamp(max=of - 1)
        return frames[torch.arange(count).unsqueeze(1), chosen], chosen


class TemporalAttention(nn.Module):
    """Vectors of moments (n, moments, width) -> (n, 2 * width): weighted and plain mean.

    Each moment first takes in the others by self-attention (Vaswani et al. 2017), then a learnt
    query weighs them.
    """

    def __init__(self, moments: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.randn(moments, width, generator=generator) * 0.02)
        self.ask = Linear(width, 3 * width, generator)
        self.tell = Linear(width, width, generator)
        self.query = nn.Parameter(torch.zeros(width))
        self.width = 2 * width

    def forward(self, x: Tensor, moments: Tensor) -> Tensor:
        """x + attention(x), pooled; `moments` (n or 1, moments) says which ones x holds."""
        asked = (
            self.ask(x + self.place[moments]).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        )
        heard = nn.functional.scaled_dot_product_attention(asked[0], asked[1], asked[2])
        x = x + self.tell(heard.transpose(1, 2).flatten(2))
        weight = (x @ self.query / math.sqrt(self.width)).softmax(1).unsqueeze(2)
        return torch.cat([(x * weight).sum(1), x.mean(1)], 1)


class FilmStatistics(nn.Module):
    """Pairs of frames (n, moments, 2, height, width, 3) uint8 -> (n, `features`).

    How much of the picture has each level of each colour; how much of it changes by more than so
    many levels, and in which directions edges move: mean, largest and deviation over the moments.
    """

    edges: Tensor
    moved: Tensor
    direction: Tensor
    features = 3 * COLOUR_BINS + 3 * len(MOVED) + 3 * DIRECTIONS

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("edges", torch.arange(COLOUR_BINS) * (256 / COLOUR_BINS))
        self.register_buffer("moved", torch.tensor(MOVED))
        angle = torch.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)
        self.register_buffer("direction", torch.stack([angle.cos(), angle.sin()]))

    def forward(self, frames: Tensor) -> Tensor:
        """Colour histogram, motion histogram, motion by direction."""
        pixels = frames.permute(0, 1, 2, 5, 3, 4).flatten(0, 2).float()
        small = nn.functional.avg_pool2d(pixels, 2, ceil_mode=True)
        small = small.unflatten(0, frames.shape[:3])  # (n, moments, 2, 3, height, width)
        return torch.cat([self._colours(small[:, :, 1]), self._motion(small.mean(3))], 1)

    def _colours(self, x: Tensor) -> Tensor:
        """Share of each colour's values in each bin: (n, 3 * bins)."""
        above = torch.stack([(x >= edge).float().mean((1, 3, 4)) for edge in self.edges], 2)
        below = nn.functional.pad(above[..., 1:], (0, 1))
        return (above - below).flatten(1)

    def _motion(self, grey: Tensor) -> Tensor:
        """(n, moments, 2, height, width) -> mean, largest and deviation over the moments."""
        change = grey[:, :, 1] - grey[:, :, 0]
        shares = torch.stack([(change.abs() > m).float().mean((2, 3)) for m in self.moved], 2)
        now = nn.functional.pad(grey[:, :, 1], (1, 1, 1, 1))
        across = now[:, :, 1:-1, 2:] - now[:, :, 1:-1, :-2]
        down = now[:, :, 2:, 1:-1] - now[:, :, :-2, 1:-1]
        steep = (across.square() + down.square() + 100).sqrt()
        # An edge moves along its own slope, against the change that it brings about.
        along = torch.stack([-change * across / steep, -change * down / steep], -1) @ self.direction
        flow = along.clamp(min=0).mean((2, 3)).log1p()  # (n, moments, directions)
        values = torch.cat([shares, flow], 2)
        spread = (values - values.mean(1, keepdim=True)).square().mean(1).add(1e-8).sqrt()
        return torch.cat([values.mean(1), values.amax(1), spread], 1)


class StandardStatistics(nn.Module):
    """Statistics in standard units, cut where they say no more."""

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FilmStatistics.features))
        self.register_buffer("spread", torch.ones(FilmStatistics.features))

    def forward(self, x: Tensor) -> Tensor:
        """(x - mean) / spread."""
        return ((x - self.mean) / self.spread).clamp(-FARTHEST, FARTHEST)
