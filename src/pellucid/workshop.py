"""The folder beside the output in which a run's checkpoints lie until the model is done."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pellucid.errors import DataError
from pellucid.files import replace_file
from pellucid.training.plan import Plan


class Workshop:
    """Holds what a killed run needs to go on; without an output it holds nothing.

    The same request (data, settings, version) finds its plan and checkpoints again; another
    request begins with an empty folder. Time spent before a kill counts on.
    """

    def __init__(self, output: Path | None, request: Mapping[str, Any]) -> None:
        self.folder = None if output is None else output.with_name(output.name + ".partial")
        self.spent_before, self.started = 0.0, time.monotonic()
        self.request = dict(request)
        self.resumed = False
        if self.folder is None:
            return
        if _read(self.folder / "request.json") == dict(request):
            spent = _read(self.folder / "spent.json")
            self.spent_before = float(spent["seconds"]) if isinstance(spent, dict) else 0.0
            self.resumed = True
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise DataError(
                f"{self.folder} cannot be made: {error.strerror}. Name another folder with --output."
            ) from error
        self._write("request.json", dict(request))

    @property
    def spent(self) -> float:
        """Seconds of this run, those before a kill included."""
        return self.spent_before + time.monotonic() - self.started

    def checkpoint(self, position: int) -> Path | None:
        """Where the deep network of that position keeps its checkpoint."""
        return None if self.folder is None else self.folder / f"network-{position}.safetensors"

    def plan(self) -> Plan | None:
        """The plan that was written down before the run was killed."""
        saved = None if self.folder is None else _read(self.folder / "plan.json")
        return None if saved is None else Plan.from_json(saved)

    def keep_plan(self, plan: Plan) -> None:
        """Write the plan down."""
        self._write("plan.json", plan.to_json())

    def note_time(self) -> None:
        """Write the time spent down, now and then."""
        self._write("spent.json", {"seconds": self.spent})

    def clear(self) -> None:
        """The model is done: take the checkpoints away."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        if self.folder is not None:
            with replace_file(self.folder / name) as beside:
                beside.write_text(json.dumps(content), "utf-8")


def _read(path: Path) -> Any:
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError:
        return None
