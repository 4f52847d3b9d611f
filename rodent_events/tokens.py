"""The token that goes with each call: given, read from a file, or asked of a function."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Awaitable
from pathlib import Path

from rodent_events import signals
from rodent_events.errors import RodentEventsError
from rodent_events.setting_kinds import TokenProvider

# What may stand in the metadata of a call. A token with anything else would make gRPC raise.
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class TokenError(RodentEventsError):
    """There is no usable token at the moment."""


class TokenSource:
    """Keeps a token until it is refused, or its file changes.

    Args:
        jwt: The token, or a function that returns it.
        jwt_file: A file that holds it; instead of ``jwt``.
    """

    def __init__(self, jwt: str | TokenProvider | None, jwt_file: Path | None) -> None:
        self._source = jwt if jwt_file is None else lambda: _read(jwt_file)
        self._path = jwt_file
        self._token: str | None = None
        self._version: object = None

    def current(self) -> str:
        """The token to use now. The function is called in this thread, if there is one to call.

        Raises:
            TokenError: There is none.
        """
        version = file_version(self._path)
        if self._token is None or version != self._version:
            self._token, self._version = _ask(self._source), version
        return self._token

    def forget(self) -> None:
        """Ask anew the next time."""
        self._token = None


def file_version(path: Path | None) -> object:
    """Changes when the file does."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return found and (found.st_mtime_ns, found.st_size, found.st_ino)


def _ask(source: str | TokenProvider | None) -> str:
    if not callable(source):
        return source or ""
    try:
        with signals.unblocked():
            token = source()
            if inspect.isawaitable(token):
                token = asyncio.run(_awaited(token))
    except BaseException as error:  # SystemExit too would only end this thread
        # What it says may hold a secret.
        raise TokenError(f"the token provider raised {type(error).__name__}") from error
    if not isinstance(token, str):
        raise TokenError(f"the token provider returned {type(token).__name__}, not text")
    if not _PRINTABLE.fullmatch(token.strip()):
        raise TokenError("the token provider returned text with other characters than a token has")
    return token.strip()


async def _awaited(token: Awaitable[str]) -> str:
    return await token


def _read(path: Path) -> str:
    return path.read_text("ascii").strip()
