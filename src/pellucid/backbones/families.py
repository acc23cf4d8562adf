"""The forms that backbones come in, and which of them a folder is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from pellucid.backbones import lite, timm_models, transformer_pictures, transformer_texts
from pellucid.backbones.contract import Family
from pellucid.errors import ModelError, UsageError

FAMILIES: dict[str, tuple[str, Any]] = {
    "transformers text": ("text", transformer_texts),
    "transformers pictures": ("image", transformer_pictures),
    "timm": ("image", timm_models),
    "EfficientNet-Lite": ("image", lite),
}


def family_named(name: str) -> Family:
    """The module that loads backbones of this form."""
    if name not in FAMILIES:
        raise ModelError(f"No backbone comes in the form {name!r}; update pellucid.")
    return cast("Family", FAMILIES[name][1])


def family_of(folder: Path) -> str:
    """Which form a folder of weights has; UsageError where it has none that is known."""
    config = _config(folder / "config.json")
    if "architecture" in config:
        return "timm"
    if {"text_config", "vision_config"} <= set(config):
        raise UsageError(
            f'"{folder}" reads pictures and texts together; name a backbone of one of them.'
        )
    if "model_type" in config:
        if (folder / "tokenizer.json").is_file():
            return "transformers text"
        if (folder / "preprocessor_config.json").is_file():
            return "transformers pictures"
    if not config and lite.weights_file(folder) is not None:
        return "EfficientNet-Lite"
    raise UsageError(
        f'"{folder}" is no backbone that can be read: it needs a config.json with model.safetensors'
        " and either tokenizer.json (texts) or preprocessor_config.json (pictures), as Hugging "
        "Face and timm write them, or one file of EfficientNet-Lite weights."
    )


def _config(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(f'"{file}" is no JSON ({error}); copy the backbone again.') from error
    return found if isinstance(found, dict) else {}
