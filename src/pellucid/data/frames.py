"""Turns what holds a table in Python (frames, columns, records, arrays) into a polars frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from pellucid.data.cells import as_text, series_of
from pellucid.data.names import unique_names
from pellucid.errors import DataError, Mends
from pellucid.media.arrays import is_medium
from pellucid.media.recognition import medium_of

WIDE = (pl.Decimal, pl.Int128)  # kinds know no wider numbers than 64 bits


def frame_of(source: Any, mends: Mends) -> pl.DataFrame | None:
    """The frame, or None where the source is no table in Python."""
    if isinstance(source, pl.DataFrame | pl.LazyFrame):
        return _from_polars(source.lazy().collect(), mends)
    if type(source).__module__.partition(".")[0] == "pandas" and hasattr(source, "columns"):
        return _from_pandas(source, mends)
    if isinstance(source, pl.Series) or type(source).__name__ == "Series":
        raise DataError("a Series is one column, not a table; pass a frame, series.to_frame()")
    if isinstance(source, np.ndarray) and source.ndim == 2:
        names = [f"column_{position}" for position in range(1, source.shape[1] + 1)]
        return frame_of_columns(names, list(source.T), mends)
    if isinstance(source, Mapping):
        return frame_of_columns(list(source), list(source.values()), mends)
    if hasattr(source, "__arrow_c_stream__"):
        return _from_polars(pl.DataFrame(source), mends)
    if isinstance(source, list) and source and all(isinstance(row, Mapping) for row in source):
        return frame_of_records(source, mends)
    return None


def frame_of_columns(names: Sequence[Any], columns: Sequence[Any], mends: Mends) -> pl.DataFrame:
    """Columns of equal length, each of its own type."""
    named = list(zip(unique_names([str(name) for name in names], mends), columns, strict=True))
    for name, column in named:
        if isinstance(column, str) or not hasattr(column, "__len__"):
            raise DataError(f"column {name!r} is a single {type(column).__name__}; pass a list")
        if len(column) != len(columns[0]):
            raise DataError(
                f"column {name!r} has {len(column):,} cells, but {named[0][0]!r} has "
                f"{len(columns[0]):,}; columns of one table are of one length"
            )
    frame = pl.DataFrame([_series(name, column, mends) for name, column in named])
    return plain(frame.lazy()).collect()


def frame_of_records(records: Sequence[Mapping[str, Any]], mends: Mends) -> pl.DataFrame:
    """One row for each record, nested ones flattened as a.b; a key that is not there is missing."""
    flat = [dict(_flattened(record)) for record in records]
    names = list(dict.fromkeys(name for record in flat for name in record))
    return frame_of_columns(names, [[record.get(name) for record in flat] for name in names], mends)


def plain(lazy: pl.LazyFrame) -> pl.LazyFrame:
    """Only plain cells: nested ones flattened as a.b, lists as JSON text, durations in seconds."""
    while any(isinstance(dtype, pl.Struct) for dtype in lazy.collect_schema().dtypes()):
        schema = lazy.collect_schema()
        lazy = lazy.select(part for name in schema for part in _parts(name, schema[name]))
    schema = lazy.collect_schema()
    kept = {name for name in schema if schema[name] == pl.Binary and _is_media(lazy, name)}
    return lazy.with_columns(_plain_column(n, schema[n]) for n in schema if n not in kept)


def _is_media(lazy: pl.LazyFrame, name: str) -> bool:
    """Whether the first bytes of a column are of pictures, sounds or films."""
    return (
        medium_of(lazy.select(pl.col(name).drop_nulls().head(20)).collect().to_series()) is not None
    )


def _parts(name: str, dtype: pl.DataType) -> list[pl.Expr]:
    if not isinstance(dtype, pl.Struct):
        return [pl.col(name)]
    fields = [field.name for field in dtype.fields]
    return [pl.col(name).struct.field(field).alias(f"{name}.{field}") for field in fields]


def _plain_column(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.List | pl.Array):
        return pl.col(name).map_batches(_as_json, return_dtype=pl.String, is_elementwise=True)
    if isinstance(dtype, pl.Duration):
        return pl.col(name).dt.total_microseconds().cast(pl.Float64) / 1e6
    if isinstance(dtype, pl.Binary):
        return pl.col(name).map_batches(_as_json, return_dtype=pl.String, is_elementwise=True)
    if isinstance(dtype, pl.Null):
        return pl.col(name).cast(pl.String)
    return pl.col(name).cast(pl.Float64) if isinstance(dtype, WIDE) else pl.col(name)


def _as_json(column: pl.Series) -> pl.Series:
    return pl.Series(column.name, [as_text(cell) for cell in column.to_list()], pl.String)


def _flattened(record: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, Mapping) and value:
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _from_polars(frame: pl.DataFrame, mends: Mends) -> pl.DataFrame:
    for column in frame.select(pl.selectors.by_dtype(pl.Object)):
        frame = frame.with_columns(series_of(column.name, column.to_list(), mends))
    return plain(frame.lazy()).collect()


def _from_pandas(source: Any, mends: Mends) -> pl.DataFrame:
    """Column by column, so that neither pyarrow nor equal types are needed; the index is left."""
    columns = [source.iloc[:, position] for position in range(len(source.columns))]
    return frame_of_columns([*source.columns], columns, mends)


def _series(name: str, column: Any, mends: Mends) -> pl.Series:
    """One column from a list, an array, or a series of polars or pandas."""
    if isinstance(column, pl.Series):
        return column.alias(name)
    dtype = getattr(column, "dtype", None)
    zone = getattr(dtype, "tz", None)
    if zone is not None and hasattr(column, "dt"):
        naive = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return pl.Series(name, naive).dt.replace_time_zone("UTC").dt.convert_time_zone(str(zone))
    if isinstance(dtype, np.dtype) and dtype.kind in "biufmM" and not _holds_media(column):
        return _from_numpy(name, np.asarray(column))
    if hasattr(column, "to_numpy"):
        column = column.to_numpy(dtype=object)
    return series_of(name, list(column), mends)


def _holds_media(column: np.ndarray[Any, Any]) -> bool:
    return column.ndim > 1 and len(column) > 0 and is_medium(column[0])


def _from_numpy(name: str, values: np.ndarray[Any, Any]) -> pl.Series:
    if values.dtype.kind == "f":
        wide = values.astype(np.float32) if values.dtype.itemsize < 4 else values
        return pl.Series(name, np.ascontiguousarray(wide), nan_to_null=True)
    if values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] not in ("ms", "us", "ns"):
        values = values.astype("datetime64[ms]")
    return pl.Series(name, np.ascontiguousarray(values))
