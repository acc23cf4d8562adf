"""Oriented gradients and an SVM with Gaussian kernels (Nyström) on CIFAR-10: the classical way."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import torch
from sklearn.kernel_approximation import Nystroem
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from pellucid.errors import Mends
from pellucid.kinds.image import Image
from pellucid.networks.layers.gradients import oriented_gradients

LANDMARKS = 500  # at first; then twice as many, as long as the time allows


def main() -> None:
    """As many landmarks as the minutes allow; prints one JSON line."""
    folder, minutes = Path(sys.argv[1]), float(sys.argv[2])
    started = time.monotonic()
    table = pl.read_csv(folder / "labels.csv").sample(fraction=1.0, shuffle=True, seed=0)
    sides = {name: table.filter(pl.col("split") == name) for name in ("train", "test")}
    features = {name: gradients(folder, side) for name, side in sides.items()}
    scaler = StandardScaler().fit(features["train"])
    learnt, asked = (scaler.transform(features[name]) for name in ("train", "test"))
    best, how, landmarks, last = 0.0, "", LANDMARKS, 0.0
    while not how or time.monotonic() - started + 3 * last < 60 * minutes:
        began = time.monotonic()
        kernel = Nystroem(gamma=0.3 / learnt.shape[1], n_components=landmarks, random_state=0)
        model = LinearSVC(C=1.0, dual=False, tol=1e-3).fit(
            kernel.fit_transform(learnt), sides["train"]["label"]
        )
        predicted = model.predict(kernel.transform(asked))
        best = float((predicted == sides["test"]["label"].to_numpy()).mean())
        how = f"gradients + SVM, {landmarks} landmarks"
        last, landmarks = time.monotonic() - began, 2 * landmarks
    print(json.dumps({"accuracy": best, "how": how}))


def gradients(folder: Path, table: pl.DataFrame) -> np.ndarray:
    """(pictures, 3 x 324): the gradients of each colour."""
    kind = Image.fit(pl.DataFrame({"image": [str(folder / p) for p in table["image"][:200]]}))
    found = []
    for first in range(0, table.height, kind.slice_rows):
        names = [str(folder / p) for p in table["image"][first : first + kind.slice_rows]]
        cells = pl.DataFrame({"image": names})
        pixels = torch.from_numpy(kind.encode(cells, Mends(strict=True))["image"])[:, 0]
        colours = pixels.permute(0, 3, 1, 2).flatten(0, 1).unsqueeze(1).float() / 255
        found.append(oriented_gradients(colours).view(len(names), -1).numpy())
    return np.concatenate(found)


if __name__ == "__main__":
    main()
