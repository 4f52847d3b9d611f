"""What the servers that share a run have in common now: the faults in force, the open sessions.

The store's part is in ``postgres.board``; here is what follows from what a board says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from toggle_mock.recording.scope import Scope


@dataclass(frozen=True)
class PostedFault:
    """A fault that is in force at all servers, or happens once at each."""

    number: int
    """Its id; of two, the older one has the smaller number."""
    writer: int
    """The server that was asked for it, by its number as a writer to the run."""
    spec: Mapping[str, Any]
    """What it is, as data."""
    scope: Scope
    """Whose calls it is about."""
    session: str | None = None
    """The session that asked for it; None if none did."""
    is_over_at_once: bool = False
    """Whether it happens once."""
    taken: int = 0
    """Its counted outcomes that calls have met."""


@dataclass(frozen=True)
class PostedSession:
    """A session that is open."""

    name: str
    """Its id."""
    scope: Scope
    """Whom it is about."""
    lease: float = math.inf
    """Seconds after which it ends, unless its client is heard of."""
    left: float = math.inf
    """Seconds that are left of it, when the board was read."""


@dataclass(frozen=True)
class BoardState:
    """What a board says at some moment."""

    version: int = 0
    """How often it was changed."""
    faults: Mapping[int, PostedFault] = field(default_factory=dict)
    """By their numbers."""
    sessions: Mapping[str, PostedSession] = field(default_factory=dict)
    """By their ids."""


@dataclass(frozen=True)
class BoardChanges:
    """What is to be done once a board says something else."""

    begun: Sequence[PostedFault] = ()
    """Faults to put in force, or to have happen, the oldest first."""
    healed: Sequence[int] = ()
    """Faults to end."""
    opened: Sequence[PostedSession] = ()
    """Sessions that are open from now on."""
    ended: Sequence[str] = ()
    """Sessions that are over."""


def changes(before: BoardState | None, now: BoardState) -> BoardChanges:
    """What follows from what a board says now.

    Args:
        before: What it said when it was followed last; None for who comes only now, whom nothing
            happens to that is over by then.
        now: What it says.
    """
    known = before or BoardState()
    begun = [now.faults[number] for number in sorted(now.faults.keys() - known.faults.keys())]
    return BoardChanges(
        [one for one in begun if before is not None or not one.is_over_at_once],
        [
            number
            for number, one in known.faults.items()
            if number not in now.faults and not one.is_over_at_once
        ],
        [one for name, one in now.sessions.items() if name not in known.sessions],
        [name for name in known.sessions if name not in now.sessions],
    )


Listener: TypeAlias = Callable[[BoardState, BoardChanges], None]
"""Told what a board says, and what follows from it. It asks nothing of the board."""


class Board(Protocol):
    """What servers have in common. For any number of threads, but not for their event loops.

    What changes it returns once all servers that are alive have taken that up. Where it is away,
    all of it raises StorageError, but for :meth:`look`; before the server has started,
    RuntimeError, but for what ends faults.
    """

    @property
    def writer(self) -> int:
        """The number of this server."""

    def follow(self, listener: Listener, /) -> Callable[[], None]:
        """Tell of what it says now, and of each change; returns what ends that."""

    def look(self) -> None:
        """Take up what it says now; nothing if it is away."""

    def put_up(
        self,
        spec: Mapping[str, Any],
        scope: Scope,
        session: str | None,
        /,
        *,
        is_over_at_once: bool,
    ) -> int:
        """Put a fault in force, or have it happen, at each server; returns its number."""

    def take_down(self, number: int, /) -> None:
        """End a fault; nothing if it has ended."""

    def clear(self, session: str | None, /) -> None:
        """End all faults, or those that a session asked for."""

    def claim(self, number: int, most: int, /) -> int | None:
        """Which call of all servers' this is that a fault is about, from 0 on.

        None if there were as many as it counts, or it has ended.
        """

    def open_session(self, name: str, scope: Scope, lease: float, /) -> None:
        """Open a session."""

    def end_session(self, name: str, /) -> None:
        """End a session, and the faults that it asked for; nothing if it has ended."""

    def end_overdue_session(self, name: str, /) -> float | None:
        """End a session if its lease is over; returns the seconds that are left, None if it ended.

        Of several servers that ask it at the same time, one has ended it; 0 is for the others.
        """

    def renew_session(self, name: str, seconds: float, /) -> None:
        """Have a session last so long from now on."""

    def shorten_session(self, name: str, seconds: float, /) -> None:
        """Have a session last so long at the most, unless it is renewed."""
