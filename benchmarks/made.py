"""Tables that the benchmarks make from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]

NUMBERS = 10
LEVELS = {"shop": 4, "region": 12, "brand": 40}
PARTS = {"steps": 0.35, "corners": 0.2, "products": 0.15, "smooth": 0.15, "levels": 0.15}
NOISE = 1 / 3  # of the signal's deviation: the best possible R2 is 0.9


def steps_and_interactions(rows: int = 20_000, seed: int = 0) -> pl.DataFrame:
    """A regression table of the shape that trees like and networks find hard."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(rows, NUMBERS))
    codes = {name: generator.integers(0, levels, rows) for name, levels in LEVELS.items()}
    parts = {
        "steps": _steps(X, generator),
        "corners": _corners(X, generator),
        "products": X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3],
        "smooth": np.sin(2 * X[:, 4]) + np.exp(-(X[:, 5] ** 2)) + X[:, 6],
        "levels": _levels(X, codes, generator),
    }
    signal = sum(PARTS[name] ** 0.5 * _standard(part) for name, part in parts.items())
    target = signal + generator.normal(0, NOISE, rows) * np.std(signal)
    # The network never sees tidy normal numbers: some are skewed, some are counts.
    X[:, 3:6] = np.exp(X[:, 3:6])
    X[:, 6:8] = np.round(10 * X[:, 6:8])
    columns = {f"x{i}": X[:, i] for i in range(NUMBERS)}
    words = {name: [f"{name}{code}" for code in codes[name]] for name in LEVELS}
    return pl.DataFrame(columns | words | {"y": target})


def _standard(part: Array) -> Array:
    return np.asarray((part - part.mean()) / part.std())


def _steps(X: Array, generator: np.random.Generator) -> Array:
    """Jumps along single axes: three thresholds on every number."""
    total = np.zeros(len(X))
    for i in range(X.shape[1]):
        for threshold in generator.normal(size=3):
            total += generator.normal() * (X[:, i] > threshold)
    return total


def _corners(X: Array, generator: np.random.Generator) -> Array:
    """Jumps where two numbers pass their thresholds together."""
    total = np.zeros(len(X))
    for _ in range(12):
        i, j = generator.choice(X.shape[1], 2, replace=False)
        a, b = generator.normal(0, 0.7, 2)
        total += generator.normal() * ((X[:, i] > a) & (X[:, j] > b))
    return total


def _levels(X: Array, codes: dict[str, NDArray[np.int64]], generator: np.random.Generator) -> Array:
    """An effect of every level, and a slope that differs between the levels of one column."""
    total = np.zeros(len(X))
    for name, levels in LEVELS.items():
        total += generator.normal(size=levels)[codes[name]]
    return total + generator.normal(size=LEVELS["region"])[codes["region"]] * X[:, 7]


def small_mixed(rows: int = 1000, seed: int = 0) -> pl.DataFrame:
    """A class to predict from numbers, categories and gaps: a person's first table."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(rows, 8))
    city = generator.integers(0, 6, rows)
    plan = generator.integers(0, 3, rows)
    odds = X[:, 0] - X[:, 1] * X[:, 2] + np.abs(X[:, 3]) + 0.4 * city - 0.8 * plan
    left = odds + generator.logistic(0, 0.7, rows) > np.median(odds)
    numbers = {
        f"measure_{i}": np.where(generator.random(rows) < 0.03, np.nan, X[:, i]).round(4)
        for i in range(8)
    }
    frame = pl.DataFrame(numbers).fill_nan(None)
    return frame.with_columns(
        pl.Series("city", ["Aarhus", "Bilbao", "Cork", "Dresden", "Evora", "Faro"]).gather(city),
        pl.Series("plan", ["basic", "plus", "team"]).gather(plan),
        pl.Series("left", ["no", "yes"]).gather(left.astype(np.int64)),
    )


def large_batches(rows: int, seed: int = 0, size: int = 250_000) -> Iterator[pl.DataFrame]:
    """Slices of a table of 20 columns: 14 numbers, 3 counts, 2 categories, a date; and a class."""
    for start in range(0, rows, size):
        count = min(size, rows - start)
        generator = np.random.default_rng((seed, start))
        X = generator.normal(size=(count, 14))
        counts = generator.poisson((2, 10, 60), size=(count, 3))
        city, item = generator.integers(0, 50, count), generator.integers(0, 2000, count)
        day = generator.integers(0, 3650, count)
        signal = X[:, 0] + X[:, 1] * X[:, 2] + (X[:, 3] > 0.5) + 0.2 * counts[:, 0]
        signal += np.sin(city) + 0.5 * np.cos(item) + 0.0003 * day
        bought = signal + generator.logistic(0, 0.5, count) > 1.5
        columns: dict[str, object] = {f"x{i}": X[:, i].round(6) for i in range(14)}
        columns |= {f"count{i}": counts[:, i] for i in range(3)}
        frame = pl.DataFrame(columns).with_columns(
            pl.Series("city", [f"city-{i:02}" for i in range(50)]).gather(city),
            pl.Series("item", [f"item-{i:04}" for i in range(2000)]).gather(item),
            pl.Series("date", np.datetime64("2015-01-01") + day.astype("timedelta64[D]")),
        )
        yield frame.with_columns(pl.Series("bought", ["no", "yes"]).gather(bought.astype(np.int64)))


def write_large(path: Path, rows: int, seed: int = 0) -> None:
    """The table as CSV, a slice in memory at a time; an existing file is kept."""
    if path.exists():
        return
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        for number, frame in enumerate(large_batches(rows, seed)):
            frame.write_csv(file, include_header=number == 0)
    beside.replace(path)
