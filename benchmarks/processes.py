"""Runs a command in its own process and counts what it used."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Usage:
    """What one process and its children used."""

    code: int
    cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float
    output: str  # standard output
    errors: str  # standard error
    ended: bool = True  # False: stopped at its limit

    @property
    def last_line(self) -> str:
        """The last line of the errors, to say why it failed."""
        lines = [line for line in self.errors.strip().splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"exit status {self.code}"


@dataclass(frozen=True)
class Limits:
    """How much a process may use; None is no limit."""

    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    threads: int | None = None
    cores: frozenset[int] | None = None
    niceness: int = 0


def run(
    command: Sequence[str],
    limits: Limits | None = None,
    extra: Mapping[str, str] | None = None,
    started: Callable[[int], None] | None = None,
) -> Usage:
    """Run to the end or to the limit, its own output kept, from the folder above this one.

    `started` is told the process's number.
    """
    limits = limits or Limits()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env=environment(limits.threads, extra),
            start_new_session=True,
        )
        _restrict(process.pid, limits)
        if started:
            started(process.pid)
        code, used, ended = _wait(process, limits.wall_seconds)
        wall = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        output, errors = (
            out.read().decode("utf-8", "replace"),
            err.read().decode("utf-8", "replace"),
        )
    cpu = used.ru_utime + used.ru_stime
    over = code in (-signal.SIGXCPU, -signal.SIGKILL) and limits.cpu_seconds is not None
    return Usage(code, cpu, wall, used.ru_maxrss / 1024, output, errors, ended and not over)


def environment(threads: int | None, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with the thread counts set."""
    variables = dict(os.environ)
    if threads is not None:
        variables |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    return variables | dict(extra or {})


def _restrict(pid: int, limits: Limits) -> None:
    """Set from outside, while the process is still starting."""
    if limits.niceness:
        os.setpriority(os.PRIO_PROCESS, pid, limits.niceness)
    if limits.cores:
        os.sched_setaffinity(pid, limits.cores)
    if limits.cpu_seconds is not None:
        seconds = int(limits.cpu_seconds)
        resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds + 5))


def _wait(
    process: subprocess.Popen[bytes], wall_seconds: float | None
) -> tuple[int, resource.struct_rusage, bool]:
    """The exit status, the usage, and whether it ended by itself."""
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(wall_seconds, stop) if wall_seconds else None
    if timer:
        timer.start()
    _, status, used = os.wait4(process.pid, 0)
    if timer:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used, not stopped.is_set()
