"""The page at ``/``: which files it is made of, and what a browser may do with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

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
}
"""What comes with each file of the page."""

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

_ROOT = b"/page/"
"""How the first file calls the place of the others."""

_END_OF_HEAD = b"</head>"

_LINKS = {".js": b'rel="modulepreload"', ".css": b'rel="preload" as="style"'}
"""How the first file links to what is fetched at once, by how its name ends."""

_FOR_GOOD = "public, max-age=31536000, immutable"

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class File:
    """One file of the page."""

    path: str
    """Where it is served."""
    content: bytes
    caching: str
    """What a browser may keep."""

    async def serve(self, _request: Request) -> Response:
        """The file."""
        headers = {**HEADERS, "cache-control": self.caching}
        return Response(self.content, headers=headers, media_type=_media_type(self.path))


def routes(page: Page) -> list[Route]:
    """Where the page's files are served; nowhere if it is off."""
    if page.mode == "off":
        return []
    return [Route(file.path, file.serve, methods=["GET"]) for file in files()]


def files() -> list[File]:
    """All files of the page.

    All but the first have another place in another version, so that a browser may keep them.
    """
    found = dict(_files(resources.files("toggle_mock.page") / "static", ""))
    version = hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:12]
    first = found.pop("/index.html").replace(_END_OF_HEAD, _preloads(found) + _END_OF_HEAD)
    first = first.replace(_ROOT, f"/page/{version}/".encode())
    others = [File(f"/page/{version}{path}", found[path], _FOR_GOOD) for path in sorted(found)]
    return [File("/", first, "no-cache"), *others]


def _preloads(paths: Iterable[str]) -> bytes:
    """Links by which a browser fetches all files at once, not each when another names it."""
    return b"".join(
        b'  <link %b href="%b%b" />\n  ' % (_LINKS[_suffix(path)], _ROOT, path[1:].encode())
        for path in sorted(paths)
        if _suffix(path) in _LINKS
    )


def _files(folder: Traversable, way: str) -> Iterator[tuple[str, bytes]]:
    """The files of a folder and of those within, by their paths."""
    for one in folder.iterdir():
        path = f"{way}/{one.name}"
        if one.is_dir():
            yield from _files(one, path)
        else:
            yield path, one.read_bytes()


def _media_type(path: str) -> str:
    """The type of a file; what a machine's own list may say otherwise stands here."""
    return _TYPES.get(_suffix(path), "text/plain" if "." in path else "text/html")


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix


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
