"""The model directory: JSON and safetensors that anyone can open, and nothing that can run."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pellucid import __version__
from pellucid.errors import ModelError
from pellucid.files import replace_folder
from pellucid.kinds import Array
from pellucid.model import Model
from pellucid.networks.network import new_network
from pellucid.schema import Schema, from_json, to_json
from pellucid.training.plan import Plan

FORMAT = 1
MARK = "pellucid model"


def write_model(model: Model, path: Path) -> Path:
    """Write model.json, weights.safetensors and evidence.json; whole or not at all."""
    from safetensors.torch import save_file

    if path.exists() and not (path / "model.json").is_file():
        raise ModelError(
            f"{path} exists and is no pellucid model, so it is not overwritten; name another folder."
        )
    arrays: dict[str, Array] = {}
    document = {
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
        save_file(tensors, folder / "weights.safetensors")
        (folder / "model.json").write_text(json.dumps(document, indent=1), "utf-8")
        if model.evidence:
            _write_evidence(model.evidence, folder)
    return path


def load(path: str | Path) -> Model:
    """The model of a directory; no code of the files is run.

    Raises ModelError when a file is missing, cut short, edited so that it no longer fits, or of a
    newer format.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(path)
    document = _document(path)
    try:
        tensors = load_file(path / "weights.safetensors")
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{path / 'weights.safetensors'} cannot be read ({error}); copy the model again "
            "or learn it again."
        ) from error
    arrays = {name: t.numpy() for name, t in tensors.items() if name.startswith("schema.")}
    weights = {name: t for name, t in tensors.items() if not name.startswith("schema.")}
    try:
        schema = from_json(document["schema"], arrays)
        plan = Plan.from_json(document["plan"])
        settings = dict(document["settings"])
        network = _network(schema, plan, weights)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, RuntimeError) as error:
        raise ModelError(
            f"{path} does not hold together ({_first_line(error)}); it was edited or damaged. "
            "Copy it again or learn it again."
        ) from error
    return Model(schema, network, plan, _evidence(path), settings)


def weights_hash(path: Path) -> str:
    """SHA-256 of the weights' file."""
    return hashlib.sha256((path / "weights.safetensors").read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    """Of everything that decides the bytes of the weights."""
    return {
        "pellucid": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def _network(schema: Any, plan: Plan, weights: Mapping[str, torch.Tensor]) -> Any:
    if not isinstance(schema, Schema):
        raise TypeError("its schema is none")
    network = new_network(schema, plan.body, plan.folds, seed=0)
    network.load_state_dict(weights)
    return network.eval()


def _document(path: Path) -> dict[str, Any]:
    file = path / "model.json"
    if not path.is_dir() or not file.is_file():
        raise ModelError(
            f"{path} is no model: it has no model.json. Name a folder that `learn` wrote."
        )
    try:
        document = json.loads(file.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise ModelError(f"{file} cannot be read ({error}); copy the model again.") from error
    if not isinstance(document, dict) or document.get("what") != MARK:
        raise ModelError(f"{file} is not a pellucid model's.")
    if document.get("format") != FORMAT:
        raise ModelError(
            f"{path} has format {document.get('format')}; this version ({__version__}) reads format "
            f"{FORMAT}. Update pellucid, or learn the model again."
        )
    return document


def _evidence(path: Path) -> dict[str, Any]:
    file = path / "evidence.json"
    if not file.is_file():
        return {}
    try:
        evidence = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise ModelError(f"{file} is damaged ({error}); copy the model again.") from error
    return evidence if isinstance(evidence, dict) else {}


def _write_evidence(evidence: Mapping[str, Any], folder: Path) -> None:
    from pellucid.evidence.card import write_card
    from pellucid.evidence.report import write_report

    (folder / "evidence.json").write_text(json.dumps(evidence, indent=1), "utf-8")
    write_report(evidence, folder / "report.html")
    write_card(evidence, folder / "README.md")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
