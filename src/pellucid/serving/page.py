"""The page for people: a form made from the schema, and what its scripts need to know."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from pellucid import __version__
from pellucid.evidence.pages import resource
from pellucid.serving.fields import Field
from pellucid.serving.openapi import example_record, example_records
from pellucid.serving.served import NOT_WORKED, Served
from pellucid.windows import Windows
from pellucid.working.printing.style import STYLE

FIRST = 12  # fields that are shown before the others are asked for
FEW = 8  # levels that the answer shows in their own order
SELECT = 40  # levels that a list offers; more are typed, with suggestions


def page(served: Served) -> str:
    """The whole page as HTML."""
    windows = served.model.schema.windows
    fields = _by_importance(served) if windows is None else list(served.fields)
    return _template().render(
        name=served.name,
        weights=served.weights,
        version=__version__,
        verdict=_verdict(served),
        targets=served.model.targets,
        fields=fields[:FIRST] if windows is None else fields,
        more=fields[FIRST:],
        forecast=windows and _forecast(served, windows),
        length=windows and windows.length,
        select=SELECT,
        answers=[each for each in served.answers if each.kind not in NOT_WORKED],
        worked=served.worked,
        about={
            "targets": [_target(kind) for kind in served.model.schema.targets],
            "example": example_records(served) if windows else example_record(served.fields),
            "forecast": windows and _forecast(served, windows),
        },
    )


def _by_importance(served: Served) -> list[Field]:
    """What moves the answer most comes first, as far as the evidence knows it."""
    evidence = served.model.evidence.get("targets", {}).get(served.model.targets[0], {})
    measured = {one["column"]: one["value"] for one in evidence.get("importance") or ()}
    return sorted(served.fields, key=lambda field: -measured.get(field.name, 0.0))


def _verdict(served: Served) -> list[str]:
    """The first sentence of each target's verdict."""
    evidence = served.model.evidence.get("targets", {})
    found = [evidence.get(name, {}).get("verdict", {}) for name in served.model.targets]
    return [verdict["sentences"][0] for verdict in found if verdict.get("sentences")]


def _forecast(served: Served, windows: Windows) -> dict[str, Any]:
    """Which columns the rows of a forecast have."""
    numbers = [field.name for field in served.fields if field.kind == "number"]
    return {
        "time": windows.time,
        "series": windows.series,
        "target": windows.target,
        "numbers": numbers,
    }


def _target(kind: Any) -> dict[str, Any]:
    about = {"name": kind.columns[0], "kind": kind.kind}
    if kind.kind == "category":
        about["levels"] = list(kind.levels[0]) if len(kind.levels[0]) <= FEW else None
    if kind.kind == "number":
        about["low"], about["high"] = (float(limit) for limit in kind.limits[0])
    if kind.kind == "tags":
        about["source"] = kind.source  # the column whose words are tagged
    return about


def _own(name: str) -> str:
    return (resources.files("pellucid.serving") / name).read_text(encoding="utf-8")


# Name in the address -> its type and its text.
ASSETS: Mapping[str, Callable[[], tuple[str, str]]] = {
    "report.css": lambda: ("text/css", resource("report.css")),
    "page.css": lambda: ("text/css", _own("page.css")),
    "page.js": lambda: ("text/javascript", _own("page.js")),
    "working.css": lambda: ("text/css", STYLE),
    "forecast.js": lambda: ("text/javascript", _own("forecast.js")),
    "capture.js": lambda: ("text/javascript", _own("capture.js")),
}


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_own),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breaking"] = _breaking
    return environment.get_template("page.html.jinja")


def _breaking(name: str) -> Markup:
    """A column's name that may be broken behind what parts its words."""
    return Markup(re.sub(r"(?<=[_./:])(?=\w)", "<wbr>", escape(name)))
