"""Tagged words as a report shows them: spans of words, each with what was said and what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

HUES = 8  # of the style sheet
MOST_WORDS = 120  # shown of one row


@dataclass(frozen=True)
class MarkedSpan:
    """Words that stand together, with the same tags."""

    text: str
    predicted: str  # the sort of span, empty for none
    true: str
    hue: int  # of the sort that is true, else of the one that was said

    @property
    def wrong(self) -> bool:
        """Whether the tags differ."""
        return self.predicted != self.true


def marked_spans(words: Sequence[Sequence[str]]) -> list[MarkedSpan]:
    """Words with their predicted and true tags (word, predicted, true) -> spans of words."""
    found: list[MarkedSpan] = []
    before = ("", "")
    for word, *tags in words[:MOST_WORDS]:
        said, true = (_sort(tag) for tag in tags)
        begins = any(tag[:2] in ("B-", "S-", "U-") for tag in tags) or (said, true) != before
        if found and not begins:
            found[-1] = MarkedSpan(f"{found[-1].text} {word}", said, true, found[-1].hue)
        else:
            found.append(MarkedSpan(word, said, true, crc32((true or said).encode()) % HUES))
        before = said, true
    return found


def _sort(tag: str) -> str:
    """artist of B-artist, nothing of O, and a plain label itself."""
    return "" if tag == "O" else tag.partition("-")[2] or tag
