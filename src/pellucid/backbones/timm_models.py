"""Backbones of pictures that the library `timm` runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pellucid.backbones.contract import Array
from pellucid.backbones.hugging import first_line, hub_quiet
from pellucid.backbones.weights import SAFE, copied, tensors_of, write_weights
from pellucid.errors import UsageError

LARGEST_SIDE = 1_024


class TimmReader:
    """One of timm's networks without its last layer."""

    def __init__(self, network: Any, config: dict[str, Any], folder: Path | None = None) -> None:
        self.network, self.config, self.folder = network, config, folder
        prepared = config["pretrained_cfg"]
        self.width, self.size = int(network.num_features), int(prepared["input_size"][-1])
        if not 8 <= self.size <= LARGEST_SIDE:
            raise UsageError(f"{config['architecture']} wants {self.size} pixels a side.")
        self.mean = torch.tensor(prepared["mean"]).view(1, 3, 1, 1)
        self.spread = torch.tensor(prepared["std"]).view(1, 3, 1, 1)

    def __call__(self, pixels: Array) -> Tensor:
        """(rows, side, side, 3) uint8 -> (rows, width)."""
        with torch.inference_mode():
            return self.read(pixels)

    def read(self, pixels: Array) -> Tensor:
        """The same, and gradients can be taken of it."""
        x = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 255
        found: Tensor = self.network((x - self.mean) / self.spread)
        return found

    def write(self, folder: Path) -> None:
        """The weights and what timm calls the network, as it writes them itself."""
        if self.folder is not None:
            copied((), self.folder, folder)
        (folder / "config.json").write_text(json.dumps(self.config, indent=1), "utf-8")
        write_weights(self.network, folder)


def named(name: str) -> TimmReader:
    """A network by timm's name for it, its weights from the hub: the user asked for it."""
    timm = _timm(f"timm:{name}")
    try:
        with hub_quiet():
            network = timm.create_model(name, pretrained=True, num_classes=0)
    except (RuntimeError, OSError, ValueError) as error:
        raise UsageError(
            f'"timm:{name}" cannot be had: {first_line(error)} Check the name and the '
            "network, or name a local folder."
        ) from error
    prepared = timm.data.resolve_model_data_config(network)
    kept = {key: list(prepared[key]) for key in ("input_size", "mean", "std")}
    return TimmReader(_frozen(network), {"architecture": name, "pretrained_cfg": kept})


def load(folder: Path) -> TimmReader:
    """The network of a folder in the form in which timm writes it."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    timm = _timm(str(folder))
    try:
        network = timm.create_model(config["architecture"], pretrained=False, num_classes=0)
        wanted = set(network.state_dict())
        weights = {n: t for n, t in tensors_of(folder / SAFE).items() if n in wanted}
        network.load_state_dict(weights)
        return TimmReader(_frozen(network), config, folder)
    except (RuntimeError, KeyError, ValueError) as error:
        raise UsageError(f'"{folder}" cannot be loaded by timm: {first_line(error)}') from error


def _frozen(network: Any) -> Any:
    return network.eval().requires_grad_(False)


def _timm(name: str) -> Any:
    """timm, if it and the torchvision that it needs are there; neither may bring another torch."""
    try:
        import timm
        import timm.data
    except ModuleNotFoundError as missing:
        raise UsageError(
            f'The backbone "{name}" needs {missing.name}: pip install timm torchvision '
            f'"torch=={_torch()}" (named so that your torch stays).'
        ) from missing
    except (RuntimeError, ImportError, OSError) as error:  # of torchvision, built for another torch
        raise UsageError(
            f'The backbone "{name}" needs timm, and timm a torchvision that was built for your '
            f"torch ({torch.__version__}): {first_line(error)}. Install torchvision from where "
            f"that torch came from: pip install --force-reinstall --no-deps torchvision, with the "
            "index of CPU builds if your torch is one."
        ) from error
    return timm


def _torch() -> str:
    return torch.__version__.partition("+")[0]
