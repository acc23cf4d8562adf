"""The weights of a local folder: safetensors, or torch's own files without anything that runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pellucid.errors import UsageError
from pellucid.files import write_tensors

SAFE = "model.safetensors"


def tensors_of(file: Path) -> dict[str, Tensor]:
    """Named tensors; of a .pth file nothing but tensors is taken (`weights_only`)."""
    found = _loaded(file)
    if not isinstance(found, dict) or not all(isinstance(t, Tensor) for t in found.values()):
        raise UsageError(f'"{file}" holds other things than named weights; save those alone.')
    return found


def _loaded(file: Path) -> Any:
    """What torch, or safetensors, makes of the file; nothing of ours runs where it is caught."""
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        return torch.load(file, map_location="cpu", weights_only=True)
    except MemoryError:
        raise  # says nothing of the file
    except Exception as error:  # torch raises ten types for damaged files, and one for code in them
        raise UsageError(f'"{file}" cannot be read as weights; copy it again.') from error


def write_weights(network: nn.Module, folder: Path) -> None:
    """The network's weights as safetensors, in the form that its own library reads too."""
    tensors = {name: t.detach().clone().contiguous() for name, t in network.state_dict().items()}
    write_tensors(tensors, folder / SAFE, {"format": "pt"})


def copied(names: Iterable[str], source: Path, folder: Path) -> None:
    """Copy those of the files that are there; what says by whose leave goes along."""
    for name in (*names, "LICENSE", "LICENSE.txt", "README.md"):
        if (source / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, folder / name)
