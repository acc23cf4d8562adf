"""Figures for browsers and their modules as one text, for pages that fetch nothing."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

ASSETS = Path(__file__).parent / "assets"

IMPORT = re.compile(
    r'^import (?:\{(?P<names>[^}]*)\}|(?P<default>\w+)) from "(?P<path>[^"]+)";$', re.M
)
EXPORT = re.compile(r"^export (?P<rest>(?:async )?(?:function|const) (?P<name>\w+))", re.M)
DEFAULT = re.compile(r"^export default ", re.M)


def bundle(*names: str) -> str:
    """Modules of `assets` and all that they import as text; exports are in `modules[NAME]`.

    Each module becomes a function that runs once, in the order in which they need each other.
    """
    written: dict[str, str] = {}
    for name in names:
        _write(name, written)
    return "const modules = {};\n" + "\n".join(written.values())


def style() -> str:
    """The figures' style sheet, for one that lives in a shadow of its own."""
    text = (ASSETS / "figure.css").read_text(encoding="utf-8")
    return text.replace(":root {", ":host {")


def _write(name: str, written: dict[str, str]) -> None:
    if name in written:
        return
    text = (ASSETS / name).read_text(encoding="utf-8")
    for found in IMPORT.finditer(text):
        _write(_beside(name, found["path"]), written)
    exported = [found["name"] for found in EXPORT.finditer(text)]
    text = IMPORT.sub(lambda found: _taken(name, found), text)
    text = EXPORT.sub(lambda found: found["rest"], text)
    if DEFAULT.search(text):
        text, exported = DEFAULT.sub("const standard = ", text), [*exported, "default: standard"]
    written[name] = f'(() => {{\n{text}\nmodules["{name}"] = {{ {", ".join(exported)} }};\n}})();'


def _taken(name: str, found: re.Match[str]) -> str:
    source = f'modules["{_beside(name, found["path"])}"]'
    if found["default"]:
        return f"const {found['default']} = {source}.default;"
    return f"const {{{found['names'].replace(' as ', ': ')}}} = {source};"


def _beside(name: str, path: str) -> str:
    """A module's place among the assets, from how another one names it."""
    parts = [*PurePosixPath(name).parent.parts]
    for part in PurePosixPath(path).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
