"""A learnt model: what is saved, loaded by path alone, and predicted with."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch

from pellucid.data.frames import frame_of
from pellucid.data.reading import read
from pellucid.data.table import Table
from pellucid.errors import Mends, ModelError
from pellucid.kinds import Array, Encoded, TargetKind
from pellucid.media.files import NO_FILES, Files
from pellucid.networks.network import Network
from pellucid.schema import Schema
from pellucid.store import build_store, joined
from pellucid.training.fitting import predict as network_outputs
from pellucid.training.plan import Plan

if TYPE_CHECKING:
    from pellucid.evidence.evaluation import Evaluation
    from pellucid.explanation.result import Explanation


@dataclass(frozen=True)
class Model:
    """A schema, a network fitted to it, the plan it was learnt by and the evidence for it."""

    schema: Schema
    network: Network
    plan: Plan
    evidence: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of what is predicted."""
        return tuple(kind.columns[0] for kind in self.schema.targets)

    def predict(self, source: Any) -> Any:
        """One prediction a row, in the caller's row order and kind of frame.

        One target gives a Series (pandas with the caller's index, else polars), several a frame.
        Classes that were truth values or numbers when they were learnt come back as such. A
        forecast is a frame with a row for each step to come: series, time, value, low and high.
        """
        if self.schema.windows is not None:
            return _like(source, self._told(source, _predicted, _intervals_named))
        predicted = self._told(source, _as_given)
        return _like(source, predicted if len(self.targets) > 1 else predicted.to_series())

    def predict_proba(self, source: Any) -> Any:
        """The probability of each level, one column a level (`target=level` if several targets)."""
        if not any(kind.has_probabilities for kind in self.schema.targets):
            raise ModelError(
                f"{self.targets[0]!r} is a {self.schema.targets[0].kind}: it has no levels, and so "
                "no probabilities of them. Call predict, or predict_interval of a number."
            )
        return _like(source, self._told(source, _probabilities))

    def predict_interval(self, source: Any) -> Any:
        """The 90 % interval of each number, as columns low and high (`target low` if several)."""
        if not any(kind.has_intervals for kind in self.schema.targets):
            raise ModelError(
                f"{self.targets[0]!r} is a {self.schema.targets[0].kind}: it has no interval. Call "
                "predict, or predict_proba of a class."
            )
        return _like(source, self._told(source, _intervals))

    def predictions(self, source: Any, mends: Mends, proba: bool = False) -> Iterator[pl.DataFrame]:
        """Predictions slice by slice, with memory for one slice, whatever the length of the source.

        Each frame holds a column for each target, a number's interval (`target low`,
        `target high`) and a class's probability (`target confidence`, or with `proba` one column
        for each level). Of a folder each row begins with its file: nobody else knows their order.
        """
        parts = (_predicted, _intervals_named, _probabilities_named if proba else _confidence)
        table, first = self._rows(source, mends), 0
        for frame in self._frames(table, mends, *parts):
            if table.listed is None:
                yield frame
            else:
                files = table.lazy.slice(first, frame.height).select(table.listed).collect()
                yield pl.concat([files, frame], how="horizontal")
            first += frame.height

    def evaluate(self, source: Any) -> dict[str, Evaluation]:
        """Performance on labelled rows by target, and whether it held."""
        from pellucid.evidence.evaluation import evaluate

        return evaluate(self, source)

    def explain(self, row: Any, weight: str | None = None) -> Explanation:
        """Work through one row in the network's own numbers; see `pellucid.explain`."""
        from pellucid.explanation.rows import explain_row

        return explain_row(self, row, weight)

    def outputs(self, table: Table, mends: Mends) -> list[Array]:
        """The network's outputs for every row, one array a target."""
        slices = list(self._outputs(table, mends))
        return [_joined(parts) for parts in zip(*slices, strict=True)]

    def outputs_of(self, encoded: Sequence[Encoded]) -> list[Array]:
        """The network's outputs for rows that the schema has encoded, one array a target."""
        store = build_store(encoded)
        outputs = network_outputs(self.network, store, np.arange(store.height))
        return [output.numpy() for output in outputs]

    def save(self, path: str | Path) -> Path:
        """Write the model directory, whole or not at all; an older one there is replaced."""
        from pellucid.keeping import write_model

        return write_model(self, Path(path))

    def _told(self, source: Any, *parts: Any) -> pl.DataFrame:
        """All rows in one frame; what was mended is a warning, for nobody else counts it."""
        mends = Mends()
        frame = pl.concat(self._frames(self._rows(source, mends), mends, *parts))
        for mend in mends.found:
            warnings.warn(str(mend), stacklevel=3)
        return frame

    def _rows(self, source: Any, mends: Mends) -> Table:
        return self.schema.rows(_table(source, mends), mends)

    def _frames(self, table: Table, mends: Mends, *parts: Any) -> Iterator[pl.DataFrame]:
        first = 0
        for outputs in self._outputs(table, mends):
            frame = pl.concat(
                [
                    frame
                    for kind, output in zip(self.schema.targets, outputs, strict=True)
                    for part in parts
                    if (frame := part(kind, output, len(self.targets))) is not None
                ],
                how="horizontal",
            )
            made = table.windows
            yield frame if made is None else made.unrolled(frame, table, first)
            first += frame.height

    def _outputs(self, table: Table, mends: Mends) -> Iterator[list[Array]]:
        self.schema.require(table.columns, table.name)
        known = [column for column in self.schema.columns if column in table.columns]
        first = 0
        for cells in table.batches(known, self.schema.slice_rows):
            mends.place = lambda row, first=first: table.place(first + row)  # type: ignore[misc]
            whole = self.schema.complete(cells, mends, table.columns)
            yield self._output(whole, mends, table.files)
            first += cells.height
        if not table.height:
            nothing = pl.DataFrame({column: [None] for column in self.schema.columns})
            none = self._output(nothing.cast(pl.String), Mends(), NO_FILES)
            yield [output[:0] for output in none]

    def _output(self, cells: pl.DataFrame, mends: Mends, files: Files) -> list[Array]:
        return self.outputs_of([self.schema.encode(cells, mends, files)])


