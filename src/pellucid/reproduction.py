"""The certificate of reproducibility: learn once more by the same plan and compare bytes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pellucid.keeping import load, versions, weights_hash
from pellucid.learning import learn
from pellucid.model import Model


@dataclass(frozen=True)
class Reproduction:
    """Whether a second run by the same plan gave the same bytes of weights."""

    same: bool
    first: str  # SHA-256 of weights.safetensors
    second: str
    differences: tuple[str, ...]  # versions or data that are not those of the first run

    def __str__(self) -> str:
        if self.same:
            return f"reproduced: the same weights to the last byte (SHA-256 {self.first[:16]}…)"
        why = "; ".join(self.differences) or "same data, versions and plan: the machine differs"
        return f"not reproduced: SHA-256 {self.first[:16]}… became {self.second[:16]}… ({why})"


def reproduce(
    path: str | Path, source: Any, *, test: Any = None, verbose: bool = False
) -> Reproduction:
    """Learn from `source` by the plan of the model at `path`, and compare the weights.

    `test` is given again if it was given to `learn`.
    """
    model = load(path)
    saved = dict(model.settings)
    with tempfile.TemporaryDirectory() as folder:
        again = learn(
            source,
            list(model.targets),
            test=test,
            minutes=saved["minutes"],
            seed=saved["seed"],
            kinds=saved["kinds"],
            ignore=saved["ignore"],
            group=saved["group"],
            time=saved["time"],
            strict=saved["strict"],
            horizon=saved["horizon"],
            series=saved["series"],
            known=saved["known"],
            metric=saved["metric"],
            backbone=_backbones(model),
            plan=model.plan,
            output=Path(folder) / "again.pellucid",
            verbose=verbose,
        )
        second = weights_hash(Path(folder) / "again.pellucid")
    first = weights_hash(Path(path))
    return Reproduction(
        first == second, first, second, _differences(model.evidence, again.evidence)
    )


def _backbones(model: Model) -> list[str]:
    """The model's own copies; of one that was tuned, what it was before, by the name given then."""
    fitted = sorted(model.schema.pretrained, key=lambda each: each.tuned)  # the last one counts
    found = {
        each.backbone.reads: each.backbone.name if each.tuned else each.backbone.folder
        for each in fitted
    }
    return list(found.values())


def _differences(first: Any, second: Any) -> tuple[str, ...]:
    found = []
    if first and first["data"]["hash"] != second["data"]["hash"]:
        found.append("the data are not the same")
    before = first["reproduce"]["versions"] if first else {}
    found += [
        f"{name} {before.get(name)} is now {now}"
        for name, now in versions().items()
        if before and before.get(name) != now
    ]
    return tuple(found)
