"""The memory of the process: what a step of training frees stays for the next; the peak."""

from __future__ import annotations

import ctypes
import os
import resource
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # names of glibc's <malloc.h>
KEPT = 256 * 2**20  # bytes at the end of the heap
MAPPED = 32 * 2**20  # bytes; larger pieces are mapped one by one, and go back when freed


def keep_freed_memory() -> None:
    """Let glibc keep up to KEPT bytes that are free, as every step needs the same amount again.

    Without it each step gives its activations back to the system and gets them again page by
    page: up to a quarter of the time of a network of pictures. Where the user has set malloc by
    the environment, and where the C library is another one, nothing is changed.
    """
    own = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_")
    if any(name in os.environ for name in own) or "malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return
    if os.name == "posix" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(TRIM_THRESHOLD, KEPT)
        library.mallopt(MMAP_THRESHOLD, MAPPED)


def peak_megabytes() -> float:
    """The largest resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
