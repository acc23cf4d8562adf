"""The explanation of a model's answer for one raw row, from its cells to what it would learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.data.frames import frame_of
from pellucid.data.table import Table
from pellucid.errors import DataError, Mends, UsageError
from pellucid.explanation.answers import answer_steps, loss_steps
from pellucid.explanation.attribution import attribute
from pellucid.explanation.cells import cells_step
from pellucid.explanation.doubles import InFloat64, double, in_float64
from pellucid.explanation.learning import Learnt, Lesson, learn_from
from pellucid.explanation.modules import agreement, module_kinds
from pellucid.explanation.numbers import gap
from pellucid.explanation.optimizing import Descent
from pellucid.explanation.parts import encodings
from pellucid.explanation.recorder import Operation, recording
from pellucid.explanation.resting import resting_step
from pellucid.explanation.result import Explanation, trace
from pellucid.explanation.solved import linear_step, trees_step
from pellucid.explanation.walk import by_module, section, shown_of, weight_names
from pellucid.explanation.weights import parse, require
from pellucid.kinds import Encoded
from pellucid.kinds.cells import texts
from pellucid.media.files import ANYWHERE, Files
from pellucid.networks.network import DeepNetwork, Network
from pellucid.schema import Schema
from pellucid.store import answers_of, build_store
from pellucid.training.optimizers import FlatAdamW
from pellucid.working.step import Check, Step

if TYPE_CHECKING:
    from pellucid.model import Model

METHODS = {"terms": "terms", "measurements": "measurements", "learning": ""}
CLIP = 1.0  # as gradient descent clips while learning
OPTIMIZER = "the optimizer that the network learnt with"


@dataclass(frozen=True)
class Row:
    """One row: its raw cells, as they enter the network, and its answers where they are known."""

    place: str
    cells: pl.DataFrame  # the input columns, one row
    encoded: list[Encoded]  # of each kind of the inputs
    raw: dict[str, Tensor]  # as the network takes them
    targets: tuple[Tensor, ...] | None
    unknown: str  # why the targets are None


def explain_row(model: Model, row: Any, weight: str | None = None) -> Explanation:
    """Explain the model's answer for a mapping, a pandas Series or a frame of one row."""
    frame = _frame(row)
    if model.schema.windows is not None:
        frame = _latest(model, frame)
    if frame.height != 1:
        raise UsageError(
            f"One row is explained at a time, however: {frame.height:,} rows were given."
        )
    return explain_cells(model, frame, "the given row", weight)


def _latest(model: Model, frame: pl.DataFrame) -> pl.DataFrame:
    """The window of a forecast at the end of the one series that is given."""
    mends = Mends()
    found = model.schema.rows(Table("the given table", frame.lazy(), frame.height), mends)
    if found.height != 1:
        raise UsageError(
            f"One forecast is explained at a time, however: {found.height:,} series were given."
        )
    return found.take([0], list(found.columns))


