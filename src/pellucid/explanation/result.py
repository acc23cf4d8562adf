"""What an explanation is: the working as steps, and the full trace of the run."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from pellucid.errors import DataError
from pellucid.explanation.numbers import leading
from pellucid.explanation.recorder import Held, Operation, leaves
from pellucid.working.printing import render
from pellucid.working.step import Step

FORMAT = "pellucid explanation 1"
MOST_VALUES = 20_000  # of one tensor; films have millions
MARKS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Traced:
    """One operation of the forward pass: what it is, where, what came in and every value out."""

    number: int
    module: str
    operation: str
    inputs: tuple[Mapping[str, Any], ...]  # {"operation": 3}, {"weight": name}, {"shape": …}
    shape: tuple[int, ...]
    values: array[float]  # the first MOST_VALUES of a larger tensor


@dataclass(frozen=True)
class Explanation:
    """The working of one answer, and how far it agrees with what computes it otherwise."""

    step: Step
    operations: tuple[Traced, ...]
    differences: Mapping[str, float]  # "autograd" -> the largest difference

    def text(self, width: int = 80, ascii: bool = False, color: bool = False) -> str:
        """Print for a terminal."""
        return render(self.step, "text", width=width, ascii=ascii, color=color)

    def markdown(self) -> str:
        """Print as Markdown with LaTeX formulas."""
        return render(self.step, "markdown")

    def latex(self) -> str:
        """Print as a LaTeX document."""
        return render(self.step, "latex")

    def html(self) -> str:
        """Print as one HTML page with native MathML."""
        return render(self.step, "html")

    def json(self) -> str:
        """Write as JSON that `Explanation.from_json` reads back, the full trace with it."""
        return json.dumps(
            {
                "format": FORMAT,
                "step": json.loads(self.step.json()),
                "operations": [_written(operation) for operation in self.operations],
                "differences": dict(self.differences),
            },
            ensure_ascii=False,
            allow_nan=False,
        )

    @staticmethod
    def from_json(text: str) -> Explanation:
        """Read an explanation back; every check of its steps is made again."""
        try:
            found = json.loads(text)
            if not isinstance(found, dict) or found.get("format") != FORMAT:
                raise DataError(f'This is no explanation: it lacks "format": "{FORMAT}".')
            return Explanation(
                Step.from_json(json.dumps(found["step"])),
                tuple(map(_read, found["operations"])),
                {str(name): float(value) for name, value in found["differences"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as fault:
            raise DataError(
                f"This is no readable explanation: {type(fault).__name__}: {fault}."
            ) from None

    def _repr_html_(self) -> str:
        """Show in a notebook."""
        return self.step._repr_html_()

    def __str__(self) -> str:
        return self.text()


def trace(operations: Iterable[Operation], weights: Mapping[int, str]) -> tuple[Traced, ...]:
    """The record as plain data."""
    made: dict[int, int] = {}
    traced = []
    for operation in operations:
        y = operation.result
        inputs = tuple(
            _origin(leaf, made, weights) for leaf in leaves((operation.args, operation.kwargs))
        )
        values = (
            array("d", [float(operation.output)])
            if y is None and isinstance(operation.output, bool | int | float)
            else _numbers(y)
        )
        shape = () if y is None else tuple(y.shape)
        traced.append(
            Traced(operation.number, operation.module, operation.name, inputs, shape, values)
        )
        for leaf in leaves(operation.output):
            if isinstance(leaf, Held):
                made[_identity(leaf.value)] = operation.number
    return tuple(traced)


def _identity(value: Tensor) -> int:
    return hash((value.data_ptr(), tuple(value.shape), tuple(value.stride())))


def _origin(leaf: Any, made: Mapping[int, int], weights: Mapping[int, str]) -> dict[str, Any]:
    """Where an argument came from."""
    if not isinstance(leaf, Held):
        return {"constant": leaf if isinstance(leaf, bool | int | str) else str(leaf)}
    value = leaf.value
    if _identity(value) in made:
        return {"operation": made[_identity(value)]}
    if value.data_ptr() in weights:
        return {"weight": weights[value.data_ptr()]}
    return {"shape": list(value.shape), "values": _listed(_numbers(value))}


def _numbers(value: Tensor | None) -> array[float]:
    if value is None or value.is_complex():
        return array("d")
    found = array("d")
    first = leading(value.detach(), MOST_VALUES)
    found.frombytes(first.double().contiguous().numpy().tobytes())
    return found


def _listed(values: array[float]) -> list[Any]:
    """As JSON, which knows no infinity."""
    plain = values.tolist()
    if math.isfinite(math.fsum(map(abs, plain)) if len(plain) < 64 else sum(map(abs, plain))):
        return plain
    return [value if math.isfinite(value) else str(value) for value in plain]


def _written(operation: Traced) -> dict[str, Any]:
    return {
        "number": operation.number,
        "module": operation.module,
        "operation": operation.operation,
        "inputs": list(operation.inputs),
        "shape": list(operation.shape),
        "values": _listed(operation.values),
        "left_out": math.prod(operation.shape) - len(operation.values),
    }


def _read(found: Mapping[str, Any]) -> Traced:
    values = [MARKS[value] if isinstance(value, str) else float(value) for value in found["values"]]
    return Traced(
        int(found["number"]),
        str(found["module"]),
        str(found["operation"]),
        tuple(dict(item) for item in found["inputs"]),
        tuple(int(size) for size in found["shape"]),
        array("d", values),
    )
