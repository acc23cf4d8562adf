"""Encoded rows, in memory or memory-mapped, from which batches of tensors are taken."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.errors import DataError
from pellucid.kinds import Array, Encoded, Ragged

CHUNK_BYTES = 8 * 2**20  # of encoded rows that go through a network together, at most
IN_MEMORY = 256 * 2**20  # bytes; more goes to files that the system pages in and out
SPILLED = ".store-"  # how the names of those files' folders begin

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Sequences:
    """Rows of different lengths; those that are asked for come padded with 0 to the longest."""

    values: Tensor
    offsets: Tensor  # (rows + 1,)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, rows: Tensor | Array) -> Tensor:
        """(rows, length of the longest)."""
        return _padded(self.values, self.offsets, torch.as_tensor(rows))


Answers = Tensor | Sequences  # indexed by rows, both give a tensor with one entry a row


@dataclass(frozen=True)
class Store:
    """Rows of encoded inputs (and of targets); every array has one entry a row."""

    height: int
    dense: Mapping[str, Tensor]
    ragged: Mapping[str, tuple[Tensor, Tensor]]  # values, offsets
    keep_alive: object = field(default=None, repr=False, compare=False)

    def batch(self, rows: Tensor, ragged: bool = True) -> Tensors:
        """The given rows (int64) as tensors; sequences padded with 0 to the longest of them."""
        tensors = {name: values.index_select(0, rows) for name, values in self.dense.items()}
        for name, (values, offsets) in self.ragged.items() if ragged else ():
            tensors[name] = _padded(values, offsets, rows)
        return tensors

    def take(self, rows: Tensor) -> Store:
        """Some of the rows, in memory and in the given order."""
        dense = {name: values[rows] for name, values in self.dense.items()}
        ragged = {name: _taken(*pair, rows) for name, pair in self.ragged.items()}
        return Store(len(rows), dense, ragged)

    def reordered(self, name: str, rows: Tensor, column: int | None = None) -> Store:
        """One array with its rows in another order, or only one column of it if that is given."""
        if name in self.ragged:
            return replace(self, ragged={**self.ragged, name: _taken(*self.ragged[name], rows)})
        values = self.dense[name]
        if column is None or values.shape[1] == 1:
            values = values[rows]
        else:
            values = values.clone()
            values[:, column] = values[rows, column]
        return replace(self, dense={**self.dense, name: values})

    @property
    def chunk(self) -> int:
        """How many rows may go through a network together: pictures weigh more than numbers."""
        return max(16, min(1_024, CHUNK_BYTES // max(self.row_bytes, 1)))

    @property
    def row_bytes(self) -> int:
        """Of a row what is not ragged."""
        return sum(v[:1].numel() * v.element_size() for v in self.dense.values())

    def lengths(self) -> Tensor | None:
        """The length of each row's longest sequence, None where nothing is ragged."""
        lengths = [
            o.diff()
            for name, (_, o) in self.ragged.items()
            if not name.endswith((".terms", ".counts"))
        ]
        return torch.stack(lengths).amax(0) if lengths else None


def answers_of(encoded: Array | Ragged, rows: Array, height: int) -> Answers:
    """Encoded answers as tensors, those of `rows` among `height` rows; the others have none."""
    if isinstance(encoded, Ragged):
        lengths = np.zeros(height, np.int64)
        lengths[rows] = np.diff(encoded.offsets)
        offsets = np.concatenate([[0], lengths.cumsum()])
        return Sequences(torch.as_tensor(encoded.values), torch.as_tensor(offsets))
    full = np.zeros((height, *encoded.shape[1:]), encoded.dtype)
    full[rows] = encoded
    return torch.as_tensor(full)


