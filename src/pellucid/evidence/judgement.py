"""The judgement of a run: everything that is measured on the rows that nothing has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from pellucid.evidence.baseline import Conventional, conventional_ways
from pellucid.evidence.curve_fit import expected_gain
from pellucid.evidence.document import (
    Baseline,
    CurvePoint,
    Forecast,
    Importance,
    Interval,
    Look,
    NamedValue,
    OfSome,
    Performance,
    Target,
)
from pellucid.evidence.intervals import gap, interval
from pellucid.evidence.rows import surest_rows, worst_mistakes
from pellucid.evidence.verdict import verdict
from pellucid.experience import Experience
from pellucid.kinds import Array, TargetKind
from pellucid.networks.layers.blend import PATHS
from pellucid.networks.network import Network, first_network
from pellucid.store import joined
from pellucid.training.task import Task

REACHED = 0.75  # of the rows, at least, by a curve that tells of twice as many
LOOKS = 3  # rows of which it is shown where the network looked


@dataclass(frozen=True)
class Compared:
    """What the network and the conventional ways answer on the proving rows, for one target."""

    outputs: dict[str, Array]  # the network's answer, and what each of its paths says by itself
    ways: Sequence[Conventional]
    looks: list[Look]


def compare(
    experience: Experience,
    task: Task,
    network: Network,
    usual: tuple[Task, Network],
    seconds: float,
) -> list[Compared]:
    """The answers that the evidence rests on: the one part of it that cannot be cut short.

    `usual` is what conventional ways see: the same, but for backbones that have been tuned.
    `seconds` are what a conventional way of a kind's own should make do with.
    """
    outputs = outputs_of(network, task, experience.split.prove)
    return [
        Compared(
            outputs[position],
            conventional_ways(experience, *usual, position, seconds),
            _looks(experience, task, network, position, outputs[position]["answer"]),
        )
        for position in range(len(task.targets))
    ]


def _looks(
    experience: Experience, task: Task, network: Network, position: int, output: Array
) -> list[Look]:
    """Where the network looked on a few of the proving rows, where it looks anywhere."""
    prove, deep = experience.split.prove, first_network(network)
    some = np.sort(np.random.default_rng(task.seed).permutation(len(prove))[:LOOKS])
    raw = task.store.batch(torch.as_tensor(prove[some]))
    kind = task.schema.targets[position]
    with torch.inference_mode():
        found = kind.looks(deep.outputs[position], deep.seen(raw), raw, output[some])
    rows = zip(found, some, strict=False)
    return [cast("Look", {"row": experience.place(int(prove[i])), **look}) for look, i in rows]


def judge(
    experience: Experience,
    task: Task,
    compared: Sequence[Compared],
    curves: Sequence[list[CurvePoint]],
    importances: Sequence[list[Importance]],
) -> dict[str, Target]:
    """The evidence for every target by its name."""
    return {
        kind.columns[0]: judge_target(
            experience, task, position, compared[position], curves[position], importances[position]
        )
        for position, kind in enumerate(experience.schema.targets)
    }


def judge_target(
    experience: Experience,
    task: Task,
    position: int,
    compared: Compared,
    curve: list[CurvePoint],
    importance: list[Importance],
) -> Target:
    """The evidence for one target."""
    kind = experience.schema.targets[position]
    prove = experience.split.prove
    target = task.targets[position][prove].numpy()
    outputs = compared.outputs
    output = outputs["answer"]
    losses = kind.row_losses(output, target)
    performance = _performance(kind, losses, task.seed, experience.split.repeats)
    judged = [_baseline(kind, way, losses, target, task.seed) for way in compared.ways]
    simplest: NamedValue = {"name": judged[0][0]["name"], "value": judged[0][0]["value"]}
    best = _best(kind, judged[1:])
    doubled = _doubled(kind, curve)
    # A curve that ended early, for want of time, tells of twice its own rows alone.
    whole = bool(curve) and curve[-1]["rows"] > REACHED * len(task.folds[0][0])
    hoped = _of_network(doubled, curve, performance) if doubled is not None and whole else None
    shown = kind.exhibits(outputs, target, task.seed)
    return {
        "kind": kind.kind,
        "reason": experience.schema.reasons[kind.columns[0]],
        "levels": shown.get("levels"),
        "unit": None,
        "performance": performance,
        "others": {k: v for k, v in kind.metrics(output, target).items() if k != kind.metric},
        "paths": _paths(kind, outputs, target),
        "simplest": simplest,
        "baselines": [baseline for baseline, _ in judged[1:]],
        "baseline": None if best is None else {"name": best[0]["name"], "value": best[0]["value"]},
        "gap": None if best is None else best[1],
        "curve": curve,
        "doubled": doubled,
        "calibration": shown.get("calibration"),
        "confusion": shown.get("confusion"),
        "scatter": shown.get("scatter"),
        "importance": importance,
        "mistakes": worst_mistakes(experience, position, output, prove),
        "surest": surest_rows(experience, position, output, prove),
        "verdict": verdict(kind, performance, simplest, judged[0][1], best, hoped),
        **_of_some(experience, compared, shown),
    }


def _of_some(experience: Experience, compared: Compared, shown: Mapping[str, Any]) -> OfSome:
    """Looks, forecasts and a note, where the kind has such."""
    found: OfSome = {}
    prove = experience.split.prove
    if compared.looks:
        found["looks"] = compared.looks
    if "forecasts" in shown:
        found["forecasts"] = [
            cast("Forecast", {**each, "row": experience.place(int(prove[each["window"]]))})
            for each in shown["forecasts"]
        ]
    if "note" in shown:
        found["note"] = shown["note"]
    return found


def _doubled(kind: TargetKind, curve: list[CurvePoint]) -> Interval | None:
    """What twice the rows would gain by the learning curve, where it can be told."""
    gain = expected_gain(curve, 2.0, kind.higher_is_better) if len(curve) >= 3 else None
    return None if gain is None else {"value": gain[0], "low": gain[1], "high": gain[2]}


def _of_network(gain: Interval, curve: Sequence[CurvePoint], performance: Performance) -> Interval:
    """The gain of the curve's smaller networks as a share of the error, for the network itself."""
    values = (performance["value"], max(curve, key=lambda point: point["rows"])["value"])
    ours, theirs = (1 - v if performance["higher_is_better"] else v for v in values)
    share = min(1.0, ours / theirs) if theirs > 0 else 1.0
    return {
        "value": gain["value"] * share,
        "low": gain["low"] * share,
        "high": gain["high"] * share,
    }


