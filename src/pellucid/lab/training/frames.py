"""A picture as one binary message: the length of a JSON head, the head, then the arrays."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

TYPES = {"uint8": 1, "int32": 4, "float32": 4}


def frame(picture: Mapping[str, Any]) -> bytes:
    """The message; arrays begin at multiples of four bytes."""
    arrays: list[bytes] = []
    body = json.dumps(_head(picture, arrays), allow_nan=False).encode()
    body += b" " * (-len(body) % 4)
    return struct.pack("<I", len(body)) + body + b"".join(arrays)


def _head(value: Any, arrays: list[bytes]) -> Any:
    """The picture with every array in it replaced by where it lies."""
    if isinstance(value, np.ndarray):
        value = value.astype(np.float32) if value.dtype.name not in TYPES else value
        start = sum(map(len, arrays))
        written = np.ascontiguousarray(value).tobytes()
        arrays.append(written + b"\0" * (-len(written) % 4))
        return {"array": value.dtype.name, "shape": list(value.shape), "start": start}
    if isinstance(value, Mapping):
        return {str(key): _head(each, arrays) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_head(each, arrays) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
