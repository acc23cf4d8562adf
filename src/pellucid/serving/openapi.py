"""The OpenAPI description of a server, with schemas and examples from the model's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pellucid import __version__
from pellucid.kinds import TargetKind
from pellucid.serving.fields import Field
from pellucid.serving.limits import Limits
from pellucid.serving.served import Served
from pellucid.serving.steps import FURTHEST, first_moments
from pellucid.windows import Windows

REFUSALS = {
    "400": "The body is no JSON, or no form.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The content type is neither application/json nor multipart/form-data.",
    "422": "Some values cannot be used; `problems` names record, field and value.",
    "429": "The queue is full; `Retry-After` says when to come back.",
}
ERROR = {"$ref": "#/components/schemas/Error"}
NOTE = {"$ref": "#/components/schemas/Note"}


def openapi(served: Served, limits: Limits, token: bool) -> dict[str, Any]:
    """The document, version 3.1."""
    answers = {
        "/predict": _post(served, limits, "Predict every record, in order", "Prediction"),
        **(
            {"/explain": _post(served, limits, "The working behind one record", "Explanation")}
            if served.worked
            else {}
        ),
        "/health": _get("Whether the process runs", "application/json"),
        "/ready": _get("Whether it takes requests: not while it shuts down", "application/json"),
        "/metrics": _get("Counters for Prometheus", "text/plain"),
    }
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": served.name, "version": served.weights, "description": _about(served)},
        "paths": answers,
        "components": {"schemas": _schemas(served, limits)},
    }
    if token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def example_record(fields: Sequence[Field]) -> dict[str, Any]:
    """A record of typical values; files, which are sent another way, are missing."""
    return {field.name: field.example for field in fields}


def example_records(served: Served) -> list[dict[str, Any]]:
    """What a request may hold: one record, or as many steps of a series as a forecast needs."""
    windows = served.model.schema.windows
    record = example_record(served.fields)
    if windows is None:
        return [record]
    return [record | {windows.time: moment} for moment in first_moments(windows)]


def _about(served: Served) -> str:
    targets = " and ".join(repr(name) for name in served.model.targets)
    return f"Predicts {targets}. Served by pellucid {__version__}."


def _get(summary: str, kind: str) -> dict[str, Any]:
    content = {kind: {"schema": {"type": "string" if kind == "text/plain" else "object"}}}
    responses: dict[str, Any] = {"200": {"description": "Yes", "content": content}}
    if summary.startswith("Whether it takes"):
        responses["503"] = {"description": "It is shutting down", "content": content}
    return {"get": {"summary": summary, "responses": responses, "security": []}}


def _post(served: Served, limits: Limits, summary: str, answer: str) -> dict[str, Any]:
    windows = served.model.schema.windows
    most = limits.records if windows is None else limits.steps
    predicts = answer == "Prediction"
    example = {"records": example_records(served)[: most if predicts else 1]}
    body: dict[str, Any] = {
        "type": "object",
        "required": ["records"],
        "additionalProperties": False,
        "properties": {
            "records": {
                "type": "array",
                "minItems": 1,
                "maxItems": most if predicts else 1,
                "items": {"$ref": "#/components/schemas/Record"},
            }
        },
    }
    if windows is not None:  # a forecast needs a past
        known = {"properties": {windows.target: {"type": "number"}}, "required": [windows.target]}
        body["properties"]["records"]["contains"] = known
    content: dict[str, Any] = {"application/json": {"schema": body, "example": example}}
    if files := [field for field in served.fields if field.media]:
        parts = {f.name: {"type": "string", "contentMediaType": f"{f.kind}/*"} for f in files}
        record = {"$ref": "#/components/schemas/Record"}
        form = {"type": "object", "properties": {"record": record, **parts}}
        content["multipart/form-data"] = {"schema": form}
    schema = {"$ref": f"#/components/schemas/{answer}s"}
    responses = {
        "200": {"description": "Answered", "content": {"application/json": {"schema": schema}}}
    } | {
        status: {"description": about, "content": {"application/json": {"schema": ERROR}}}
        for status, about in REFUSALS.items()
    }
    request = {"required": True, "content": content}
    return {"post": {"summary": summary, "requestBody": request, "responses": responses}}


def _schemas(served: Served, limits: Limits) -> dict[str, Any]:
    note = {
        "type": "object",
        "required": ["record", "field", "problem"],
        "properties": {
            "record": {"type": "integer", "description": "which record; the first is 0"},
            "field": {"type": "string"},
            "problem": {"type": "string"},
            "value": {"type": ["string", "null"]},
        },
    }
    notes = {"type": "array", "items": NOTE}
    return {
        "Record": _record(served),
        "Predictions": {
            "type": "object",
            "required": ["predictions", "notes", "model"],
            "properties": {
                "predictions": {"type": "array", "items": _prediction(served)},
                "notes": {**notes, "description": "what was mended or left out"},
                "model": {"type": "string", "description": "the hash of the weights"},
            },
        },
        "Explanations": {"type": "object"},
        "Note": note,
        "Error": {
            "type": "object",
            "required": ["error", "problems"],
            "properties": {"error": {"type": "string"}, "problems": notes},
        },
    }


def _record(served: Served) -> dict[str, Any]:
    windows = served.model.schema.windows
    values = {field.name: _value(field) for field in served.fields}
    if windows is not None:
        values[windows.time] |= _moment(windows)
    return {
        "type": "object",
        "minProperties": 1,
        "required": [windows.time] if windows is not None else [],
        "properties": values,
        "examples": [example_record(served.fields)],
    }


def _moment(windows: Windows) -> dict[str, Any]:
    """When a step is: it cannot be missing."""
    if windows.dates:
        return {"anyOf": [{"type": "string", "format": each} for each in ("date", "date-time")]}
    return {"anyOf": [{"type": "number", "minimum": -FURTHEST, "maximum": FURTHEST}]}


def _value(field: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": f"{field.kind}: {field.about}"}
    if field.example not in (None, ""):
        schema["examples"] = [field.example]
    if field.media:
        return schema | {"type": "null"}  # a file is a part of a form
    return schema | TYPES.get(field.kind, {})


TYPES: Mapping[str, dict[str, Any]] = {
    "number": {
        "anyOf": [
            {"type": ["number", "null"]},
            {"type": "string", "pattern": r"^([+-]?\d{1,15}(\.\d{1,15})?)?$"},
        ]
    },
    "category": {"type": ["string", "number", "boolean", "null"]},
    "date": {
        "anyOf": [
            {"type": "string", "format": "date"},
            {"type": "string", "format": "date-time"},
            {"type": "string", "maxLength": 0},  # as an empty field of a form is sent
            {"type": "null"},
        ]
    },
    "text": {"type": ["string", "number", "boolean", "null"]},
}


def _prediction(served: Served) -> dict[str, Any]:
    """The answer for a record, or for one step to come of a series."""
    windows = served.model.schema.windows
    answers = {kind.columns[0]: _answer(kind) for kind in served.model.schema.targets}
    if windows is not None:
        moment = {"type": "string" if windows.dates else "number", "description": "when it is"}
        answers = {windows.time: moment, **answers}
    if windows is not None and windows.series:
        answers = {windows.series: {"type": "string", "description": "which series"}, **answers}
    return {"type": "object", "required": list(answers), "properties": answers}


WRITTEN = {
    "tags": "one tag for each word that white space parts, parted by spaces",
    "text": "the text that was written",
}


def _answer(kind: TargetKind) -> dict[str, Any]:
    number = {"type": ["number", "null"]}
    numeric = kind.kind in ("number", "forecast")
    properties: dict[str, Any] = {"value": number if numeric else {}}
    if kind.has_probabilities:
        properties |= {
            "confidence": {"type": "number", "minimum": 0, "maximum": 1.001},
            "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
        }
    if kind.kind in ("tags", "text"):
        properties |= {
            "value": {"type": "string", "description": WRITTEN[kind.kind]},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1.001},
        }
    if kind.has_intervals or kind.kind == "forecast":
        share = {"type": "number", "description": "the share that lies between"}
        properties |= {"low": number, "high": number, "coverage": share}
    return {"type": "object", "required": ["value"], "properties": properties}
