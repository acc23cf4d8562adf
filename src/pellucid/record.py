"""The record of a run: all that was measured and told, as one JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pellucid import __version__
from pellucid.errors import Mends
from pellucid.experience import Experience
from pellucid.keeping import versions
from pellucid.kept_backbones import origin
from pellucid.narration import Narration
from pellucid.training.fitting import Fitted
from pellucid.training.memory import peak_megabytes
from pellucid.training.plan import Plan
from pellucid.workshop import Workshop

if TYPE_CHECKING:
    from pellucid.evidence.document import Data, Document, Layer, Moment, Stage


def document(
    experience: Experience,
    mends: Mends,
    plan: Plan,
    run: tuple[Fitted, Mapping[str, Any]],
    narration: Narration,
    workshop: Workshop,
) -> Document:
    """Everything that was measured and told, as one JSON document."""
    fitted, targets = run
    network = cast("list[Layer]", fitted.network.plan())
    name = Path(experience.tables[0].name).name.split(".")[0] or "model"
    steps = sum(descent.step for descent in fitted.descents)
    shortened = bool(fitted.cuts) and steps < plan.whole_steps
    return {
        "format": 1,
        "pellucid": __version__,
        "name": name,
        "data": _data(experience, mends, workshop, narration.hints),
        "targets": dict(targets),
        "history": _history(fitted),
        "plan": {
            "network": network,
            "parameters": sum(layer["parameters"] for layer in network),
            "steps": plan.whole_steps,
            "seconds": narration.planned["seconds"],
            "megabytes": narration.planned["megabytes"],
            "smoothing": plan.smoothing,
        },
        "actual": {
            "seconds": workshop.spent,
            "megabytes": peak_megabytes(),
            "steps": steps,
            "schedule_changed": shortened or not plan.tuning.keys().isdisjoint(plan.cuts),
            "lengthened": bool(fitted.cuts) and not shortened,
            "settled": fitted.settled,
            "stages": _stages(narration),
        },
        "reproduce": {
            "command": f"pellucid reproduce {name}.pellucid {experience.tables[0].name}",
            "seed": int(workshop.request["settings"]["seed"]),
            "threads": plan.threads,
            "versions": versions(),
            "weights_hash": "",
        },
    }


def _data(experience: Experience, mends: Mends, workshop: Workshop, hints: Sequence[str]) -> Data:
    table, split, schema = experience.tables[0], experience.split, experience.schema
    return {
        "source": table.name,
        "rows": table.rows_given,
        "hash": workshop.request["data"][0],
        "mends": [
            {
                "fault": mend.fault,
                "action": mend.action,
                "count": mend.count,
                "column": mend.column,
                "where": list(mend.where),
            }
            for mend in mends.found
        ],
        "ignored": [{"column": i.column, "reason": i.reason} for i in experience.findings.ignored],
        "warnings": list(experience.findings.warnings),
        "hints": [*experience.hints, *hints],
        "backbones": [origin(kind) for kind in schema.readers],
        "columns": [
            {
                "name": column,
                "kind": kind.kind,
                "reason": schema.reasons[column],
                "summary": kind.summary(column),
            }
            for kind in schema.inputs
            for column in kind.columns
        ],
        "split": {
            "learn": len(split.learn),
            "choose": len(split.choose),
            "prove": len(split.prove),
            "how": split.how,
        },
    }


def _history(fitted: Fitted) -> list[Moment]:
    return [
        {
            "member": member,
            "step": int(moment["step"]),
            "seconds": seconds,
            "loss": moment["loss"],
            "metric": moment["score"],
            "rate": moment["rate"],
        }
        for member, descent in enumerate(fitted.descents)
        for moment, seconds in zip(descent.history, descent.clock, strict=True)
    ]


def _stages(narration: Narration) -> list[Stage]:
    ends = [start for _, start in narration.stages[1:]] + [narration.now()]
    return [
        {"name": name, "seconds": round(end - start, 2)}
        for (name, start), end in zip(narration.stages, ends, strict=True)
    ]
