"""Where each event is: a double-entry account.

Every event that was emitted, or found on disk at the start, is in exactly one place, and moves only
from one place to another. Hence what came in is always the sum of what is anywhere.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from rodent_events.wire import EventHead


class Place(Enum):
    """Where events are, or came from, or ended."""

    EMITTED = "emitted straight to the journal"
    MEMORY = "waiting in memory"
    IN_HAND = "on the way to Toggle or to disk"
    DISK = "waiting on disk"
    DELIVERED = "acknowledged by Toggle"
    QUARANTINED = "refused for good and set aside on disk"
    DROPPED = "gone, by a counted reason"
    FOUND = "found on disk at the start"


class DropReason(Enum):
    """Why an event was dropped."""

    OVERFLOW = "overflow"
    """Memory was full and disk could take no more."""
    SHUTDOWN = "shutdown"
    """It was emitted after shutdown."""
    SPOOL_UNREADABLE = "spool_unreadable"
    """Its spool file could not be read or was deleted by somebody else."""
    QUARANTINE_FAILED = "quarantine_failed"
    """Toggle refused it for good, and it could not be set aside."""


@dataclass
class Ledger:
    """The account. Every method may be called from any thread.

    Appending to memory is not booked, so that ``emit`` needs no lock: MEMORY holds the negative of
    what was taken from there, and the events that are there now are counted when it is read.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    balance: Counter[Place] = field(default_factory=Counter)
    dropped: Counter[tuple[DropReason, EventHead]] = field(default_factory=Counter)
    filtered: Counter[EventHead] = field(default_factory=Counter)
    refused: int = 0
    """Events that were dropped before they reached memory."""

    def move(self, count: int, source: Place, target: Place) -> None:
        """Book that events went from one place to another."""
        with self.lock:
            self.balance[source] -= count
            self.balance[target] += count

    def drop(self, reason: DropReason, source: Place, heads: Iterable[EventHead]) -> None:
        """Book that events are gone from a place."""
        with self.lock:
            for head in heads:
                self.move(1, source, Place.DROPPED)
                self.dropped[reason, head] += 1

    def refuse(self, reason: DropReason, head: EventHead) -> None:
        """Book an event that was dropped before it reached memory."""
        with self.lock:
            self.refused += 1
            self.balance[Place.DROPPED] += 1
            self.dropped[reason, head] += 1

    def filter(self, head: EventHead) -> None:
        """Book an event whose level or category is not enabled."""
        with self.lock:
            self.filtered[head] += 1
