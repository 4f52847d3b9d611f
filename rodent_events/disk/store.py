"""The disk of a buffer: events come by the batch, in files, or one by one, to the journal."""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import repeat
from pathlib import Path
from typing import Final

from rodent_events import clock, wire
from rodent_events.batch import Batch
from rodent_events.codes import logger
from rodent_events.config import EventConfig, Fsync, Overflow, SpoolMode
from rodent_events.disk.journal import Journal
from rodent_events.disk.spool import Spool, SpoolFullError
from rodent_events.ledger import DropReason, Ledger, Place
from rodent_events.memory import Memory
from rodent_events.rate_limit import RateLimit

# Seconds in which the journal is not tried again after it could not be written.
JOURNAL_PAUSE = 1.0

# Seconds between two lines of the log about a disk that fails.
_DISK_LOG_PAUSE = 10.0


class Store:
    """A folder of files that memory is brought to, and a journal that events are appended to.

    With ``spool_mode="journal"`` each event is appended before emit returns. While disk takes none,
    events wait in memory; and until that is spilled, since they are older. With ``"spill"`` the
    worker appends what has waited in memory for a while.

    :meth:`append` may be called from any thread; all else by one at a time, the bus's worker.

    Args:
        config: The folder, its limits, and what happens beyond (``overflow``).
        ledger: What comes from earlier processes, and what is lost or dropped, is booked there.
        memory: Takes what could not be appended.
    """

    def __init__(self, config: EventConfig, ledger: Ledger, memory: Memory) -> None:
        self._config = config
        self._ledger = ledger
        self._memory = memory
        self._spool = Spool(config, self._lose, self.give_up)
        self._journal = Journal(config, self._next_path, self._spool.add)
        self.lock: Final = self._journal.lock
        """Held by whoever appends."""
        self.takes_each: Final = config.spool_mode is SpoolMode.JOURNAL
        """Whether each event is to be appended before emit returns."""
        self._syncs_each = config.fsync is Fsync.ALWAYS
        self._is_suspended = False
        self._full_until = -math.inf
        self._disk_log = RateLimit(_DISK_LOG_PAUSE)

    # The folder

    def open(self) -> None:
        """Take a folder, and what earlier processes have left in it and beside it.

        Raises:
            SpoolError: No folder can be used.
        """
        self._ledger.move(self._spool.open(), Place.FOUND, Place.DISK)

    def take_folder(self) -> None:
        """Take a folder to write to, and leave what is in it alone.

        Raises:
            SpoolError: None can be used.
        """
        self._spool.take_folder()

    @property
    def is_open(self) -> bool:
        """Whether there is a folder. Without one nothing can be written."""
        return self._spool.is_open

    def take_over(self) -> int:
        """Take over what neighbours have left that have ended; the number of events."""
        count = self._spool.take_over()
        self._ledger.move(count, Place.FOUND, Place.DISK)
        return count

    def try_disk(self) -> None:
        """See whether disk takes something, without an event.

        Raises:
            OSError: It takes nothing.
        """
        self._spool.try_disk()

    def with_reserve(self) -> AbstractContextManager[None]:
        """Meanwhile all of the room may be used that the settings allow: the process ends."""
        return self._spool.with_reserve()

    def remove_finished(self) -> None:
        """Delete the files that hold nothing more.

        Raises:
            OSError: The oldest file cannot be read just now.
        """
        self._spool.first()

    def release(self) -> None:
        """Leave the folder to others."""
        self._spool.close()

    def abandon(self) -> None:
        """In a forked child: close the parent's files here, and touch nothing else."""
        self._spool.abandon()
        self._journal.abandon()

    @property
    def oldest(self) -> int:
        """Milliseconds since the Unix epoch, when the oldest file was begun; 0 if there is none."""
        return self._spool.oldest

    @property
    def use(self) -> tuple[int, int]:
        """Bytes and files."""
        return self._spool.use

    # One by one

    def append(self, frame: bytes) -> bool:
        """Take an event, to memory if writing it fails just now; False if it is to wait there."""
        if self._is_suspended or clock.monotonic() < self._full_until:
            return False
        try:
            self._journal.append(frame)
        except OSError as error:
            self._full_until = clock.monotonic() + JOURNAL_PAUSE
            self._complain("written; events wait in memory", error)
            self.give_up()
            self._memory.extend(self._journal.take_unwritten())
            return True
        if self._syncs_each:
            self.sync()
        return True

    def append_memory(self, count: int = sys.maxsize) -> None:
        """Append what waits in memory; nothing is dropped for it.

        Args:
            count: So many events at the most.

        Raises:
            OSError: There is no room, or it cannot be written; the rest is in memory as it was.
        """
        try:
            self._append_memory(count)
        except OSError:
            self.give_up()  # without the lock: who syncs has the other one, and waits for this
            raise
        if self._config.synced:
            self.sync()

    def _append_memory(self, count: int) -> None:
        with self.lock:  # meanwhile nobody counts
            frames = deque(self._memory.drain(count))
            try:
                self._spool.check_room(sum(map(len, frames)) + wire.TRAILER_BYTES)
                while frames:
                    self._journal.append(frames[0])
                    frames.popleft()
            except OSError:
                # The first of them is in ``frames`` still; a finalizer may have emitted others.
                self._memory.extend(self._journal.take_unwritten()[1:])
                raise
            finally:
                self._memory.return_drained(frames)

    def complete_from_memory(self) -> bool:
        """Complete the batch that grows by what is in memory; False if disk takes none."""
        try:
            self.append_memory(self._config.batch_size - self._journal.unsealed)
        except OSError as error:
            self._complain("written", error)
            return False
        return True

    @property
    def appended(self) -> int:
        """Events that were appended since the start."""
        return self._journal.appended

    @property
    def backlog(self) -> int:
        """Events on disk that the worker may not know of; about right at any moment."""
        if self.takes_each:
            return self._ledger.balance[Place.DISK] + self._journal.appended
        return self._journal.unsealed

    @property
    def unsynced(self) -> bool:
        """Whether there is something to sync at the next interval."""
        return self.takes_each and self._config.fsync is Fsync.INTERVAL and self._journal.unsynced

    def sync(self) -> None:
        """Sync what was appended; if that fails, say so in the log."""
        try:
            self._journal.sync()
        except OSError as error:
            self._complain("synced", error)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Meanwhile nothing is appended, and what is written goes behind what was."""
        self._is_suspended = True
        try:
            if self.takes_each:
                self.give_up()
            else:
                self.complete()
            yield
        finally:
            self._is_suspended = False

    def give_up(self) -> None:
        """Close the file that grows as it is."""
        try:
            self._journal.give_up()
        except OSError as error:
            self._complain("synced", error)

    def complete(self) -> None:
        """Close the file that grows, with its last batch complete.

        Raises:
            OSError: It cannot be written; the next start completes the batch.
        """
        self._journal.close()

    def _complete_batch(self, partial: bool) -> bool:
        """Have what was appended ready to be sent; whether there may be something now."""
        journal = self._journal
        closes = partial and not self.takes_each and journal.growing
        if not closes and not (partial and journal.unsealed) and not journal.unsynced:
            return False
        try:
            if closes:
                journal.close()  # an open file would keep its disk from being unmounted
            elif partial:
                journal.seal()
            else:
                journal.sync()
        except OSError as error:
            self._complain("written or synced", error)
        return True

    def _next_path(self) -> Path:
        """The path of the journal's next file, once there is room for it."""
        while self.takes_each:
            try:
                self._spool.check_room(self._config.max_file_size)
                break
            except SpoolFullError:
                if not self._drop_oldest_file():
                    raise
        self._spool.replace_folder()
        return self._spool.new_path()

    def _complain(self, what: str, error: OSError) -> None:
        """Log an error of the disk, at a bounded rate: it may come with each event."""
        if self._disk_log.passes(clock.monotonic()):
            logger.error("the journal cannot be %s: %s", what, error)

    # By the batch

    def first(self, *, partial: bool) -> Batch | None:
        """The oldest batch, or what is left of it.

        Args:
            partial: Whether a batch that still grows is completed for that.

        Raises:
            OSError: The oldest file cannot be read just now.
        """
        batch = self._spool.first()
        if batch is None and self._complete_batch(partial):
            batch = self._spool.first()
        return batch

    def acknowledge(self, batch: Batch) -> None:
        """Note that the oldest batch need not be kept; if that fails, say so in the log."""
        try:
            self._spool.acknowledge(batch.count)
        except OSError as error:
            logger.error("cannot note on disk that %s is delivered: %s", batch.id, error)

    def split(self, batch: Batch) -> None:
        """Put the halves of the oldest batch into its place; if that cannot be noted, say so in
        the log: after a restart it may be whole again.
        """
        try:
            self._spool.split()
        except OSError as error:
            logger.error("cannot note on disk that %s is halved: %s", batch.id, error)

    def quarantine(self, batch: Batch, reason: str) -> None:
        """Set a batch aside, with the reason.

        Raises:
            OSError: The files cannot be written.
        """
        self._spool.quarantine(batch, reason)

    def write(self, batches: Sequence[Batch], *, make_room: bool) -> Path:
        """Write batches to a file behind all others.

        Args:
            batches: At least one.
            make_room: Whether older ones are dropped for that, where ``overflow`` says so.

        Raises:
            OSError: There is no room, or the file cannot be written; nothing is left of it.
        """
        while True:
            try:
                return self._spool.write(batches)
            except SpoolFullError:
                if not make_room or not self._drop_oldest_file():
                    raise

    def reserve(self, batch_id: str) -> None:
        """Keep a place before all files to come for a batch that may be put there."""
        self._spool.reserve(batch_id)

    def write_first(self, parts: Sequence[Batch], batch_id: str) -> None:
        """Write what is left of a batch to the place that is kept for it.

        Raises:
            OSError: The file cannot be written; nothing is left of it.
        """
        self._spool.write(parts, oldest=batch_id)

    def _drop_oldest_file(self) -> bool:
        if self._config.overflow is not Overflow.DROP_OLDEST:
            return False
        dropped = self._spool.drop_oldest()
        if dropped is None:
            return False
        reason = DropReason.RECOVERED_OVERFLOW if dropped.recovered else DropReason.OVERFLOW
        self._ledger.drop(reason, Place.DISK, dropped.kinds)
        return True

    def _lose(self, count: int) -> None:
        kinds = repeat(wire.UNKNOWN_KIND, count)
        self._ledger.drop(DropReason.SPOOL_UNREADABLE, Place.DISK, kinds)