def joined(pieces: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Pieces one behind the other along `dim`, padded with 0 to the longest in all others."""
    sizes = [max(each) for each in zip(*(piece.shape for piece in pieces), strict=True)]
    padded = []
    for piece in pieces:
        short = [0 if d == dim else most - piece.shape[d] for d, most in enumerate(sizes)]
        room = [amount for each in reversed(short) for amount in (0, each)]
        padded.append(nn.functional.pad(piece, room) if any(short) else piece)
    return torch.cat(padded, dim)


def build_store(batches: Iterable[Encoded], folder: Path | None = None) -> Store:
    """Gather encoded batches; above IN_MEMORY bytes they go to memory-mapped files in `folder`."""
    writers: dict[str, _Writer] = {}
    keep_alive = None
    height = 0
    for encoded in batches:
        for name, values in _flat(encoded).items():
            writers.setdefault(name, _Writer(name)).append(values)
        height += _rows(encoded)
        if keep_alive is not None or sum(w.bytes for w in writers.values()) > IN_MEMORY:
            keep_alive = _spill(writers, keep_alive, folder)
    arrays = {name: writer.result() for name, writer in writers.items()}
    dense = {name: a for name, a in arrays.items() if ":" not in name}
    ragged = {}
    for name in {n.split(":")[0] for n in arrays if ":" in n}:
        lengths = arrays[f"{name}:lengths"]
        offsets = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
        ragged[name] = (arrays[f"{name}:values"], offsets)
    return Store(height, dense, dict(sorted(ragged.items())), keep_alive)


class _Folder:
    """A folder that goes when the last store over it goes, or at exit."""

    def __init__(self, inside: Path | None) -> None:
        self.path = Path(tempfile.mkdtemp(dir=inside, prefix=SPILLED))
        weakref.finalize(self, _remove, self.path, os.getpid())


def _remove(path: Path, process: int) -> None:
    if os.getpid() == process:  # a forked child must not remove what its parent still reads
        shutil.rmtree(path, ignore_errors=True)


def _spill(writers: Mapping[str, _Writer], into: _Folder | None, folder: Path | None) -> _Folder:
    """Put all waiting pieces on disk."""
    try:
        into = into or _Folder(folder)
        for writer in writers.values():
            writer.spill(into.path)
    except OSError as error:
        raise DataError(
            f'the table does not fit in memory, and its copy in "{folder or tempfile.gettempdir()}"'
            f" cannot be written ({error.strerror or error}); free some space, or name an output "
            "on a larger disk"
        ) from error
    return into


def _flat(encoded: Encoded) -> dict[str, Array]:
    flat: dict[str, Array] = {}
    for name, values in encoded.items():
        if isinstance(values, Ragged):
            flat[f"{name}:values"] = values.values
            flat[f"{name}:lengths"] = np.diff(values.offsets)
        else:
            flat[name] = values
    return flat


def _rows(encoded: Encoded) -> int:
    first = next(iter(encoded.values()))
    if isinstance(first, Ragged):
        return len(first.offsets) - 1
    return len(first)


class _Writer:
    """Collects the pieces of one array, in a list until told to spill them to a file."""

    def __init__(self, name: str) -> None:
        self.name, self.bytes = name, 0
        self.pieces: list[Array] = []
        self.path: Path | None = None
        self.shape: tuple[int, ...] = ()
        self.dtype: np.dtype[np.generic] = np.dtype(np.float32)

    def append(self, piece: Array) -> None:
        self.shape, self.dtype = piece.shape[1:], piece.dtype
        self.pieces.append(piece)
        self.bytes += piece.nbytes

    def spill(self, folder: Path) -> None:
        self.path = self.path or folder / self.name.replace(":", "-")
        with self.path.open("ab") as file:
            for piece in self.pieces:
                file.write(np.ascontiguousarray(piece).data)
        self.pieces = []

    def result(self) -> Tensor:
        if self.path is None:
            return torch.from_numpy(np.concatenate(self.pieces))
        if self.path.stat().st_size == 0:
            return torch.from_numpy(np.zeros((0, *self.shape), self.dtype))
        mapped = np.memmap(self.path, self.dtype, "r+").reshape(-1, *self.shape)
        return torch.from_numpy(mapped)


def _taken(values: Tensor, offsets: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """The sequences of the given rows, one after the other, and where each begins."""
    start, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    ends = lengths.cumsum(0)
    shift = torch.repeat_interleave(start - ends + lengths, lengths)
    taken = values[torch.arange(len(shift)) + shift]
    return taken, torch.cat([torch.zeros(1, dtype=torch.int64), ends])


def _padded(values: Tensor, offsets: Tensor, rows: Tensor) -> Tensor:
    """(rows, length of the longest): the rows' sequences with 0 behind them."""
    start, end = offsets[rows], offsets[rows + 1]
    longest = max(int((end - start).max()), 1) if len(rows) else 1
    within = torch.arange(longest)
    real = within < (end - start).unsqueeze(1)
    index = (start.unsqueeze(1) + within).clamp(max=max(len(values) - 1, 0))
    values = values if len(values) else torch.zeros(1, dtype=values.dtype)
    taken = values[index] * real
    return taken if taken.is_floating_point() else taken.long()
