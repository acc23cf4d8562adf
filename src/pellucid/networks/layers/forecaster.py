"""A network that forecasts: classical ways weighed, and corrected by what was learnt."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pellucid.networks.layers.dropout import Dropout
from pellucid.networks.layers.ensemble import EnsembleLinear, EnsembleScale, Linear
from pellucid.networks.layers.input import Tensors
from pellucid.networks.layers.smoothing import Smoothings, filled

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
LOWEST, MIDDLE, HIGHEST = 0, 2, 4  # the places of the median and of the ends of the bands
MIXTURE, SMOOTHED, LATELY = 5, 6, 7  # behind them: the grounds, and how the past changed lately
SMALL = 0.1  # of a usual first weight: the network starts where the classical ways are
HIDDEN = 64
EFFECTS = 16  # hidden units of what known columns do at each step


@dataclass(frozen=True)
class Shape:
    """What a forecaster reads and gives."""

    length: int
    horizon: int
    seasons: tuple[int, ...]
    known: int  # columns that are known ahead


class Forecaster(nn.Module):
    """Hidden layers and the past -> quantiles of the next values, and the grounds it stands on.

    (members, batch, horizon, 5 + 3): the grounds are the mixture of classical ways that it starts
    from, and exponential smoothing alone; then how much the past changed lately. The past is taken
    in units of its own seasonal change, less its latest level (NLinear, Zeng et al. 2023). What
    known columns do at each step is taken off before classical ways look at the past, and put on
    again for the steps to come. A mixture of these ways and of exponential smoothing fitted to the
    window, one for each step, is corrected by a linear map of the past and by hidden layers; both
    start near nothing. Its bands are as wide as the past changed lately, times what is learnt.
    """

    ground: Tensor

    def __init__(
        self,
        shape: Shape,
        key: str,
        sizes: tuple[int, int],
        start: tuple[Tensor, Tensor],
        generator: torch.Generator,
    ) -> None:
        """`sizes`: members and width; `start`: log-weights of the ways, widths (horizon, 2)."""
        super().__init__()
        members, width = sizes
        self.key, self.shape = key, shape
        self.smoothings = Smoothings(shape.length, shape.horizon, shape.seasons)
        self.register_buffer("ground", start[0].softmax(0))
        first = start[0][None, :, None].repeat(members, 1, shape.horizon)
        noise = torch.randn(first.shape, generator=generator)
        self.weights = nn.Parameter(first + SMALL * noise)
        self.linear = nn.Parameter(torch.zeros(shape.length, shape.horizon))
        self.past = Linear(shape.length, HIDDEN, generator)
        self.scale = EnsembleScale(members, HIDDEN, generator)
        self.dropout = Dropout(0.1)
        self.correction = EnsembleLinear(
            members, width + HIDDEN, shape.horizon * len(QUANTILES), generator
        )
        self.effects = Effects(shape.known, generator) if shape.known else None
        inner, outer = start[1].unbind(1)
        steps = torch.stack([outer - inner, inner, inner, outer - inner], 1).clamp(min=1e-3)
        self.spreads = nn.Parameter(steps + torch.log(-torch.expm1(-steps)))  # softplus undone
        with torch.no_grad():
            self.correction.weight.mul_(SMALL)
            self.correction.bias.zero_()

    def forward(self, hidden: Tensor, raw: Tensors, answer: Tensor | None = None) -> Tensor:
        """Quantiles in the target's own units; with the answer, sums of losses and counts."""
        past, unit = raw[f"{self.key}.past"], raw[f"{self.key}.unit"]
        whole = filled(past, self.shape.seasons)
        level = whole[:, -1:]
        x = ((whole - level) / unit).clamp(-1e3, 1e3)  # (batch, length)
        fitted = ((raw[f"{self.key}.smoothed"] - level) / unit).clamp(-1e3, 1e3).unsqueeze(1)
        ground = torch.einsum("w,bwh->bh", self.ground, torch.cat([self.smoothings(x), fitted], 1))
        ahead = torch.zeros(1)
        if self.effects is not None:
            effect = self.effects(raw[f"{self.key}.known"])  # (batch, length + horizon)
            effect = effect - effect[:, : self.shape.length].mean(1, keepdim=True)
            x = x - effect[:, : self.shape.length]
            ahead = effect[:, self.shape.length :]
        ways = torch.cat([self.smoothings(x), fitted], 1)  # (batch, ways, horizon)
        mixed = torch.einsum("mwh,bwh->mbh", self.weights.softmax(1), ways)
        seen = x - x[:, -1:]
        near = seen * torch.rsqrt(1 + (seen / 8).square())
        own = self.scale(self.dropout(self.past(near).relu()))
        found = self.correction(torch.cat([hidden, own], 2))
        found = found.unflatten(2, (self.shape.horizon, len(QUANTILES)))
        middle = mixed + near @ self.linear + found[..., MIDDLE] + ahead
        scale = raw[f"{self.key}.lately"]  # (batch, 1)
        z = _quantiles(middle, self.spreads, found, (scale / unit).clamp(1e-3, 1e3))
        if answer is not None:
            return _losses(z, answer[:, : self.shape.horizon], level, unit)
        grounds = torch.stack([ground, fitted.squeeze(1)], -1).expand(len(z), -1, -1, -1)
        both = torch.cat([z, grounds], -1) * unit.unsqueeze(-1) + level.unsqueeze(-1)
        lately = scale.unsqueeze(-1).expand(*both.shape[:-1], 1)
        return torch.cat([both, lately], -1)


