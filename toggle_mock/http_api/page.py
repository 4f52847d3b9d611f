"""The page at ``/``: which files it is made of, and what a browser may do with them."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from toggle_mock.page import Page

_ALLOWED = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    # No text becomes HTML, whatever was recorded: the browser itself refuses that.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)

HEADERS = {
    "content-security-policy": "; ".join(_ALLOWED),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}
"""What comes with each file of the page."""

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""What a machine's own list may say otherwise."""

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class File:
    """One file of the page."""

    path: str
    """Where it is served."""
    content: bytes
    media_type: str

    @property
    def tag(self) -> str:
        """Another one for another content."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'

    async def serve(self, request: Request) -> Response:
        """The file, unless the browser has it already."""
        headers = {**HEADERS, "etag": self.tag}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, headers=headers, media_type=self.media_type)


def routes(page: Page) -> list[Route]:
    """Where the page's files are served; nowhere if it is off."""
    if page.mode == "off":
        return []
    return [Route(file.path, file.serve, methods=["GET"]) for file in files()]


def files() -> Iterator[File]:
    """All files of the page."""
    yield from _files(resources.files("toggle_mock.page") / "static", "")


def _files(folder: Traversable, way: str) -> Iterator[File]:
    for one in folder.iterdir():
        path = f"{way}/{one.name}"
        if one.is_dir():
            yield from _files(one, path)
        else:
            served = "/" if path == "/index.html" else f"/page{path}"
            yield File(served, one.read_bytes(), _media_type(one.name))


def _media_type(name: str) -> str:
    suffix = name[name.rfind(".") :]
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


class ReadOnly:
    """Refuses what a browser asks for that would change something.

    A browser says of each request where its page is from, and no page can keep it from that; other
    programs, such as tests, do not.

    Args:
        app: What to guard.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in _READS and _is_browser(scope):
            failure = {"error": "the page is read-only (--page read-only)", "kind": "ReadOnly"}
            await JSONResponse(failure, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_browser(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return any(name in headers for name in ("sec-fetch-site", "sec-fetch-mode", "origin"))
