"""Dates and times: a moment, and the parts of the calendar that vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from pellucid.errors import Mends
from pellucid.kinds.cells import mend_of, texts
from pellucid.kinds.contract import Array, Encoded
from pellucid.networks.layers import InputLayer, MissingValue
from pellucid.networks.layers.input import Tensors

DAY, YEAR = 86_400.0, 31_556_952.0
FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y", "%m/%d/%y",
    "%d.%m.%y", "%Y-%m",
)  # fmt: skip
TIMES = (
    "",
    " %H:%M:%S",
    "T%H:%M:%S",
    " %H:%M",
    "T%H:%M",
    " %H:%M:%S%.f",
    "T%H:%M:%S%.f",
    " %I:%M %p",
)
ZONES = ("", "%#z", " %#z")
PARTS = ("year", "month", "day of year", "day of month", "weekday", "hour", "minute")
PERIODS = {"month": 12.0, "day of year": 365.2425, "day of month": 31.0, "weekday": 7.0,
           "hour": 24.0, "minute": 60.0}  # fmt: skip


@dataclass(frozen=True)
class Date:
    """Columns of moments, as seconds since 1970 in UTC (or as the clock showed, without zone)."""

    kind: ClassVar[str] = "date"
    plain: ClassVar[bool] = True

    columns: tuple[str, ...]
    formats: tuple[str | None, ...]  # None: the source's own date type
    first: Array  # (columns,) seconds
    last: Array
    varies: Array  # (columns, parts) bool: which parts of the calendar differ between rows

    @classmethod
    def matches(cls, cells: pl.Series) -> str | None:
        """A date type, or texts that one format reads."""
        if cells.dtype in (pl.Date, pl.Datetime):
            return "it holds dates"
        if cells.dtype != pl.String:
            return None
        found = date_format(cells)
        return f"it holds dates written as {found}" if found else None

    @classmethod
    def fit(cls, cells: pl.DataFrame) -> Self:
        """Format, range and varying parts of each column."""
        formats = tuple(date_format(s) if s.dtype == pl.String else None for s in cells)
        values = [moments(s, form).to_numpy() for s, form in zip(cells, formats, strict=True)]
        present = [v[np.isfinite(v)] if np.isfinite(v).any() else np.zeros(1) for v in values]
        parts = [calendar(torch.as_tensor(v[:50_000])).numpy() for v in present]
        return cls(
            columns=tuple(cells.columns),
            formats=formats,
            first=np.array([v.min() for v in present]),
            last=np.array([v.max() for v in present]),
            varies=np.stack([np.ptp(part, axis=0) > 0 for part in parts]),
        )

    def encode(self, cells: pl.DataFrame, mends: Mends) -> Encoded:
        """(rows, columns) float64 seconds since 1970, NaN where missing."""
        values = np.empty((cells.height, len(self.columns)))
        for position, (column, form) in enumerate(zip(self.columns, self.formats, strict=True)):
            series = cells[column]
            parsed = moments(series, form)
            if parsed.null_count():
                wrong = parsed.is_null() & texts(series).is_not_null()
                mends.add(mend_of("not a date", series, wrong, mends))
            values[:, position] = parsed.to_numpy()
        return {"date": values}

    def input_layer(self, width: int, generator: torch.Generator) -> InputLayer:
        """The moment on a line and the varying parts on circles."""
        return DateInput(self, width, generator)

    def summary(self, column: str) -> str:
        """The first and the last day."""
        position = self.columns.index(column)
        days = np.array([self.first[position], self.last[position]]).astype("datetime64[s]")
        return f"{str(days[0])[:10]} to {str(days[1])[:10]}"


class DateInput(InputLayer):
    """(batch, columns) seconds -> (batch, columns, width)."""

    origin: Tensor
    span: Tensor
    period: Tensor
    varies: Tensor

    def __init__(self, fitted: Date, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.columns, self.width = len(fitted.columns), width
        self.register_buffer("origin", torch.tensor(fitted.first))
        span = np.maximum((fitted.last - fitted.first) / 2, DAY / 24)
        self.register_buffer("span", torch.tensor(span))
        self.register_buffer("period", torch.tensor([PERIODS[part] for part in PARTS[1:]]))
        varies = torch.tensor(fitted.varies[:, 1:], dtype=torch.float32)
        self.register_buffer("varies", varies)  # (columns, parts)
        values = 1 + 2 * varies.shape[1]
        self.features = self.columns * (values + 1)
        self.measured = self.columns * (1 + len(PARTS))
        weight = torch.rand(self.columns, values, width, generator=generator) * 2 - 1
        self.weight = nn.Parameter(weight / 2)
        self.missing = MissingValue(self.columns, width)

    def waves(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """The moment from about -1 to 1, sine and cosine of each part; and where missing."""
        seconds = raw["date"]
        missing = seconds.isnan()
        seconds = torch.where(missing, self.origin, seconds)
        moment = ((seconds - self.origin) / self.span - 1).clamp(-10, 10).float()
        parts = calendar(seconds)[..., 1:].float()  # (batch, columns, parts)
        angle = 2 * torch.pi * parts / self.period
        waves = torch.cat([angle.sin() * self.varies, angle.cos() * self.varies], -1)
        return torch.cat([moment.unsqueeze(-1), waves], -1), missing

    def forward(self, raw: Tensors) -> Tensor:
        """waves W, column by column."""
        waves, missing = self.waves(raw)
        vectors = torch.bmm(waves.transpose(0, 1), self.weight).transpose(0, 1)
        return self.missing(vectors, missing)

    def terms(self, raw: Tensors) -> tuple[Tensor, Tensor]:
        """The waves, 0 where missing, and a flag of what is missing."""
        waves, missing = self.waves(raw)
        value = torch.cat(
            [waves.masked_fill(missing.unsqueeze(-1), 0.0).flatten(1), missing.float()], 1
        )
        return torch.arange(self.features).expand(value.shape), value

    def measurements(self, raw: Tensors) -> Tensor:
        """The moment and each part of the calendar."""
        seconds = raw["date"].unsqueeze(-1)
        parts = calendar(raw["date"].nan_to_num(0.0)).masked_fill(seconds.isnan(), float("nan"))
        return torch.cat([seconds, parts], -1).flatten(1)


def calendar(seconds: Tensor) -> Tensor:
    """Seconds since 1970 -> (…, parts) of the Gregorian calendar, by integer arithmetic.

    Days are counted from 1 March of the year 0 in cycles of 400 years (Hinnant 2013,
    "chrono-compatible low-level date algorithms").
    """
    day = torch.div(seconds, DAY, rounding_mode="floor")
    second = seconds - day * DAY
    shifted = day + 719_468
    era = torch.div(shifted, 146_097, rounding_mode="floor")
    of_era = shifted - era * 146_097
    year_of_era = torch.div(
        of_era
        - torch.div(of_era, 1460, rounding_mode="floor")
        + torch.div(of_era, 36_524, rounding_mode="floor")
        - torch.div(of_era, 146_096, rounding_mode="floor"),
        365,
        rounding_mode="floor",
    )
    leap_days = torch.div(year_of_era, 4, rounding_mode="floor")
    leap_days = leap_days - torch.div(year_of_era, 100, rounding_mode="floor")
    of_year = of_era - (365 * year_of_era + leap_days)  # 0 is 1 March
    moved = torch.div(5 * of_year + 2, 153, rounding_mode="floor")  # 0 is March
    day_of_month = of_year - torch.div(153 * moved + 2, 5, rounding_mode="floor")
    month = torch.where(moved < 10, moved + 2, moved - 10)  # 0 is January
    year = year_of_era + era * 400 + (month < 2)
    weekday = (day + 3) % 7  # 0 is Monday
    hour = torch.div(second, 3600, rounding_mode="floor")
    minute = torch.div(second - hour * 3600, 60, rounding_mode="floor")
    from_january = (of_year + 59) % 365.2425
    return torch.stack([year, month, from_january, day_of_month, weekday, hour, minute], -1)


def date_format(cells: pl.Series) -> str | None:
    """The format that reads at least 95 % of the cells that are not missing."""
    present = texts(cells).drop_nulls()
    sample, first = present.head(2000), present.head(20)
    if not _look_like_dates(first):
        return None
    times = TIMES if first.str.contains(":", literal=True).any() else ("",)
    best, most = None, 0.0
    for day in FORMATS:
        for time in times:
            for zone in ZONES if time else ("",):
                form = day + time + zone
                if not _reads(form, first) > most * 0.9:
                    continue
                share = _reads(form, sample)
                if share > most:
                    best, most = form, share
                if most == 1.0:
                    return best
    return best if most >= 0.95 else None


def _look_like_dates(texts: pl.Series) -> bool:
    """Whether it is worth trying all formats, which takes a sixth of a second for each column."""
    eight = texts.str.contains(r"^(19|20)\d{6}$")
    plain = texts.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False).is_not_null()
    return bool((eight | (texts.str.contains(r"\d.*[-/.: ,]") & ~plain)).any())


def moments(cells: pl.Series, form: str | None) -> pl.Series:
    """Cells as seconds since 1970; null where missing or not a date."""
    if cells.dtype == pl.String:
        # Learnt from a date type and asked in texts: what the texts are written in is to be found.
        form = form or date_format(cells)
        cells = _parse(texts(cells), form) if form else cells
    if cells.dtype == pl.Date:
        cells = cells.cast(pl.Datetime("us"))
    if not isinstance(cells.dtype, pl.Datetime):
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.Float64)
    return cells.dt.epoch("us").cast(pl.Float64) / 1e6


def _parse(text: pl.Series, form: str) -> pl.Series:
    if "%Y" in form:  # a year of two digits is none of the first century
        text = text.set(~text.str.contains(r"\d{4}"), None)
    if form == "%Y-%m":
        text, form = text + "-01", "%Y-%m-%d"
    if not any(mark in form for mark in ("%H", "%I")):
        return text.str.to_date(form, strict=False)
    if "%#z" in form:
        text = text.str.replace(r"Z$", "+0000")
        return text.str.to_datetime(form, strict=False, time_zone="UTC", time_unit="us")
    return text.str.to_datetime(form, strict=False, time_unit="us")


def _reads(form: str, sample: pl.Series) -> float:
    return 1 - _parse(sample, form).null_count() / len(sample)
