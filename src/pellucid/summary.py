"""What `learn --json` says of a run: one object for machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pellucid.model import Model


def summary(model: Model, folder: Path) -> dict[str, Any]:
    """What a machine wants to know; of several targets the first, and all under `targets`."""
    evidence = model.evidence
    summaries = {name: _target_summary(target) for name, target in evidence["targets"].items()}
    mends = evidence["data"]["mends"]
    return {
        "task": " and ".join(f"predict {kind.task()}" for kind in model.schema.targets),
        **next(iter(summaries.values())),
        "targets": summaries,
        "skipped": sum(m["count"] for m in mends if m["action"].startswith("row skipped")),
        "mended": sum(m["count"] for m in mends if not m["action"].startswith("row skipped")),
        "seconds": round(evidence["actual"]["seconds"], 2),
        "output": str(folder),
    }


def _target_summary(target: dict[str, Any]) -> dict[str, Any]:
    performance = target["performance"]
    metric = performance["metric"]
    baseline = target["baseline"]
    return {
        "performance": {
            **{k: performance[k] for k in ("metric", "value", "low", "high", "rows")},
            "repeats": performance.get("repeats", 0),
        },
        "baseline": None if baseline is None else {**baseline, "metric": metric},
        "gap": target["gap"],
        "curve": target["curve"],
        "verdict": " ".join(target["verdict"]["sentences"]),
        "learned": target["verdict"]["learned"],
        "beats_baseline": target["verdict"]["beats_baseline"] is True,  # level is not better
    }
