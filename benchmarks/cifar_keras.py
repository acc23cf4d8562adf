"""The network of TensorFlow's CIFAR-10 tutorial in Keras; runs in the rivals' environment.

Three convolutions (32, 64, 64), a hidden layer of 64, Adam, as in "Convolutional Neural Network
(CNN)"; augmented by flips and shifts as "Data augmentation" adds, the best epoch kept.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from PIL import Image

STARTED = time.monotonic()
VALIDATION = 5_000


def main() -> None:
    """Learn until the minutes are over; prints one JSON line."""
    folder, minutes = Path(sys.argv[1]), float(sys.argv[2])
    keras.utils.set_random_seed(0)
    rows = list(csv.DictReader((folder / "labels.csv").open(encoding="utf-8")))
    levels = sorted({row["label"] for row in rows})
    train, test = (
        pictures(folder, [r for r in rows if r["split"] == s], levels) for s in ("train", "test")
    )
    order = np.random.default_rng(0).permutation(len(train[0]))
    held, learnt = order[:VALIDATION], order[VALIDATION:]
    network = tutorial(len(levels))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    stop = OutOfTime(60 * minutes)
    network.fit(
        train[0][learnt],
        train[1][learnt],
        epochs=10_000,
        verbose=0,
        validation_data=(train[0][held], train[1][held]),
        callbacks=[stop],
    )
    if stop.best is not None:
        network.set_weights(stop.best)
    predicted = network.predict(test[0], verbose=0).argmax(1)
    accuracy = float((predicted == test[1]).mean())
    print(
        json.dumps({"accuracy": accuracy, "how": f"Keras tutorial network, {stop.epochs} epochs"})
    )


def pictures(folder: Path, rows: list[dict[str, str]], levels: list[str]) -> tuple:
    """Pixels from 0 to 1, and the number of each label."""
    pixels = np.stack([np.asarray(Image.open(folder / row["image"])) for row in rows])
    labels = np.array([levels.index(row["label"]) for row in rows])
    return pixels.astype(np.float32) / 255, labels


def tutorial(classes: int) -> keras.Model:
    """As the tutorials have it."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.RandomFlip("horizontal"),
            layers.RandomTranslation(0.1, 0.1),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(classes),
        ]
    )


class OutOfTime(keras.callbacks.Callback):
    """Stops before the minutes are over, with the weights of the epoch that validated best."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.end = STARTED + 0.95 * seconds
        self.best, self.value, self.epochs = None, 0.0, 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks at the clock."""
        if time.monotonic() > self.end:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keeps what is better."""
        self.epochs = epoch + 1
        if logs and logs.get("val_accuracy", 0) > self.value:
            self.value, self.best = logs["val_accuracy"], self.model.get_weights()


if __name__ == "__main__":
    main()
