"""Which column is which kind: fitted once on learning rows, saved with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
import polars as pl

from pellucid.backbones import Backbone
from pellucid.data.checking import nearest
from pellucid.data.contents import Sample
from pellucid.data.steps import Steps
from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends, ModelError, UsageError
from pellucid.kinds import (
    KINDS,
    TARGETS,
    Array,
    Beside,
    Encoded,
    Kind,
    MediaKind,
    Sounds,
    TargetKind,
    Vocabulary,
    kind_named,
    recognise,
    recognise_target,
)
from pellucid.kinds.pretrained import Pretrained, ReadingKind
from pellucid.media.files import ANYWHERE, NO_FILES, Files
from pellucid.windows import Windows

Value = TypeVar("Value")
RECOGNITION_ROWS = 10_000
READABLE = {"text": "texts", "image": "pictures and films"}


@dataclass(frozen=True)
class Schema:
    """The fitted kinds of the inputs and the targets, and why each column is what it is."""

    inputs: tuple[Kind, ...]  # one for each kind that occurs, over all its columns
    targets: tuple[TargetKind, ...]  # one for each target
    reasons: Mapping[str, str]
    windows: Windows | None = None  # how rows are made of a table of series that go on in time

    def rows(self, table: Table, mends: Mends) -> Table:
        """The rows to predict of what the user gave: the table as it is, or its windows."""
        return table if self.windows is None else self.windows.of(table, mends)

    def row(self, table: Table, position: int, mends: Mends) -> tuple[Table, int]:
        """A table and the place in it of one row: of a forecast, the window that ends there."""
        if self.windows is None:
            return table, position
        found = self.windows.until(table, position, mends)
        return found, 0 if found.height == 1 else position

    def judged_rows(self, table: Table, mends: Mends) -> Table:
        """The rows with an answer: the table as it is, or windows from its past on."""
        return table if self.windows is None else self.windows.rolling(table, mends)

    @property
    def columns(self) -> list[str]:
        """The input columns, kind by kind."""
        return [column for kind in self.inputs for column in kind.columns]

    @property
    def media(self) -> tuple[MediaKind, ...]:
        """The kinds whose cells name files or hold their contents."""
        return tuple(kind for kind in self.inputs if isinstance(kind, MediaKind))

    @property
    def table(self) -> Schema:
        """The plain columns alone, which need no network of their own to be read."""
        return replace(self, inputs=tuple(kind for kind in self.inputs if kind.plain))

    def plain_of(self, raw: Mapping[str, Value]) -> dict[str, Value]:
        """Those of the raw arrays that hold the plain columns."""
        kinds = {kind.kind for kind in self.inputs if kind.plain}
        return {name: values for name, values in raw.items() if name.partition(".")[0] in kinds}

    @property
    def mixed(self) -> bool:
        """Whether plain columns stand beside others, and every target can weigh several paths."""
        blends = all(target.blends and target.linear_outputs for target in self.targets)
        return blends and 0 < len(self.table.inputs) < len(self.inputs)

    @property
    def backbones(self) -> list[Backbone]:
        """The pretrained networks that read some of the columns."""
        return [each.backbone for each in self.pretrained]

    @property
    def pretrained(self) -> list[Pretrained]:
        """What the readers remember of their backbones."""
        return [kind.pretrained for kind in self.readers if kind.pretrained is not None]

    @property
    def readers(self) -> list[ReadingKind]:
        """The kinds whose cells a backbone reads."""
        able = (kind for kind in self.inputs if isinstance(kind, ReadingKind))
        return [kind for kind in able if kind.pretrained is not None]

    @property
    def slice_rows(self) -> int | None:
        """How many rows are encoded at once; None: as many as the table likes."""
        return min((kind.slice_rows for kind in self.media), default=None)

    def encode(self, cells: pl.DataFrame, mends: Mends, files: Files = NO_FILES) -> Encoded:
        """Raw arrays of every input kind, and what targets read of the inputs, row by row.

        Cells of media may name only what `files` allows.
        """
        encoded: Encoded = {}
        for kind in self.inputs:
            own = cells.select(kind.columns)
            own = files.locate(own, mends) if isinstance(kind, MediaKind) else own
            encoded |= kind.encode(own, mends)
        for target in self.targets:
            encoded |= target.encode_inputs(cells, mends)
        return encoded

    def locate(self, cells: pl.DataFrame, files: Files) -> pl.DataFrame:
        """The input cells, those of media as their kinds take them."""
        cells = cells.select(self.columns)
        for kind in self.media:
            own = files.locate(cells.select(kind.columns), Mends())
            cells = cells.with_columns(own.get_columns())
        return cells

    def require(self, columns: Sequence[str], source: str) -> None:
        """DataError if a table with these columns has none of the inputs."""
        if not set(columns) & set(self.columns):
            raise DataError(
                f"{source} has none of the columns that the model learnt from: "
                f"{_some(self.columns)}; its columns are {_some(columns)}."
            )

    def complete(
        self, cells: pl.DataFrame, mends: Mends, columns: Sequence[str] = ()
    ) -> pl.DataFrame:
        """The input columns; a column that is absent is taken as missing, and counted.

        `columns` are all those of the source: among them may be the one that was meant.
        """
        absent = [column for column in self.columns if column not in cells.columns]
        for column in absent:
            close = nearest(column, set(columns) - set(self.columns))
            meant = f" (did you mean {close!r}?)" if close else ""
            fault = f"the column is absent{meant}"
            mends.add(Mend(fault, "taken as missing", cells.height, column))
        return cells.with_columns(pl.lit(None, pl.String).alias(c) for c in absent)


def fit_schema(
    sample: Sample,
    learnt: pl.DataFrame,
    everything: pl.DataFrame,
    kinds: Mapping[str, str],
    some: pl.DataFrame | None = None,
    table: Table | None = None,
) -> Schema:
    """Recognise and fit every column.

    `sample` is one of the learning rows' inputs and `some` the targets of the same rows,
    `learnt` those of all learning rows; `everything` holds the targets of all rows, for the names
    of classes and tags only. `table` is where the cells are from.
    """
    files = ANYWHERE if table is None else table.files
    windows = None if table is None else table.windows
    _known(kinds, [*sample.cells.columns, *learnt.columns])
    reasons: dict[str, str] = {}
    found: dict[str, list[str]] = {kind.kind: [] for kind in KINDS}
    for series in sample.cells:
        kind, reasons[series.name] = _kind_of(series.head(RECOGNITION_ROWS), kinds)
        found[kind.kind].append(series.name)
    inputs = tuple(
        kind.fit(located(sample.whole(found[kind.kind]), kind, files))
        for kind in KINDS
        if found[kind.kind]
    )
    fitted = []
    for series in learnt:
        target, reasons[series.name] = _target_of(series, kinds, windows)
        few = learnt if some is None else some
        beside = Beside(
            sample.cells, few[series.name], everything[series.name], _kinds_of(inputs),
            windows.seasons if windows else (), windows.time if windows else "",
        )  # fmt: skip
        fitted.append(target.fit_target(series, beside))
    return Schema(inputs, tuple(fitted), reasons, windows)


def with_backbones(
    schema: Schema, backbones: Sequence[Backbone], sample: Sample, files: Files = ANYWHERE
) -> Schema:
    """The schema with each backbone beside the kind that it reads, fitted to a few of the cells."""
    inputs: list[Any] = list(schema.inputs)
    for backbone in backbones:
        places = [i for i, k in enumerate(inputs) if getattr(k, "reads", None) == backbone.reads]
        if not places:
            raise UsageError(
                f'The backbone "{backbone.name}" reads {READABLE[backbone.reads]}, and '
                "the table has none; leave it out, or give the column's kind."
            )
        for place in places:
            kind = inputs[place]
            own = located(sample.whole(kind.columns), type(kind), files)
            inputs[place] = kind.with_backbone(backbone, own)
    return replace(schema, inputs=tuple(inputs))


def located(cells: pl.DataFrame, kind: type[Kind], files: Files) -> pl.DataFrame:
    """The cells of a kind as it takes them: those of media located, others as they are."""
    return files.locate(cells, Mends()) if hasattr(kind, "slice_rows") else cells


def _kinds_of(inputs: Sequence[Kind]) -> dict[str, str]:
    return {column: kind.kind for kind in inputs for column in kind.columns}


def _known(kinds: Mapping[str, str], columns: list[str]) -> None:
    for column in kinds:
        if column not in columns:
            close = nearest(column, columns)
            meant = f" Did you mean {close!r}?" if close else ""
            raise UsageError(f"A kind was given for {column!r}, which is no column in use.{meant}")


def _kind_of(series: pl.Series, kinds: Mapping[str, str]) -> tuple[type[Kind], str]:
    if series.name in kinds:
        return kind_named(kinds[series.name]), "you said so"
    return recognise(series)


def _target_of(
    series: pl.Series, kinds: Mapping[str, str], windows: Windows | None = None
) -> tuple[type[TargetKind], str]:
    if windows is not None:
        return kind_named("forecast", target=True), "you named a horizon"
    if series.dtype.is_temporal() and kinds.get(series.name) != "category":
        raise DataError(
            f"The target {series.name!r} holds dates or times, which cannot be predicted; name "
            "another target, or make it a number or a class first."
        )
    if series.name in kinds:
        return kind_named(kinds[series.name], target=True), "you said so"
    return recognise_target(series)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


# ---- saving: plain JSON and named arrays, no code ------------------------------------------------

NESTED = (Vocabulary, Sounds, Pretrained, Backbone, Schema, Windows, Steps)
SAVED = {kind.__name__: kind for kind in (*KINDS, *TARGETS, *NESTED)}


def to_json(value: Any, arrays: dict[str, Array], path: str = "schema") -> Any:
    """A fitted schema as JSON; its arrays go into `arrays` under their paths."""
    if is_dataclass(value):
        content = {
            f.name: to_json(getattr(value, f.name), arrays, f"{path}.{f.name}")
            for f in fields(value)
        }
        return {"type": type(value).__name__, **content}
    if isinstance(value, np.ndarray):
        arrays[path] = np.ascontiguousarray(value)
        return {"array": path}
    if isinstance(value, Mapping):
        return {"map": {str(k): to_json(v, arrays, f"{path}.{k}") for k, v in value.items()}}
    if isinstance(value, tuple | list):
        return [to_json(item, arrays, f"{path}.{i}") for i, item in enumerate(value)]
    return value


def from_json(saved: Any, arrays: Mapping[str, Array]) -> Any:
    """The inverse of `to_json`; ModelError for what this version does not know."""
    if isinstance(saved, list):
        return tuple(from_json(item, arrays) for item in saved)
    if not isinstance(saved, dict):
        return saved
    if set(saved) == {"array"}:
        if saved["array"] not in arrays:
            raise ModelError(
                f"The model lacks the array {saved['array']!r}: it is damaged. Learn it again."
            )
        return arrays[saved["array"]]
    if set(saved) == {"map"}:
        return {key: from_json(item, arrays) for key, item in saved["map"].items()}
    made = SAVED.get(saved.get("type", ""))
    if made is None or not _needed(made) <= set(saved) - {"type"} <= {f.name for f in fields(made)}:
        raise ModelError(
            f"The model's schema holds {saved.get('type')!r} in a form that this version does not "
            "know: it is damaged or of another version. Learn it again, or update pellucid."
        )
    return made(**{name: from_json(item, arrays) for name, item in saved.items() if name != "type"})


def _needed(made: type[Any]) -> set[str]:
    """The fields without which nothing can be made."""
    return {f.name for f in fields(made) if f.default is MISSING}
