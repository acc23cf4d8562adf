"""The weights of a local folder: safetensors, or torch's own files without anything that runs."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from pellucid.errors import UsageError
from pellucid.files import write_tensors

SAFE = "model.safetensors"


def tensors_of(file: Path) -> dict[str, Tensor]:
    """Named tensors; of a .pth file nothing but tensors is taken (`weights_only`)."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise UsageError(f'"{file}" cannot be read as weights; copy it again.') from error
    if not isinstance(found, dict) or not all(isinstance(t, Tensor) for t in found.values()):
        raise UsageError(f'"{file}" holds other things than named weights; save those alone.')
    return found


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
