"""The folder beside the output in which a run's checkpoints lie until the model is done."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pellucid.errors import DataError, ModelError, UsageError
from pellucid.files import not_written, read_json, replace_file
from pellucid.keeping import check_place
from pellucid.store import SPILLED
from pellucid.training.plan import Plan


class Workshop:
    """Holds what a killed run needs to go on; without an output it holds nothing.

    The same request (data, settings, version) finds its plan and checkpoints again; another
    request begins with an empty folder. Time spent before a kill counts on; so does what passed
    since `began` (time.monotonic), for reading a large table takes long. Whether the model
    may be written to `output` is found out here, before anything is learnt.
    """

    def __init__(
        self, output: Path | None, request: Mapping[str, Any], began: float | None = None
    ) -> None:
        self.folder = None if output is None else _folder_of(output)
        self.spent_before, self.started = 0.0, time.monotonic() if began is None else began
        self.request = dict(request)
        self.resumed = False
        if output is None or self.folder is None:
            return
        check_place(output)
        lock = _lock(self.folder, output)
        self._leave = weakref.finalize(self, _leave, self.folder, lock, os.getpid())
        for left_behind in self.folder.glob(f"{SPILLED}*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        if read_json(self.folder / "request.json") == dict(request):
            self.spent_before = _seconds(read_json(self.folder / "spent.json"))
            self.resumed = True
            return
        self._empty()
        self._write("request.json", dict(request))

    @property
    def spent(self) -> float:
        """Seconds of this run, those before a kill included."""
        return self.spent_before + time.monotonic() - self.started

    def checkpoint(self, position: int | str) -> Path | None:
        """Where the deep network of that position, or a kind's backbone, keeps its checkpoint."""
        return None if self.folder is None else self.folder / f"network-{position}.safetensors"

    def plan(self) -> Plan | None:
        """The plan that was written down before the run was killed.

        Without a sound one the checkpoints are worth nothing: they belong to a plan.
        """
        if self.folder is None:
            return None
        try:
            return Plan.from_json(read_json(self.folder / "plan.json") or {})
        except ModelError:
            for checkpoint in self.folder.glob("network-*"):
                checkpoint.unlink()
            return None

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
            self._leave()

    def _empty(self) -> None:
        assert self.folder is not None
        for entry in self.folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != "lock":
                entry.unlink()

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        if self.folder is not None:
            with replace_file(self.folder / name) as beside:
                beside.write_text(json.dumps(content), "utf-8")


def _folder_of(output: Path) -> Path:
    if not output.resolve().name:
        raise UsageError(f'"{output}" cannot hold a model; name a folder of its own with --output.')
    return output.resolve().with_name(output.resolve().name + ".partial")


def _lock(folder: Path, output: Path) -> int:
    """Make the folder this run's alone; a killed run's lock goes with its process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / "lock").exists():
            raise DataError(
                f'"{folder}" holds files that no run has left there; move them, or name another '
                "folder with --output."
            )
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise not_written(output, error) from error
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise DataError(
            f'another run is at work on "{output}"; wait for it to end, or name another folder '
            "with --output."
        ) from error
    return lock


def _leave(folder: Path, lock: int, process: int) -> None:
    """Unlock the folder; a run that failed before it had anything to go on from takes it away."""
    if os.getpid() == process:  # a forked child must not remove what its parent still needs
        if not (folder / "plan.json").exists() and not any(folder.glob("network-*")):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _seconds(spent: object) -> float:
    seconds = spent.get("seconds") if isinstance(spent, dict) else None
    return float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else 0.0
