"""`pellucid serve` under load: requests a second, and a long mix of good and hostile requests."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import printing
from benchmarks.commands import FailedError, pellucid
from benchmarks.made import steps_and_interactions
from benchmarks.servers import server
from benchmarks.serving_mix import mix

CONNECTIONS = 200
TIMES, TAIL = 5.0, 5.0  # requests a second against the naive handler; p99 against p50
LUA = """
local records = { %s }
local turn = 0
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
request = function()
  turn = turn %% #records + 1
  return wrk.format(nil, "/predict", nil, records[turn])
end
"""


@dataclass(frozen=True)
class Load:
    """What the load tool measured."""

    per_second: float
    p50: float  # ms
    p99: float
    errors: int


def main(arguments: Sequence[str]) -> None:
    """Both servers in turn under the same load; then the mix."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not needed: the table is made")
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    parser.add_argument("--seconds", type=int, default=15, help="of each run of the load tool")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=10, help="of the mix; 0 leaves it out")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = _models(folder)
        if chosen.rounds:
            _loads(models[0], folder, chosen)
        if chosen.minutes:
            printing.publish("Serving, mixed", [mix(*models, chosen.minutes)], chosen.output)


def _models(folder: Path) -> tuple[Path, Path]:
    """Two models of the same table, learnt from different rows."""
    rows = steps_and_interactions(4_000)
    found = []
    for turn, half in enumerate((rows.head(2_000), rows.tail(2_000))):
        table, model = folder / f"half{turn}.csv", folder / f"half{turn}.pellucid"
        half.write_csv(table)
        pellucid("learn", table, "--target", "y", "--minutes", "0.5", "--output", model)
        found.append(model)
    records = rows.drop("y").head(100).to_dicts()
    bodies = [json.dumps({"records": [record]}) for record in records]
    (folder / "load.lua").write_text(LUA % ", ".join(f"[[{body}]]" for body in bodies))
    return found[0], found[1]


def _loads(model: Path, folder: Path, chosen: argparse.Namespace) -> None:
    runs: dict[str, list[Load]] = {"pellucid serve": [], "naive FastAPI": []}
    for _ in range(chosen.rounds):
        for name, loads in runs.items():
            with server(name, model) as (address, _):
                _load(address, folder, 3)  # warm
                loads.append(_load(address, folder, chosen.seconds))
    rows, naive = [], _middle(runs["naive FastAPI"])
    for name, loads in runs.items():
        middle = sorted(loads, key=lambda load: load.per_second)[len(loads) // 2]
        rows.append(
            {
                "server": name,
                "requests/s": middle.per_second,
                "p50 ms": middle.p50,
                "p99 ms": middle.p99,
                "p99 / p50": middle.p99 / middle.p50,
                "errors": sum(load.errors for load in loads),
                "times naive": middle.per_second / naive if naive else None,
            }
        )
    printing.publish(f"Serving, {CONNECTIONS} connections", rows, chosen.output)
    print(f"\nBars: no errors, {TIMES} times the naive handler, p99 under {TAIL} times p50")


def _middle(loads: Sequence[Load]) -> float:
    return sorted(load.per_second for load in loads)[len(loads) // 2]


def _load(address: str, folder: Path, seconds: int) -> Load:
    """wrk with one thread and all the connections."""
    if not shutil.which("wrk"):
        raise FailedError("the load tool wrk is not installed")
    script = str(folder / "load.lua")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    told = subprocess.run(
        [*command, "-s", script, f"{address}/predict"], capture_output=True, text=True, check=True
    ).stdout
    return read_wrk(told)


def read_wrk(told: str) -> Load:
    """What wrk prints, as numbers."""
    socket_errors = re.search(r"Socket errors: (.*)", told)
    errors = sum(int(n) for n in re.findall(r"\d+", socket_errors[1])) if socket_errors else 0
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    errors += int(refused[1]) if refused else 0
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if rate is None:
        raise FailedError(f"wrk said: {told}")
    return Load(float(rate[1]), _percentile(told, 50), _percentile(told, 99), errors)


def _percentile(told: str, percent: int) -> float:
    """In milliseconds."""
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)\s*$", told, re.MULTILINE)
    if found is None:
        raise FailedError(f"wrk said: {told}")
    return float(found[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}[found[2]]
