"""The explanation of a model's answer for one raw row, from its cells to what it would learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.counts import counted
from pellucid.data.table import Table
from pellucid.errors import Mends, UsageError
from pellucid.explanation.answers import answer_steps, loss_steps
from pellucid.explanation.attribution import attribute
from pellucid.explanation.cells import cells_step
from pellucid.explanation.doubles import InFloat64, double, in_float64
from pellucid.explanation.forward import forward_step
from pellucid.explanation.learning import Learnt, Lesson, learn_from
from pellucid.explanation.modules import agreement, module_kinds
from pellucid.explanation.numbers import gap
from pellucid.explanation.optimizing import Descent
from pellucid.explanation.reading import Row, frame_of_row, latest_window, read_row
from pellucid.explanation.recorder import Operation, recording
from pellucid.explanation.resting import resting_step
from pellucid.explanation.result import Explanation, trace
from pellucid.explanation.walk import section, weight_names
from pellucid.explanation.weights import parse, require
from pellucid.kinds.targets import summed_loss
from pellucid.media.files import ANYWHERE, Files
from pellucid.networks.network import DeepNetwork, Network
from pellucid.training.optimizers import FlatAdamW, kernels_of
from pellucid.working.step import Check, Step

if TYPE_CHECKING:
    from pellucid.model import Model

METHODS = {"terms": "terms", "measurements": "measurements", "learning": ""}
CLIP = 1.0  # as gradient descent clips while learning
OPTIMIZER = "the optimizer that the network learnt with"


def explain_row(model: Model, row: Any, weight: str | None = None) -> Explanation:
    """Explain the model's answer for a mapping, a pandas Series or a frame of one row."""
    frame = frame_of_row(row)
    if model.schema.windows is not None:
        frame = latest_window(model.schema, frame)
    if frame.height != 1:
        raise UsageError(
            f"One row is explained at a time, however: {frame.height:,} rows were given."
        )
    return explain_cells(model, frame, "the given row", weight)


def explain_source(
    model: Model, table: Table, number: int, weight: str | None = None
) -> Explanation:
    """Explain the model's answer for row `number`, counted from 1, of a table."""
    if not 1 <= number <= table.height:
        raise UsageError(
            f"{table.name} has {counted(table.height, 'row')}, counted from 1, so there is no row "
            f"{number:,}; give --row from 1 to {table.height:,}."
        )
    place = table.place(number - 1)
    table, position = model.schema.row(table, number - 1, Mends())
    model.schema.require(table.columns, table.name)
    wanted = [c for c in (*model.schema.columns, *model.targets) if c in table.columns]
    if model.schema.windows is not None:  # a window's answer has its moment and its past beside it
        wanted = list(table.columns)
    cells = table.take([position], wanted)
    row = f"row {number:,}" + (f" ({place})" if not place.startswith("row") else "")
    return explain_cells(model, cells, f"{row} of {table.name}", weight, table.files)


def explain_cells(
    model: Model,
    cells: pl.DataFrame,
    place: str,
    weight: str | None = None,
    files: Files = ANYWHERE,
) -> Explanation:
    """Explain the model's answer for a frame of one row; `files` says what its cells may name."""
    row = read_row(model.schema, cells, place, files)
    network = in_float64(model.network)
    assert isinstance(network, Network)
    names, kinds = weight_names(network), module_kinds(network)
    if weight is not None:
        _require(weight, network)
    raw = double(row.raw)
    with torch.no_grad(), recording(network, METHODS) as recorder:
        outputs = network(raw)
    forward = forward_step(model.schema, network, raw, recorder.operations, (names, kinds))
    with torch.no_grad():
        own = model.network(row.raw)
    gaps = [gap(a, b) for a, b in zip(own, outputs, strict=True)]
    differences = {"float32": max(gaps)}
    steps = [cells_step(model.schema, row), forward, *answer_steps(model.schema, outputs, own)]
    resting = [
        resting_step(found)
        for position in range(len(model.targets))
        if (found := attribute(model.schema, model.network, row.cells, position, row.encoded))
    ]
    learnt = _learnt(model, network, raw, row, weight)
    if isinstance(learnt, Step):
        steps.append(learnt)
    else:
        assert row.targets is not None
        truth = [str(cells[name][0]) for name in model.targets]
        steps += [*loss_steps(model.schema, outputs, row.targets, truth), *learnt.steps]
        differences |= learnt.differences
    steps += resting
    whole = section(
        f"Why the answer for {place} is what it is",
        steps,
        _summary(recorder.operations, differences),
        shown=None,
        decimal=True,
    )
    return Explanation(whole, trace(recorder.operations, names), differences)


