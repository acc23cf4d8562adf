"""CIFAR-10 by pellucid, a tutorial's Keras network and gradients with an SVM, in equal time."""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import printing, processes

WHO = ("pellucid", "keras", "gradients")


def main(arguments: Sequence[str]) -> None:
    """Each in a process of its own, one after the other, on the same official test pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the data sets")
    parser.add_argument("--cache", type=Path, default=Path("benchmark-cache"))
    parser.add_argument("--rivals-python", help="interpreter that has Keras, torch and Pillow")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", nargs="*", choices=WHO, default=[])
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    chosen = parser.parse_args(arguments)
    folder = unpacked(chosen.data / "cifar10", chosen.cache / "cifar10")
    rows = []
    for who in chosen.only or WHO:
        command = command_of(who, folder, chosen)
        if command is None:
            print(f"{who} needs --rivals-python; left out", file=sys.stderr)
            continue
        used = processes.run(command)
        rows.append({"who": who, **accuracy_of(who, used, chosen.cache), **costs(used)})
    printing.publish(f"CIFAR-10, {chosen.minutes:g} minutes", rows, chosen.output)


def unpacked(source: Path, folder: Path) -> Path:
    """The folder with all pictures and the table of them, filled at first use."""
    table = folder / "labels.csv"
    if not table.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for archive in sorted(source.glob("*.zip")):
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(folder)
        lines = (source / "labels.csv").read_text("utf-8").splitlines()
        # Which archive a picture came in says nothing of it.
        table.write_text("\n".join(line.rpartition(",")[0] for line in lines) + "\n", "utf-8")
    return folder


def command_of(who: str, folder: Path, chosen: argparse.Namespace) -> list[str] | None:
    """What to run; None where the interpreter that it needs is not given."""
    minutes = f"{chosen.minutes:g}"
    if who == "pellucid":
        out = str(chosen.cache / "cifar10.pellucid")
        words = ["learn", f"{folder}/labels.csv", "--target", "label", "--test", "split"]
        words = [*words, "--minutes", minutes, "--output", out, "--json"]
        return [sys.executable, "-m", "pellucid", *words]
    script = Path(__file__).with_name(f"cifar_{who}.py")
    python = chosen.rivals_python if who == "keras" else sys.executable
    return None if python is None else [python, str(script), str(folder), minutes]


def accuracy_of(who: str, used: processes.Usage, cache: Path) -> dict[str, Any]:
    """The accuracy on the test pictures and what was learnt with; or why there is none."""
    if used.code:
        return {"accuracy": None, "how": used.last_line}
    told = json.loads(used.output.strip().splitlines()[-1])
    if who != "pellucid":
        return {"accuracy": told["accuracy"], "how": told["how"]}
    performance, baseline = told["performance"], told["baseline"]
    plan = json.loads((cache / "cifar10.pellucid" / "model.json").read_text("utf-8"))["plan"]
    channels = plan["body"]["encoder"]["channels"]
    how = f"{channels} channels; beside {baseline['name']}, {baseline['value']:.4f}"
    return {"accuracy": performance["value"], "how": how}


def costs(used: processes.Usage) -> dict[str, float]:
    """What the process used."""
    return {
        "minutes": used.wall_seconds / 60,
        "CPU minutes": used.cpu_seconds / 60,
        "peak MB": used.peak_megabytes,
    }
