"""Experience: a raw table made ready to be learnt from, and which rows may be seen for what."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from pellucid.backbones import Backbone, backbone_named, installed
from pellucid.copies import without_copies
from pellucid.counts import counted, verb
from pellucid.data.checking import Findings, beware, left_out, require_column, require_columns
from pellucid.data.contents import sampled
from pellucid.data.splitting import Split, folds, told_of_repeats
from pellucid.data.table import Table
from pellucid.errors import DataError, Mend, Mends, UsageError
from pellucid.kinds import Array, Encoded, TargetKind
from pellucid.kinds.cells import texts
from pellucid.kinds.contract import Preview
from pellucid.kinds.parted import PiecedTarget
from pellucid.kinds.pretrained import ReadingKind
from pellucid.kinds.targets import measured_by
from pellucid.media.files import UnreadableError
from pellucid.minutes import Decoding, require_minutes_to_read
from pellucid.schema import RECOGNITION_ROWS, Schema, fit_schema, with_backbones
from pellucid.settings import Settings
from pellucid.sides import sides_of
from pellucid.store import Answers, Store, answers_of, build_store

SAMPLE_ROWS = 200_000  # from which kinds are recognised and fitted
CHECK_ROWS = 20_000
FEWEST_ROWS = 10


@dataclass(frozen=True)
class Experience:
    """Everything that learning and judging need to know about the data."""

    tables: tuple[Table, ...]  # the user's table, and the user's own test table if there is one
    schema: Schema
    store: Store
    targets: Sequence[Answers]
    split: Split
    findings: Findings
    blocks: Array  # rows with the same number stay together

    @property
    def hints(self) -> list[str]:
        """What else could be asked for here: pretrained backbones that are installed, not used."""
        able = [kind for kind in self.schema.inputs if isinstance(kind, ReadingKind)]
        words = {"text": "read the texts", "image": "see the pictures", "video": "see the films"}
        could = {
            package: [words[k.kind] for k in able if k.pretrained is None and k.reads == reads]
            for reads, package in installed()
        }
        return [
            f"{package} is installed and could {' and '.join(what)} as well, which often helps: "
            f"--backbone {package}"
            for package, what in could.items()
            if what
        ]

    def folds(self, count: int, seed: int) -> list[tuple[Array, Array]]:
        """Rows to learn from and to choose on: the split's own, or `count` of them in turn."""
        if count == 1:
            return [(self.split.learn, self.split.choose)]
        rows = np.sort(np.concatenate([self.split.learn, self.split.choose]))
        strata = _strata(self.schema, self.targets, rows)
        return folds(rows, strata, self.blocks[rows], count, seed)

    def place(self, row: int) -> str:
        """Where a row stands for a person."""
        return _place(self.tables, row)[1]

    def raw(self, rows: Array) -> pl.DataFrame:
        """The input cells of a few rows of one table, as kinds take them."""
        first = 0
        for table in self.tables:
            if rows[0] < first + table.height:
                columns = [c for c in self.schema.columns if c in table.columns]
                cells = self.schema.complete(table.take(rows - first, columns), Mends())
                return self.schema.locate(cells, table.files)
            first += table.height
        raise IndexError(int(rows[0]))

    def take(self, rows: Array, columns: Sequence[str]) -> pl.DataFrame:
        """The raw cells of a few rows, as texts; contents of files stay bytes."""
        first, frames = 0, []
        for table in self.tables:
            mine = rows[(rows >= first) & (rows < first + table.height)] - first
            known = [column for column in columns if column in table.columns]
            cells = self.schema.complete(table.take(mine, known), Mends())
            frames.append(cells.select(_as_text(cells[column]) for column in columns))
            first += table.height
        return pl.concat(frames)

    def previews(self, row: int) -> dict[str, Preview]:
        """How a person sees the pictures, sounds and films of a row, by column."""
        seen: dict[str, Preview] = {}
        for kind in self.schema.media:
            table, own = _within(self.tables, row)
            known = [column for column in kind.columns if column in table.columns]
            cells = table.files.locate(table.take([own], known), Mends())
            for column, cell in cells.row(0, named=True).items():
                if isinstance(cell, str | bytes):
                    with contextlib.suppress(UnreadableError):
                        seen[column] = kind.preview(cell)
        return seen


