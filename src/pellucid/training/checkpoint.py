"""A descent on disk: written beside and renamed, so that it is whole or not there."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from pellucid.errors import ModelError
from pellucid.files import replace_file
from pellucid.training.optimizers import FlatAdamW

if TYPE_CHECKING:
    from pellucid.training.loop import Descent


def save_checkpoint(path: Path, descent: Descent, optimizer: FlatAdamW, best: Tensor) -> None:
    """Write where the descent stands."""
    from safetensors.torch import save_file

    tensors = {**optimizer.state(), "best": best}
    with replace_file(path) as beside:
        save_file(tensors, beside, metadata={"descent": json.dumps(asdict(descent))})


def load_checkpoint(path: Path, descent: Descent, optimizer: FlatAdamW, best: Tensor) -> None:
    """Go back to where the descent stood."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            saved = json.loads(file.metadata()["descent"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(f"{path} is damaged ({error}); delete it and learn again.") from error
    best.copy_(state.pop("best"))
    optimizer.restore(state)
    for name, value in saved.items():
        setattr(descent, name, value)
