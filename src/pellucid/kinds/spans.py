"""Tags one a word: which words make a span, and which tag may follow which."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pellucid.kinds.contract import Array

Span = tuple[str, int, int]  # its sort, its first and its last word
PREFIXED = re.compile(r"^(O|[BIESLUM]-.+)$")
FIRST = {"L": "E", "U": "S", "M": "I"}  # other letters for the same places
SOUND = 0.99  # of the spans begin as the scheme says: then what begins otherwise is a fault


def is_prefixed(tags: Sequence[str]) -> bool:
    """Whether these are tags of spans (B-name, I-name, O) and not plain labels."""
    return all(PREFIXED.match(tag) for tag in tags) and any(tag != "O" for tag in tags)


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans of one sentence by the rules of conlleval, which seqeval keeps by default.

    A span that begins with I- counts as one all the same.
    """
    found: list[Span] = []
    place, sort, first = "O", "", 0
    for position, tag in enumerate([*tags, "O"]):
        next_place, next_sort = _parts(tag)
        if _ends(place, next_place, sort != next_sort):
            found.append((sort, first, position - 1))
        if _starts(place, next_place, sort != next_sort):
            first = position
        place, sort = next_place, next_sort
    return found


def legal_transitions(tags: Sequence[str], sentences: Sequence[Sequence[str]]) -> Array:
    """(tags + 1, tags + 1) bool: may the second follow the first; place 0 is the sentence's end.

    Where the sentences themselves begin spans with I-, as the oldest scheme does, or the tags are
    plain labels, anything may follow anything.
    """
    size = len(tags) + 1
    legal = np.ones((size, size), bool)
    if not is_prefixed(tags) or not _begin_soundly(sentences):
        return legal
    parts = [("O", ""), *map(_parts, tags)]
    closed = any(place in "ES" for place, _ in parts)
    for before, (place, sort) in enumerate(parts):
        for after, (next_place, next_sort) in enumerate(parts):
            inside = place in "BI" and sort == next_sort
            legal[before, after] = inside if next_place in "IE" else not closed or place not in "BI"
    return legal


def _begin_soundly(sentences: Sequence[Sequence[str]]) -> bool:
    begun = sound = 0
    for sentence in sentences:
        for _, first, _ in spans(sentence):
            begun += 1
            sound += sentence[first][0] in "BSU"
    return sound >= SOUND * begun


def _parts(tag: str) -> tuple[str, str]:
    place, _, sort = tag.partition("-")
    return FIRST.get(place, place), sort


def _ends(place: str, after: str, changed: bool) -> bool:
    """Whether a span ends between two words."""
    if place in ("E", "S"):
        return True
    return place in ("B", "I") and (after in ("B", "S", "O") or changed)


def _starts(place: str, after: str, changed: bool) -> bool:
    """Whether a span starts with the second of two words."""
    if after in ("B", "S"):
        return True
    return after in ("I", "E") and (place in ("E", "S", "O") or changed)