def _joined(parts: Sequence[Array]) -> Array:
    return np.asarray(joined([torch.from_numpy(part) for part in parts]).numpy())


def _table(source: Any, mends: Mends) -> Table:
    """As `read`, but a frame without rows, as a filter may leave, is no fault."""
    frame = frame_of(source, mends)
    if frame is None or not frame.columns:
        return read(source, mends, ragged="mend")
    return Table("the given table", frame.lazy(), frame.height)


def _predicted(kind: TargetKind, output: Array, targets: int) -> pl.DataFrame:
    return kind.decode(output).to_frame()


def _as_given(kind: TargetKind, output: Array, targets: int) -> pl.DataFrame:
    return kind.as_given(kind.decode(output)).to_frame()


def _probabilities(kind: TargetKind, output: Array, targets: int) -> pl.DataFrame | None:
    frame = kind.probabilities(output)
    if frame is None or targets == 1:
        return frame
    return frame.rename({level: f"{kind.columns[0]}={level}" for level in frame.columns})


def _probabilities_named(kind: TargetKind, output: Array, targets: int) -> pl.DataFrame | None:
    return _probabilities(kind, output, 2)


def _confidence(kind: TargetKind, output: Array, targets: int) -> pl.DataFrame | None:
    confidence = kind.confidence(output)
    return (
        None if confidence is None else pl.DataFrame({f"{kind.columns[0]} confidence": confidence})
    )


def _intervals(kind: TargetKind, output: Array, targets: int) -> pl.DataFrame | None:
    frame = kind.intervals(output)
    if frame is None or targets == 1:
        return frame
    return frame.rename(lambda name: f"{kind.columns[0]} {name}")


def _intervals_named(kind: TargetKind, output: Array, targets: int) -> pl.DataFrame | None:
    return _intervals(kind, output, 2)


def _like(source: Any, result: pl.Series | pl.DataFrame) -> Any:
    """As pandas with the caller's index if pandas came in, else polars."""
    if type(source).__module__.split(".")[0] != "pandas":
        return result
    import pandas as pd

    if len(result) != len(source):
        return result.to_pandas(use_pyarrow_extension_array=False)
    if isinstance(result, pl.Series):
        return pd.Series(result.to_list(), index=source.index, name=result.name)
    return pd.DataFrame({c: result[c].to_numpy() for c in result.columns}, index=source.index)
