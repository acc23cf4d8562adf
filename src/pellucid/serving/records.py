"""Records of a request, read from JSON, as cells of the model's columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from pellucid.data.checking import nearest
from pellucid.serving.cells import cell_of
from pellucid.serving.faults import Problem, RequestError, shown, unusable
from pellucid.serving.fields import Field


@dataclass(frozen=True)
class Record:
    """The cells of one record in the order of the fields, and what is to be said of them."""

    cells: tuple[Any, ...]
    notes: tuple[Problem, ...] = ()


def read_json(body: bytes) -> Any:
    """Strict JSON; a 400 that says where it is broken otherwise."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except RecursionError as error:
        raise RequestError(400, "the JSON is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the body is not UTF-8 (byte {error.start})") from error
    except ValueError as error:
        raise RequestError(400, f"the body is no JSON: {shown(str(error))}") from error


def records_of(document: Any, fields: Sequence[Field], most: int) -> list[Record]:
    """The records of `{"records": [{…}, …]}`; every value that cannot be used is named in a 422."""
    given = document.get("records") if isinstance(document, dict) else None
    if not isinstance(given, list) or set(document) != {"records"}:
        raise RequestError(422, 'the body must read {"records": [{"field": value, …}, …]}')
    if not given:
        raise RequestError(422, '"records" is empty: there is nothing to answer')
    if len(given) > most:
        raise RequestError(422, f"{len(given):,} records in one request; send at most {most:,}")
    problems: list[Problem] = []
    records = [record_of(each, fields, problems, row) for row, each in enumerate(given)]
    if problems:
        raise unusable(problems)
    return records


def record_of(given: Any, fields: Sequence[Field], problems: list[Problem], row: int = 0) -> Record:
    """One record; what is wrong with it is added to `problems`."""
    if not isinstance(given, dict):
        problems.append(Problem(row, "", "a record must be an object of fields", shown(given)))
        return Record(())
    flat = given if given.keys() <= {f.name for f in fields} else _flat(given)
    absent = [field.name for field in fields if field.name not in flat]
    if len(absent) == len(fields):
        known = ", ".join(repr(field.name) for field in fields[:5])
        more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""
        problems.append(Problem(row, "", f"it has none of the model's fields: {known}{more}"))
        return Record(())
    notes = [Problem(row, name, "not given, taken as missing") for name in absent]
    notes += _strangers(flat, fields, absent, problems, row)
    cells = []
    for field in fields:
        try:
            cells.append(cell_of(flat.get(field.name), field))
        except ValueError as error:
            problems.append(Problem(row, field.name, str(error), shown(flat[field.name])))
    return Record(tuple(cells), tuple(notes))


def _flat(given: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested objects as `a.b`, as tables of JSON are read."""
    flat: dict[str, Any] = {}
    for key, value in given.items():
        if isinstance(value, dict) and value and depth < 20:
            flat |= _flat(value, f"{prefix}{key}.", depth + 1)
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _strangers(
    flat: Mapping[str, Any],
    fields: Sequence[Field],
    absent: Sequence[str],
    problems: list[Problem],
    row: int,
) -> list[Problem]:
    """Fields that the model does not know: a slip of the pen is refused, others are left out."""
    notes = []
    unknown = flat.keys() - {field.name for field in fields}
    for name in sorted(unknown)[:100]:
        meant = nearest(name, absent)
        if meant:
            problems.append(Problem(row, shown(name), f"no such field; did you mean {meant!r}?"))
        else:
            notes.append(Problem(row, shown(name), "not a field of the model, left out"))
    return notes


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number; send null where a value is missing")
