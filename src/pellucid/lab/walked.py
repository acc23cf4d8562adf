"""One row walked through a network: its layers, one neuron's sum, and the working of one weight."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pellucid.errors import Mends, UsageError
from pellucid.lab.own import Own
from pellucid.lab.rows import row_number, row_of, shown
from pellucid.lab.taught import Dense, Taught, dense_layers, taught
from pellucid.lab.training.learner import Learner, Pace
from pellucid.lab.training.plain import Plane, design
from pellucid.lab.weights import layer_sums

NEURONS = 14  # of a layer that are drawn
TERMS = 7  # of a neuron's sum that are shown one by one
POINTS = 300


def answer(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """A row's cells and what the model answers, before anything is worked."""
    if own.model is None:
        return {"model": False, "rows": POINTS}
    model = own.model
    wanted = [*model.schema.columns, *model.targets]
    row, cells = row_of(own, question, wanted)
    files = own.table.files  # a cell that names a file names it from the table's folder
    whole = model.schema.locate(model.schema.complete(cells, Mends(), cells.columns), files)
    predicted = next(model.predictions(whole, Mends(), True))
    return {
        "model": True,
        "row": row,
        "rows": own.table.height,
        "name": own.table.name,
        "cells": {name: shown(cells[name][0]) for name in cells.columns},
        "targets": list(model.targets),
        "answer": {name: shown(predicted[name][0]) for name in predicted.columns},
    }


def neurons(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """What every layer answers to a row, and the largest terms of one neuron's sum.

    Each term names its weight as `explain` does, so that it can be followed.
    """
    layers = _toy_layers(question) if own.model is None else _own_layers(taught(own), question)
    names = [name for name, *_ in layers]
    wanted = question.get("layer") or names[-1]
    if wanted not in names:
        raise UsageError(f"There is no layer {wanted!r}; there are {', '.join(names)}.")
    _, inputs, given, weight, bias, answers, path = layers[names.index(wanted)]
    neuron = question.get("neuron", int(answers.argmax()))
    if not isinstance(neuron, int) or not 0 <= neuron < len(bias):
        raise UsageError(f"{wanted} has {len(bias)} neurons; there is no {neuron!r}.")
    terms = given * weight[neuron]
    order = terms.abs().argsort(descending=True).tolist()
    first, rest = order[:TERMS], order[TERMS:]
    return {
        "layers": [
            {"name": name, "count": len(found), "answers": _rounded(found[:NEURONS])}
            for name, *_, found, _ in layers
        ],
        "layer": wanted,
        "neuron": neuron,
        "terms": [
            {
                "name": inputs[i],
                "x": float(given[i]),
                "w": float(weight[neuron, i]),
                "weight": path(neuron, i),
            }
            for i in first
        ],
        "rest": {"count": len(rest), "sum": float(terms[rest].sum())},
        "bias": float(bias[neuron]),
        "sum": float(terms.sum() + bias[neuron]),
        "answer": float(answers[neuron]),
    }


def explained(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """The working of one row by the reader's model, or by the toy, as a fragment of a page."""
    from pellucid.explanation import explain
    from pellucid.explanation.rows import explain_source
    from pellucid.working.printing.html import fragment

    weight = str(question.get("weight") or "") or None
    if own.model is not None:
        row = row_number(question, own.table.height)
        found = explain_source(own.model, own.table, row + 1, weight)
    else:
        scene, row = _toy(), row_number(question, POINTS)
        inputs, target = scene.inputs[row : row + 1], scene.colours[row : row + 1]
        module = scene.task.module
        found = explain(module, inputs, target, weight=weight, rate=0.03, decay=0.0)
    return {"html": fragment(found.step), "differences": dict(found.differences)}


@cache
def _toy() -> Plane:
    """Without a model: a small network that is trained now."""
    scene = Plane(design({"data": "moons", "hidden": [4, 3]}))
    learner = Learner(scene.task)
    for _ in range(200):
        learner.advance(Pace(0.03, 16))
    return scene


def _toy_layers(question: Mapping[str, Any]) -> list[Any]:
    scene = _toy()
    names: tuple[str, ...] = ("x", "y")
    x = scene.inputs[row_number(question, POINTS)]
    found: list[Any] = []
    weights = dict(scene.task.module.named_parameters())
    for place in range(3):
        weight, bias = (weights[f"layers.{place}.{part}"].detach() for part in ("weight", "bias"))
        sums = weight @ x + bias
        answers = torch.tanh(sums) if place < 2 else sums
        name = f"hidden layer {place + 1}" if place < 2 else "output"

        def path(neuron: int, term: int, place: int = place) -> str:
            return f"layers.{place}.weight[{neuron},{term}]"

        found.append((name, names, x, weight, bias, answers, path))
        x, names = answers, tuple(f"neuron {k + 1}" for k in range(len(answers)))
    return found


def _own_layers(network: Taught, question: Mapping[str, Any]) -> list[Any]:
    raw = network.raw([row_number(question, network.table.height)])
    found: list[Any] = []
    for layer in dense_layers(network):
        given, sums = layer_sums(network, layer, raw)
        answers = sums[0].relu() if layer.bends else sums[0]
        path = _path(network, layer)
        found.append((layer.name, layer.inputs, given[0], layer.weight, layer.bias, answers, path))
    return found


def _path(network: Taught, layer: Dense) -> Any:
    """How the weight of a neuron and an input is named, of the first member."""
    weight = layer.module.weight
    name = next(n for n, own in network.network.named_parameters() if own is weight)
    if layer.bends:
        return lambda neuron, term: f"{name}[{neuron},{term}]"
    return lambda neuron, term: f"{name}[0,{term},{neuron}]"


def _rounded(values: Tensor) -> list[float]:
    return [float(each) for each in np.round(values.double().numpy(), 4)]
