"""Training and prediction speed against plain PyTorch loops, as ratios measured in one run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks import printing
from benchmarks.engine_loops import SIZES, interleaved, tutorial_loop


def main(arguments: Sequence[str]) -> None:
    """Every comparison, a table each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not needed: the rows are made")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--rivals-python", help="interpreter that has skorch and Lightning")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = []
    for size in SIZES:
        seconds = interleaved({"tutorial": tutorial_loop(size)})
        rows.append({"network": str(size), "loop": "tutorial", "CPU s": seconds["tutorial"]})
    printing.publish("One epoch", rows, chosen.output)
