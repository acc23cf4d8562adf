"""Bodies of requests: read whole within their bounds, then as JSON or as a form with files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from pellucid.serving.faults import Problem, RequestError, shown, unusable
from pellucid.serving.fields import Field
from pellucid.serving.limits import MEGABYTE, Limits
from pellucid.serving.media import check_file
from pellucid.serving.records import Record, read_json, record_of, records_of

SMALL = 250_000  # bytes: larger bodies are read in a thread, so that others need not wait


@dataclass
class Room:
    """How many bytes of bodies are held at the moment, over all requests."""

    taken: int = 0


async def read_body(request: Request, limits: Limits, room: Room) -> bytes:
    """The whole body; 413 beyond `limits.body`, 408 when it does not arrive, 429 if all is full."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > limits.body:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.timeout):
            async for chunk in request.stream():
                if len(body) + len(chunk) > limits.body:
                    raise _too_large(limits)
                if room.taken + len(chunk) > limits.bodies:
                    raise RequestError(429, "too many large requests at once; come back", (), 2)
                room.taken += len(chunk)
                body += chunk
    except TimeoutError as error:
        raise RequestError(408, f"the body did not arrive in {limits.timeout:g} s") from error
    except ClientDisconnect as error:
        raise RequestError(400, "the connection was closed before the body had come") from error
    finally:
        room.taken -= len(body)
    return bytes(body)


async def records_in(
    request: Request, fields: Sequence[Field], limits: Limits, room: Room
) -> list[Record]:
    """The records of a request, by its content type."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        body = await read_body(request, limits, room)
        if len(body) < SMALL:
            return records_of(read_json(body), fields, limits.records)
        return await asyncio.to_thread(lambda: records_of(read_json(body), fields, limits.records))
    if kind == "multipart/form-data":
        body = await read_body(request, limits, room)
        return [await _form_record(request, body, fields, limits)]
    raise RequestError(
        415, 'send application/json, {"records": [{…}]}, or multipart/form-data for files'
    )


async def _form_record(
    request: Request, body: bytes, fields: Sequence[Field], limits: Limits
) -> Record:
    """One record: files by the names of their fields, the others in a part 'record' of JSON."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    given: dict[str, Any] = {}
    problems: list[Problem] = []
    try:
        async with Request(request.scope, receive).form(
            max_files=100, max_fields=1_000, max_part_size=limits.body
        ) as form:
            for name, value in form.multi_items():
                given |= await _part(name, value, fields, limits, problems)
    except HTTPException as error:
        raise RequestError(400, f"the form cannot be read: {shown(error.detail)}") from error
    record = Record(()) if problems else record_of(given, fields, problems)
    if problems:
        raise unusable(problems)
    return record


async def _part(
    name: str,
    value: str | UploadFile,
    fields: Sequence[Field],
    limits: Limits,
    problems: list[Problem],
) -> dict[str, Any]:
    field = next((field for field in fields if field.name == name), None)
    if isinstance(value, str):
        if name != "record" or field is not None:
            return {name: value}
        record = read_json(value.encode("utf-8", "replace"))
        if not isinstance(record, dict):
            raise RequestError(422, "the part 'record' must be a JSON object of fields")
        return record
    content = await value.read()
    if field is None or not field.media:
        problem = "not a field of the model" if field is None else f"a {field.kind}, not a file"
        problems.append(Problem(0, shown(name), problem))
        return {}
    if not content:
        return {name: None}  # a file picker that was left empty
    if fault := await asyncio.to_thread(check_file, content, field.kind, limits):
        problems.append(Problem(0, name, fault, shown(value.filename or "")))
        return {}
    return {name: content}


def _too_large(limits: Limits) -> RequestError:
    return RequestError(413, f"a body holds at most {limits.body / MEGABYTE:g} MB")
