"""Series of numbers in one cell, as a sensor's signal or a waveform, as inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor

from pellucid.errors import Mend, Mends
from pellucid.kinds.cells import texts
from pellucid.kinds.contract import Array, Encoded
from pellucid.networks.layers import InputLayer, MissingValue, SeriesEncoder, SeriesStatistics
from pellucid.networks.layers.input import Tensors

LONGEST = 4_096  # numbers of a cell that are read
LOOKED_AT = 200  # cells
FIT_ROWS = 5_000
FARTHEST = 30.0  # spreads: what is beyond says no more
LARGEST = 3e38  # what float32 holds
NUMBER = r"([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?|nan|null|none)"
LIST = rf"^(?i:[\[(]?\s*{NUMBER}((\s*[,;]\s*|\s+){NUMBER})*\s*[,;]?\s*[\])]?)$"
EMPTY = r"^[\[(]\s*[\])]$"
THOUSANDS = r"^[+-]?\d{1,3}([ ,]\d{3}){1,4}$"


@dataclass(frozen=True)
class Series:
    """Columns of lists of numbers; the arrays hold one row for each column."""

    kind: ClassVar[str] = "series"
    plain: ClassVar[bool] = False

    columns: tuple[str, ...]
    length: int  # numbers of a cell that are read: those of the longest that was learnt from
    centre: Array  # (columns,) median
    scale: Array  # (columns,) spread of the middle half, in units of a normal deviation
    usual: Array  # (columns,) mean length of a cell
    mean: Array  # (columns, features) of the statistics
    spread: Array

    def __post_init__(self) -> None:
        if not isinstance(self.length, int) or not 0 < self.length <= LONGEST:
            raise ValueError(f"series of {self.length} numbers cannot be")

    @classmethod
    def matches(cls, cells: pl.Series) -> str | None:
        """Texts that list numbers: "[1, 2.5, 3]", "1 2 3"."""
        if cells.dtype != pl.String:
            return None
        present = texts(cells).drop_nulls()
        present = present.filter(~present.str.contains(EMPTY)).head(LOOKED_AT)
        if not len(present) or not present.str.contains(LIST).mean() >= 0.95:  # type: ignore[operator]
            return None
        bracketed = bool(present.str.contains(r"^[\[(]").all())
        counts = _parts(present).list.len()
        if float(counts.median() or 0) < (2 if bracketed else 3):  # type: ignore[arg-type]
            return None
        usual = float(counts.mean() or 0)  # type: ignore[arg-type]
        if not bracketed and present.str.contains(THOUSANDS).mean() > 0.5:  # type: ignore[operator]
            return None
        return f"it holds lists of about {usual:,.0f} numbers"

    @classmethod
    def fit(cls, cells: pl.DataFrame) -> Self:
        """Length, median and spread of each column's numbers, and those of the statistics."""
        some = cells.gather_every(max(1, -(-cells.height // FIT_ROWS)))
        lists = [numbers_of(series)[0] for series in some]
        longest = max(int(each.list.len().fill_null(0).to_numpy().max(initial=0)) for each in lists)
        length = min(max(1, longest), LONGEST)
        values = np.stack([_padded(each, length) for each in lists], 1)
        found = [_centre_and_scale(values[:, column]) for column in range(values.shape[1])]
        centre, scale = (np.array(each, np.float32) for each in zip(*found, strict=True))
        mean, spread = _moments((values - centre[:, None]) / scale[:, None])
        usual = np.array([float(each.list.len().mean() or 0) for each in lists])  # type: ignore[arg-type]
        return cls(tuple(cells.columns), length, centre, scale, usual, mean, spread)

    def encode(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """(rows, columns, length) float32, NaN where there is no number."""
        values = np.full((cells.height, len(self.columns), self.length), np.nan, np.float32)
        for position, column in enumerate(self.columns):
            lists, wrong = numbers_of(cells[column])
            _count(cells[column], wrong, mends)
            long = (lists.list.len() > self.length).fill_null(False).arg_true().to_list()
            where = tuple(
                f"{mends.place(row)}: {len(lists[row]):,} numbers" for row in long[: mends.places]
            )
            fault = f"a series of more than {self.length:,} numbers"
            mends.add(Mend(fault, "those beyond are not read", len(long), column, where))
            values[:, position] = _padded(lists, self.length)
        return {"series": values}

    def input_layer(self, width: int, generator: torch.Generator) -> InputLayer:
        """Standardise, convolve, take statistics."""
        return SeriesInput(self, generator)

    def summary(self, column: str) -> str:
        """How long the lists are."""
        return f"about {self.usual[self.columns.index(column)]:,.0f} numbers a cell"


class SeriesInput(InputLayer):
    """(batch, columns, length) numbers -> (batch, columns, width)."""

    centre: Tensor
    scale: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, fitted: Series, generator: torch.Generator) -> None:
        super().__init__()
        self.columns, self.length = len(fitted.columns), fitted.length
        self.register_buffer("centre", torch.tensor(fitted.centre)[:, None])
        self.register_buffer("scale", torch.tensor(fitted.scale)[:, None])
        self.register_buffer("mean", torch.tensor(fitted.mean))
        self.register_buffer("spread", torch.tensor(fitted.spread))
        self.encoder = SeriesEncoder(fitted.length, generator)
        self.statistics = SeriesStatistics()
        self.width = self.encoder.width
        self.missing = MissingValue(self.columns, self.width)
        self.features = self.columns * self.statistics.features
        self.measured = self.features

    def standardise(self, raw: Tensors) -> Tensor:
        """(batch, columns, length) in standard units, NaN where there is no number."""
        return ((raw["series"] - self.centre) / self.scale).clamp(-FARTHEST, FARTHEST)

    def forward(self, raw: Tensors) -> Tensor:
        """What convolutions find, or the column's vector where a cell is missing."""
        x = self.standardise(raw)
        vectors = self.encoder(x.flatten(0, 1)).unflatten(0, (-1, self.columns))
        return self.missing(vectors, x.isnan().all(2))

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """The statistics in standard units, 0 where a cell is missing."""
        x = self.standardise(raw)
        found = self.statistics(x.flatten(0, 1)).unflatten(0, (-1, self.columns))
        value = ((found - self.mean) / self.spread).clamp(-FARTHEST, FARTHEST)
        value = (value * ~x.isnan().all(2, keepdim=True)).flatten(1)
        return torch.arange(self.features).expand(value.shape), value

    def measurements(self, raw: Tensors) -> Tensor:
        """The statistics as they are, NaN where a cell is missing."""
        x = self.standardise(raw)
        found = self.statistics(x.flatten(0, 1)).unflatten(0, (-1, self.columns))
        missing = x.isnan().all(2, keepdim=True)
        return found.masked_fill(missing, float("nan")).flatten(1).double()


def numbers_of(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Lists of float64, NaN for what is no number; and how many such words each cell has.

    A cell without any number is null; of a missing cell no word is wrong.
    """
    if cells.dtype != pl.String:
        nothing = pl.Series(cells.name, [None] * len(cells), pl.List(pl.Float64))
        return nothing, cells.is_not_null().cast(pl.UInt32)
    parts = _parts(texts(cells))
    words = parts.list.explode()
    read = words.cast(pl.Float64, strict=False)
    read = read.set(read.is_infinite().fill_null(False), None)
    gaps = words.str.to_lowercase().is_in(["", "nan", "null", "none"])
    row = pl.Series(np.repeat(np.arange(len(parts)), parts.list.len().fill_null(1).clip(1)))
    frame = pl.DataFrame({"row": row, "value": read.fill_null(float("nan")),
                          "wrong": read.is_null() & words.is_not_null() & ~gaps})  # fmt: skip
    lists = frame.group_by("row", maintain_order=True).agg(
        pl.col("value"), pl.col("wrong").fill_null(False).sum(),
        pl.col("value").is_not_nan().any().alias("any"),
    )  # fmt: skip
    known = lists["any"]
    empty = pl.Series([None], dtype=pl.List(pl.Float64))
    return lists["value"].zip_with(known, empty.new_from_index(0, len(known))), lists["wrong"]


def _parts(cells: pl.Series) -> pl.Series:
    inner = cells.str.strip_chars("[]() \t\r\n").str.replace_all(r"\s*[,;]\s*", ",")
    return inner.str.replace_all(r"\s+", ",").str.strip_chars_end(",").str.split(",")


def _padded(lists: pl.Series, length: int) -> Array:
    """(rows, length) float32, NaN behind the end."""
    cut = lists.list.head(length)
    sizes = cut.list.len().fill_null(0).to_numpy()
    values = np.full((len(lists), length), np.nan, np.float32)
    inside = np.arange(length) < sizes[:, None]
    values[inside] = cut.drop_nulls().list.explode().to_numpy().clip(-LARGEST, LARGEST)
    return values


def _count(cells: pl.Series, wrong: pl.Series, mends: Mends) -> None:
    rows = (wrong > 0).arg_true().to_list()
    where = tuple(f"{mends.place(row)}: {str(cells[row])[:40]!r}" for row in rows[: mends.places])
    mends.add(
        Mend("not a list of numbers", "its other words left out", len(rows), cells.name, where)
    )


def _centre_and_scale(values: Array) -> tuple[float, float]:
    known = values[~np.isnan(values)].astype(np.float64)
    if not len(known):
        return 0.0, 1.0
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    scale = (high - low) / 1.349 or known.std() or 1.0
    return float(middle), float(np.clip(scale, 1e-30, 1e30))


def _moments(standard: Array) -> tuple[Array, Array]:
    """Mean and spread of each column's statistics, over the cells that are there: (columns, …)."""
    clipped = torch.as_tensor(standard, dtype=torch.float32).clamp(-FARTHEST, FARTHEST)
    means, spreads = [], []
    for column in clipped.unbind(1):
        there = column[~column.isnan().all(1)]
        found = SeriesStatistics()(there if len(there) else torch.zeros_like(column[:1]))
        means.append(found.mean(0))
        spreads.append(found.std(0, correction=0).clamp(min=1e-3))
    return torch.stack(means).numpy(), torch.stack(spreads).numpy()
