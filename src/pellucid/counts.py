"""Counts in words: 1 row, 2 rows."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """'1 column', '2,000 columns'."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def verb(number: int, singular: str, plural: str) -> str:
    """The form of a verb that goes with so many."""
    return singular if number == 1 else plural
