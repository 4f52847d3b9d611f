"""Keeps pages of other sites out: they could make a browser on this machine call the API."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from toggle_mock.address import Address, is_ip

ANY = "*"
"""Stands for all names."""


class SameOrigin:
    """Refuses requests for other hosts, and those that another site's page has made.

    A page can have its own name lead to this server, so that it is no other site's for a browser;
    it cannot do so with an address.

    Args:
        app: What to guard.
        allowed_hosts: The names that may stand in a request's Host, besides addresses; ``*`` is
            any.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str]) -> None:
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

    def _allows(self, name: str | None) -> bool:
        if ANY in self._allowed_hosts:
            return True
        return name is not None and (is_ip(name) or name.rstrip(".") in self._allowed_hosts)

    def _problem(self, headers: Headers) -> str | None:
        host = headers.get("host", "")
        name, _ = _authority(f"//{host}")
        if not self._allows(name):
            return (
                f"host {host!r} is none of this server's: ask it by an address or one of its names "
                f"({', '.join(sorted(self._allowed_hosts))}), or start it with "
                f"http_allowed_hosts=[NAME], on the command line with --http-allowed-host NAME"
            )
        origin = headers.get("origin")
        if origin is not None and _authority(origin)[1] != host:
            return f"origin {origin!r} is another site's"
        return None


def allowed_hosts(address: Address, names: Collection[str]) -> frozenset[str]:
    """What may stand in Host where it listens; who gets to a socket is no browser."""
    if address.path:
        return frozenset({ANY})
    return frozenset({"localhost", address.host.lower(), *names})


def _authority(url: str) -> tuple[str | None, str | None]:
    """Host name, and host with port, in a URL; None if it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, None
    return parts.hostname, parts.netloc
