"""Pictures decoded a second beside a torch DataLoader with Pillow, and epochs on a warm store."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks import printing
from pellucid.errors import Mends
from pellucid.kinds.image import Image as ImageKind
from pellucid.networks.layers.convolution import PictureEncoder
from pellucid.networks.layers.input import DEFAULT_ENCODER
from pellucid.store import Store, build_store
from pellucid.training.budget import usable_threads

SIDE = 128
SIZES = {"500 x 375": (500, 375), "1280 x 960": (1280, 960), "128 x 128": (128, 128)}


def main(arguments: Sequence[str]) -> None:
    """Both readers by turns over the same files, the best of five rounds each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs-only", action="store_true", help="the warm store alone")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        if not chosen.epochs_only:
            made = (Path(name) / size for size in SIZES)
            rows = [decoding(at, at.name, chosen.pictures, chosen.rounds) for at in made]
            printing.publish(f"JPEG to {SIDE} x {SIDE} pixels a second", rows, chosen.output)
        rows = [epochs(Path(name), chosen.rounds)]
    printing.publish("An epoch on a store in files beside one on tensors", rows, chosen.output)


def decoding(folder: Path, size: str, count: int, rounds: int) -> dict[str, Any]:
    """Files of one size by both readers."""
    files = write_pictures(folder, SIZES[size], count)
    kind = ImageKind.fit(pl.DataFrame({"image": files[:50]}))
    ours, theirs = by_turns(lambda: decode_ours(kind, files), lambda: decode_theirs(files), rounds)
    return {
        "files": size,
        "pellucid": count / ours,
        "DataLoader, 2 workers": count / theirs,
        "ratio": theirs / ours,
        "at least 1.5": theirs / ours >= 1.5,
    }


def write_pictures(folder: Path, size: tuple[int, int], count: int) -> list[str]:
    """JPEG of quality 90 with soft shapes under fine grain."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    files = []
    for number in range(count):
        soft = Image.fromarray(rng.integers(0, 255, (12, 16, 3)).astype(np.uint8))
        pixels = np.asarray(soft.resize(size, Image.Resampling.BICUBIC), np.int16)
        grain = rng.integers(-12, 12, pixels.shape, np.int16)
        path = folder / f"{number}.jpg"
        Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8)).save(path, quality=90)
        files.append(str(path))
    return files


def decode_ours(kind: ImageKind, files: list[str]) -> None:
    """As `learn` decodes them into the store."""
    for first in range(0, len(files), kind.slice_rows):
        some = pl.DataFrame({"image": files[first : first + kind.slice_rows]})
        kind.encode(some, Mends(strict=True))


def decode_theirs(files: list[str]) -> None:
    """As the tutorials do."""
    for _ in DataLoader(Files(files), batch_size=64, num_workers=2):
        pass


class Files(Dataset[torch.Tensor]):
    """Opened whole, resized, as floats."""

    def __init__(self, files: list[str]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, row: int) -> torch.Tensor:
        picture = Image.open(self.files[row]).convert("RGB")
        pixels = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255


def epochs(folder: Path, rounds: int, rows: int = 2_048) -> dict[str, Any]:
    """An epoch of small pictures, read from memory-mapped files and from tensors, in CPU seconds.

    A busy machine moves wall time by more than what is to be measured.
    """
    pixels = np.random.default_rng(0).integers(0, 255, (rows, 1, 32, 32, 3)).astype(np.uint8)
    mapped = np.memmap(folder / "pixels", np.uint8, "w+", shape=pixels.shape)
    mapped[:] = pixels
    mapped.flush()
    stores = {
        "in files": Store(rows, {"image": torch.from_numpy(mapped)}, {}),
        "in memory": build_store([{"image": pixels}]),
    }
    network = PictureEncoder(3, 32, DEFAULT_ENCODER, torch.Generator().manual_seed(0))
    torch.set_num_threads(1)
    seconds: dict[str, list[float]] = {name: [] for name in stores}
    for _ in range(rounds + 1):  # by turns, the first of each to warm up
        for name, store in stores.items():
            started = time.process_time()
            epoch(network, store)
            seconds[name].append(time.process_time() - started)
    least = {name: min(found[1:]) for name, found in seconds.items()}
    more = least["in files"] / least["in memory"] - 1
    return {
        **{f"{name}, CPU s": s for name, s in least.items()},
        "more": more,
        "within 5 %": more < 0.05,
    }


def epoch(network: PictureEncoder, store: Store) -> None:
    """Every row once, in shuffled batches: forward and backward."""
    for rows in batches(store.height):
        x = store.batch(rows)["image"].flatten(0, 1).permute(0, 3, 1, 2).float()
        network(x).square().mean().backward()


def batches(height: int) -> Iterator[torch.Tensor]:
    """128 rows at a time."""
    yield from torch.randperm(height, generator=torch.Generator().manual_seed(0)).split(128)


def by_turns(
    ours: Callable[[], None], theirs: Callable[[], None], rounds: int
) -> tuple[float, float]:
    """The least wall time of each in a few rounds, so that a busy minute falls on both."""
    torch.set_num_threads(usable_threads())
    times = [(wall_seconds(ours), wall_seconds(theirs)) for _ in range(rounds)]
    first, second = (min(each) for each in zip(*times, strict=True))
    return first, second


def wall_seconds(work: Callable[[], None]) -> float:
    """The wall time of it."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
