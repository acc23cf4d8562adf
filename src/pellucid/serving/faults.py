"""What is wrong with a request, as the client is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pellucid.data.cells import whole_text
from pellucid.errors import PellucidError


@dataclass(frozen=True)
class Problem:
    """One value that cannot be used, or a word on what was made of it."""

    record: int  # which record of the request, the first is 0
    field: str
    problem: str  # "not a number"
    value: str | None = None  # as it was read, cut short


class RequestError(PellucidError):
    """A request that is refused: the client's fault, or not the moment for it."""

    def __init__(
        self,
        status: int,
        message: str,
        problems: Sequence[Problem] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.problems, self.retry_after = status, tuple(problems), retry_after

    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": str(self), "problems": [asdict(problem) for problem in self.problems]}


def unusable(problems: Sequence[Problem]) -> RequestError:
    """422: the request was understood, some values of it were not."""
    first = problems[0]
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    where = f"record {first.record}, field {first.field!r}" if first.field else "the request"
    return RequestError(422, f"{where}: {first.problem}{more}", problems)


def shown(value: Any) -> str:
    """A value as problems quote it: short, and with letters that every encoding can write."""
    text = whole_text(value if isinstance(value, str) else repr(value))
    return text if len(text) <= 60 else f"{text[:59]}…"
