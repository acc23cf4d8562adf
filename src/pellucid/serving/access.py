"""Who may ask: this machine alone, or holders of the token; never the page of another site."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from pellucid.web.access import is_foreign, is_loopback

OPEN = ("/health", "/ready")  # for balancers; they tell nothing
SHORTEST = 12  # letters of a token


@dataclass(frozen=True)
class Access:
    """The token, if one is asked for."""

    token: str | None = None

    def fault(self, request: Request) -> tuple[int, str] | None:
        """Why a request is refused; None if it is not."""
        headers = request.headers
        if request.url.path in OPEN:
            return None
        if is_foreign(headers):
            return 403, "another site's page may not ask here"
        if self.token is None:
            if is_loopback(urlsplit(f"//{headers.get('host', '')}").hostname or ""):
                return None
            return 403, "this address is not a name of this machine; without a token none other is"
        if self.holds(_bearer(headers)) or self.holds(request.cookies.get(cookie_name(request))):
            return None
        return 401, "send the header 'Authorization: Bearer TOKEN', or open /?token=TOKEN"

    def holds(self, given: str | None) -> bool:
        """Whether this is the token, in the same time however much of it is right."""
        if self.token is None or given is None:
            return False
        return secrets.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def cookie_name(request: Request) -> str:
    """Cookies know no ports: the name tells servers of one machine apart."""
    return f"pellucid_{request.url.port or 80}"


def _bearer(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
