"""Forecasts of real series that packages ship, beside classical ways and a kept library's own."""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import printing

ORIGINS = 16  # at which the library's exponential smoothing is fitted to the whole past


@dataclass(frozen=True)
class Series:
    """A table of series, and what is asked of it."""

    frame: pl.DataFrame
    target: str
    time: str
    horizon: int
    name: str | None = None  # the column that names the series


def main(arguments: Sequence[str]) -> None:
    """Learn each one, and judge it by rolling origin beside the classical ways."""
    parser = argparse.ArgumentParser(prog="benchmarks forecasting", description=__doc__)
    parser.add_argument("--data", help="not needed: the series come with packages")
    parser.add_argument("--output", type=Path, help="a JSON file for the results")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--series", nargs="*", choices=list(SERIES), default=list(SERIES))
    chosen = parser.parse_args(arguments)
    rows = []
    for name in chosen.series:
        rows.append(measured(name, SERIES[name](), chosen.minutes))
        print(rows[-1], flush=True)
    printing.publish("Forecasts by rolling origin (MASE; the less the better)", rows, chosen.output)


def measured(name: str, series: Series, minutes: float) -> dict[str, Any]:
    """One line of the table."""
    import pellucid

    began = time.process_time()
    model = pellucid.learn(
        series.frame, series.target, time=series.time, horizon=series.horizon, series=series.name,
        minutes=minutes, verbose=False,
    )  # fmt: skip
    found = model.evidence["targets"][series.target]
    ways = {way["name"].split(" (")[0]: way["value"] for way in found["baselines"]}
    performance, gap = found["performance"], found["gap"]
    ours, theirs = whole_past(model, series)
    return {
        "series": name,
        "steps ahead": series.horizon,
        "windows": performance["rows"],
        "pellucid": performance["value"],
        "95 %": f"{performance['low']:.2f} to {performance['high']:.2f}",
        "last value": found["simplest"]["value"],
        "seasonal naive": ways.get("seasonal naive"),
        "exponential smoothing": ways["exponential smoothing"],
        "boosting on lags": ways["gradient boosting on lags"],
        "lead over the best": f"{gap['value']:.2f} ({gap['low']:.2f} to {gap['high']:.2f})",
        "RMSSE": found["others"]["RMSSE"],
        "quantile loss": found["others"]["weighted quantile loss"],
        "80 % bands cover": found["others"]["coverage"],
        "on some windows": ours,
        "statsmodels there": theirs,
        "CPU s": round(time.process_time() - began),
    }


def whole_past(model: Any, series: Series) -> tuple[float, float]:
    """MASE of the network and of statsmodels' exponential smoothing on some proving windows.

    The library sees all of the past, not a window of it, and chooses by AICc what trend there is.
    """
    from pellucid.data.table import Table
    from pellucid.errors import Mends

    kind, windows = model.schema.targets[0], model.schema.windows
    table = windows.rolling(Table("series", series.frame.lazy(), series.frame.height), Mends())
    frame = table.lazy.collect().with_row_index("row")
    moments = frame[series.time].unique().sort()
    late = moments[-max(8, round(0.14 * len(moments))) :]
    rows = frame.filter(pl.col(series.time).is_in(late.implode()))["row"].to_numpy()
    rows = rows[np.linspace(0, len(rows) - 1, ORIGINS).round().astype(int)]
    part = frame[rows].drop("row")
    asked = Table("windows", part.lazy(), part.height, windows=windows)
    output = model.outputs(asked, Mends())[0]
    target = kind.encode_target(part[series.target], inputs=lambda column: part[column])
    forecasts = np.stack([_smoothed(windows, series, table, int(row)) for row in rows])
    theirs = np.repeat(forecasts[..., None], output.shape[-1], -1)
    return tuple(float(kind.aggregate(kind.row_losses(each, target))) for each in (output, theirs))


