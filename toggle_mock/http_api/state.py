"""What the endpoints share: the mock, and what clients refer to by an id."""

from __future__ import annotations

import concurrent.futures
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from toggle_mock.codes import logger
from toggle_mock.faults.active import ActiveFault
from toggle_mock.http_api.fault_ids import AskedFault, FaultIds, OwnFaultIds, SharedFaultIds
from toggle_mock.http_api.finding import Findings
from toggle_mock.http_api.named import KEPT, Named
from toggle_mock.http_api.sessions import OpenedSession, Sessions
from toggle_mock.http_api.shared_sessions import SharedSessions
from toggle_mock.page import Page
from toggle_mock.recording.feed import EntryFeed
from toggle_mock.rodents.stream import Reply
from toggle_mock.toggle.toggle import LocalToggle

T = TypeVar("T")

POKE = 0.2
"""Seconds after which what follows the recording looks whether the server ends."""

_THREADS = 1_000
"""Requests that may wait at the same time."""


_PAGE = Page()


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
        shared = toggle.shared_faults
        self.sessions: Sessions = Sessions() if shared is None else SharedSessions(toggle, shared)
        self.findings: Final = Findings()
        self.faults: FaultIds = OwnFaultIds() if shared is None else SharedFaultIds(shared)
        self.commands: Named[concurrent.futures.Future[Reply]] = Named(
            "command under way", "POST /api/v1/rodents/{rid}/commands sends one", KEPT
        )
        self.feeds: Named[EntryFeed] = Named("feed", "GET /api/v1/recording/feed opens one")
        self.closing = False
        """Whether streams are to end."""
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
        """Let a fault be referred to; returns its id."""
        return self.faults.add(fault)

    def take_fault(self, name: str, session: str | None) -> ActiveFault:
        """The fault of an id; nobody can refer to it any more. With a session, one of that session.

        Raises:
            UnknownIdError: There is no such fault, or session.
        """
        if name not in self.faults_of(session):
            raise self.faults.unknown(name)
        return self.faults.pop(name)

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
