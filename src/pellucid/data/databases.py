"""Reads the answer to an SQL query into a frame."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pellucid.data.frames import frame_of_columns, plain
from pellucid.errors import DataError, Mends


@dataclass(frozen=True)
class Query:
    """An SQL statement and where to send it: an SQLite file, a database URL or a connection."""

    statement: str
    connection: object  # path, "sqlite:///shop.db", "postgresql://…", or a DB-API connection

    def __str__(self) -> str:
        return f"query {self.statement[:60]!r}"


def read_query(query: Query, mends: Mends) -> pl.DataFrame:
    """All rows of the answer; SQLite needs nothing more, other URLs the extra `sql`."""
    if hasattr(query.connection, "cursor"):
        return _read_rows(query, query.connection, mends)
    address = str(query.connection)
    if "://" in address and not address.startswith("sqlite://"):
        return _read_url(query, address, mends)
    path = Path(address.removeprefix("sqlite:///").removeprefix("sqlite://"))
    if not path.is_file():
        raise DataError(f'no SQLite file "{path}"; pass its path, or a URL like postgresql://…')
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return _read_rows(query, connection, mends)


def read_only_table(path: Path, mends: Mends) -> pl.DataFrame:
    """The table of an SQLite file that has just one."""
    find = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    names = read_query(Query(find, path), Mends())["name"].to_list()
    if len(names) != 1:
        raise DataError(
            f'"{path}" is an SQLite file with {len(names)} tables ({", ".join(names[:5])}); '
            f'pass Query("select * from …", "{path}") in Python, or export one to CSV'
        )
    quoted = names[0].replace('"', '""')
    return read_query(Query(f'select * from "{quoted}"', path), mends)


def _read_rows(query: Query, connection: Any, mends: Mends) -> pl.DataFrame:
    errors: tuple[type[Exception], ...] = (sqlite3.Error, *_errors_of(connection))
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute(query.statement)
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchall() if names else []
    except errors as error:
        raise DataError(f"the database refused {query}: {error}") from error
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return frame_of_columns(names, columns, mends)


def _errors_of(connection: Any) -> tuple[type[Exception], ...]:
    """The Error class that every DB-API module, and many of their connections, carry."""
    error = getattr(connection, "Error", None)
    return (error,) if isinstance(error, type) and issubclass(error, Exception) else ()


def _read_url(query: Query, address: str, mends: Mends) -> pl.DataFrame:
    try:
        import connectorx  # noqa: F401  (polars gives no clear line without it)

        frame = pl.read_database_uri(query.statement, address, engine="connectorx")
    except ImportError as error:
        raise DataError(
            f'databases other than SQLite need {error.name}: pip install "pellucid[sql]"'
        ) from error
    except (RuntimeError, pl.exceptions.PolarsError) as error:
        raise DataError(f"the database refused {query}: {error}") from error
    return plain(frame.lazy()).collect()
