"""The sessions that clients have opened. One with a lease ends when its client is not heard of."""

from __future__ import annotations

import math
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rodent_events import clock
from toggle_mock.errors import UnknownIdError
from toggle_mock.toggle.toggle import LocalSession, LocalToggle

HANG_UP = 1.0
"""Seconds in which a client is to be heard of, once its feed of the recording has ended."""

_REMEMBERED = 1_000
"""Sessions that have ended by themselves, of which it can be told."""


class AskedSession(Protocol):
    """The session that a client asks for."""

    @property
    def rid(self) -> str | None:
        """The Rodent that it is about."""

    @property
    def sub(self) -> str | None:
        """The organization that it is about."""

    @property
    def lease(self) -> float | None:
        """Seconds after which it ends, unless its client is heard of; None for never."""

    @property
    def own_port(self) -> bool:
        """Whether it has a port of its own."""


@dataclass(eq=False)
class OpenedSession:
    """A session that a client has opened."""

    name: str
    """Its id."""
    toggle: LocalSession
    lease: float = math.inf
    """Seconds after which it ends, unless its client is heard of."""
    ends_at: float = math.inf
    """When that is, by the clock."""
    file: str = ""
    """The name of the recording that it shows; empty if it is a part of the server."""
    requests: int = 0
    """Those under way: while there are some, it does not end."""
    at_end: list[Callable[[], object]] = field(default_factory=list)
    """What is to be done when it ends."""

    def undo(self) -> None:
        """Take back what it has done to the server, besides its faults."""
        undone, self.at_end = self.at_end, []
        with ExitStack() as each:
            for undo in undone:
                each.callback(undo)

    def end(self) -> None:
        """Heal its faults, and take back the rest."""
        with ExitStack() as each:
            each.callback(self.toggle.close)
            each.callback(self.undo)


class Sessions:
    """Sessions by their ids, and which of them are overdue. For any number of threads.

    Args:
        now: The clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = clock.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._open: dict[str, OpenedSession] = {}
        self._ended: dict[str, float] = {}

    def add(self, toggle: LocalSession, lease: float | None = None, file: str = "") -> str:
        """Let a session be referred to; returns its id, which nobody can guess.

        Args:
            toggle: The session.
            lease: Seconds after which it ends, unless its client is heard of; None for never.
            file: The name of the recording that it shows, if it is none of the server's.
        """
        lasts = math.inf if lease is None else lease
        opened = OpenedSession(secrets.token_hex(8), toggle, lasts, file=file)
        with self._lock:
            self._renew(opened)
            self._open[opened.name] = opened
        return opened.name

    def open(self, asked: AskedSession, server: LocalToggle) -> OpenedSession:
        """Open a session.

        Args:
            asked: Which.
            server: Of which server.

        Raises:
            NoRelayError: It is to have a port of its own, and there is no relay.
            ValueError: It is to have one, and others share the server's run.
        """
        toggle = server.session(asked.rid, asked.sub, own_port=asked.own_port)
        return self.opened(self.add(toggle, asked.lease))

    def __getitem__(self, name: str) -> LocalSession:
        return self.opened(name).toggle

    def opened(self, name: str) -> OpenedSession:
        """All about a session.

        Raises:
            UnknownIdError: There is none of this id.
        """
        with self._lock:
            if name in self._open:
                return self._open[name]
        raise self._unknown(name)

    def all(self) -> list[OpenedSession]:
        """All that are open, the oldest first."""
        with self._lock:
            return list(self._open.values())

    def take_all(self) -> list[OpenedSession]:
        """All, to end them: nobody can refer to them any more."""
        with self._lock:
            taken, self._open = list(self._open.values()), {}
        return taken

    def pop(self, name: str) -> OpenedSession:
        """Let it be referred to no more.

        Raises:
            UnknownIdError: There is none of this id.
        """
        with self._lock:
            if name in self._open:
                return self._open.pop(name)
        raise self._unknown(name)

    def renew(self, name: str) -> None:
        """Have its lease begin anew; each other request in it does so too.

        Raises:
            UnknownIdError: There is none of this id.
        """
        opened = self.opened(name)
        with self._lock:
            self._renew(opened)

    @contextmanager
    def heard_of(self, name: str | None) -> Iterator[None]:
        """A client asks for something in a session, if there is one of this id."""
        with self._lock:
            opened = self._open.get(name or "")
            if opened is not None:
                opened.requests += 1
        try:
            yield
        finally:
            if opened is not None:
                with self._lock:
                    opened.requests -= 1
                    self._renew(opened)

    def hung_up(self, name: str | None) -> None:
        """A client has left its feed: if it is not heard of, a session with a lease soon ends."""
        with self._lock:
            opened = self._open.get(name or "")
            if opened is not None and math.isfinite(opened.lease):
                opened.ends_at = min(opened.ends_at, self._now() + HANG_UP)

    def take_overdue(self) -> list[OpenedSession]:
        """Those that end now: nobody can refer to them any more."""
        with self._lock:
            now = self._now()
            overdue = [
                one for one in self._open.values() if one.ends_at <= now and not one.requests
            ]
            for one in overdue:
                self._end(one)
        return overdue

    def _end(self, overdue: OpenedSession) -> None:
        del self._open[overdue.name]
        self._ended[overdue.name] = overdue.lease
        for oldest in list(self._ended)[:-_REMEMBERED]:
            del self._ended[oldest]

    def _renew(self, opened: OpenedSession) -> None:
        opened.ends_at = self._now() + opened.lease

    def _unknown(self, name: str) -> UnknownIdError:
        lease = self._ended.get(name)
        if lease is not None:
            return UnknownIdError(
                f"the session {name!r} has ended: its client was not heard of for {lease:g} s, or "
                f"has left the feed of its recording"
            )
        return UnknownIdError(f"there is no session {name!r}: POST /api/v1/sessions opens one")
