"""Pictures, sounds and films of a row as small pictures for a page."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import polars as pl
import torch

from pellucid.kinds import Array
from pellucid.media.files import UnreadableError
from pellucid.schema import Schema


def previews(schema: Schema, cells: pl.DataFrame) -> dict[str, str]:
    """By column, the picture of each cell that has one, as a data address."""
    found: dict[str, str] = {}
    for kind in schema.media:
        for column in kind.columns:
            cell = cells[column][0]
            if isinstance(cell, str | bytes):
                with contextlib.suppress(UnreadableError):
                    found[column] = kind.preview(cell)["image"]
    return found


def grey(values: torch.Tensor, side: int) -> dict[str, Any]:
    """(…, height, width) of any numbers as bytes from -1 to 1 about 0, at most `side` wide.

    All are divided by the largest of them, so that they may be compared.
    """
    if max(values.shape[-2:]) > side:
        height, width = values.shape[-2:]
        share = side / max(height, width)
        size = (max(1, round(height * share)), max(1, round(width * share)))
        values = torch.nn.functional.adaptive_avg_pool2d(values, size)
    largest = float(values.abs().max()) or 1.0
    return packed((values / largest * 127.5 + 127.5).round().to(torch.uint8).numpy())


def packed(values: Array) -> dict[str, Any]:
    """Bytes with their shape, as text."""
    import base64

    return {
        "shape": list(values.shape),
        "bytes": base64.b64encode(np.ascontiguousarray(values).tobytes()).decode(),
    }
