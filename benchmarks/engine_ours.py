"""pellucid's training loop beside the tutorial's, in a process of its own; prints JSON."""

from __future__ import annotations

# isort: off
import pellucid  # noqa: F401  sets the waiting policy, which must come before torch

# isort: on
import copy
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.engine_loops import (
    LEARNING_RATE,
    SIZES,
    Size,
    interleaved,
    network,
    rows,
    tutorial_loop,
    tutorial_predict,
)
from pellucid.store import Store
from pellucid.training.batches import Batches
from pellucid.training.budget import PROBE_STEPS, threads_set, threads_that_pay
from pellucid.training.descent import Schedule
from pellucid.training.fitting import predict
from pellucid.training.loop import train
from pellucid.training.optimizers import FlatAdamW
from pellucid.training.watch import Watch

CORES = 2
FEW = 1_000  # rows of a matrix product


def batch_losses(
    model: nn.Module, store: Store, size: Size, seed: int = 0
) -> tuple[int, Callable[[int], Tensor]]:
    """The number of steps in an epoch, and the loss of the batch of a step."""
    batches = Batches(torch.arange(store.height), size.batch, seed)

    def loss_of(step: int) -> Tensor:
        batch = store.batch(batches(step))
        return nn.functional.cross_entropy(model(batch["X"]), batch["y"])

    return batches.per_epoch, loss_of


def make_store() -> Store:
    """The benchmark's rows as the trainer keeps rows."""
    X, y = rows()
    return Store(len(X), {"X": X, "y": y}, {})


def schedule(steps: int) -> Schedule:
    """A constant step size over an epoch, no clipping: what the other loops do."""
    return Schedule(
        rate=LEARNING_RATE,
        steps=10 * steps,
        evaluate_every=10 * steps,
        patience=steps,
        warmup=0,
        decay=1e-2,
        clip=None,
        stop_at=steps,
    )


def trainer_loop(size: Size) -> Callable[[], None]:
    """An epoch by pellucid's own loop, looked on as when learning."""
    initial, store = network(size.width), make_store()

    def loop() -> None:
        model = copy.deepcopy(initial)
        steps, loss_of = batch_losses(model, store, size)
        watch = Watch(report=lambda descent, loss: None)
        train(model, loss_of, lambda: 0.0, schedule(steps), 0, watch)

    return loop


def bare_loop(size: Size) -> Callable[[], None]:
    """Forward, loss, backward and the flat optimizer step, nothing else."""
    initial, store = network(size.width), make_store()

    def loop() -> None:
        model = copy.deepcopy(initial)
        steps, loss_of = batch_losses(model, store, size)
        optimizer = FlatAdamW(model, 1e-2, None)
        for step in range(steps):
            loss_of(step).backward()
            optimizer.step(LEARNING_RATE)

    return loop


class OneMember(nn.Module):
    """The network in the shape that `predict` takes: named inputs, a list of outputs."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, tensors: dict[str, Tensor]) -> list[Tensor]:
        """(rows, features) to one output of (1, rows, classes)."""
        return [self.body(tensors["X"]).unsqueeze(0)]


def predict_loops(size: Size) -> dict[str, Callable[[], None]]:
    """The same network asked for every row, by the tutorial's loop and by pellucid's.

    `products` are the matrix products alone, which bound what any loop can reach.
    """
    store, model = make_store(), network(size.width)
    X, wanted, member = store.dense["X"], np.arange(store.height), OneMember(model).eval()
    weights = [layer.weight.t() for layer in model if isinstance(layer, nn.Linear)]
    values = [X[:FEW], *(torch.zeros(FEW, weight.shape[1]) for weight in weights)]

    def products() -> None:
        with torch.inference_mode():
            for _ in range(0, store.height, FEW):
                for x, weight, y in zip(values[:-1], weights, values[1:], strict=True):
                    torch.mm(x, weight, out=y)

    return {
        "tutorial": lambda: _done(tutorial_predict(model, X, size.batch)),
        "pellucid": lambda: _done(predict(member, store, wanted)),  # type: ignore[arg-type]
        "products": products,
    }


def _done(result: object) -> None:
    del result


def weight_difference(steps: int = 30, seed: int = 0) -> float:
    """The largest difference of a weight from plain torch and AdamW after 30 equal steps."""
    size = SIZES[0]
    ours, theirs = network(size.width, seed), network(size.width, seed)
    store = make_store()
    _, our_loss = batch_losses(ours, store, size)
    _, their_loss = batch_losses(theirs, store, size)
    train(ours, our_loss, lambda: 0.0, schedule(steps), 0, Watch())
    matrices = [p for p in theirs.parameters() if p.ndim > 1]
    vectors = [p for p in theirs.parameters() if p.ndim < 2]
    groups: list[dict[str, Any]] = [
        {"params": matrices},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, weight_decay=1e-2)
    for step in range(steps):
        their_loss(step).backward()
        optimizer.step()
        optimizer.zero_grad()
    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs)


def speed() -> dict[str, Any]:
    """Everything that is measured on one quiet thread."""
    torch.set_num_threads(1)
    epochs, predictions = {}, {}
    for size in SIZES:
        predictions[str(size)] = interleaved(predict_loops(size))
        loops = {
            "tutorial": tutorial_loop(size),
            "bare step": bare_loop(size),
            "pellucid": trainer_loop(size),
        }
        epochs[str(size)] = interleaved(loops)
    return {
        "epochs": epochs,
        "weight_difference": weight_difference(),
        "predictions": predictions,
    }


def busy() -> dict[str, dict[str, float]]:
    """Wall seconds of an epoch while others keep both cores busy.

    With one thread; with as many as pellucid chooses, the choosing included; and with two that
    nobody asked whether they pay.
    """
    others = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(CORES)]
    for other in others:
        other.start()
    try:
        return {str(size): _threads(size) for size in SIZES}
    finally:
        for other in others:
            other.terminate()


def _threads(size: Size) -> dict[str, float]:
    loop, probe = trainer_loop(size), probe_of(size)

    def with_threads(count: int) -> None:
        with threads_set(count):
            loop()

    def chosen() -> None:
        with_threads(threads_that_pay(probe, CORES)[0])

    loops = {
        "1 thread": partial(with_threads, 1),
        "pellucid": chosen,
        "2 threads": partial(with_threads, CORES),
    }
    return interleaved(loops, clock="perf_counter")


def probe_of(size: Size) -> Callable[[float | None], float]:
    """The seconds of a step, the median of a few, as the trainer's own probe takes it."""
    model = network(size.width)
    _, loss_of = batch_losses(model, make_store(), size)
    optimizer = FlatAdamW(model, 1e-2, None)

    def step_seconds(best: float | None) -> float:
        del best
        times = []
        for step in range(PROBE_STEPS + 1):
            started = time.perf_counter()
            loss_of(step).backward()
            optimizer.step(LEARNING_RATE)
            times.append(time.perf_counter() - started)
        return statistics.median(times[1:])

    return step_seconds


def _burn() -> None:
    while True:
        sum(range(10_000))


if __name__ == "__main__":
    print(json.dumps(speed() if sys.argv[1] == "speed" else busy()))
