"""Performance against experience on the reader's own: measured by the model's run, or now, live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from pellucid.errors import UsageError
from pellucid.evidence.live import grown_state, history_state
from pellucid.evidence.numerals import Measure
from pellucid.evidence.report import history_metric
from pellucid.kinds import Array
from pellucid.lab.own import Own
from pellucid.lab.taught import network_of
from pellucid.lab.training.learner import Learner, Pace
from pellucid.lab.training.table import TableScene
from pellucid.training.fitting import predict

STEPS, FEWEST, MOST_UNSEEN = 100, 8, 1_000


def grown(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """The curve that a model keeps; of a table one more point: a share of the rows is learnt."""
    if own.model is not None:
        target = own.model.evidence["targets"][own.model.targets[0]]
        if not target["curve"]:
            raise UsageError("This model was learnt too shortly to measure its learning curve.")
        return {**grown_state(target), "about": "your model's own measurement"}
    share = question.get("share", 1.0)
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise UsageError(f"A share of the rows lies between 0 and 1, however: {share!r}.")
    return _learnt(own, float(share))


def history(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """How the reader's model was learnt, moment by moment."""
    if own.model is None or not own.model.evidence["history"]:
        raise UsageError("There is no history without a model: pellucid lab MODEL --rows FILE.")
    evidence: Any = own.model.evidence
    return history_state(evidence["history"], history_metric(evidence))


@lru_cache(maxsize=16)
def _learnt(own: Own, share: float) -> dict[str, Any]:
    """A fresh network that learns a part of the rows, judged on rows that it never saw."""
    experience = own.experience
    learn, prove = experience.split.learn, experience.split.prove[:MOST_UNSEEN]
    order = np.random.default_rng(0).permutation(learn)  # parts are nested
    rows = order[: max(FEWEST, round(share * len(learn)))]
    scene = TableScene(experience, {})
    learner = Learner(replace(scene.task, learn=torch.as_tensor(np.sort(rows))))
    for _ in range(STEPS):
        learner.advance(Pace(0.003, min(64, len(rows))))
    network = network_of(scene, learner.optimizer.weights)
    output = predict(network, experience.store, prove)[0].numpy()
    kind, answers = experience.schema.targets[0], experience.targets[0]
    truth = answers[torch.as_tensor(prove)].numpy()
    known = answers[torch.as_tensor(learn)].numpy()
    name, simplest = kind.simplest(known, truth)

    def measured(found: Array) -> float:
        return float(kind.aggregate(kind.row_losses(found, truth)))

    return {
        "points": [{"rows": len(rows), "value": measured(output)}],
        "metric": kind.metric,
        "share": Measure(kind.metric).is_share,
        "better": "higher" if kind.higher_is_better else "lower",
        "simplest": {"name": name, "value": measured(simplest)},
        "baseline": None,
        "unseen": len(prove),
        "name": experience.tables[0].name,
        "about": f"a network of pellucid's own kind after {STEPS} steps, begun anew for each part",
        "live": True,
    }
