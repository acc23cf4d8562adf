"""The library `transformers`: an encoder of a local folder, and no code of the folder's."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pellucid.errors import UsageError

FILES = ("config.json",)


def pretrained(folder: Path) -> Any:
    """The frozen encoder; UsageError where the library is missing or the files are unfit."""
    try:
        from transformers import AutoModel
    except ModuleNotFoundError as missing:
        raise UsageError(
            f'The backbone "{folder}" needs {missing.name}: pip install "pellucid[backbones]".'
        ) from missing
    if not (folder / "model.safetensors").is_file():
        raise UsageError(
            f'"{folder}" has no model.safetensors; weights in other files may hold code, and sets '
            "of several files are too large to be frozen here. Convert them, or choose another."
        )
    try:
        with _quiet():
            network: nn.Module = AutoModel.from_pretrained(
                str(folder),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                torch_dtype=torch.float32,
            )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise UsageError(
            f'"{folder}" cannot be loaded by transformers: {first_line(error)}'
        ) from error
    return network.eval().requires_grad_(False)


def download(name: str) -> Path:
    """The folder that the hub's files of a model are copied to, once; the user asked for it."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError
    except ModuleNotFoundError as missing:
        raise UsageError(
            f'"hf:{name}" needs {missing.name}: pip install "pellucid[backbones]".'
        ) from missing
    wanted = ["config.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json",
              "preprocessor_config.json", "LICENSE*", "README.md"]  # fmt: skip
    try:
        with hub_quiet():
            return Path(snapshot_download(name, allow_patterns=wanted))
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise UsageError(
            f'"hf:{name}" cannot be had from the hub: {first_line(error)} Check the name '
            "and the network, or name a local folder."
        ) from error


def first_line(error: Exception) -> str:
    """What an error of another library says first."""
    return (str(error).splitlines() or ["no reason given"])[0]


@contextlib.contextmanager
def hub_quiet() -> Iterator[None]:
    """Without the hub's lines on each of its tries; the error at the end says it."""
    log = logging.getLogger("huggingface_hub")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's progress bars and reports on unused weights."""
    from transformers.utils import logging as transformers_logging

    hush: Any = transformers_logging
    before, bars = hush.get_verbosity(), hush.is_progress_bar_enabled()
    hush.set_verbosity_error()
    hush.disable_progress_bar()
    try:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
            yield
    finally:
        hush.set_verbosity(before)
        if bars:
            hush.enable_progress_bar()
