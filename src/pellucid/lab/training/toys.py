"""Points of two colours in the plane: small problems on which learning can be seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import UsageError

Points = NDArray[np.float64]  # (rows, 2)
ROWS = 300  # a third of them is held out
REACH = 6.0  # the plane is shown from -REACH to REACH


def points(name: str, noise: float, seed: int) -> tuple[Points, NDArray[np.float64]]:
    """The points and their colours, -1 and 1."""
    if name not in TOYS:
        raise UsageError(f"No data are called {name!r}; there are {', '.join(TOYS)}.")
    random = np.random.default_rng(seed)
    places, colours = TOYS[name](random)
    return places + random.normal(0, 1, places.shape) * noise, colours


def _colours() -> NDArray[np.float64]:
    return np.where(np.arange(ROWS) % 2, 1.0, -1.0)


def _clouds(random: np.random.Generator) -> tuple[Points, NDArray[np.float64]]:
    colours = _colours()
    return random.normal(0, 1, (ROWS, 2)) + 2.2 * colours[:, None], colours


def _circle(random: np.random.Generator) -> tuple[Points, NDArray[np.float64]]:
    colours = _colours()
    radius = np.where(colours > 0, random.uniform(0, 2.2, ROWS), random.uniform(3.4, 5, ROWS))
    angle = random.uniform(0, 2 * np.pi, ROWS)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), colours


def _corners(random: np.random.Generator) -> tuple[Points, NDArray[np.float64]]:
    places = random.uniform(-5, 5, (ROWS, 2))
    places += 0.35 * np.sign(places)  # a gap between the corners
    return places, np.sign(places[:, 0] * places[:, 1])


def _moons(random: np.random.Generator) -> tuple[Points, NDArray[np.float64]]:
    colours = _colours()
    angle = random.uniform(0, np.pi, ROWS)
    upper = np.stack([3.2 * np.cos(angle) - 1.4, 3.2 * np.sin(angle) - 0.9], 1)
    lower = np.stack([1.4 - 3.2 * np.cos(angle), 0.9 - 3.2 * np.sin(angle)], 1)
    return np.where(colours[:, None] > 0, upper, lower), colours


def _spiral(random: np.random.Generator) -> tuple[Points, NDArray[np.float64]]:
    colours = _colours()
    share = np.sqrt(random.uniform(0.01, 1, ROWS))
    angle = share * 3.3 * np.pi + np.where(colours > 0, 0, np.pi)
    return 5 * share[:, None] * np.stack([np.sin(angle), np.cos(angle)], 1), colours


TOYS: dict[str, Callable[[np.random.Generator], tuple[Points, NDArray[np.float64]]]] = {
    "clouds": _clouds,
    "circle": _circle,
    "corners": _corners,
    "moons": _moons,
    "spiral": _spiral,
}
