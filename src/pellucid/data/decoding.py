"""Turns the bytes of a text file into clean UTF-8 and counts what had to be mended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from pellucid.errors import Mend, Mends

REPLACED = "\ufffd".encode()
BEYOND_ASCII = bytes(range(128, 256))


@dataclass
class Decoder:
    """Takes chunks of whole lines in order; settles on an encoding at the first that needs one."""

    mends: Mends
    encoding: str | None = None  # None while all was ASCII
    line: int = 1

    def decode(self, data: bytes) -> bytes:
        """The chunk as UTF-8 without NUL bytes."""
        if not data.isascii():
            data = self._as_utf8(data)
        if b"\0" in data:
            self._count("NUL byte", "removed", data, rb"\0", data.count(b"\0"))
            data = data.replace(b"\0", b"")
        self.line += data.count(b"\n")
        return data

    def _as_utf8(self, data: bytes) -> bytes:
        if self.encoding != "cp1252":
            try:
                data.decode()
                self.encoding = "utf-8"
                return data
            except UnicodeDecodeError:
                self.encoding = self.encoding or _guess(data)
        if self.encoding == "cp1252":
            count = len(data) - len(data.translate(None, BEYOND_ASCII))
            self._count(
                "byte that is not UTF-8", "read as Windows-1252", data, rb"[^\0-\x7f]", count
            )
        text = data.decode(self.encoding, "replace").encode()
        replaced = text.count(REPLACED) - data.count(REPLACED)
        self._count(
            f"byte that is not {self.encoding}", "replaced by \ufffd", text, REPLACED, replaced
        )
        return text

    def _count(self, fault: str, action: str, data: bytes, pattern: bytes, count: int) -> None:
        if count > 0:
            starts = [match.start() for match in islice(re.finditer(pattern, data), 3)]
            lines = [self.line + data.count(b"\n", 0, start) for start in starts]
            where = tuple(f"line {line}" for line in dict.fromkeys(lines))
            self.mends.add(Mend(fault, action, count, where=where))


def _guess(data: bytes) -> str:
    """UTF-8 with a few broken bytes if most of what is beyond ASCII is sound UTF-8."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = sum(character > "\x7f" for character in text) - broken
    return "utf-8" if sound > broken else "cp1252"
