"""Applications that can be tried on a page: each a network taught here, a measure, a simple way."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import torch

from pellucid.errors import Mends, UsageError
from pellucid.kinds import Array
from pellucid.lab.digits import png
from pellucid.lab.examples import bounces, example, frames, road, struck
from pellucid.lab.taught import Taught, taught
from pellucid.media.files import NO_FILES
from pellucid.store import build_store
from pellucid.training.fitting import predict

LONGEST = 120  # letters of a phrase


def tried(own: object, question: Mapping[str, Any]) -> dict[str, Any]:
    """One try of `which`: road, film or phrase."""
    which = question.get("which")
    if which not in TRIES:
        raise UsageError(f"There is no try of that name; there are {', '.join(TRIES)}.")
    return TRIES[str(which)](question)


def _driving(question: Mapping[str, Any]) -> dict[str, Any]:
    """The wheel's angle for a road that bends as far as the reader likes."""
    bend = question.get("bend", 0.0)
    if not isinstance(bend, int | float) or not -1 <= bend <= 1:
        raise UsageError("A bend lies between −1 and 1.")
    picture = png(road(float(bend), np.random.default_rng(round(1000 * bend) + 5000)))
    network = taught(example("roads"))
    return {
        "picture": _address(picture),
        "answer": float(_answers(network, pl.DataFrame({"camera": [picture]})).item()),
        "true": 30 * float(bend),
        **_measured("roads"),
    }


def _film(question: Mapping[str, Any]) -> dict[str, Any]:
    """How sure the network is of a strike at each moment of a film that it never saw."""
    number = question.get("film", 0)
    if not isinstance(number, int) or not 0 <= number < 1_000:
        raise UsageError("Films are numbered from 0 to 999.")
    draw = np.random.default_rng(10_000 + number)
    heights = bounces(draw)
    moments = range(1, len(heights) - 1)
    seen = [frames(heights, at, draw) for at in moments]
    network = taught(example("strikes"))
    cells = pl.DataFrame({"frames": [png(each) for each in seen]})
    kind, output = network.schema.targets[0], _outputs(network, cells)
    chances = kind.probabilities(output)
    assert chances is not None
    side = seen[0].shape[0]
    strip = np.hstack([each[:, side : 2 * side] for each in seen])
    return {
        "strip": _address(png(strip)),
        "chances": [round(float(each), 4) for each in chances["strike"]],
        "true": [struck(heights, at) for at in moments],
        **_measured("strikes"),
    }


def _phrase(question: Mapping[str, Any]) -> dict[str, Any]:
    """A phrase in German, and the nearest phrase among those that were learnt from."""
    phrase = str(question.get("sentence", ""))[:LONGEST].lower()
    network = taught(example("phrases"))
    learnt = network.table.take(network.others, ["english", "german"])
    near = learnt.row(_nearest(phrase, learnt["english"].to_list()))
    return {
        "answer": _answers(network, pl.DataFrame({"english": [phrase]})).item() or "",
        "nearest": list(near),
        "known": phrase in learnt["english"].to_list(),
        **_measured("phrases"),
    }


TRIES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "driving": _driving,
    "film": _film,
    "phrase": _phrase,
}


@cache
def _measured(name: str) -> dict[str, Any]:
    """How the network and the simple way do on rows that neither saw."""
    network = taught(example(name))
    target = network.schema.targets[0].columns[0]
    output = predict(network.network, example(name).experience.store, network.rows)[0].numpy()
    found = network.schema.targets[0].decode(output)
    truth = network.table.take(network.rows, [target])[target]
    learnt = network.table.take(network.others, [*network.schema.columns, target])
    simple: Any
    if name == "roads":
        simple = np.full(len(truth), learnt[target].mean())
        errors = [np.abs(each - truth.to_numpy()).mean() for each in (found.to_numpy(), simple)]
        return {"measure": "mean error in degrees", "unseen": len(truth),
                "right": float(errors[0]), "simple": float(errors[1])}  # fmt: skip
    if name == "phrases":
        asked = network.table.take(network.rows, ["english"])["english"].to_list()
        known = learnt["english"].to_list()
        simple = [learnt[target][_nearest(each, known)] for each in asked]
    else:
        simple = [learnt[target].mode().sort()[0]] * len(truth)
    shares = [float(np.mean([a == b for a, b in zip(each, truth, strict=True)]))
              for each in (found.to_list(), simple)]  # fmt: skip
    return {"measure": "right on unseen rows", "unseen": len(truth),
            "right": shares[0], "simple": shares[1]}  # fmt: skip


def _nearest(phrase: str, among: list[str]) -> int:
    """The one that shares most words, the first of them."""
    words = set(phrase.split())
    return int(np.argmax([len(words & set(each.split())) for each in among]))


def _answers(network: Taught, cells: pl.DataFrame) -> pl.Series:
    return network.schema.targets[0].decode(_outputs(network, cells))


def _outputs(network: Taught, cells: pl.DataFrame) -> Array:
    encoded = network.schema.encode(cells, Mends(), NO_FILES)
    with torch.inference_mode():
        outputs = network.network(build_store([encoded]).batch(torch.arange(cells.height)))
    return outputs[0].numpy()


def _address(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"
