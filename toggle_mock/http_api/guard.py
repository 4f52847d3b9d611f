"""Keeps pages of other sites out: they could make a browser on this machine call the API."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class SameOrigin:
    """Refuses requests for other hosts, and those that another site's page has made.

    Args:
        app: What to guard.
        allowed_hosts: What may stand in a request's Host; None for anything.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: frozenset[str] | None) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            problem = self._problem(Headers(scope=scope))
            if problem is not None:
                failure = {"error": problem, "kind": "HTTPException 403"}
                await JSONResponse(failure, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _problem(self, headers: Headers) -> str | None:
        host = headers.get("host", "")
        name, _ = _authority(f"//{host}")
        if self._allowed_hosts is not None and name not in self._allowed_hosts:
            return f"host {host!r} is not this server's: ask for localhost"
        origin = headers.get("origin")
        if origin is not None and _authority(origin)[1] != host:
            return f"origin {origin!r} is another site's"
        return None


def _authority(url: str) -> tuple[str | None, str | None]:
    """Host name, and host with port, in a URL; None if it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, None
    return parts.hostname, parts.netloc
