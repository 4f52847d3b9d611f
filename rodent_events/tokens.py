"""The token that goes with each call: given, read from a file, or asked of a function."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Awaitable
from pathlib import Path

from rodent_events import own_threads, real_threads, signals
from rodent_events.errors import RodentEventsError
from rodent_events.event_loop import EventLoop
from rodent_events.latch import Latch
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
        timeout: Seconds that a function, or the file, may take.
    """

    def __init__(
        self, jwt: str | TokenProvider | None, jwt_file: Path | None, timeout: float
    ) -> None:
        self._source = jwt if jwt_file is None else lambda: _read(jwt_file)
        self._path = jwt_file
        self._timeout = timeout
        self._answer: _Answer | None = None
        self._token: str | None = None
        self._version: object = None

    def current(self) -> str:
        """The token to use now. If a function is to be called, that is done in another thread.

        Raises:
            TokenError: There is none.
        """
        version = file_version(self._path)
        if self._token is None or version != self._version:
            self._token, self._version = self._ask(), version
        return self._token

    def _ask(self) -> str:
        source = self._source
        if not callable(source):
            return source or ""
        if self._answer is None:
            self._answer = _Answer(source)
        if not self._answer.given.wait(self._timeout):  # it is waited for further the next time
            raise TokenError(f"the token provider has not answered within {self._timeout:g} s")
        answer, self._answer = self._answer, None
        return answer.token()

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


class _Answer:
    """That of a function, which is called in a thread that nobody needs to wait for."""

    def __init__(self, source: TokenProvider) -> None:
        self.given = Latch()
        self._source = source
        self._found: str | TokenError = ""
        try:
            real_threads.start(self._run, "rodent-events-token")
        except RuntimeError:  # Python 3.12.0 to 3.12.2 start none when the interpreter ends
            self._call()

    def token(self) -> str:
        """What it has returned.

        Raises:
            TokenError: That is no token, or it raised.
        """
        if isinstance(self._found, TokenError):
            raise self._found
        return self._found

    def _run(self) -> None:
        own_threads.enter()
        self._call()

    def _call(self) -> None:
        try:
            self._found = _call(self._source)
        except TokenError as error:
            self._found = error
        self.given.set()


def _call(source: TokenProvider) -> str:
    try:
        with signals.unblocked():
            token = source()
            if inspect.isawaitable(token):
                with asyncio.Runner(loop_factory=EventLoop) as runner:
                    token = runner.run(_awaited(token))
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