def explain_source(
    model: Model, table: Table, number: int, weight: str | None = None
) -> Explanation:
    """Explain the model's answer for row `number`, counted from 1, of a table."""
    if not 1 <= number <= table.height:
        raise UsageError(
            f"{table.name} has {table.height:,} rows, counted from 1, so there is no row "
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
    row = read_row(model, cells, place, files)
    network = in_float64(model.network)
    assert isinstance(network, Network)
    names, kinds = weight_names(network), module_kinds(network)
    if weight is not None:
        _require(weight, network)
    raw = double(row.raw)
    with torch.no_grad(), recording(network, METHODS) as recorder:
        outputs = network(raw)
    forward = _forward(model, network, raw, recorder.operations, (names, kinds))
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


def read_row(model: Model, cells: pl.DataFrame, place: str, files: Files = ANYWHERE) -> Row:
    """The row as the network takes it, and its targets."""
    schema, mends = model.schema, Mends()
    inputs = located(schema, schema.complete(cells, mends, cells.columns), files)
    encoded = encodings(schema, inputs)
    whole: Encoded = {name: values for own in encoded for name, values in own.items()}
    for target in schema.targets:
        whole |= target.encode_inputs(inputs, mends)
    raw = build_store([whole]).batch(torch.tensor([0]))
    targets, unknown = _targets(model, cells)
    return Row(place, inputs, encoded, raw, targets, unknown)


def located(schema: Schema, cells: pl.DataFrame, files: Files) -> pl.DataFrame:
    """The input cells, those that name files with the whole of their paths."""
    cells = cells.select(schema.columns)
    for kind in schema.media:
        cells = cells.with_columns(files.locate(cells.select(kind.columns), Mends()).get_columns())
    return cells


def _targets(model: Model, cells: pl.DataFrame) -> tuple[tuple[Tensor, ...] | None, str]:
    found = []
    for kind in model.schema.targets:
        name = kind.columns[0]
        if name not in cells.columns:
            return None, f"The row has no column {name!r}"
        if cells[name].is_null().any():
            return None, f"The row's {name!r} is missing"
        try:
            encoded = kind.encode_target(
                cells[name], inputs=lambda column: texts(cells[column]).fill_null("")
            )
            found.append(answers_of(encoded, np.arange(1), 1)[torch.tensor([0])])
        except DataError as error:
            return None, str(error).rstrip(".")
    return tuple(found), ""


def _frame(row: Any) -> pl.DataFrame:
    """A mapping, a Series or a frame of one row as a frame."""
    if hasattr(row, "to_dict") and not hasattr(row, "columns"):
        row = row.to_dict()  # a pandas Series: one row of its frame
    if isinstance(row, Mapping) and not any(isinstance(cell, list) for cell in row.values()):
        row = [dict(row)]
    frame = frame_of(row, Mends())
    if frame is None or not frame.columns:
        raise UsageError(
            "A row is a mapping of columns to cells, a pandas Series or a frame of one row, "
            f"however: {type(row).__name__}."
        )
    return frame


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


def _forward(
    model: Model,
    network: Network,
    raw: dict[str, Tensor],
    operations: Sequence[Operation],
    names: tuple[Mapping[int, str], Mapping[str, str]],
) -> Step:
    """Every operation, path by path."""
    steps: list[Step] = []
    for part, group in groupby(operations, key=lambda operation: _part(operation.module)):
        again = part.startswith("deep.") and part != "deep.0"
        within = by_module(list(group), *names, lessons=not again)
        title, reason = _titles(part, len(network.deep))
        extra: tuple[Step, ...] = ()
        if part == "linear":
            extra = linear_step(model.schema, network, raw)
        elif part == "trees":
            extra = trees_step(model.schema, network, raw)
        brief = again or (part == "trees" and extra)
        most = shown_of(within)
        shown = len(extra) if brief else None if most is None else len(extra) + most
        steps.append(section(title, (*extra, *within), reason, shown=shown))
    return section(f"Forward: {len(operations)} operations in order", steps, shown=None)


def _part(module: str) -> str:
    """Which path of the network an operation belongs to."""
    words = module.split(".")
    if words[-1] == "terms" or words[0] == "linear":
        return "linear"
    if words[-1] == "measurements" or words[0] == "trees":
        return "trees"
    return ".".join(words[:2]) if words[0] == "deep" else words[0]


def _titles(part: str, deep: int) -> tuple[str, str]:
    if part.startswith("deep."):
        number = int(part.split(".")[1]) + 1
        first = number == 1
        return f"Deep network {number} of {deep}", "" if first else (
            "It does the same as the first with weights of its own, learnt from other rows."
        )
    return {
        "": (
            "The deep networks' members as one answer",
            "Every member answers by itself; their answers are averaged.",
        ),
        "linear": (
            "The linear path",
            "A weighted sum of plain features, its weights found by a convex solver.",
        ),
        "trees": (
            "The tree-shaped path",
            "Boosted trees; each asks its questions and adds the value of the leaf it ends in.",
        ),
        "tables": (
            "The table's own deep networks",
            "They see the numbers, categories and dates alone.",
        ),
        "blend": (
            "The blend of the paths",
            "One weight a path, fitted on rows that none of them learnt from.",
        ),
    }.get(part, (part, ""))


def _learnt(
    model: Model, network: Network, raw: dict[str, Tensor], row: Row, weight: str | None
) -> Learnt | Step:
    """What the deep network with the chosen weight would learn from this row."""
    targets = row.targets
    if targets is None:
        return _no_loss(row.unknown)
    goals = double(targets)
    kinds = model.schema.targets
    for part in network.modules():
        if hasattr(part, "mirror"):  # learning sees a picture once, not beside its mirror image
            part.mirror = False  # type: ignore[assignment]

    def loss(outputs: Any) -> Tensor:
        losses = [k.loss(o, t) for k, o, t in zip(kinds, outputs, goals, strict=True)]
        return torch.stack(losses).sum() if len(losses) > 1 else losses[0]

    position = _position(weight, network, (raw, goals), loss)
    deep = network.deep[position]
    assert isinstance(deep, DeepNetwork)
    first = {f"deep.{position}.inputs.{i}": layer for i, layer in enumerate(deep.inputs)}
    lesson = Lesson(network, lambda: deep.learning(raw, goals), loss, METHODS, first)
    descent = Descent(model.plan.rate, model.plan.decay, CLIP, _spares, OPTIMIZER)
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
