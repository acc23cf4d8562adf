"""What `pellucid doctor` says: versions, extras, and what this machine can do."""

from __future__ import annotations

import importlib.util
import platform
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from pellucid import __version__

NEEDED = (
    "torch",
    "numpy",
    "polars",
    "scikit-learn",
    "safetensors",
    "tokenizers",
    "pillow",
    "soundfile",
    "typer",
    "rich",
    "jinja2",
)
EXTRAS = {
    "excel": ("fastexcel", "read .xlsx files"),
    "sql": ("connectorx", "read databases other than SQLite"),
    "lessons": ("sympy", "lessons with exact symbols"),
    "video": ("av", "films, and sounds in M4A, AAC and other containers"),
    "translation": ("nltk", "the conventional way beside a translation, word by word"),
    "backbones": ("transformers", "pretrained networks of texts, pictures and films"),
    "lab": ("starlette", "the lab in the browser"),
    "notebook": ("anywidget", "the lab's figures in notebooks"),
    "serve": ("uvicorn", "answer over HTTP"),
}


def diagnosis() -> Iterator[str]:
    """One line a finding."""
    yield f"pellucid {__version__} · Python {platform.python_version()} · {platform.platform()}"
    yield "needed    " + " · ".join(f"{name} {_version(name)}" for name in NEEDED)
    for extra, (module, purpose) in EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        state = "installed" if there else f'missing: pip install "pellucid[{extra}]"'
        yield f"extra     {extra}: {purpose} · {state}"
    yield from _machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "MISSING"


def _machine() -> Iterator[str]:
    import torch

    from pellucid.training.budget import threads_set, usable_threads

    threads = usable_threads()
    usual = torch.get_num_threads()
    yield f"machine   {threads} processors for this process · torch would use {usual}"
    with threads_set(1):
        yield f"speed     one thread multiplies matrices at {_gigaflops():.0f} GFLOP/s"
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "none; the CPU is used"
    yield f"GPU       {device}"


def _gigaflops(size: int = 768) -> float:
    import torch

    matrix = torch.full((size, size), 0.5)
    torch.mm(matrix, matrix)
    started = time.perf_counter()
    for _ in range(5):
        torch.mm(matrix, matrix)
    return 5 * 2 * size**3 / (time.perf_counter() - started) / 1e9
