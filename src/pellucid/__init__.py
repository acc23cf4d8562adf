"""pellucid: deep learning on raw data that proves it learned and shows its working."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pellucid.data.databases import Query
    from pellucid.errors import DataError, ModelError, PellucidError, UsageError
    from pellucid.estimators import PellucidClassifier, PellucidRegressor
    from pellucid.explanation import explain
    from pellucid.keeping import load
    from pellucid.learning import learn
    from pellucid.model import Model
    from pellucid.reproduction import reproduce
    from pellucid.working import lesson

__version__ = "0.1.0"
__all__ = [
    "DataError",
    "Model",
    "ModelError",
    "PellucidClassifier",
    "PellucidError",
    "PellucidRegressor",
    "Query",
    "UsageError",
    "explain",
    "learn",
    "lesson",
    "load",
    "reproduce",
]

# OpenMP's threads spin while they wait for each other; on a busy machine that makes two threads
# ten times as slow as one, and not to spin at all makes them a fifth slower on an idle one: so they
# spin for about a tenth of a millisecond. This is read when torch is imported; what a user chose
# stays. GNU's OpenMP goes by the second; others know the first only and do not spin.
_WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "10000"}
if "torch" not in sys.modules and not _WAITING.keys() & os.environ.keys():
    os.environ.update(_WAITING)

_HOMES = {
    "DataError": "errors",
    "Model": "model",
    "ModelError": "errors",
    "PellucidClassifier": "estimators",
    "PellucidError": "errors",
    "PellucidRegressor": "estimators",
    "Query": "data.databases",
    "UsageError": "errors",
    "explain": "explanation",
    "learn": "learning",
    "lesson": "working",
    "load": "keeping",
    "reproduce": "reproduction",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import pellucid` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pellucid' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"pellucid.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
