"""What a buffer asks of its disk, and the two answers: events come by the spill, or one by one.

:class:`SpillStore` is the protocol: a folder of files, to which memory is spilled. To a
:class:`JournalStore` each event is appended as well, as long as disk takes it.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import repeat
from pathlib import Path

from rodent_events import wire
from rodent_events.batch import Batch
from rodent_events.config import EventConfig, Fsync, Overflow
from rodent_events.disk.journal import Journal
from rodent_events.disk.spool import Spool, SpoolFullError
from rodent_events.ledger import DropReason, Ledger, Place
from rodent_events.rate_limit import RateLimit

logger = logging.getLogger("rodent_events")

# Seconds in which the journal is not tried again after it could not be written.
JOURNAL_PAUSE = 1.0

# Seconds between two lines of the log about a disk that fails.
_DISK_LOG_PAUSE = 10.0


class SpillStore:
    """A disk that only the worker brings events to.

    :meth:`append` may be called from any thread; all else by one at a time, the bus's worker.

    Args:
        config: The folder, its limits, and what happens beyond (``overflow``).
        ledger: What comes from earlier processes, and what is lost or dropped, is booked there.
    """

    def __init__(self, config: EventConfig, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger
        self._spool = Spool(config, self._lose, self.give_up)
        self.lock = ledger.lock
        """Held by whoever appends."""

    # The folder

    def open(self) -> None:
        """Take the folder, and what earlier processes left in it.

        Raises:
            SpoolError: The folder cannot be used, or another process uses it.
        """
        self._ledger.move(self._spool.open(), Place.FOUND, Place.DISK)

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
        self._spool.close()

    # One by one, from any thread

    def append(self, _frame: bytes) -> bool:
        """Take an event; False if it is to wait in memory."""
        return False

    @property
    def appended(self) -> int:
        """Events that were appended since the start."""
        return 0

    @property
    def backlog(self) -> int:
        """Events on disk that the worker may not know of; about right at any moment."""
        return 0

    @property
    def unsynced(self) -> bool:
        """Whether there is something to sync at the next interval."""
        return False

    def sync(self) -> None:
        """Sync what was appended; if that fails, say so in the log."""

    def suspended(self) -> AbstractContextManager[None]:
        """Meanwhile nothing is appended, and what is written goes behind what was."""
        return nullcontext()

    def give_up(self) -> None:
        """Close the file that grows as it is."""

    def complete(self) -> None:
        """Close the file that grows, with its last batch complete.

        Raises:
            OSError: It cannot be written; the next start completes the batch.
        """

    def _complete_batch(self, _partial: bool) -> bool:
        """Have what was appended ready to be sent; whether there may be something now."""
        return False

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

    def quarantine(self, batch: Batch, reason: str) -> None:
        """Set a batch aside, with the reason.

        Raises:
            OSError: The files cannot be written.
        """
        self._spool.quarantine(batch, reason)

    def write(self, batches: Sequence[Batch]) -> Path:
        """Write batches to a file behind all others, and make room for it as ``overflow`` says.

        Raises:
            OSError: There is no room, or the file cannot be written; nothing is left of it.
        """
        while True:
            try:
                return self._spool.write(batches)
            except SpoolFullError:
                if not self._drop_oldest_file():
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
        # The worker may be reading the first file at this moment.
        kinds = self._spool.drop_oldest()
        self._ledger.drop(DropReason.OVERFLOW, Place.DISK, kinds)
        return bool(kinds)

    def _lose(self, count: int) -> None:
        kinds = repeat(wire.UNKNOWN_KIND, count)
        self._ledger.drop(DropReason.SPOOL_UNREADABLE, Place.DISK, kinds)


class JournalStore(SpillStore):
    """A disk to which each event is appended before emit returns.

    While it takes none, events wait in memory; and until that is spilled, since they are older.

    Args:
        config: As for :class:`SpillStore`, and the limits of batches and files.
        ledger: As for :class:`SpillStore`.
        fall_back: Takes frames that could not be appended, to wait in memory.
    """

    def __init__(
        self, config: EventConfig, ledger: Ledger, fall_back: Callable[[Iterable[bytes]], None]
    ) -> None:
        super().__init__(config, ledger)
        self._fall_back = fall_back
        self._journal = Journal(config, self._next_path, self._spool.add)
        self.lock = self._journal.lock
        self._syncs_each = config.fsync is Fsync.ALWAYS
        self._is_suspended = False
        self._full_until = -math.inf
        self._disk_log = RateLimit(_DISK_LOG_PAUSE)

    def abandon(self) -> None:
        """In a forked child: close the parent's files here, and touch nothing else."""
        super().abandon()
        self._journal.abandon()

    def append(self, frame: bytes) -> bool:
        """Take an event, to memory if writing it fails just now; False if it is to wait there."""
        if self._is_suspended or time.monotonic() < self._full_until:
            return False
        try:
            self._journal.append(frame)
        except OSError as error:
            self._full_until = time.monotonic() + JOURNAL_PAUSE
            self._complain("the journal cannot be written; events wait in memory", error)
            self.give_up()
            self._fall_back(self._journal.take_unwritten())
            return True
        if self._syncs_each:
            self.sync()
        return True

    @property
    def appended(self) -> int:
        """Events that were appended since the start."""
        return self._journal.appended

    @property
    def backlog(self) -> int:
        """Events on disk; about right at any moment."""
        return self._ledger.balance[Place.DISK] + self._journal.appended

    @property
    def unsynced(self) -> bool:
        """Whether there is something to sync at the next interval."""
        return self._config.fsync is Fsync.INTERVAL and self._journal.unsynced

    def sync(self) -> None:
        """Sync what was appended; if that fails, say so in the log."""
        try:
            self._journal.sync()
        except OSError as error:
            self._complain("the journal cannot be synced", error)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Meanwhile nothing is appended, and what is written goes behind what was."""
        self._is_suspended = True
        try:
            self.give_up()
            yield
        finally:
            self._is_suspended = False

    def give_up(self) -> None:
        """Close the file that grows as it is."""
        try:
            self._journal.give_up()
        except OSError as error:
            self._complain("the journal cannot be synced", error)

    def complete(self) -> None:
        """Close the file that grows, with its last batch complete.

        Raises:
            OSError: It cannot be written; the next start completes the batch.
        """
        self._journal.close()

    def _complete_batch(self, partial: bool) -> bool:
        journal = self._journal
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

    def _next_path(self) -> Path:
        """The path of the journal's next file, once there is room for it."""
        while True:
            try:
                self._spool.check_room(self._config.max_file_size)
            except SpoolFullError:
                if not self._drop_oldest_file():
                    raise
            else:
                return self._spool.new_path()

    def _complain(self, what: str, error: OSError) -> None:
        """Log an error of the disk, at a bounded rate: it may come with each event."""
        if self._disk_log.passes(time.monotonic()):
            logger.error("%s: %s", what, error)
