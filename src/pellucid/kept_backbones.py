"""A model's own copies of its backbones, so that a model directory needs nothing beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pellucid.backbones import Backbone, backbone_of
from pellucid.backbones.weights import SAFE
from pellucid.errors import ModelError
from pellucid.kinds.pretrained import ReadingKind
from pellucid.schema import Schema

FOLDER, ORIGIN = "backbones", "ORIGIN.txt"


def write_backbones(schema: Schema, folder: Path) -> dict[str, str]:
    """Copy every backbone into the folder; gives the hash of its weights by the kind it reads.

    One that reads two kinds is copied twice: for one of them it may have been tuned.
    """
    hashes = {}
    for kind in schema.readers:
        into = folder / FOLDER / kind.kind
        into.mkdir(parents=True)
        kind.pretrained.backbone.network.write(into)  # type: ignore[union-attr]
        (into / ORIGIN).write_text(f"{origin(kind)}\n", "utf-8")
        hashes[kind.kind] = _hash(into / SAFE)
    return hashes


def origin(kind: ReadingKind) -> str:
    """Whose weights the backbone of a kind has, and under which licence."""
    pretrained = kind.pretrained
    assert pretrained is not None
    name, licence = pretrained.backbone.name, pretrained.backbone.licence
    changed = "tuned on the rows that this model learnt from" if pretrained.tuned else "unchanged"
    told = (
        f"their licence is {licence}" if licence else "their licence is not told; ask their owner"
    )
    return f"The weights of {name}, which reads each {kind.kind}, {changed}; {told}."


def own_backbones(schema: Schema, path: Path, hashes: Mapping[str, Any]) -> Schema:
    """The schema with the backbones of the model's own folder, loaded, and none from elsewhere."""
    return replace(schema, inputs=tuple(_own(kind, path, hashes) for kind in schema.inputs))


def _own(kind: Any, path: Path, hashes: Mapping[str, Any]) -> Any:
    pretrained = kind.pretrained if isinstance(kind, ReadingKind) else None
    if pretrained is None:
        return kind
    folder, saved = path / FOLDER / kind.kind, pretrained.backbone
    if not (folder / SAFE).is_file() or _hash(folder / SAFE) != hashes.get(kind.kind):
        raise ModelError(
            f'"{folder}" does not hold the backbone that the model was learnt with. Copy the '
            "model again, with all its files, or learn it again."
        )
    found = backbone_of(folder, saved.name)
    if _shape(found) != _shape(saved) or found.reads != kind.reads:
        raise ModelError(f'"{folder}" holds another backbone than model.json says.')
    found = replace(found, licence=saved.licence).holding(found.network)
    return replace(kind, pretrained=replace(pretrained, backbone=found))


def _shape(backbone: Backbone) -> tuple[object, ...]:
    return backbone.reads, backbone.family, backbone.width, backbone.size


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
