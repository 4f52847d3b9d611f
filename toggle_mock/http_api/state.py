"""What the endpoints share: the mock, and what clients refer to by an id."""

from __future__ import annotations

import concurrent.futures
import itertools
import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import anyio
import anyio.to_thread

from toggle_mock.codes import logger
from toggle_mock.errors import UnknownIdError
from toggle_mock.faults.active import ActiveFault
from toggle_mock.http_api.finding import Findings
from toggle_mock.http_api.sessions import OpenedSession, Sessions
from toggle_mock.page import Page
from toggle_mock.recording.feed import EntryFeed
from toggle_mock.rodents.stream import Reply
from toggle_mock.toggle.toggle import LocalToggle

T = TypeVar("T")

POKE = 0.2
"""Seconds after which what follows the recording looks whether the server ends."""

_THREADS = 1_000
"""Requests that may wait at the same time."""

_KEPT = 1_000
"""Faults, and commands under way, that one can refer to by their ids."""


_PAGE = Page()


class Named(Generic[T]):
    """Things that clients refer to by an id. For any number of threads.

    Args:
        what: What one of them is called.
        hint: Where one gets an id.
        most: How many there can be; of more, the oldest are forgotten. None for any number.
    """

    def __init__(self, what: str, hint: str, most: int | None = None) -> None:
        self._what, self._hint, self._most = what, hint, most
        self._lock = threading.Lock()
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> None:
        """Let it be referred to."""
        with self._lock:
            if self._most is not None:
                for oldest in list(self._things)[: 1 - self._most]:
                    del self._things[oldest]
            self._things[name] = thing

    def __getitem__(self, name: str) -> T:
        with self._lock:
            if name in self._things:
                return self._things[name]
        raise self.unknown(name)

    def pop(self, name: str) -> T:
        """Let it be referred to no more.

        Raises:
            UnknownIdError: There is none of this id.
        """
        with self._lock:
            if name in self._things:
                return self._things.pop(name)
        raise self.unknown(name)

    def discard(self, name: str) -> None:
        """Let it be referred to no more, if it can be."""
        with self._lock:
            self._things.pop(name, None)

    def items(self) -> list[tuple[str, T]]:
        """Those that there are, by their ids, the oldest first."""
        with self._lock:
            return list(self._things.items())

    def unknown(self, name: str) -> UnknownIdError:
        """The error that there is none of this id."""
        return UnknownIdError(f"there is no {self._what} {name!r}: {self._hint}")


@dataclass(frozen=True)
class AskedFault:
    """A fault that a client asked for."""

    fault: ActiveFault
    session: str | None
    """The session that it was asked for in."""


class Api:
    """What the endpoints share.

    Args:
        toggle: The mock.
        document: Describes the endpoints, as JSON.
        page: What the page is to be.
    """

    def __init__(
        self, toggle: LocalToggle, document: Callable[[], bytes], page: Page = _PAGE
    ) -> None:
        self.page = page
        """What the page is to be."""
        self.server = toggle
        """The mock, not narrowed to anything."""
        self.document = document
        """Describes the endpoints, as JSON."""
        self.sessions: Final = Sessions()
        self.findings: Final = Findings()
        self.faults: Named[AskedFault] = Named(
            "fault", "GET /api/v1/faults tells which there are", _KEPT
        )
        self.commands: Named[concurrent.futures.Future[Reply]] = Named(
            "command under way", "POST /api/v1/rodents/{rid}/commands sends one", _KEPT
        )
        self.feeds: Named[EntryFeed] = Named("feed", "GET /api/v1/recording/feed opens one")
        self.closing = False
        """Whether streams are to end."""
        self._fault_numbers = itertools.count(1)
        self._limiter = anyio.CapacityLimiter(_THREADS)

    def toggle(self, session: str | None) -> LocalToggle:
        """The mock, or a session of it.

        Raises:
            UnknownIdError: There is no such session.
        """
        return self.server if session is None else self.sessions[session]

    def end_session(self, name: str) -> None:
        """End a session: heal its faults, and let it be referred to no more.

        Raises:
            UnknownIdError: There is no such session.
        """
        self._end([self.sessions.pop(name)])

    def end_all_sessions(self) -> None:
        """End all sessions, as nobody can refer to them any more."""
        self._end(self.sessions.take_all())

    def end_overdue_sessions(self) -> None:
        """End those whose clients are gone."""
        overdue = self.sessions.take_overdue()
        for one in overdue:
            scope = one.toggle.scope
            logger.warning("the client of the session of %s is gone: its faults are healed", scope)
        self._end(overdue)

    def _end(self, sessions: Sequence[OpenedSession]) -> None:
        names = {one.name for one in sessions}
        for fault, asked in self.faults.items():
            if asked.session in names:
                self.faults.discard(fault)
        with ExitStack() as each:
            for one in sessions:
                each.callback(one.end)

    def add_command(self, reply: concurrent.futures.Future[Reply]) -> str:
        """Let a command under way be referred to; returns its id."""
        name = secrets.token_hex(8)
        self.commands.add(name, reply)
        return name

    def add_fault(self, fault: AskedFault) -> str:
        """Let a fault be referred to; returns its id. The oldest of too many is forgotten."""
        name = str(next(self._fault_numbers))
        self.faults.add(name, fault)
        return name

    def take_fault(self, name: str, session: str | None) -> ActiveFault:
        """The fault of an id; nobody can refer to it any more. With a session, one of that session.

        Raises:
            UnknownIdError: There is no such fault, or session.
        """
        if name not in self.faults_of(session):
            raise self.faults.unknown(name)
        return self.faults.pop(name).fault

    def faults_of(self, session: str | None) -> dict[str, AskedFault]:
        """The faults that were asked for, by their ids; with a session, those of that session.

        Raises:
            UnknownIdError: There is no such session.
        """
        self.toggle(session)
        return {
            name: asked for name, asked in self.faults.items() if session in {None, asked.session}
        }

    def forget_faults(self, session: str | None) -> None:
        """Let them be referred to no more: all faults, or those of a session."""
        for name in self.faults_of(session):
            self.faults.discard(name)

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Call what may block, without blocking the event loop."""
        return await anyio.to_thread.run_sync(
            function, abandon_on_cancel=True, limiter=self._limiter
        )
