"""Backbones of texts that the library `transformers` runs: sentence encoders and the like."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pellucid.backbones.hugging import FILES, pretrained
from pellucid.backbones.weights import copied, write_weights

LENGTH = 128  # tokens read of a text; what follows costs time and seldom tells more
BATCH = 32


class TextReader:
    """A transformer over the tokens of a text, and the mean or the first of what it makes of them.

    Sentence encoders say which (`1_Pooling/config.json`); of others the mean is taken.
    """

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self.folder, self.network = folder, pretrained(folder)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        config: Any = self.network.config
        most = int(getattr(config, "max_position_embeddings", LENGTH))
        self.size, self.width = min(LENGTH, most), int(config.hidden_size)
        self.tokenizer.enable_truncation(self.size)
        self.padding = int(config.pad_token_id or 0)
        self.tokenizer.enable_padding(pad_id=self.padding)
        self.first = _pooling(folder).get("pooling_mode_cls_token") is True

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """(rows, width); texts of like length share a batch."""
        vectors = torch.zeros(len(texts), self.width)
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        with torch.inference_mode():
            for first in range(0, len(order), BATCH):
                rows = order[first : first + BATCH]
                vectors[rows] = self.read([texts[row] for row in rows])
        return vectors

    def read(self, texts: Sequence[str]) -> Tensor:
        """The same of texts that share one batch, and gradients can be taken of it."""
        found = self.tokenizer.encode_batch(list(texts))
        # A text without a token is read as one of padding: nothing to attend to gives no number.
        tokens = torch.tensor([each.ids or [self.padding] for each in found])
        real = torch.tensor([each.attention_mask or [1] for each in found])
        real[:, 0] = 1
        hidden: Tensor = self.network(input_ids=tokens, attention_mask=real).last_hidden_state
        if self.first:
            return hidden[:, 0]
        share = real.unsqueeze(2).float()
        return (hidden * share).sum(1) / share.sum(1).clamp(min=1)

    def write(self, folder: Path) -> None:
        """The weights, the tokenizer and how they are put together."""
        copied((*FILES, "tokenizer.json", "1_Pooling/config.json"), self.folder, folder)
        write_weights(self.network, folder)


def load(folder: Path) -> TextReader:
    """The text encoder of a folder."""
    return TextReader(folder)


def _pooling(folder: Path) -> dict[str, Any]:
    file = folder / "1_Pooling" / "config.json"
    found = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found if isinstance(found, dict) else {}
