"""Events that wait: in memory, then on disk, handed out in the order in which they came.

The limits are in ``memory``, the files in ``disk``, the sums in ``account``; here is the order
among them, and the batch in flight.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final, Self

from rodent_events import wire
from rodent_events.account import Account
from rodent_events.batch import Batch
from rodent_events.codes import logger
from rodent_events.config import EventConfig
from rodent_events.disk.store import Store
from rodent_events.errors import SpoolError, describe
from rodent_events.ids import new_id
from rodent_events.ledger import DropReason, Ledger, Place
from rodent_events.memory import Memory
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.pb.events.event_messages_pb2 import Event


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
        self.config: Final = EventConfig.load(config, **settings)
        self.ledger: Final = Ledger()
        self.memory: Final = Memory(self.config, self.ledger)
        self._store = Store(self.config, self.ledger, self.memory)
        self.account: Final = Account(
            self.config,
            self.ledger,
            self.memory.frames,
            appended=lambda: self._store.appended,
            lock=self._store.lock,
        )
        self._parts: deque[Batch] = deque()
        self._whole_id = ""
        self._origin = Place.MEMORY
        self.folder_error: SpoolError | None = None
        """Why there is no folder to bring events to, since :meth:`open`."""

    def open(self) -> None:
        """Take a spool folder, and what earlier processes have left in it and beside it.

        Raises:
            SpoolError: No folder can be used, and ``require_disk`` is set.
        """
        try:
            self._store.open()
        except SpoolError as error:
            if self.config.require_disk:
                raise
            self.folder_error = error
            logger.error(
                "%s; until it can be used, up to %d events are kept in memory alone: set "
                "events_dir to a folder that this user can write to, or require_disk if that "
                "is to stop the start",
                error,
                self.config.buffer_size,
            )

    def close(self) -> None:
        """Bring what waits in memory to disk, and leave the folder to others.

        Raises:
            OSError: What waits cannot be written; it is still in memory.
        """
        with ExitStack() as stack:  # what fails does not keep the rest from being done
            stack.enter_context(self._store.with_reserve())
            stack.callback(self._store.release)
            stack.callback(self._store.remove_finished)
            stack.callback(self.spill)
            stack.callback(self._store.complete)
            if self.unsaved and not self._store.is_open:
                self._store.take_folder()
            self.requeue()

    def drop_unsaved(self) -> None:
        """Book as dropped what is nowhere but in this process, which ends."""
        if self._origin is Place.MEMORY:
            while self._parts:
                kinds = map(wire.event_kind, self._parts.popleft().single_frames())
                self.ledger.drop(DropReason.NOT_SAVED, Place.IN_FLIGHT, kinds)
        self.memory.drop_all(DropReason.NOT_SAVED)

    def look_around(self) -> None:
        """Take over what processes that have ended have left; take the folder, if that failed.

        Raises:
            SpoolError: It still cannot be used.
        """
        if not self._store.is_open:
            self._store.open()
            self.folder_error = None
        elif count := self._store.take_over():
            logger.info("%d events of processes that have ended were taken over", count)

    def try_disk(self) -> None:
        """See whether disk takes something, without an event.

        Raises:
            OSError: It takes nothing.
        """
        self._store.try_disk()

    def abandon(self) -> None:
        """In a forked child: close the parent's files here, and touch nothing else."""
        self._store.abandon()

    def release(self) -> None:
        """Leave the folder to others, and what waits in memory there."""
        self._store.release()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    # What comes

    def add(self, event: Event) -> None:
        """Append an event message.

        Raises:
            TypeError: It is no Event.
        """
        if not isinstance(event, Event):
            raise TypeError(f"add() takes an Event, got {describe(event)}")
        self.append(wire.delimited(1, event.SerializeToString()))

    def append(self, frame: bytes) -> bool:
        """Append the frame of an event: to the journal or to memory, as ``spool_mode`` says.

        Returns:
            False if it was dropped, since memory is full and ``overflow`` says so.
        """
        # What waits in memory is older than what the store would append.
        store = self._store
        if store.takes_each and not self.memory.frames and store.append(frame):
            return True
        return self.memory.append(frame)

    # What waits

    def __len__(self) -> int:
        """Events in memory."""
        return len(self.memory.frames)

    @property
    def waiting(self) -> int:
        """Events in memory, in flight and on disk."""
        return self.account.waiting

    @property
    def backlog(self) -> int:
        """Events that wait and are not in flight; without a lock, so about right at any moment.

        What was brought to disk by :meth:`spill` is left out.
        """
        return len(self.memory.frames) + self._store.backlog

    @property
    def unsaved(self) -> int:
        """Events that are nowhere but in this process."""
        in_flight = sum(batch.count for batch in self._parts)
        return len(self) + (in_flight if self._origin is Place.MEMORY else 0)

    @property
    def oldest(self) -> int:
        """Milliseconds since the Unix epoch, about when the oldest event that waits was emitted;
        0 if none waits.
        """
        parts, frames = list(self._parts), self.memory.frames
        if parts:
            return parts[0].timestamp
        with suppress(IndexError):  # the worker has taken it meanwhile
            return self._store.oldest or EventBatch.FromString(frames[0]).events[0].timestamp
        return 0

    @property
    def disk_use(self) -> tuple[int, int]:
        """Bytes and files of what waits on disk."""
        return self._store.use

    @property
    def unsynced(self) -> bool:
        """Whether the journal has something to sync by ``fsync="interval"``."""
        return self._store.unsynced

    def sync(self) -> None:
        """Sync the journal, if there is one; if that fails, say so in the log."""
        self._store.sync()

    def stats(self) -> dict[str, Any]:
        """The account of all events, consistent at the moment of the call.

        ``emitted + recovered == delivered + waiting + filtered + dropped + quarantined``, where
        ``recovered`` events were found on disk, at the start or later.
        """
        return self.account.stats()

    # The batch in flight

    def next_batch(self, *, partial: bool = True) -> Batch | None:
        """The batch in flight, or else the oldest that waits.

        Args:
            partial: Whether a batch from memory may have less than batch_size events.

        Raises:
            OSError: The oldest file cannot be read just now.
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
        """Take the oldest batch in flight, if there is one."""
        batch = self._store.first(partial=partial or not self._complete_saved())
        self._origin = Place.DISK
        if batch is None and (partial or len(self) >= self.config.batch_size):
            batch = self._freeze()
            self._origin = Place.MEMORY
        if batch is None:
            return False
        if self._origin is Place.DISK:
            self.ledger.move(batch.count, Place.DISK, Place.IN_FLIGHT)
        else:
            self._store.reserve(batch.id)
        self._whole_id = batch.id
        self._parts.append(batch)
        return True

    def _complete_saved(self) -> bool:
        """Complete what :meth:`save` has left, if there is enough in memory; False if it fails."""
        store = self._store
        if store.takes_each or not store.backlog or self.backlog < self.config.batch_size:
            return True
        return store.complete_from_memory()

    def _freeze(self) -> Batch | None:
        """A batch of the oldest events in memory."""
        frames = self.memory.take()
        if not frames:
            return None
        return Batch.of(frames, batch_id=new_id(), timestamp=time.time_ns() // 1_000_000)

    def acknowledge(self) -> None:
        """Forget the batch in flight: Toggle has it."""
        self._settle(Place.DELIVERED)

    def quarantine(self, reason: str) -> None:
        """Set the batch in flight aside, with the reason."""
        batch = self._parts[0]
        try:
            self._store.quarantine(batch, reason)
        except OSError as error:
            logger.error("batch %s (%s) cannot be set aside: %s", batch.id, reason, error)
            self._settle(Place.DROPPED)
        else:
            logger.error("batch %s of %d events is quarantined: %s", batch.id, batch.count, reason)
            self._settle(Place.QUARANTINED)

    def split(self) -> None:
        """Put the halves of the batch in flight into its place, on disk too: they may be sent."""
        batch = self._parts.popleft()
        if self._origin is Place.DISK:
            self._store.split(batch)
        self._parts.extendleft(reversed(batch.halves()))

    def requeue(self) -> None:
        """Put the batch in flight back to wait, on disk; its id and bytes stay.

        Raises:
            OSError: It cannot be written; it stays in flight.
        """
        if not self._parts:
            return
        count = sum(batch.count for batch in self._parts)
        if self._origin is Place.MEMORY:
            self._store.write_first(list(self._parts), self._whole_id)
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
            self._store.acknowledge(batch)

    # From memory to disk

    def spill(self, *, make_room: bool = True) -> list[Path]:
        """Move to disk what waits in memory now.

        Args:
            make_room: Whether older events are dropped for that, where ``overflow`` says so.

        Returns:
            The files written.

        Raises:
            OSError: A file cannot be written; its events are still in memory.
        """
        if not self.memory.frames:
            return []
        with self._store.suspended():
            return self._spill(make_room)

    def _spill(self, make_room: bool) -> list[Path]:
        paths: list[Path] = []
        left = len(self)  # emitters may add more all the time
        limit = sys.maxsize
        while left > 0 and (batches := self._freeze_file(limit)):
            count = sum(batch.count for batch in batches)
            try:
                paths.append(self._store.write(batches, make_room=make_room))
            except OSError:
                self.memory.put_back([f for batch in batches for f in batch.single_frames()])
                limit = len(batches) // 2  # there may be room for less
                if limit == 0:
                    raise
            else:
                left -= count
                self.ledger.move(count, Place.IN_FLIGHT, Place.DISK)
        return paths

    def save_for_end(self) -> None:
        """:meth:`save`, with all of the room on disk that the settings allow: the process ends.

        Raises:
            OSError: As there.
        """
        with self._store.with_reserve():
            self.save()

    def save(self) -> None:
        """Have on disk what is only in this process. Nothing is dropped for it.

        The batch in flight stays so, with its id and bytes; what is less than a batch is completed
        by what comes.

        Raises:
            OSError: Something cannot be written; it is where it was.
        """
        if self._parts and self._origin is Place.MEMORY:
            self.requeue()
            self._take(partial=False)
        if len(self) >= self.config.batch_size:
            self.spill(make_room=False)
        elif self.memory.frames:
            self._store.append_memory()

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
