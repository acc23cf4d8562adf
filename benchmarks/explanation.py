"""What it costs to explain one row of each kind of network, and to record its forward pass."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import printing
from benchmarks.commands import FailedError
from benchmarks.explained_networks import NETWORKS, make
from benchmarks.processes import Limits, run

SECONDS, RATIO = 3.0, 5.0
ROUNDS = 40  # of a plain and a recorded pass, one after the other

# What a new process does: CPU seconds of the explanation and its text once the model is loaded,
# late imports with them; then the median pass of each sort.
MEASURED = """
import gc, json, statistics, sys, time
import torch
import pellucid
from pellucid.data.reading import read
from pellucid.errors import Mends
model = pellucid.load(sys.argv[1])
table = read(sys.argv[2], Mends())
began = time.process_time()
from pellucid.explanation.reading import read_row
from pellucid.explanation.rows import METHODS, explain_source
found = explain_source(model, table, 7)
explained = time.process_time()
text = found.text()
told = time.process_time()
count, differences = len(found.operations), found.differences
del found, text
gc.collect()
from pellucid.explanation.doubles import InFloat64, double, in_float64
from pellucid.explanation.recorder import recording
rows, place = model.schema.row(table, 6, Mends())
row = read_row(model.schema, rows.take([place], list(rows.columns)), "", rows.files)
network, twin, raw = model.network, in_float64(model.network), double(row.raw)
def plain():
    network(row.raw)
def doubled():
    with InFloat64():
        twin(raw)
def recorded():
    with recording(twin, METHODS):
        twin(raw)
spent = {plain: [], doubled: [], recorded: []}
for number in range(int(sys.argv[3]) + 2):
    for call, seconds in spent.items():
        start = time.process_time()
        with torch.no_grad():
            call()
        seconds.append(time.process_time() - start)
plain, doubled, recorded = (statistics.median(seconds[2:]) for seconds in spent.values())
print(json.dumps({
    "operations": count,
    "explain CPU s": explained - began,
    "text CPU s": told - explained,
    "plain ms": 1000 * plain,
    "recorded / plain": recorded / plain,
    "of that float64": doubled / plain,
    "autograd": differences.get("autograd"),
}))
"""


def main(arguments: Sequence[str]) -> None:
    """One line a network; the bars behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not needed: the rows are made")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--folder", type=Path, help="keep the networks there, to measure again")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [measure(name, folder) for name in chosen.networks]
    printing.publish("Explanation of one row", rows, chosen.output)
    print(f"\nBars: {SECONDS:g} CPU s beyond loading, recorded at most {RATIO:g} plain passes")


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Learn a network of that kind if it is not there, and explain its 7th row."""
    model, source = make(name, folder)
    command = [sys.executable, "-c", MEASURED, str(model), str(source), str(ROUNDS)]
    used = run(command, Limits(threads=1))
    if used.code:
        raise FailedError(f"{name}: {used.last_line}")
    found: dict[str, Any] = json.loads(used.output)
    seconds = found["explain CPU s"] + found["text CPU s"]
    kept = seconds <= SECONDS and found["recorded / plain"] <= RATIO
    return {"network": name, **found, "within the bars": kept}
