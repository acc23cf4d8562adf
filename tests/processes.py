"""The command line in a process of its own, forked from one that has imported everything."""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pellucid.cli", "pellucid.learning", "sklearn.ensemble", "tiny"])
SECONDS = 120.0


@dataclass
class Run:
    """A process, and the files that its standard output and error go to."""

    process: ForkServerProcess
    out: Path
    err: Path

    def wait(self) -> int:
        """The exit status, minus the signal if it was killed."""
        self.process.join(SECONDS)
        assert self.process.exitcode is not None, "the process does not end"
        return self.process.exitcode

    def wait_for(self, there: Callable[[], bool]) -> None:
        """Wait until something is there, or the process has ended."""
        end = time.monotonic() + SECONDS
        while not there() and self.process.is_alive() and time.monotonic() < end:
            time.sleep(0.005)


def start(folder: Path, function: Callable[..., Any], *arguments: Any) -> Run:
    """Call a function in a process that lives in `folder`."""
    out, err = folder / "out.txt", folder / "err.txt"
    process = CONTEXT.Process(target=_call, args=(folder, out, err, function, arguments))
    process.start()
    return Run(process, out, err)


def command_line(*words: str) -> None:
    """`pellucid` with these words."""
    from pellucid.cli import main

    sys.argv = ["pellucid", *words]
    main()


def _call(folder: Path, out: Path, err: Path, function: Callable[..., Any], arguments: Any) -> None:
    os.chdir(folder)
    for path, number in ((out, 1), (err, 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False) for n in (1, 2))
    function(*arguments)