def _smoothed(windows: Any, series: Series, table: Any, row: int) -> np.ndarray[Any, Any]:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    frame = table.lazy.select(*([series.name] if series.name else []), series.time).collect()
    until = frame[series.time][row]
    cells = series.frame
    if series.name:
        cells = cells.filter(pl.col(series.name) == frame[series.name][row])
    cells = cells.with_columns(pl.col(series.time).cast(pl.String).str.head(len(str(until))))
    if series.frame[series.time].dtype.is_numeric():
        cells = cells.with_columns(pl.col(series.time).cast(pl.Float64))
    cells = cells.filter(pl.col(series.time) <= until).sort(series.time)
    past = cells[series.target].cast(pl.Float64).interpolate().drop_nulls().to_numpy()
    season = max((s for s in windows.seasons if 2 * s <= len(past)), default=0)
    fitted = []
    for trend, damped in ((None, False), ("add", False), ("add", True)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = ExponentialSmoothing(
                past[-1_500:], trend=trend, damped_trend=damped,
                seasonal="add" if season else None, seasonal_periods=season or None,
            )  # fmt: skip
            fitted.append(model.fit())
    best = min(fitted, key=lambda each: float(each.aicc))
    return np.asarray(best.forecast(series.horizon))


def _statsmodels(name: str) -> Any:
    import importlib

    return importlib.import_module(f"statsmodels.datasets.{name}").load_pandas().data


def _vega(name: str) -> pl.DataFrame:
    from vega_datasets import data

    return pl.from_pandas(getattr(data, name)())


def co2() -> Series:
    """Carbon dioxide over Mauna Loa by weeks, 1958 to 2001, some missing."""
    return Series(pl.from_pandas(_statsmodels("co2").reset_index(names="week")), "co2", "week", 26)


def co2_by_months() -> Series:
    """The same as means of months."""
    frame = co2().frame.with_columns(pl.col("week").dt.truncate("1mo").alias("month"))
    means = frame.group_by("month", maintain_order=True).agg(pl.col("co2").mean())
    return Series(means, "co2", "month", 12)


def sunspots() -> Series:
    """Sunspots by years, 1700 to 2008."""
    return Series(pl.from_pandas(_statsmodels("sunspots")), "SUNACTIVITY", "YEAR", 12)


def el_nino() -> Series:
    """Temperature of the sea in the eastern Pacific by months, 1950 to 2010."""
    wide = pl.from_pandas(_statsmodels("elnino"))
    long = wide.unpivot(index="YEAR", variable_name="name", value_name="temperature")
    written = (
        pl.col("YEAR").cast(pl.Int64).cast(pl.String) + " " + pl.col("name").str.to_titlecase()
    )
    months = (written + " 01").str.to_date("%Y %b %d").alias("month")
    return Series(long.select(months, "temperature").sort("month"), "temperature", "month", 12)


def nile() -> Series:
    """Flow of the Nile by years, 1871 to 1970."""
    return Series(pl.from_pandas(_statsmodels("nile")), "volume", "year", 8)


def weather() -> Series:
    """The highest temperature of each day in Seattle, four years, with rain and wind."""
    return Series(_vega("seattle_weather").drop("weather"), "temp_max", "date", 14)


def temperatures() -> Series:
    """Temperature by hours in Seattle, a year."""
    return Series(_vega("seattle_temps"), "temp", "date", 24)


def stocks() -> Series:
    """Prices of five stocks by months, 2000 to 2010."""
    return Series(_vega("stocks"), "price", "date", 6, "symbol")


def jobs() -> Series:
    """Jobs of sectors by months, 2006 to 2015, seasons taken off."""
    wide = _vega("us_employment").select(pl.exclude("^.*change$"))
    long = wide.unpivot(index="month", variable_name="sector", value_name="jobs")
    return Series(long, "jobs", "month", 12, "sector")


SERIES: dict[str, Callable[[], Series]] = {
    "co2": co2,
    "co2-months": co2_by_months,
    "sunspots": sunspots,
    "el-nino": el_nino,
    "nile": nile,
    "weather": weather,
    "temperatures": temperatures,
    "stocks": stocks,
    "jobs": jobs,
}
