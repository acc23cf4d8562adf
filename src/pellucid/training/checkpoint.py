"""A descent on disk: written beside and renamed, so that it is whole or not there."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from pellucid.errors import ModelError
from pellucid.files import replace_file, write_tensors
from pellucid.training.descent import Descent
from pellucid.training.optimizers import FlatAdamW


def save_checkpoint(path: Path, descent: Descent, optimizer: FlatAdamW, best: Tensor) -> None:
    """Write where the descent stands."""
    tensors = {**optimizer.state(), "best": best}
    with replace_file(path) as beside:
        write_tensors(tensors, beside, {"descent": json.dumps(asdict(descent))})


def load_checkpoint(path: Path, descent: Descent, optimizer: FlatAdamW, best: Tensor) -> None:
    """Go back to where the descent stood; ModelError, and nothing is changed, if it is damaged."""
    from safetensors import SafetensorError, safe_open

    expected = {**optimizer.state(), "best": best}
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in expected}
            saved = json.loads(file.metadata()["descent"])
        _check(state, expected, saved, asdict(descent))
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{path} is damaged ({error})") from error
    best.copy_(state.pop("best"))
    optimizer.restore(state)
    for name, value in saved.items():
        setattr(descent, name, value)


def _check(
    state: dict[str, Tensor],
    expected: dict[str, Tensor],
    saved: dict[str, Any],
    fresh: dict[str, Any],
) -> None:
    for name, tensor in state.items():
        if tensor.shape != expected[name].shape:
            raise ValueError(f"{name} has the shape {tuple(tensor.shape)}")
    if saved.keys() != fresh.keys():
        raise ValueError("it holds another descent")
