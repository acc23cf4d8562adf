"""What a user gives a lesson, as text or Python objects, turned into checked values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias, cast

from pellucid.errors import UsageError
from pellucid.working import formula as tree
from pellucid.working.arithmetic import Scalar, Tensor, Undefined, Vector, flat, shape, simplest
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import Formula, symbols
from pellucid.working.parsing import parse

Entry: TypeAlias = Scalar | Formula
Given: TypeAlias = Any  # text, a number, nested lists, an array of numpy or torch, a Formula
MOST_ENTRIES = 100_000
LONGEST = 10_000  # of a vector


def has_decimals(given: Given) -> bool:
    """Numbers are shown as they were typed: decimals when the user wrote some."""
    return re.search(r"\d\.\d", str(given)[:10_000]) is not None


def read_expression(given: Given) -> Formula:
    """An expression, as text or already a formula."""
    if isinstance(given, Formula):
        return given
    if isinstance(given, str):
        return parse(given)
    return tree.formula(_plain(given))


def read_number(given: Given, name: str) -> Scalar:
    """One number without symbols."""
    node = read_expression(given)
    if symbols(node):
        raise UsageError(f"{name} must be a number; found {given!r}.")
    value = evaluate(node)
    if isinstance(value, tuple):
        raise UsageError(f"{name} must be one number; found an array of shape {shape(value)}.")
    return value


def read_count(given: Given, name: str, low: int, high: int) -> int:
    """A whole number between bounds."""
    value = read_number(given, name)
    if value != int(value) or not low <= value <= high:
        raise UsageError(f"{name} must be a whole number from {low} to {high}; found {given}.")
    return int(value)


def read_choice(given: str, name: str, choices: Sequence[str]) -> str:
    """One of some words."""
    word = str(given).lower().replace("_", "-")
    if word not in choices:
        raise UsageError(f"{name} must be one of {', '.join(choices)}; found {given!r}.")
    return word


def read_array(given: Given, name: str) -> Any:
    """Nested tuples of numbers, and of formulas where the user wrote symbols."""
    if isinstance(given, str):
        text = given.strip()
        found = _entries(parse(text if text.startswith("[") else f"[{text}]"))
        # "3" is a number, "1, 2" a vector, "[1, 2]" the same vector.
        if not text.startswith("[") and len(found) == 1:
            found = found[0]
    elif isinstance(given, Formula):
        found = _entries(given)
    else:
        found = _plain(given)
    sizes = shape(found)
    if 0 in sizes:
        raise UsageError(f"{name} must not be empty.")
    return found


def read_vector(given: Given, name: str) -> Vector:
    """A vector of numbers."""
    found = read_numbers(given, name)
    found = found if isinstance(found, tuple) else (found,)
    if len(shape(found)) != 1 or len(found) > LONGEST:
        raise UsageError(
            f"{name} must be a vector of at most {LONGEST:,} numbers; found shape {shape(found)}."
        )
    return cast(Vector, found)


def read_matrix(given: Given, name: str, largest: int = 1_000) -> tuple[tuple[Any, ...], ...]:
    """A matrix of numbers or formulas."""
    found = read_array(given, name)
    sizes = shape(found)
    if len(sizes) != 2:
        raise UsageError(f"{name} must be a matrix like [[1, 2], [3, 4]]; found shape {sizes}.")
    if max(sizes) > largest:
        raise UsageError(
            f"{name} is {sizes[0]} × {sizes[1]}; at most {largest} × {largest} is worked here."
        )
    return cast("tuple[tuple[Any, ...], ...]", found)


def read_square(given: Given, name: str, largest: int) -> tuple[tuple[Any, ...], ...]:
    """A square matrix."""
    found = read_matrix(given, name, largest)
    rows, columns = shape(found)[:2]
    if rows != columns:
        raise UsageError(
            f"{name} must be square; found {rows} × {columns}. Only a square matrix has a "
            "determinant, an inverse or eigenvalues; any other has singular values."
        )
    return found


def require_numbers(value: Any, name: str) -> Any:
    """Refuse symbols where only numbers can be worked with; sqrt(2) becomes a float."""
    if isinstance(value, tuple):
        return tuple(require_numbers(item, name) for item in value)
    if not isinstance(value, Formula):
        return value
    if names := symbols(value):
        raise UsageError(f"{name} must hold numbers only; found the symbol {names[0]!r}.")
    return evaluate(value)


def read_numbers(given: Given, name: str) -> Any:
    """Nested tuples of numbers."""
    return require_numbers(read_array(given, name), name)


def read_point(given: Given, names: Sequence[str], name: str) -> dict[str, Scalar]:
    """A point: "1, 2" in the order of the names, "x=1, y=2", a mapping, or one number."""
    if isinstance(given, str) and "=" in given:
        pairs = (part.split("=", 1) for part in given.split(",") if part.strip())
        given = {pair[0].strip(): pair[-1] for pair in pairs}
    if isinstance(given, Mapping):
        point = {str(key): read_number(value, f"{name} {key}") for key, value in given.items()}
    else:
        values = read_numbers(given, name)
        entries = flat(values)
        if len(entries) != len(names):
            raise UsageError(
                f"{name} must give {len(names)} numbers, for {', '.join(names)}; "
                f"found {len(entries)}."
            )
        point = dict(zip(names, entries, strict=True))
    if set(point) != set(names):
        raise UsageError(f"{name} must give {', '.join(names)}; found {', '.join(point)}.")
    return point


def _entries(node: Formula) -> Any:
    """An array formula as nested tuples; entries without symbols are evaluated."""
    if isinstance(node, tree.Array):
        return tuple(_entries(item) for item in node.items)
    if symbols(node):
        return node
    try:
        return _exact_or_symbolic(node)
    except Undefined as problem:
        raise UsageError(f"An entry has no value: {problem}") from None


def _exact_or_symbolic(node: Formula) -> Entry | Tensor:
    """2**3 becomes 8; sqrt(2) and pi keep their form."""
    value = evaluate(node)
    return node if isinstance(value, float) else value


def _plain(given: Given) -> Any:
    """Python numbers as typed (0.1 is one tenth); arrays of numpy and torch stay floating."""
    if hasattr(given, "tolist"):
        return _counted(_tuples(given.tolist()))
    if isinstance(given, (list, tuple)):
        return _counted(tuple(_plain(item) for item in given))
    if isinstance(given, str):
        return _entries(parse(given))
    if isinstance(given, float):
        return _typed(given)
    if isinstance(given, (int, Fraction)) and not isinstance(given, bool):
        return simplest(given)
    if isinstance(given, Formula):
        return given
    raise UsageError(f"{type(given).__name__} is not a number or an array: {str(given)[:60]!r}.")


def _typed(value: float) -> Scalar:
    if value != value or value in (float("inf"), float("-inf")):
        raise UsageError(f"{value} is not a finite number.")
    return simplest(Fraction(repr(value)))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _counted(value: Any) -> Any:
    if len(flat(value)) > MOST_ENTRIES:
        raise UsageError(f"An array has more than {MOST_ENTRIES:,} entries.")
    return value


def read_layers(given: Given, inputs: int, name: str) -> tuple[Any, ...]:
    """A network as one matrix a layer; each row holds a neuron's weights and then its bias."""
    found = _entries(read_expression(given)) if isinstance(given, str) else _plain(given)
    if not isinstance(found, tuple):
        raise UsageError(f"{name} must be a list of layers like [[[1, 2, 0]], [[3, 1]]].")
    width = inputs
    for place, layer in enumerate(found, start=1):
        if len(shape(layer)) != 2 or shape(layer)[1] != width + 1:
            raise UsageError(
                f"Layer {place} of {name} must be a matrix with {width + 1} columns, {width} "
                f"weights and a bias in each row; found shape {shape(layer)}."
            )
        width = len(layer)
    return cast("tuple[Any, ...]", require_numbers(found, name))
