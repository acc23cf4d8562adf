"""Features made by hand against features learnt, on the reader's own rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from pellucid.evidence.handmade import features_named
from pellucid.evidence.intervals import interval
from pellucid.evidence.numerals import Measure
from pellucid.experience import Experience
from pellucid.kinds import Array
from pellucid.lab.own import Own
from pellucid.lab.taught import STEPS, Taught, taught
from pellucid.networks.network import Body, Network, first_network
from pellucid.training.convex import solve_paths
from pellucid.training.fitting import predict
from pellucid.training.plan import Plan
from pellucid.training.task import Task

ROWS, UNSEEN, TREES = 3_000, 1_000, 60


def ways(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """Each way's performance on the same unseen rows: a model's evidence, or measured now."""
    return _kept(own) if own.model is not None else _measured(own)


def _kept(own: Own) -> dict[str, Any]:
    assert own.model is not None
    target: Any = own.model.evidence["targets"][own.model.targets[0]]
    mine, simplest = target["performance"], target["simplest"]
    found = [
        {"name": simplest["name"], "value": simplest["value"], "simple": True},
        *(
            {key: way[key] for key in ("name", "value", "low", "high")}
            for way in target["baselines"]
        ),
        {"name": "your model", "deep": True, **{k: mine[k] for k in ("value", "low", "high")}},
    ]
    rows = {"unseen": mine["rows"], "repeats": mine.get("repeats", 0)}
    told = {"ways": found, **rows, "name": "its run", "about": ""}
    better = "higher" if mine["higher_is_better"] else "lower"
    return {
        **told,
        "metric": mine["metric"],
        "share": Measure(mine["metric"]).is_share,
        "better": better,
    }


@lru_cache(maxsize=4)
def _measured(own: Own) -> dict[str, Any]:
    network, experience = taught(own), own.experience
    kind, prove = experience.schema.targets[0], experience.split.prove[:UNSEEN]
    truth = experience.targets[0][torch.as_tensor(prove)].numpy()
    found = []
    for name, output, more in _outputs(network, experience, prove):
        losses = kind.row_losses(output, truth)
        found.append({"name": name, **interval(kind, losses, 0), **more})
    return {
        "ways": found,
        "metric": kind.metric,
        "share": Measure(kind.metric).is_share,
        "better": "higher" if kind.higher_is_better else "lower",
        "unseen": len(prove),
        "name": experience.tables[0].name,
        "about": f"The network has learnt {STEPS} steps and has neither of the other two inside.",
    }


def _outputs(
    taught_: Taught, experience: Experience, prove: Array
) -> Iterator[tuple[str, Array, dict[str, bool]]]:
    """Each way's name and outputs."""
    kind, answers = experience.schema.targets[0], experience.targets[0]
    split, network = experience.split, taught_.network
    known = answers[torch.as_tensor(split.learn)].numpy()
    name, output = kind.simplest(known, answers[torch.as_tensor(prove)].numpy())
    yield name, output, {"simple": True}
    learn = np.random.default_rng(0).permutation(split.learn)[:ROWS]
    folds = [(np.sort(learn), split.choose[:UNSEEN])]
    task = Task(experience.schema, experience.store, experience.targets[:1], folds, 0)
    solved = Network(experience.schema, [first_network(network)])
    solve_paths(solved, task, _plan(), 0, None)
    linear, trees = _solved(solved, task, prove)
    features = features_named(experience.schema)
    yield f"{features} + linear model" if features else "linear model", kind.as_logs(linear), {}
    if trees is not None:
        yield "gradient-boosted trees", kind.as_logs(trees), {}
    yield "the network", predict(network, experience.store, prove)[0].numpy(), {"deep": True}


def _solved(network: Network, task: Task, prove: Array) -> tuple[Array, Array | None]:
    deep = first_network(network)
    linear, trees = [], []
    with torch.inference_mode():
        for chunk in torch.as_tensor(prove).split(task.store.chunk):
            raw = task.store.batch(chunk)
            linear.append(network.linear[0](*deep.terms(raw)).numpy())
            if deep.measured:
                trees.append(network.trees[0](deep.measurements(raw)).numpy())
    return np.concatenate(linear), np.concatenate(trees) if trees else None


def _plan() -> Plan:
    return Plan(
        Body(), folds=1, batch=64, rate=0.003, decay=0.0, steps=STEPS, evaluate_every=STEPS,
        patience=1, threads=1, linear_rows=ROWS, trees=TREES,
    )  # fmt: skip
