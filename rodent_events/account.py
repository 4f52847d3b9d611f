"""The sum over all events: what ``get_stats`` reports, how far delivery has come, what was dropped.

The ledger knows what was booked. What ``emit`` appends is not booked, so that it needs no lock; it
is counted here, when somebody asks.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from typing import Any

from rodent_events.config import CATEGORIES, LEVELS, EventConfig
from rodent_events.ledger import DropReason, Ledger, Place
from rodent_events.wire import EventKind


@dataclass(frozen=True, slots=True)
class Turnover:
    """How far a buffer has come: events that entered it, that are settled, and lost among these."""

    found: int
    """Of those that entered, the events of other processes, which go before all that waits."""
    entered: int
    settled: int
    lost: int


class Account:
    """Counts, consistently at the moment of each call.

    Args:
        config: The limits that the statistics repeat.
        ledger: What was booked.
        memory: What waits in memory.
        appended: Returns the number of events that were appended to disk since the start.
        lock: Held by whoever appends to disk. It comes before the ledger's: the journal calls the
            ledger, not the reverse.
    """

    def __init__(
        self,
        config: EventConfig,
        ledger: Ledger,
        memory: Sized,
        appended: Callable[[], int],
        lock: threading.RLock,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._memory = memory
        self._appended = appended
        self._lock = lock

    @property
    def waiting(self) -> int:
        """Events in memory, in flight and on disk."""
        with self._lock, self._ledger.lock:
            return len(self._memory) + self._ledger.balance[Place.IN_FLIGHT] + self._on_disk()

    def turnover(self) -> Turnover:
        """How far the buffer has come; in the order of their coming, events are settled."""
        with self._lock, self._ledger.lock:
            balance = self._ledger.balance
            entered = self._entered() - balance[Place.FOUND]
            refused = balance[Place.REFUSED] + balance[Place.FILTERED]  # negative
            lost = balance[Place.QUARANTINED] + balance[Place.DROPPED] + refused
            return Turnover(-balance[Place.FOUND], entered, lost + balance[Place.DELIVERED], lost)

    def has_dropped(self, reason: DropReason) -> bool:
        """Whether an event was dropped for a reason."""
        with self._ledger.lock:
            return any(known is reason for known, _ in self._ledger.dropped)

    def drops(self) -> Counter[tuple[str, str, str]]:
        """Events dropped so far, by reason, level and category."""
        with self._ledger.lock:
            dropped = self._ledger.dropped.items()
            return Counter({(reason.value, *_names(kind)): n for (reason, kind), n in dropped})

    def stats(self) -> dict[str, Any]:
        """The statistics; see :meth:`rodent_events.buffer.EventBuffer.stats`."""
        with self._lock, self._ledger.lock:
            balance = self._ledger.balance
            memory = len(self._memory)
            return {
                "buffer_size": memory,
                "max_buffer_size": self._config.buffer_size,
                "flush_threshold": self._config.flush_threshold,
                "batch_size": self._config.batch_size,
                "pending_events": balance[Place.IN_FLIGHT],
                "max_pending": self._config.batch_size,
                "emitted": self._entered() - balance[Place.REFUSED],
                "recovered": -balance[Place.FOUND],
                "delivered": balance[Place.DELIVERED],
                "waiting": memory + balance[Place.IN_FLIGHT] + self._on_disk(),
                "spooled": self._on_disk(),
                "filtered": balance[Place.FILTERED],
                "dropped": balance[Place.DROPPED],
                "quarantined": balance[Place.QUARANTINED],
                "dropped_by_reason": _by_reason(self._ledger.dropped),
                "filtered_by_kind": {
                    _name(kind): count for kind, count in self._ledger.filtered.items()
                },
            }

    def _entered(self) -> int:
        """Events that came into memory or were appended to disk."""
        return len(self._memory) - self._ledger.balance[Place.MEMORY] + self._appended()

    def _on_disk(self) -> int:
        return self._ledger.balance[Place.DISK] + self._appended()


def _names(kind: EventKind) -> tuple[str, str]:
    level = LEVELS.get(kind.level, str(kind.level))
    return level, CATEGORIES.get(kind.category, str(kind.category))


def _name(kind: EventKind) -> str:
    return " ".join(_names(kind))


def _by_reason(
    dropped: Mapping[tuple[DropReason, EventKind], int],
) -> dict[str, dict[str, int]]:
    reasons: dict[str, dict[str, int]] = {}
    for (reason, kind), count in dropped.items():
        reasons.setdefault(reason.value, {})[_name(kind)] = count
    return reasons