def _performance(kind: TargetKind, losses: Array, seed: int, repeats: int) -> Performance:
    measured = interval(kind, losses, seed)
    return {
        "metric": kind.metric,
        "rows": len(losses),
        "repeats": repeats,
        "higher_is_better": kind.higher_is_better,
        **measured,
    }


def _baseline(
    kind: TargetKind, way: Conventional, ours: Array, target: Array, seed: int
) -> tuple[Baseline, Interval]:
    losses = kind.row_losses(way.output, target)
    measured = interval(kind, losses, seed)
    baseline: Baseline = {"name": way.name, "seconds": round(way.seconds, 2), **measured}
    return baseline, gap(kind, ours, losses, seed)


def _best(
    kind: TargetKind, judged: Sequence[tuple[Baseline, Interval]]
) -> tuple[Baseline, Interval] | None:
    """The way that does best on the proving rows: choosing it there favours it, not us."""
    if not judged:
        return None
    sign = 1 if kind.higher_is_better else -1
    return max(judged, key=lambda pair: sign * pair[0]["value"])


def outputs_of(network: Network, task: Task, rows: Array) -> list[dict[str, Array]]:
    """For each target the network's answer on the rows, and what each path says by itself."""
    found: list[dict[str, list[Tensor]]] = [
        {name: [] for name in ("answer", *PATHS)} for _ in task.targets
    ]
    with torch.inference_mode():
        for chunk in torch.as_tensor(rows).split(task.store.chunk):
            paths = network.paths(task.store.batch(chunk))
            for position, blend in enumerate(network.blend):
                outputs = (blend(*paths[position]), *paths[position])
                for pieces, output in zip(found[position].values(), outputs, strict=True):
                    pieces.append(output)
    return [{name: joined(p).numpy() for name, p in each.items()} for each in found]


def _paths(kind: TargetKind, outputs: dict[str, Array], target: Array) -> list[NamedValue]:
    """How each path that is there would have done alone."""
    alone = {name: outputs[name] for name in PATHS if np.any(outputs[name])}
    return [
        {"name": name, "value": kind.metrics(kind.as_logs(output), target)[kind.metric]}
        for name, output in alone.items()
    ]