def gather(  # noqa: PLR0913
    tables: tuple[Table, ...],
    targets: Sequence[str],
    settings: Settings,
    own: str | None,
    mends: Mends,
    folder: Path | None = None,
    prove: bool = True,
) -> Experience:
    """Check, split, fit the schema on learning rows, encode everything; the order matters.

    With `prove=False` no rows are set apart to prove with.
    """
    if tables[0].windows is None:
        require_columns(tables[0], targets, settings)
    for table in tables:
        for target in targets:
            require_column(table, target)
            if target in (*settings.ignore, settings.group, settings.time, own):
                raise UsageError(
                    f"{target!r} is to be predicted, so it cannot be ignored, group the rows, tell "
                    "their time or say how they are split; name another column."
                )
    answers = _answers(tables, targets)
    usable = _usable(answers, mends, tables)
    cut = sides_of(tables, answers, usable, settings, own, prove)
    seen = np.sort(np.concatenate([cut[0].learn, cut[0].choose]))
    findings, schema = _schema(tables, answers, seen, targets, settings, own)
    rows = sum(table.height for table in tables)
    require_minutes_to_read(schema, rows, settings)
    store = build_store(
        _encode(tables, schema, mends, Decoding(schema, rows, settings.minutes)), folder
    )
    encoded = [
        _target(kind, answers[kind.columns[0]], usable, tables, mends) for kind in schema.targets
    ]
    if told := told_of_repeats(cut[0]):
        findings = replace(findings, warnings=(*findings.warnings, told))
    stays = own is not None or settings.time is not None or len(tables) > 1 or not prove
    made, blocks, beware_of = without_copies(schema, store, *cut, stays)
    findings = replace(findings, warnings=(*findings.warnings, *beware_of))
    return Experience(tables, schema, store, encoded, made, findings, blocks)


def _answers(tables: tuple[Table, ...], targets: Sequence[str]) -> pl.DataFrame:
    """The targets of all rows; as texts where one table holds texts and the other does not."""
    frames = [pl.DataFrame([table.column(target) for target in targets]) for table in tables]
    for target in targets:
        types = {frame[target].dtype for frame in frames}
        if len(types) > 1 and not all(dtype.is_numeric() for dtype in types):
            frames = [frame.with_columns(texts(frame[target])) for frame in frames]
    return pl.concat(frames, how="vertical_relaxed")


def _usable(answers: pl.DataFrame, mends: Mends, tables: tuple[Table, ...]) -> Array:
    """Rows whose targets are all there."""
    missing = np.zeros(answers.height, bool)
    for series in answers:
        gone = texts(series).is_null() if series.dtype == pl.String else series.is_null()
        missing |= gone.to_numpy()
    first = np.flatnonzero(missing)[:3]
    where = tuple(tables[0].place(int(row)) for row in first if row < tables[0].height)
    mends.add(Mend("the target is missing", "row skipped", int(missing.sum()), None, where))
    usable = np.flatnonzero(~missing)
    names = " and ".join(repr(name) for name in answers.columns)
    there = int((usable < tables[0].height).sum())
    if there < FEWEST_ROWS:
        raise DataError(
            f"{counted(there, 'row')} of {tables[0].name} {verb(there, 'has', 'have')} a value of "
            f"the target {names}; at least {FEWEST_ROWS} are needed to learn and to prove it."
        )
    if len(tables) > 1 and len(usable) == there:
        raise DataError(
            f"No row of {tables[1].name} has a value of the target {names}, so nothing can be "
            "proved on it; give labelled rows with --test, or leave it out."
        )
    return usable


