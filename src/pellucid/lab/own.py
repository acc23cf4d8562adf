"""The reader's own table and model, or a sample in their place: read once, when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.errors import UsageError

if TYPE_CHECKING:
    from pellucid.data.table import Table
    from pellucid.experience import Experience
    from pellucid.model import Model

SAMPLE = "sample:reviews"  # shown where the reader gave nothing
_reading = threading.RLock()


@dataclass(frozen=True)
class Own:
    """What was named on the command line: a source and its target, a model, or neither."""

    source: str | None = None
    target: str | None = None
    folder: Path | None = None  # of a model

    @property
    def given(self) -> bool:
        """Whether the reader gave anything."""
        return self.source is not None or self.folder is not None

    @cached_property
    def model(self) -> Model | None:
        """The reader's model."""
        from pellucid.keeping import load

        return None if self.folder is None else load(self.folder)

    @cached_property
    def table(self) -> Table:
        """The rows: the reader's, or a sample's."""
        from pellucid.data.reading import read
        from pellucid.errors import Mends

        if self.folder is not None and self.source is None:
            raise UsageError(
                "A model keeps no rows. End the lab and name some to look at: "
                f"pellucid lab {self.folder} --rows FILE"
            )
        table = read(self.source or SAMPLE, Mends(), ragged="mend")
        return table if self.model is None else self.model.schema.judged_rows(table, Mends())

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """What is predicted."""
        from pellucid.data.samples import SAMPLES

        if self.model is not None:
            return self.model.targets
        if self.target is not None:
            return (self.target,)
        name = (self.source or SAMPLE).removeprefix("sample:")
        if name in SAMPLES:
            return (SAMPLES[name].target,)
        if self.table.target is not None:  # of class folders
            return (self.table.target,)
        raise UsageError(
            f"Say what is to be predicted from {self.source}: --target with one of its columns, "
            f"{', '.join(self.table.columns[:12])}."
        )

    @cached_property
    def experience(self) -> Experience:
        """The table made ready to be learnt from."""
        from pellucid.errors import Mends
        from pellucid.experience import gather
        from pellucid.settings import Settings

        return gather((self.table,), self.targets, Settings(), self.table.split, Mends())

    def read(self, answer: Callable[[Own], Any]) -> Any:
        """An answer that needs the table; one at a time, so that it is read only once."""
        with _reading:
            return answer(self)


def own_of(source: str | None, target: str | None, rows: str | None) -> Own:
    """What the command line named: a folder with a model.json is a model."""
    if source is None:
        if target is not None or rows is not None:
            raise UsageError("--target and --rows belong to a source: name a table or a model.")
        return Own()
    folder = Path(source)
    if folder.is_dir() and (folder / "model.json").exists():
        return Own(rows, None, folder)
    if rows is not None:
        raise UsageError("--rows belongs to a model; a table has rows of its own.")
    own = Own(source, target)
    if target is not None:
        from pellucid.data.checking import require_column

        require_column(own.table, target)
    return own