def _require(weight: str, network: Network) -> None:
    parameters = {n: p for n, p in network.named_parameters() if n.startswith("deep.")}
    others = {}
    solved = (name for name, _ in network.named_parameters() if name not in parameters)
    for name in (*solved, *(name for name, _ in network.named_buffers())):
        path = name.split(".")[0]
        others[name] = SOLVED.get(path, "remembered from the data, not learnt by gradient descent.")
    require(weight, parameters, others)


SOLVED = {
    "linear": "found by a convex solver, not by gradient descent, so no gradient step is its "
    "working; the explanation shows it in the linear path.",
    "trees": "grown by gradient boosting, not by gradient descent: the loss has no slope along "
    "it. The explanation shows the trees' own working.",
    "tables": "of a network for the plain columns alone; explain works a step of the deep "
    "networks that see every column.",
    "blend": "fitted on held-out rows after learning, not by gradient descent.",
}


def _learnt(
    model: Model, network: Network, raw: dict[str, Tensor], row: Row, weight: str | None
) -> Learnt | Step:
    """What the deep network with the chosen weight would learn from this row."""
    targets = row.targets
    if targets is None:
        return _no_loss(row.unknown)
    goals = double(targets)
    plan = model.plan
    for part in network.modules():
        if hasattr(part, "mirror"):  # learning sees a picture once, not beside its mirror image
            part.mirror = False  # type: ignore[assignment]

    def loss(outputs: Any) -> Tensor:
        return summed_loss(model.schema.targets, outputs, goals, plan.smoothing)

    position = _position(weight, network, (raw, goals), loss)
    deep = network.deep[position]
    assert isinstance(deep, DeepNetwork)
    first = {f"deep.{position}.inputs.{i}": layer for i, layer in enumerate(deep.inputs)}
    lesson = Lesson(network, lambda: deep.learning(raw, goals), loss, METHODS, first)
    kernels = frozenset(kernels_of(network))
    descent = Descent(plan.rate, plan.decay, CLIP, _spares, OPTIMIZER, kernels)
    return learn_from(lesson, weight, descent, weight_names(network))


def _spares(name: str, parameter: Tensor) -> bool:
    return name.endswith(FlatAdamW.SPARED) or parameter.ndim < 2


def _position(weight: str | None, network: Network, example: tuple[Any, Any], loss: Any) -> int:
    """Which deep network has the weight; without one, where the largest gradient is."""
    if weight is not None:
        return int(parse(weight)[0].split(".")[1])
    if len(network.deep) == 1:
        return 0
    sizes = []
    for deep in network.deep:
        with InFloat64():
            value = loss(deep.learning(*example))  # type: ignore[operator]
        matrices = [p for p in deep.parameters() if p.ndim > 1]
        found = torch.autograd.grad(value, matrices, allow_unused=True)
        sizes.append(max((float(g.abs().max()) for g in found if g is not None), default=0.0))
    return int(np.argmax(sizes))


def _no_loss(why: str) -> Step:
    return Step(
        rule="No loss",
        given={},
        result="without the right answer nothing can be learnt from the row",
        check=Check(
            "the row itself", "without the right answer nothing can be learnt from the row"
        ),
        reason=f"{why}, so there is no loss, no gradient and no step of learning here.",
    )


def _summary(operations: Sequence[Operation], differences: Mapping[str, float]) -> str:
    return (
        f"{len(operations)} operations were recorded while the network ran in float64; none is "
        f"left out. {agreement(differences)}"
    )
