"""Where each event is: a double-entry account.

Every event that was emitted, or found on disk, is in exactly one place, and moves only
from one place to another. Hence what came in is always the sum of what is anywhere.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from rodent_events import real_threads
from rodent_events.wire import EventKind


class Place(Enum):
    """Where events are, or came from, or ended."""

    REFUSED = "emitted, but filtered or dropped before it reached memory"
    MEMORY = "waiting in memory"
    IN_FLIGHT = "on the way to Toggle or to disk"
    DISK = "waiting on disk"
    DELIVERED = "acknowledged by Toggle"
    QUARANTINED = "refused for good and set aside on disk"
    DROPPED = "gone, by a counted reason"
    FILTERED = "of a level or category that is not enabled"
    FOUND = "left on disk by a process that has ended"


class DropReason(Enum):
    """Why an event was dropped."""

    OVERFLOW = "overflow"
    """Memory was full and disk could take no more."""
    RECOVERED_OVERFLOW = "recovered_overflow"
    """The same, and it was of a process that has ended, and had left it on disk."""
    BEFORE_EMIT = "before_emit"
    """The hook before_emit returned None for it."""
    RATE_LIMITED = "rate_limited"
    """More of its payload type were emitted than rate_limits lets pass."""
    SHUTDOWN = "shutdown"
    """It was emitted after shutdown."""
    NOT_SAVED = "not_saved"
    """The bus has ended, and disk did not take what waited in memory."""
    SPOOL_UNREADABLE = "spool_unreadable"
    """Its spool file could not be read or was deleted by somebody else."""
    QUARANTINE_FAILED = "quarantine_failed"
    """Toggle refused it for good, and it could not be set aside."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Events of one kind that were dropped for one reason."""

    reason: str
    """A value of DropReason."""
    level: str
    category: str
    count: int


@dataclass(frozen=True, slots=True)
class _Entry:
    count: int
    source: Place
    target: Place
    kind: EventKind | None = None
    reason: DropReason | None = None


@dataclass
class Ledger:
    """The account. Every method may be called from any thread, and amid another call of the same
    thread, by a signal handler or a finalizer.

    Appending to memory or to the journal is not booked, so that ``emit`` needs no lock: MEMORY
    holds the negative of what was taken from there, DISK leaves out what was appended to the
    journal, and both are counted when the account is read.
    """

    lock: threading.RLock = field(default_factory=real_threads.new_rlock)
    balance: Counter[Place] = field(default_factory=Counter)
    dropped: Counter[tuple[DropReason, EventKind]] = field(default_factory=Counter)
    filtered: Counter[EventKind] = field(default_factory=Counter)
    _entries: deque[_Entry] = field(default_factory=deque)
    _booking: bool = False

    def move(self, count: int, source: Place, target: Place) -> None:
        """Book that events went from one place to another."""
        self._book(_Entry(count, source, target))

    def drop(self, reason: DropReason, source: Place, kinds: Iterable[EventKind]) -> None:
        """Book that events are gone from a place."""
        for kind in kinds:
            self._book(_Entry(1, source, Place.DROPPED, kind, reason))

    def filter(self, kind: EventKind) -> None:
        """Book an event whose level or category is not enabled."""
        self._book(_Entry(1, Place.REFUSED, Place.FILTERED, kind))

    def _book(self, entry: _Entry) -> None:
        with self.lock:
            self._entries.append(entry)
            if self._booking:
                return  # amid the loop below, which will come to it
            self._booking = True
            try:
                while self._entries:
                    self._apply(self._entries.popleft())
            finally:
                self._booking = False

    def _apply(self, entry: _Entry) -> None:
        self.balance[entry.source] -= entry.count
        self.balance[entry.target] += entry.count
        if entry.kind is not None and entry.reason is None:
            self.filtered[entry.kind] += entry.count
        elif entry.kind is not None and entry.reason is not None:
            self.dropped[entry.reason, entry.kind] += entry.count