def _schema(
    tables: tuple[Table, ...],
    answers: pl.DataFrame,
    seen: Array,
    targets: Sequence[str],
    settings: Settings,
    own: str | None,
) -> tuple[Findings, Schema]:
    rng = np.random.default_rng(settings.seed)
    sample = seen
    if len(seen) > SAMPLE_ROWS:
        sample = np.sort(rng.choice(seen, SAMPLE_ROWS, replace=False))
    names = [column for column in tables[0].columns if column != own]
    taken = sampled(tables[0], sample, names, settings.kinds, RECOGNITION_ROWS)
    cells = taken.cells
    rows = np.sort(rng.permutation(len(sample))[:CHECK_ROWS])
    some = cells[rows]
    ignored = left_out(some, targets, settings)
    gone = {finding.column for finding in ignored} | {settings.group}
    kept = [c for c in cells.columns if c not in gone and c not in targets]
    if not kept:
        why = [f"{f.column} ({f.reason})" for f in ignored]
        why += [f"{settings.group} (it groups the rows)"] if settings.group else []
        raise DataError(
            f"No column is left to predict {targets[0]!r} from: "
            + ("; ".join(why) or "the table has no other")
        )
    # A column may have its kind given and yet be left out: it is the same in all of these rows.
    kinds = {column: kind for column, kind in settings.kinds.items() if column not in gone}
    inputs, answered = replace(taken, cells=cells.select(kept)), answers[seen]
    schema = fit_schema(inputs, answered, answers, kinds, answers[sample], tables[0])
    schema = replace(schema, targets=measured_by(settings.metric, schema.targets, answered))
    pieced = {k.columns[0]: k.reads for k in schema.targets if isinstance(k, PiecedTarget)}
    reads = {target: pieced.get(target) for target in targets}
    findings = Findings(ignored, beware(some, ignored, reads, settings))
    return findings, with_backbones(schema, _backbones(settings), inputs, tables[0].files)


def _backbones(settings: Settings) -> list[Backbone]:
    found = [backbone_named(name) for name in settings.backbones]
    if len({backbone.reads for backbone in found}) < len(found):
        raise UsageError(
            f"Two backbones read the same columns: {', '.join(settings.backbones)}; name one for "
            "texts and one for pictures at most."
        )
    return found


def _encode(
    tables: tuple[Table, ...], schema: Schema, mends: Mends, decoding: Decoding
) -> Iterator[Encoded]:
    done = 0
    for table in tables:
        schema.require(table.columns, table.name)
        first = 0
        columns = [c for c in schema.columns if c in table.columns]
        for cells in table.batches(columns, schema.slice_rows):
            mends.place = lambda row, first=first, table=table: table.place(first + row)  # type: ignore[misc]
            yield schema.encode(schema.complete(cells, mends, table.columns), mends, table.files)
            first, done = first + cells.height, done + cells.height
            decoding.look(done)


def _as_text(cells: pl.Series) -> pl.Series:
    if cells.dtype != pl.Binary:
        return cells.cast(pl.String)
    words = [None if cell is None else f"{len(cell):,} bytes" for cell in cells]
    return pl.Series(cells.name, words, pl.String)


def _within(tables: tuple[Table, ...], row: int) -> tuple[Table, int]:
    """The table that a row of all rows is in, and its number there."""
    for table in tables:
        if row < table.height:
            return table, row
        row -= table.height
    raise IndexError(row)


def _place(tables: tuple[Table, ...], row: int) -> tuple[Table, str]:
    """The table that a row of all rows is in, and where it stands there for a person."""
    table, own = _within(tables, row)
    return table, table.place(own)


def _target(
    kind: TargetKind, answers: pl.Series, usable: Array, tables: tuple[Table, ...], mends: Mends
) -> Answers:
    def place(row: int) -> str:
        table, where = _place(tables, int(usable[row]))
        return f"{table.name}, {where},"

    def inputs(column: str) -> pl.Series:
        columns = [
            table.column(column).cast(pl.String) for table in tables if column in table.columns
        ]
        return pl.concat(columns)[usable]

    values = kind.encode_target(answers[usable], place, inputs, mends)
    return answers_of(values, usable, len(answers))


def _strata(schema: Schema, targets: Sequence[Answers], rows: Array) -> pl.Series:
    """The first target's answers; of a sequence, what it begins with."""
    answers = targets[0][rows].numpy().reshape(len(rows), -1)
    return pl.Series(schema.targets[0].columns[0], answers[:, 0])
