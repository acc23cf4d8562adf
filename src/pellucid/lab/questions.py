"""A question of the page's: a small JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pellucid.errors import UsageError

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST_QUESTION = 64_000  # bytes


async def question_of(request: Request) -> Mapping[str, Any]:
    """The JSON object of a request; UsageError where there is none or it is too long."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_QUESTION:
            raise UsageError(f"A question has at most {LARGEST_QUESTION:,} bytes.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise UsageError("The question is not JSON.") from None
    if not isinstance(found, dict):
        raise UsageError("The question must be a JSON object.")
    return found
