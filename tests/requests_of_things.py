"""Requests in a small language of its own, with the intent and a tag for each word."""

from __future__ import annotations

import random

FILMS = ("the red house", "north", "two old men", "rain")
TOWNS = ("Leeds", "Oslo", "New York", "São Paulo")
PATTERNS = {
    "watch": ("show me", ("film", FILMS), "in", ("town", TOWNS)),
    "weather": ("is it cold in", ("town", TOWNS), "today"),
    "rate": ("give", ("film", FILMS), ("stars", ("3", "5")), "stars"),
}


def requests(rows: int = 120, seed: int = 0) -> dict[str, list[str]]:
    """Columns `said`, `intent` and `slots`."""
    draw = random.Random(seed)
    made = [_request(draw) for _ in range(rows)]
    columns = map(list, zip(*made, strict=True))
    return dict(zip(("said", "intent", "slots"), columns, strict=True))


def _request(draw: random.Random) -> tuple[str, str, str]:
    intent = draw.choice(sorted(PATTERNS))
    words: list[str] = []
    tags: list[str] = []
    for part in PATTERNS[intent]:
        sort, text = ("", part) if isinstance(part, str) else (part[0], draw.choice(part[1]))
        new = text.split()
        words += new
        tags += [f"{'I' if place else 'B'}-{sort}" if sort else "O" for place in range(len(new))]
    return " ".join(words), intent, " ".join(tags)
