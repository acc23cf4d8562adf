"""The model directory: JSON and safetensors that anyone can open, and nothing that can run."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pellucid import __version__
from pellucid.errors import ModelError, PellucidError
from pellucid.files import not_written, replace_folder, strict_json, write_tensors
from pellucid.kept_backbones import FOLDER, own_backbones, write_backbones
from pellucid.kinds import Array
from pellucid.model import Model
from pellucid.schema import from_json, to_json
from pellucid.soundness import (
    UNSOUND,
    check_evidence,
    sound_network,
    sound_schema,
    sound_settings,
    try_out,
)
from pellucid.training.plan import Plan

FORMAT = 4
MARK = "pellucid model"
FILES = (
    "model.json",
    "weights.safetensors",
    "evidence.json",
    "history.csv",
    "report.html",
    "README.md",
)


def check_place(path: Path) -> None:
    """ModelError where a model would take the place of something else than a model."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not path.is_dir() or _mark(path) != MARK:
        raise ModelError(
            f'"{path}" exists and is no pellucid model, so it is not overwritten; name another '
            "folder."
        )
    others = sorted(entry.name for entry in path.iterdir() if entry.name not in (*FILES, FOLDER))
    if others:
        raise ModelError(
            f'"{path}" holds {others[0]!r}, which is no part of a model and would be lost; move '
            "it, or name another folder."
        )


def write_model(model: Model, path: Path) -> Path:
    """Write the model's files into a folder of its own; whole or not at all."""
    check_place(path)
    arrays: dict[str, Array] = {}
    document: dict[str, Any] = {
        "what": MARK,
        "format": FORMAT,
        "versions": versions(),
        "schema": to_json(model.schema, arrays),
        "plan": model.plan.to_json(),
        "settings": dict(model.settings),
        "network": model.network.plan(),
    }
    tensors = {name: tensor.contiguous() for name, tensor in model.network.state_dict().items()}
    tensors |= {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    with replace_folder(path) as folder:
        write_tensors(tensors, folder / "weights.safetensors")
        document["weights"] = weights_hash(folder)
        document["backbones"] = write_backbones(model.schema, folder)
        (folder / "model.json").write_text(strict_json(document, indent=1), "utf-8")
        if model.evidence:
            _write_evidence(model.evidence, folder, document["weights"])
        for file in folder.rglob("*"):  # the weights are written for their owner alone
            if file.is_file():
                file.chmod((folder / "model.json").stat().st_mode)
    return path


def load(path: str | Path) -> Model:
    """The model of a directory; no code of the files is run.

    Raises ModelError when a file is missing, cut short, edited so that it no longer fits, or of a
    newer format.
    """
    path = Path(path)
    document, tensors, evidence = _files(path)
    arrays = {name: t.numpy() for name, t in tensors.items() if name.startswith("schema.")}
    weights = {name: t for name, t in tensors.items() if not name.startswith("schema.")}
    try:
        schema = sound_schema(from_json(document["schema"], arrays))
        schema = own_backbones(schema, path, document.get("backbones", {}))
        plan, settings = Plan.from_json(document["plan"]), sound_settings(document["settings"])
        model = Model(schema, sound_network(schema, plan, weights), plan, evidence, settings)
        try_out(model)
        check_evidence(model)
    except PellucidError as error:
        raise ModelError(f'"{path}": {error}') from error
    except UNSOUND as error:
        raise ModelError(
            f'"{path}" does not hold together ({_first_line(error)}): it was edited or damaged. '
            "Copy it again or learn it again."
        ) from error
    return model


def rewrite_report(path: Path) -> Path:
    """Write report.html anew from the model's evidence."""
    from pellucid.evidence.report import write_report

    evidence = load(path).evidence
    if not evidence:
        raise ModelError(f'"{path}" has no evidence.json to report; copy the model again.')
    try:
        write_report(evidence, path / "report.html")  # type: ignore[arg-type]
    except OSError as error:
        raise not_written(path / "report.html", error) from error
    except UNSOUND as error:
        raise ModelError(
            f'"{path / "evidence.json"}" does not hold together ({_first_line(error)}): it was '
            "edited or damaged. Copy the model again."
        ) from error
    return path / "report.html"


def weights_hash(path: Path) -> str:
    """SHA-256 of the weights' file."""
    return hashlib.sha256((path / "weights.safetensors").read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    """Of everything that decides the bytes of the weights."""
    return {
        "pellucid": __version__,
        "format": str(FORMAT),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def _files(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor], dict[str, Any]]:
    """What the files hold, all of one model even where another run is just replacing it."""
    while True:
        document = _document(path)
        folder, weights = path.stat(), path / "weights.safetensors"
        tensors, evidence = _tensors(weights), _evidence(path)
        same = document.get("weights") == weights_hash(path)
        if not os.path.samestat(folder, path.stat()):
            continue
        if not same:
            raise ModelError(
                f'"{weights}" is not the file that model.json was written with: it was edited or '
                "damaged. Copy the model again, with all its files, or learn it again."
            )
        return document, tensors, evidence


def _document(path: Path) -> dict[str, Any]:
    file = path / "model.json"
    if not path.is_dir() or not file.is_file():
        raise ModelError(
            f'"{path}" is no model: it has no model.json. Name a folder that `learn` wrote.'
        )
    document = _json(file)
    if not isinstance(document, dict) or document.get("what") != MARK:
        raise ModelError(f'"{file}" is not a pellucid model\'s; name a folder that `learn` wrote.')
    if document.get("format") != FORMAT:
        raise ModelError(
            f'"{path}" has format {str(document.get("format"))[:20]}; this version '
            f"({__version__}) reads format {FORMAT}. Update pellucid, or learn the model again."
        )
    return document


def _mark(path: Path) -> object:
    try:
        document = _json(path / "model.json")
    except ModelError:
        return None
    return document.get("what") if isinstance(document, dict) else None


def _tensors(file: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not file.is_file():
        raise ModelError(f'"{file}" is missing: copy the model again, with all its files.')
    try:
        return load_file(file)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ModelError(
            f'"{file}" cannot be read ({error}): it was cut short or edited. Copy the model again '
            "or learn it again."
        ) from error


def _evidence(path: Path) -> dict[str, Any]:
    file = path / "evidence.json"
    evidence = _json(file) if file.is_file() else {}
    if not isinstance(evidence, dict):
        raise ModelError(f'"{file}" holds no evidence: it was edited. Copy the model again.')
    return evidence


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise ModelError(
            f'"{file}" cannot be read ({_first_line(error)}): it was cut short or edited. Copy the '
            "model again or learn it again."
        ) from error


def _write_evidence(evidence: Mapping[str, Any], folder: Path, weights: str) -> None:
    from pellucid.evidence.card import write_card
    from pellucid.evidence.report import write_report

    evidence = {**evidence, "reproduce": {**evidence["reproduce"], "weights_hash": weights}}
    (folder / "evidence.json").write_text(strict_json(evidence, indent=1), "utf-8")
    if history := evidence.get("history"):
        with (folder / "history.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, history[0], lineterminator="\n")
            rows.writeheader()
            rows.writerows(history)
    write_report(evidence, folder / "report.html")  # type: ignore[arg-type]
    write_card(evidence, folder / "README.md")  # type: ignore[arg-type]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
