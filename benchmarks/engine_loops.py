"""The usual training and prediction loops, and how loops are timed against one another."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

ROWS, FEATURES, CLASSES = 20_000, 30, 4
LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Size:
    """Three hidden layers of `width`, batches of `batch` rows."""

    width: int
    batch: int

    def __str__(self) -> str:
        return f"3 x {self.width}, batch {self.batch}"


SIZES = (Size(256, 256), Size(64, 64))


def rows(seed: int = 0, count: int = ROWS) -> tuple[Tensor, Tensor]:
    """Numbers and the class that a fixed rule gives them."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(count, FEATURES, generator=generator)
    rule = torch.randn(FEATURES, CLASSES, generator=generator)
    return X, (X @ rule + X[:, :1] * X[:, 1:2]).argmax(1)


def network(width: int, seed: int = 0) -> nn.Sequential:
    """The same weights for the same seed; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for inputs in (FEATURES, width, width):
            layers += [nn.Linear(inputs, width), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(width, CLASSES))


def tutorial_epoch(model: nn.Module, X: Tensor, y: Tensor, batch: int) -> None:
    """One epoch as the PyTorch tutorial writes it."""
    loader = DataLoader(TensorDataset(X, y), batch_size=batch, shuffle=True)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    model.train()
    total = 0.0
    for inputs, target in loader:
        loss = loss_function(model(inputs), target)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total += loss.item()


def tutorial_predict(model: nn.Module, X: Tensor, batch: int = 64) -> Tensor:
    """Predictions as the PyTorch tutorial writes them."""
    model.eval()
    found = []
    with torch.no_grad():
        for (inputs,) in DataLoader(TensorDataset(X), batch_size=batch):
            found.append(model(inputs).argmax(1))
    return torch.cat(found)


def interleaved(
    loops: Mapping[str, Callable[[], None]], rounds: int = 5, clock: str = "process_time"
) -> dict[str, float]:
    """The median seconds of each loop; every loop runs once a round, the first round unmeasured."""
    now = getattr(time, clock)
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for round_number in range(rounds + 1):
        for name, loop in loops.items():
            start = now()
            loop()
            if round_number:
                seconds[name].append(now() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def tutorial_loop(size: Size) -> Callable[[], None]:
    """A fresh copy of the network through one epoch, each time it is called."""
    X, y = rows()
    model = network(size.width)
    return lambda: tutorial_epoch(copy.deepcopy(model), X, y, size.batch)
