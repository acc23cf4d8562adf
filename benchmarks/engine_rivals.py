"""skorch and Lightning against the tutorial loop, in the rivals' environment; prints JSON."""

from __future__ import annotations

import copy
import json
import logging
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.engine_loops import LEARNING_RATE, SIZES, Size, interleaved, network, rows
from benchmarks.engine_loops import tutorial_loop as tutorial

EPOCHS = 3  # so that what a library does once does not count against it


def skorch_epochs(size: Size) -> Callable[[], None]:
    """skorch's classifier, silent, without its validation split."""
    from skorch import NeuralNetClassifier

    X, y = rows()
    model = network(size.width)

    def loop() -> None:
        NeuralNetClassifier(
            copy.deepcopy(model),
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW,
            lr=LEARNING_RATE,
            batch_size=size.batch,
            max_epochs=EPOCHS,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        ).fit(X, y)

    return loop


def lightning_epochs(size: Size) -> Callable[[], None]:
    """Lightning's bare trainer: nothing logged, nothing saved, nothing shown."""
    import lightning

    X, y = rows()
    initial = network(size.width)

    class Module(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = copy.deepcopy(initial)

        def training_step(self, batch: Any, _: int) -> Any:
            return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=LEARNING_RATE)

    def loop() -> None:
        trainer = lightning.Trainer(
            max_epochs=EPOCHS,
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Module(), DataLoader(TensorDataset(X, y), batch_size=size.batch, shuffle=True))

    return loop


def main() -> None:
    """Seconds an epoch of each, by size, for what is installed."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    found: dict[str, dict[str, float]] = {}
    for size in SIZES:
        loops = {"tutorial": tutorial(size)}
        for name, make in (("skorch", skorch_epochs), ("lightning", lightning_epochs)):
            try:
                loops[name] = make(size)
            except ImportError as missing:
                print(f"{name} left out: {missing}", file=sys.stderr)
        seconds = interleaved(loops, rounds=3)
        shares = {name: 1 if name == "tutorial" else EPOCHS for name in seconds}
        found[str(size)] = {name: value / shares[name] for name, value in seconds.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
