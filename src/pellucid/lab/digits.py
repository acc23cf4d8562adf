"""Handwritten digits as pictures: what the chapters show of pictures where the reader has none."""

from __future__ import annotations

import io
from functools import cache, cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pellucid.data.table import Table
from pellucid.lab.own import Own

ROWS = 1_000  # of the 1,797; with them the network is taught in seconds


class Digits(Own):
    """The 8 × 8 pictures that scikit-learn ships, as a table of the reader's would be."""

    @cached_property
    def table(self) -> Table:
        """One column of pictures and the digit that each shows."""
        from sklearn.datasets import load_digits

        data = load_digits()
        pictures = [png(each / 16) for each in data.images[:ROWS]]
        frame = pl.DataFrame(
            {"picture": pictures, "digit": [str(each) for each in data.target[:ROWS]]}
        )
        return Table("handwritten digits", frame.lazy(), frame.height)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Which digit it is."""
        return ("digit",)


def pictures_of(own: Own) -> Own:
    """The reader's own where it holds pictures, sounds or films; else digits."""
    if own.given:
        schema = own.experience.schema if own.model is None else own.model.schema
        if schema.media:
            return own
    return digits()


@cache
def digits() -> Own:
    """The digits, made once."""
    return Digits()


def png(pixels: NDArray[np.float64]) -> bytes:
    """Numbers from 0 to 1 as a grey picture."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray((pixels * 255).astype(np.uint8)).save(file, "png")
    return file.getvalue()