class Effects(nn.Module):
    """What known columns do at a step: (batch, steps, columns) -> (batch, steps)."""

    def __init__(self, columns: int, generator: torch.Generator) -> None:
        super().__init__()
        self.hidden = Linear(columns, EFFECTS, generator)
        self.plain = Linear(columns, 1, generator)
        self.output = Linear(EFFECTS, 1, generator)
        with torch.no_grad():
            self.output.weight.mul_(SMALL)
            self.plain.weight.zero_()

    def forward(self, known: Tensor) -> Tensor:
        """A line and a small hidden layer, the same at every step."""
        known = known.nan_to_num(0.0)
        effect: Tensor = self.output(self.hidden(known).relu()) + self.plain(known)
        return effect.squeeze(-1)


class Bands(nn.Module):
    """The last step of a forecast: how far to leave its ground, and how wide its bands are.

    They are as wide as the past changed lately, times a width for each step; or, where that is
    clearly better, those that were learnt, stretched.
    """

    share: Tensor
    grounds: Tensor
    stretch: Tensor
    width: Tensor
    learnt: Tensor

    def __init__(self, horizon: int) -> None:
        super().__init__()
        self.register_buffer("share", torch.ones(1))
        self.register_buffer("grounds", torch.tensor([1.0, 0.0]))
        self.register_buffer("stretch", torch.ones(1))
        self.register_buffer("width", torch.ones(horizon, 2))
        self.register_buffer("learnt", torch.ones(1))

    def forward(self, linear: Tensor, trees: Tensor, table: Tensor, deep: Tensor) -> Tensor:
        """Outputs of a forecaster (batch, horizon, 5 + 3) -> quantiles (batch, horizon, 5)."""
        quantiles = deep[..., : len(QUANTILES)]
        ground = (deep[..., MIXTURE : SMOOTHED + 1] * self.grounds).sum(-1, keepdim=True)
        middle = quantiles[..., MIDDLE : MIDDLE + 1]
        moved = ground + (middle - ground) * self.share
        inner, outer = self.width.unsqueeze(-1).unbind(1)
        usual = torch.cat([-outer, -inner, 0 * inner, inner, outer], -1) * deep[..., LATELY:]
        own = (quantiles - middle) * self.stretch
        return moved + usual + (own - usual) * self.learnt


def _quantiles(middle: Tensor, spreads: Tensor, found: Tensor, scale: Tensor) -> Tensor:
    """The median and how far the other quantiles lie from it, step by step outwards."""
    others = [place for place in range(len(QUANTILES)) if place != MIDDLE]
    size = nn.functional.softplus(spreads + found[..., others].clamp(-3, 3)) * scale.unsqueeze(-1)
    low = middle.unsqueeze(-1) - size[..., :MIDDLE].flip(-1).cumsum(-1).flip(-1)
    high = middle.unsqueeze(-1) + size[..., MIDDLE:].cumsum(-1)
    return torch.cat([low, middle.unsqueeze(-1), high], -1)


def _losses(z: Tensor, answer: Tensor, level: Tensor, unit: Tensor) -> Tensor:
    """(members, batch, 2): pinball losses in units of the past's change, and how many."""
    true = ((answer - level) / unit).clamp(-1e3, 1e3)
    known = ~true.isnan()
    error = true.nan_to_num(0.0).unsqueeze(-1) - z
    levels = torch.tensor(QUANTILES)
    pinball = torch.maximum(levels * error, (levels - 1) * error).mean(-1) * known
    count = known.sum(1).expand(z.shape[:2])
    return torch.stack([2 * pinball.sum(2), count], -1)
