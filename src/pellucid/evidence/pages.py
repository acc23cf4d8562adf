"""Templates become pages, and pages become files, whole or not at all."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path


def render(template: str, **values: object) -> str:
    """Fill a template of this folder; all that is not marked safe is escaped in HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from pellucid.evidence import numerals

    environment = Environment(
        loader=PackageLoader("pellucid.evidence", ""),
        autoescape=lambda name: bool(name and name.endswith((".html.jinja", ".html"))),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for written in ("count", "counted", "duration", "memory", "bound"):
        environment.filters[written] = getattr(numerals, written)
    return environment.get_template(template).render(**values)


def resource(name: str) -> str:
    """The text of a file of this folder, such as a style sheet."""
    return (resources.files("pellucid.evidence") / name).read_text(encoding="utf-8")


def write_page(text: str, path: Path) -> None:
    """Write beside and rename, so that no reader meets half a page."""
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # A lone surrogate, as JSON may hold, has no UTF-8: it becomes a character reference.
        beside.write_text(text, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
