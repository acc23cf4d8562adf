"""How far a forecast leaves the classical ways, and how wide its bands are, settled on windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from pellucid.kinds.contract import Array
from pellucid.kinds.smoothing import exponential_smoothing, in_season
from pellucid.networks.layers import Smoothings
from pellucid.networks.layers.forecaster import (
    HIGHEST,
    LATELY,
    LOWEST,
    MIDDLE,
    MIXTURE,
    SMOOTHED,
    Shape,
)
from pellucid.networks.layers.smoothing import filled

GROUNDS = (0.5, 1.0, 0.0)  # how much of the ground is the mixture, the rest is smoothing
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the way from the ground to what was learnt
CARE = 0.5  # standard errors that something must be better by, to be taken instead of the usual
FEWEST = 0.25  # stretches of time beside the first, where windows reach over no more than one
SHARPNESS = 10.0  # how much better ways of forecasting are weighed at first
INNER, NOMINAL = 0.5, 0.8  # what the bands should cover


@dataclass(frozen=True)
class Came:
    """What came in windows: values (rows, horizon), units (rows,), the moment of each (rows,)."""

    true: Array
    unit: Array
    moment: Array


def weighed(
    past: Array, answers: Array, scales: tuple[Array, Array], shape: Shape
) -> tuple[Array, Array]:
    """Log-weights of the classical ways by their errors, and how far off half of them are.

    `scales`: the unit of each row and how it changed lately. The second is (horizon, 2): what half
    and four fifths of the errors stay below, in parts of the change lately, of a forecast half by
    the mixture and half by exponential smoothing.
    """
    ways = Smoothings(shape.length, shape.horizon, shape.seasons)
    whole = filled(torch.tensor(past).float(), shape.seasons)
    season = in_season(shape.seasons, shape.length)
    fitted = exponential_smoothing(whole.double().numpy(), shape.horizon, season, quick=True)
    unit = torch.tensor(scales[0]).float()[:, None]
    with torch.inference_mode():
        last = torch.tensor(fitted).float()[:, None] - whole[:, -1:, None]
        outputs = torch.cat([ways(whole - whole[:, -1:]), last], 1) / unit.unsqueeze(2)
        true = ((torch.tensor(answers) - whole[:, -1:].double()).float()) / unit
        errors = (outputs - true[:, None]).abs().nanmean((0, 2))
        weights = -SHARPNESS * (errors / errors.min().clamp(min=1e-6) - 1).clamp(max=2)
        mixed = torch.einsum("w,bwh->bh", weights.softmax(0), outputs)
        off = (true - (mixed + outputs[:, -1]) / 2) * unit
    scores = np.abs(off.numpy()) / scales[1][:, None]
    return weights.numpy(), _quantiles(scores, (INNER, NOMINAL)).clip(1e-3, 1e3)


def settled(output: Array, came: Came, spread: Array) -> dict[str, Tensor]:
    """The state of the layer of bands.

    The usual forecast is half the mixture and half exponential smoothing, its bands those of all
    windows known so far, in parts of what changed lately. Windows to choose on are few and close
    to each other: something else is taken where it is better there by `CARE` standard errors, over
    stretches of time as long as the horizon.
    """
    share, part, error = _answer(output, came)
    return {
        "share": torch.tensor([share]),
        "grounds": torch.tensor([part, 1 - part]),
        **_bands(output, came, error, spread),
    }


def _answer(output: Array, came: Came) -> tuple[float, float, Array]:
    """How far to go to what was learnt, how much of the ground is the mixture; what is left."""
    mixture, smoothed = output[..., MIXTURE], output[..., SMOOTHED]
    tried = list(product(SHARES, GROUNDS))
    errors = []
    for share, part in tried:
        ground = part * mixture + (1 - part) * smoothed
        errors.append(came.true - ground - share * (output[..., MIDDLE] - ground))
    chosen = _usual_or_better([np.abs(error) / came.unit[:, None] for error in errors], came)
    share, part = tried[chosen]
    return share, part, errors[chosen]


def _bands(output: Array, came: Came, error: Array, spread: Array) -> dict[str, Tensor]:
    """The usual bands, as much wider as the answer errs more than the usual; or the learnt ones."""
    middle, scale = output[..., MIDDLE], output[..., LATELY]
    half = (output[..., MIXTURE] + output[..., SMOOTHED]) / 2
    usual = float(np.nanmean(np.abs(came.true - half) / scale))
    ratio = np.nanmean(np.abs(error) / scale) / max(usual, 1e-12)
    width = spread * np.clip(ratio, 0.2, 5.0)
    wide = width[:, 1] * scale

    high, low = output[..., HIGHEST] - middle, middle - output[..., LOWEST]
    scores = np.where(error > 0, error / np.maximum(high, 1e-12), -error / np.maximum(low, 1e-12))
    stretch = np.clip(_quantiles(scores.reshape(-1, 1), (NOMINAL,))[0, 0], 0.2, 5.0)

    each = ((wide, wide), (low * stretch, high * stretch))
    losses = [_interval_loss(error, bands) / came.unit[:, None] for bands in each]
    return {
        "stretch": torch.tensor([float(stretch)]),
        "width": torch.tensor(width).float(),
        "learnt": torch.tensor([float(_usual_or_better(losses, came))]),
    }


def _usual_or_better(losses: Sequence[Array], came: Came) -> int:
    """The first whose loss is hardly above that of the best: losses (rows, horizon) of each."""
    known = np.isfinite(came.true).any(1)
    moments, place = np.unique(came.moment[known], return_inverse=True)
    counts = np.bincount(place)
    rows = [np.nanmean(each[known], 1) for each in losses]
    means = np.array([each.mean() for each in rows])
    best = int(means.argmin())
    others = max(len(moments) / came.true.shape[1] - 1, FEWEST)  # stretches beside the first
    for each, own in enumerate(rows):
        difference = np.bincount(place, own - rows[best]) / counts
        error = difference.std() / np.sqrt(others) if len(moments) > 1 else np.inf
        if means[each] - means[best] <= CARE * error:
            return each
    return best


def _interval_loss(error: Array, width: tuple[Array, Array]) -> Array:
    """How wide bands are, and how far values lie beyond them (Winkler 1972)."""
    low, high = width
    beyond = np.maximum(-low - error, 0) + np.maximum(error - high, 0)
    return np.asarray(low + high + 2 / (1 - NOMINAL) * beyond)


def _quantiles(scores: Array, levels: Sequence[float]) -> Array:
    """(columns, levels) of scores (rows, columns), NaN left out, as conformal prediction counts."""
    found = np.ones((scores.shape[1], len(levels)))
    for column, own in enumerate(scores.T):
        known = np.sort(own[np.isfinite(own)])
        for place, level in enumerate(levels if len(known) else ()):
            rank = min(int(np.ceil((len(known) + 1) * level)), len(known)) - 1
            found[column, place] = known[rank]
    return found
