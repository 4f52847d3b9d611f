"""The sessions of servers that share a run: opened at one, they can be used at each."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from contextlib import suppress

from rodent_events import clock
from toggle_mock.errors import StorageError
from toggle_mock.faults.shared import SharedFaults
from toggle_mock.http_api.sessions import HANG_UP, AskedSession, OpenedSession, Sessions
from toggle_mock.recording.board import BoardChanges, BoardState, PostedSession
from toggle_mock.toggle.toggle import LocalToggle

_LONGER = 1.1
"""As many leases a session lasts from when it is renewed, so that this may be told late."""


class SharedSessions(Sessions):
    """Sessions by their ids, of all servers; recordings that are shown are of this one alone.

    A lease is renewed at the board, but not at each request: what is heard of a client is told as
    the overdue ones are looked for, and once a tenth of the lease is over.

    Args:
        toggle: This server.
        shared: What it shares with others.
        now: The clock, in seconds.
    """

    def __init__(
        self,
        toggle: LocalToggle,
        shared: SharedFaults,
        now: Callable[[], float] = clock.monotonic,
    ) -> None:
        super().__init__(now)
        self._toggle, self._board = toggle, shared.board
        self._news: dict[str, bool] = {}
        """Sessions of which there is something to tell: whether their clients are there still."""
        self._leave = self._board.follow(self._follow)

    def open(self, asked: AskedSession, server: LocalToggle) -> OpenedSession:
        """See :meth:`Sessions.open`.

        Raises:
            ValueError: It is to have a port of its own.
            StorageError: The store is away.
        """
        scope = server.session(asked.rid, asked.sub, own_port=asked.own_port).scope
        name = secrets.token_hex(8)
        self._board.open_session(name, scope, math.inf if asked.lease is None else asked.lease)
        return self.opened(name)

    def pop(self, name: str) -> OpenedSession:
        """See :meth:`Sessions.pop`."""
        opened = self.opened(name)
        if opened.file:
            return super().pop(name)
        self._board.end_session(name)
        return opened

    def take_all(self) -> list[OpenedSession]:
        """See :meth:`Sessions.take_all`: none of them ends, as the others go on with them."""
        self._leave()
        for opened in super().take_all():
            opened.undo()
        return []

    def renew(self, name: str) -> None:
        """See :meth:`Sessions.renew`: at once, if there is not all of it left.

        Raises:
            UnknownIdError: There is none of this id.
            StorageError: The store is away.
        """
        super().renew(name)
        self._tell(self.opened(name), is_there=True)

    def hung_up(self, name: str | None) -> None:
        """See :meth:`Sessions.hung_up`."""
        super().hung_up(name)
        with self._lock:
            if name is not None and name in self._open:
                self._news[name] = False

    def take_overdue(self) -> list[OpenedSession]:
        """See :meth:`Sessions.take_overdue`: each is taken at one of the servers."""
        self._tell_news()
        now = self._now()
        overdue = [one for one in self.all() if one.ends_at <= now and not one.requests]
        return [one for one in overdue if self._is_over(one)]

    def _is_over(self, opened: OpenedSession) -> bool:
        """Whether a session has ended just now, as none of the servers has heard of its client."""
        try:
            left = self._board.end_overdue_session(opened.name)
        except StorageError:
            return False
        if left is not None:
            opened.ends_at = self._now() + left
        return left is None

    def _tell_news(self) -> None:
        with self._lock:
            news, self._news = self._news, {}
            for one in self._open.values():
                if one.requests:
                    news[one.name] = True
            told = [(self._open[name], there) for name, there in news.items() if name in self._open]
        for opened, is_there in told:
            with suppress(StorageError):  # which ends no session either
                self._tell(opened, is_there=is_there)

    def _tell(self, opened: OpenedSession, *, is_there: bool) -> None:
        if math.isinf(opened.lease):
            return
        if not is_there:
            self._board.shorten_session(opened.name, HANG_UP)
        elif opened.ends_at - self._now() < opened.lease:
            opened.ends_at = self._now() + _LONGER * opened.lease
            self._board.renew_session(opened.name, _LONGER * opened.lease)

    def _renew(self, opened: OpenedSession) -> None:
        if opened.file:
            super()._renew(opened)
        else:
            self._news[opened.name] = True

    def _follow(self, state: BoardState, changed: BoardChanges) -> None:
        for posted in changed.opened:
            self._adopt(posted)
        for name in changed.ended:
            self._forget(name)
        now = self._now()
        for name, posted in state.sessions.items():
            with suppress(LookupError):
                self.opened(name).ends_at = now + posted.left

    def _adopt(self, posted: PostedSession) -> None:
        toggle = self._toggle.session_named(posted.name, posted.scope)
        with self._lock:
            self._open[posted.name] = OpenedSession(posted.name, toggle, posted.lease)

    def _forget(self, name: str) -> None:
        with self._lock:
            opened = self._open.get(name)
            if opened is None:
                return
            if opened.ends_at <= self._now():
                self._end(opened)
            else:
                del self._open[name]
        opened.undo()
