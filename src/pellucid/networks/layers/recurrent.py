"""Recurrent layers over sequences of different lengths."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Recurrent(nn.LSTM):
    """Long short-term memory in both directions: (batch, length, width) -> (…, 2 * units).

    Hochreiter and Schmidhuber 1997. Padding is never read, so that a row's output does not
    depend on the rows beside it.
    """

    def __init__(self, width: int, units: int, generator: torch.Generator) -> None:
        super().__init__(width, units, batch_first=True, bidirectional=True)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(units**-0.5), units**-0.5, generator=generator)

    def reset_parameters(self) -> None:
        """Nothing: the weights are drawn from a generator of our own."""

    def run(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Output at every place, 0 at the padding; `lengths` (batch,) are at least 1."""
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        output, _ = self(packed)
        return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0]
