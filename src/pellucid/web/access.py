"""Who may ask a page of this machine: holders of the token, on this machine, from its own pages."""

from __future__ import annotations

import ipaddress
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nothing is fetched from elsewhere, nothing is sent elsewhere, and no other page may frame ours.
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(18)


class Access:
    """Lets through what holds the token as the first part of its path; the rest sees 403.

    A page of another site can make the browser ask loopback too, so the host must be a name of
    this machine (a site can point its own name here) and the origin, where there is one, the host.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the token taken for the root of the site."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        fault = self._fault(scope)
        if fault is None:
            inside = {**scope, "root_path": f"{scope.get('root_path', '')}/{self.token}"}
            await self.app(inside, receive, _guarded(send))
        elif scope["type"] == "websocket":
            await WebSocketClose(1008, fault)(scope, receive, send)
        else:
            await PlainTextResponse(fault, 403, HEADERS)(scope, receive, send)

    def _fault(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        if not is_loopback(urlsplit(f"//{headers.get('host', '')}").hostname or ""):
            return "This address is not a name of this machine."
        given = scope["path"].split("/", 2)[1]
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            return "The address lacks the right token: open the whole address that was printed."
        if is_foreign(headers):
            return "Another site's page may not ask here."
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_foreign(headers: Headers) -> bool:
    """Whether the page that asks came from another place than the one it asks."""
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


def _guarded(send: Send) -> Send:
    """Answers carry the headers."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent


def address(host: str, port: int, token: str) -> str:
    """The whole address to open."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/{token}/"
