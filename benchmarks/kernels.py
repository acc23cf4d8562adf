"""Convolutions of 3 by 3, forward and backward, as pellucid and as PyTorch has them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks import printing
from pellucid.networks.layers import winograd
from pellucid.training.memory import keep_freed_memory

SIZES = (
    (36, 144, 15), (48, 192, 15), (60, 240, 15), (96, 96, 15), (96, 96, 7), (144, 144, 7),
    (240, 240, 7), (144, 144, 5), (144, 144, 3), (240, 240, 3), (128, 128, 28),
)  # fmt: skip
BATCH = 128


def main(arguments: Sequence[str]) -> None:
    """Both by turns, the median of several rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    keep_freed_memory()
    rows = [beside_torch(*size, chosen.rounds) for size in SIZES]
    title = f"Forward and backward of {BATCH} pictures, threads: {chosen.threads}"
    printing.publish(title, rows, chosen.output)


def beside_torch(before: int, after: int, side: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of both for so many channels before and after, and places a side."""
    x = torch.randn(BATCH, before, side, side).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(after, before, 3, 3)
    gradient = torch.randn(BATCH, after, side, side).contiguous(memory_format=torch.channels_last)
    leaves = x.requires_grad_(), weight.requires_grad_()

    def milliseconds(convolve: Callable[[Tensor, Tensor], Tensor]) -> float:
        started = time.perf_counter()
        torch.autograd.grad(convolve(*leaves), leaves, gradient)
        return 1e3 * (time.perf_counter() - started)

    times = [
        (milliseconds(winograd.convolution), milliseconds(winograd.by_torch)) for _ in range(rounds)
    ]
    ours, theirs = (median(each) for each in zip(*times[1:], strict=True))
    return {
        "channels": f"{before} to {after}",
        "places": f"{side} x {side}",
        "by Winograd, ms": ours,
        "conv2d, ms": theirs,
        "ratio": theirs / ours,
        "used while learning": winograd.suits(x, weight),
    }
