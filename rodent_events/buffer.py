"""Events that wait: in memory, then on disk, handed out in the order in which they came."""

from __future__ import annotations

import logging
import sys
import threading
import time
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate, repeat
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rodent_events import wire
from rodent_events.batch import Batch
from rodent_events.config import CATEGORIES, LEVELS, EventConfig, Fsync, Overflow, SpoolMode
from rodent_events.disk.journal import Journal
from rodent_events.disk.spool import Spool, SpoolFullError
from rodent_events.errors import describe
from rodent_events.ids import new_id
from rodent_events.ledger import DropReason, Ledger, Place
from rodent_events.pb.events.event_messages_pb2 import Event

logger = logging.getLogger("rodent_events")

# Seconds in which the journal is not tried again after it could not be written.
_DISK_PAUSE = 1.0

# Seconds between two lines of the log about a disk that fails.
_DISK_LOG_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class Turnover:
    """How far a buffer has come: events that entered it, that are settled, and lost among these."""

    entered: int
    settled: int
    lost: int


class EventBuffer:
    """Holds events until they are acknowledged.

    :meth:`append` may be called from any thread; all else by one at a time, the bus's worker. The
    oldest batch is *in flight* from :meth:`next_batch` until it is acknowledged, requeued, split or
    quarantined; events on disk come before events in memory.

    Args:
        config: As for :meth:`EventConfig.load`.
        settings: As for :meth:`EventConfig.load`.

    Raises:
        ConfigError: A setting is wrong.
    """

    def __init__(
        self, config: EventConfig | Mapping[str, Any] | str | None = None, **settings: Any
    ) -> None:
        self.config = EventConfig.load(config, **settings)
        self.ledger = Ledger()
        self._memory: deque[bytes] = deque()
        self._parts: deque[Batch] = deque()
        self._whole_id = ""
        self._origin = Place.MEMORY
        self._spool = Spool(self.config, self._lose, self._give_up_journal)
        self._journal: Journal | None = None
        if self.config.spool_mode is SpoolMode.JOURNAL:
            self._journal = Journal(self.config, self._next_segment, self._spool.add)
        self._spilling = False
        self._disk_logged_at = -_DISK_LOG_PAUSE
        # Held with the ledger's to read the account: the journal calls the ledger, not the reverse.
        self._account = self._journal.lock if self._journal else self.ledger.lock
        self._room = threading.Condition()
        self._full_until = 0.0

    def open(self) -> None:
        """Take the spool folder and what earlier processes left in it.

        Raises:
            SpoolError: The folder cannot be used, or another process uses it.
        """
        self.ledger.move(self._spool.open(), Place.FOUND, Place.DISK)

    def close(self) -> None:
        """Bring what waits in memory to disk, and leave the folder to others.

        Raises:
            OSError: What waits cannot be written; it is still in memory.
        """
        with ExitStack() as stack:  # what fails does not keep the rest from being done
            stack.callback(self._spool.close)
            stack.callback(self._spool.first)  # deletes the files that hold nothing more
            stack.callback(self.spill)
            if self._journal is not None:
                stack.callback(self._journal.close)
            self.requeue()

    def abandon(self) -> None:
        """In a forked child: close the parent's files here, and touch nothing else."""
        self._spool.close()
        if self._journal is not None:
            self._journal.abandon()

    def release(self) -> None:
        """Leave the folder to others, and what waits in memory there."""
        self._spool.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """Events in memory."""
        return len(self._memory)

    def add(self, event: Event) -> None:
        """Append an event message.

        Raises:
            TypeError: It is no Event.
        """
        if not isinstance(event, Event):
            raise TypeError(f"add() takes an Event, got {describe(event)}")
        self.append(wire.delimited(1, event.SerializeToString()))

    def append(self, frame: bytes) -> bool:
        """Append the frame of an event: to the journal if there is one, else to memory.

        Returns:
            False if it was dropped, since memory is full and ``overflow`` says so.
        """
        if self._journal is not None and self._append_to_journal(frame):
            return True
        if len(self._memory) >= self.config.buffer_size and not self._make_room():
            kind = wire.event_kind(frame)
            self.ledger.drop(DropReason.OVERFLOW, Place.REFUSED, [kind])
            return False
        self._memory.append(frame)
        return True

    def _append_to_journal(self, frame: bytes) -> bool:
        """False if disk takes nothing: then memory does, and until it is empty again."""
        assert self._journal is not None
        if self._memory or self._spilling or time.monotonic() < self._full_until:
            return False
        try:
            self._journal.append(frame)
        except OSError as error:
            self._full_until = time.monotonic() + _DISK_PAUSE
            self._complain("the journal cannot be written; events wait in memory", error)
            self._give_up_journal()
            self._memory.extend(self._journal.take_deferred())
            return False
        if self.config.fsync is Fsync.ALWAYS:
            self.sync()
        return True

    def _give_up_journal(self) -> None:
        try:
            if self._journal is not None:
                self._journal.give_up()
        except OSError as error:
            self._complain("the journal cannot be synced", error)

    def _complain(self, what: str, error: OSError) -> None:
        """Log an error of the disk, at a bounded rate: it may come with each event."""
        now = time.monotonic()
        if now - self._disk_logged_at >= _DISK_LOG_PAUSE:
            self._disk_logged_at = now
            logger.error("%s: %s", what, error)

    def _next_segment(self) -> Path:
        """The path of the journal's next file, once there is room for it."""
        while True:
            try:
                self._spool.check_room(self.config.max_file_size)
            except SpoolFullError:
                if not self._drop_oldest_file():
                    raise
            else:
                return self._spool.new_path()

    def _drop_oldest_file(self) -> bool:
        if self.config.overflow is not Overflow.DROP_OLDEST:
            return False
        # The worker may be reading the first file at this moment.
        kinds = self._spool.drop_oldest()
        self.ledger.drop(DropReason.OVERFLOW, Place.DISK, kinds)
        return bool(kinds)

    def _make_room(self) -> bool:
        """Make room in memory for an event, as ``overflow`` says."""
        if self.config.overflow is Overflow.DROP_OLDEST:
            self._drop_beyond(self.config.buffer_size - 1)
            return True
        timeout = self.config.overflow_timeout if self.config.overflow is Overflow.BLOCK else 0.0
        with self._room:
            return self._room.wait_for(self._has_room, timeout)

    def _drop_beyond(self, size: int) -> None:
        with self.ledger.lock:
            while len(self._memory) > size:
                kind = wire.event_kind(self._memory.popleft())
                self.ledger.drop(DropReason.OVERFLOW, Place.MEMORY, [kind])

    def _has_room(self) -> bool:
        return len(self._memory) < self.config.buffer_size

    @property
    def waiting(self) -> int:
        """Events in memory, in flight and on disk."""
        with self._account, self.ledger.lock:
            return len(self._memory) + self.ledger.balance[Place.IN_FLIGHT] + self._on_disk()

    def _on_disk(self) -> int:
        appended = 0 if self._journal is None else self._journal.appended
        return self.ledger.balance[Place.DISK] + appended

    @property
    def unsaved(self) -> int:
        """Events that are nowhere but in this process."""
        in_flight = sum(batch.count for batch in self._parts)
        return len(self._memory) + (in_flight if self._origin is Place.MEMORY else 0)

    @property
    def above_watermark(self) -> bool:
        """Whether there are more events in memory than flush_threshold."""
        waiting = len(self._memory)
        return waiting > self.config.flush_threshold or waiting >= self.config.buffer_size

    @property
    def pressure(self) -> float:
        """How far memory is filled beyond flush_threshold: 0 not at all, 1 up to buffer_size."""
        room = self.config.buffer_size - self.config.flush_threshold
        beyond = len(self._memory) - self.config.flush_threshold
        return min(1.0, max(0.0, beyond / room)) if room else float(beyond >= 0)

    def next_batch(self, *, partial: bool = True) -> Batch | None:
        """The batch in flight, or else the oldest that waits.

        Args:
            partial: Whether a batch from memory may have less than batch_size events.
        """
        while True:
            if not self._parts and not self._take(partial):
                return None
            batch = self._parts[0]
            if len(batch.frames) + wire.TRAILER_BYTES <= self.config.max_batch_bytes:
                return batch
            if batch.count > 1:
                self.split()
            else:
                limit = self.config.max_batch_bytes
                self.quarantine(
                    f"the event has {len(batch.frames)} bytes; max_batch_bytes is {limit}"
                )

    def _take(self, partial: bool) -> bool:
        batch = self._first_on_disk(partial)
        self._origin = Place.DISK
        if batch is None and (partial or len(self._memory) >= self.config.batch_size):
            batch = self._freeze()
            self._origin = Place.MEMORY
        if batch is None:
            return False
        if self._origin is Place.DISK:
            self.ledger.move(batch.count, Place.DISK, Place.IN_FLIGHT)
        else:
            self._spool.reserve(batch.id)
        self._whole_id = batch.id
        self._parts.append(batch)
        return True

    def _first_on_disk(self, partial: bool) -> Batch | None:
        batch = self._spool.first()
        if batch is None and self._complete_on_disk(partial):
            batch = self._spool.first()
        return batch

    def _lose(self, count: int) -> None:
        kinds = repeat(wire.UNKNOWN_KIND, count)
        self.ledger.drop(DropReason.SPOOL_UNREADABLE, Place.DISK, kinds)

    def _complete_on_disk(self, partial: bool) -> bool:
        """Complete a batch of the journal; whether there may be one to send now."""
        journal = self._journal
        if journal is None:
            return False
        if not (partial and journal.unsealed) and not journal.unsynced:
            return False
        try:
            if partial:
                journal.seal()
            else:
                journal.sync()
        except OSError as error:
            self._complain("the journal cannot be written or synced", error)
        return True

    def sync(self) -> None:
        """Sync the journal, if there is one; if that fails, say so in the log."""
        try:
            if self._journal is not None:
                self._journal.sync()
        except OSError as error:
            self._complain("the journal cannot be synced", error)

    @property
    def unsynced(self) -> bool:
        """Whether the journal has something to sync by ``fsync="interval"``."""
        interval = self.config.fsync is Fsync.INTERVAL
        return interval and self._journal is not None and self._journal.unsynced

    @property
    def backlog(self) -> int:
        """Events that wait and are not in flight; without a lock, so about right at any moment."""
        if self._journal is None:
            return len(self._memory)
        return len(self._memory) + self._on_disk()

    def _freeze(self) -> Batch | None:
        """Take the oldest events out of memory, up to the limits of a batch."""
        with self.ledger.lock:
            count = min(len(self._memory), self.config.batch_size)
            frames = [self._memory.popleft() for _ in range(count)]
            fitting = self._fitting(frames)
            self._memory.extendleft(reversed(frames[fitting:]))
            del frames[fitting:]
            self.ledger.move(len(frames), Place.MEMORY, Place.IN_FLIGHT)
        if not frames:
            return None
        if self.config.overflow is Overflow.BLOCK:
            with self._room:
                self._room.notify_all()
        return Batch.of(frames, batch_id=new_id(), timestamp=time.time_ns() // 1_000_000)

    def _fitting(self, frames: list[bytes]) -> int:
        """How many of them fit into a batch; one does, whatever its size."""
        limit = self.config.max_batch_bytes - wire.TRAILER_BYTES
        if sum(map(len, frames)) <= limit:
            return len(frames)
        return max(1, bisect_right(list(accumulate(map(len, frames))), limit))

    def acknowledge(self) -> None:
        """Forget the batch in flight: Toggle has it."""
        self._settle(Place.DELIVERED)

    def quarantine(self, reason: str) -> None:
        """Set the batch in flight aside, with the reason."""
        batch = self._parts[0]
        try:
            self._spool.quarantine(batch, reason)
        except OSError as error:
            logger.error("batch %s (%s) cannot be set aside: %s", batch.id, reason, error)
            self._settle(Place.DROPPED)
        else:
            logger.error("batch %s of %d events is quarantined: %s", batch.id, batch.count, reason)
            self._settle(Place.QUARANTINED)

    def split(self) -> None:
        """Put the halves of the batch in flight into its place."""
        self._parts.extendleft(reversed(self._parts.popleft().halves()))

    def requeue(self) -> None:
        """Put the batch in flight back to wait, on disk; its id and bytes stay.

        Raises:
            OSError: It cannot be written; it stays in flight.
        """
        if not self._parts:
            return
        count = sum(batch.count for batch in self._parts)
        if self._origin is Place.MEMORY:
            self._spool.write(list(self._parts), oldest=self._whole_id)
        self._parts.clear()
        self.ledger.move(count, Place.IN_FLIGHT, Place.DISK)

    def _settle(self, target: Place) -> None:
        batch = self._parts.popleft()
        if target is Place.DROPPED:
            kinds = map(wire.event_kind, batch.single_frames())
            self.ledger.drop(DropReason.QUARANTINE_FAILED, Place.IN_FLIGHT, kinds)
        else:
            self.ledger.move(batch.count, Place.IN_FLIGHT, target)
        if self._origin is Place.DISK:
            try:
                self._spool.acknowledge(batch.count)
            except OSError as error:
                logger.error("cannot note on disk that %s is delivered: %s", batch.id, error)

    def spill(self) -> list[Path]:
        """Move to disk what waits in memory now.

        Returns:
            The files written.

        Raises:
            OSError: A file cannot be written; its events are still in memory.
        """
        if not self._memory:
            return []
        # The journal must not go on before what is older is in a file of its own, behind the
        # journal's.
        self._spilling = True
        try:
            self._give_up_journal()
            return self._spill()
        finally:
            self._spilling = False

    def _spill(self) -> list[Path]:
        paths: list[Path] = []
        left = len(self._memory)  # emitters may add more all the time
        limit = sys.maxsize
        while left > 0 and (batches := self._freeze_file(limit)):
            count = sum(batch.count for batch in batches)
            try:
                paths.append(self._write_file(batches))
            except OSError:
                self._put_back(batches, count)
                limit = len(batches) // 2  # there may be room for less
                if limit == 0:
                    raise
            else:
                left -= count
                self.ledger.move(count, Place.IN_FLIGHT, Place.DISK)
        return paths

    def _write_file(self, batches: list[Batch]) -> Path:
        while True:
            try:
                return self._spool.write(batches)
            except SpoolFullError:
                if not self._drop_oldest_file():
                    raise

    def _freeze_file(self, limit: int) -> list[Batch]:
        """As many batches as fit into one file, ``limit`` of them at the most."""
        batches: list[Batch] = []
        size = 0
        while (
            len(batches) < limit and size + self.config.max_batch_bytes <= self.config.max_file_size
        ):
            batch = self._freeze()
            if batch is None:
                break
            batches.append(batch)
            size += len(batch.data)
        return batches

    def _put_back(self, batches: list[Batch], count: int) -> None:
        with self.ledger.lock:
            for batch in reversed(batches):
                self._memory.extendleft(reversed(batch.single_frames()))
            self.ledger.move(count, Place.IN_FLIGHT, Place.MEMORY)
            if self.config.overflow is Overflow.DROP_OLDEST:
                self._drop_beyond(self.config.buffer_size)

    def drops(self) -> Counter[tuple[str, str, str]]:
        """Events dropped so far, by reason, level and category."""
        with self.ledger.lock:
            dropped = self.ledger.dropped.items()
            return Counter({(reason.value, *_names(kind)): n for (reason, kind), n in dropped})

    def drain(self) -> list[bytes]:
        """Take all frames out of memory, unaccounted: for another buffer to append."""
        frames = []
        with self.ledger.lock:
            while self._memory:  # one by one: emitters may append all the time
                frames.append(self._memory.popleft())
        return frames

    def _entered(self) -> int:
        """Events that came into memory or into the journal."""
        appended = 0 if self._journal is None else self._journal.appended
        return len(self._memory) - self.ledger.balance[Place.MEMORY] + appended

    def turnover(self) -> Turnover:
        """How far the buffer has come; in the order of their coming, events are settled."""
        with self._account, self.ledger.lock:
            balance = self.ledger.balance
            entered = self._entered() - balance[Place.FOUND]
            refused = balance[Place.REFUSED] + balance[Place.FILTERED]  # negative
            lost = balance[Place.QUARANTINED] + balance[Place.DROPPED] + refused
            return Turnover(entered, lost + balance[Place.DELIVERED], lost)

    def stats(self) -> dict[str, Any]:
        """The account of all events, consistent at the moment of the call.

        ``emitted + recovered == delivered + waiting + filtered + dropped + quarantined``, where
        ``recovered`` events were found on disk at the start.
        """
        with self._account, self.ledger.lock:
            balance = self.ledger.balance
            memory = len(self._memory)
            return {
                "buffer_size": memory,
                "max_buffer_size": self.config.buffer_size,
                "flush_threshold": self.config.flush_threshold,
                "batch_size": self.config.batch_size,
                "pending_events": balance[Place.IN_FLIGHT],
                "max_pending": self.config.batch_size,
                "emitted": self._entered() - balance[Place.REFUSED],
                "recovered": -balance[Place.FOUND],
                "delivered": balance[Place.DELIVERED],
                "waiting": memory + balance[Place.IN_FLIGHT] + self._on_disk(),
                "spooled": self._on_disk(),
                "filtered": balance[Place.FILTERED],
                "dropped": balance[Place.DROPPED],
                "quarantined": balance[Place.QUARANTINED],
                "dropped_by_reason": _dropped_by_reason(self.ledger.dropped),
                "filtered_by_kind": {
                    _kind_name(kind): count for kind, count in self.ledger.filtered.items()
                },
            }


def _names(kind: wire.EventKind) -> tuple[str, str]:
    level = LEVELS.get(kind.level, str(kind.level))
    return level, CATEGORIES.get(kind.category, str(kind.category))


def _kind_name(kind: wire.EventKind) -> str:
    return " ".join(_names(kind))


def _dropped_by_reason(
    dropped: Mapping[tuple[DropReason, wire.EventKind], int],
) -> dict[str, dict[str, int]]:
    reasons: dict[str, dict[str, int]] = {}
    for (reason, kind), count in dropped.items():
        reasons.setdefault(reason.value, {})[_kind_name(kind)] = count
    return reasons
