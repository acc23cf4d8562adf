"""What a page wishes for, read out of its message: UsageError where a value is of another type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pellucid.errors import UsageError

Wish = Mapping[str, Any]


def whole(wish: Wish, name: str, usual: int) -> int:
    """A whole number."""
    value = wish.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise UsageError(f"{name} is a whole number; found {value!r}.")
    return int(value)


def number(wish: Wish, name: str, usual: float) -> float:
    """A number."""
    value = wish.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{name} is a number; found {value!r}.")
    return float(value)


def several(wish: Wish, name: str, usual: Sequence[Any], kind: type) -> tuple[Any, ...]:
    """A list of texts, or of whole numbers."""
    found = wish.get(name, usual)
    if not isinstance(found, list | tuple) or not all(type(each) is kind for each in found):
        words = {str: "texts", int: "whole numbers"}[kind]
        raise UsageError(f"{name} is a list of {words}; found {found!r}.")
    return tuple(found)
