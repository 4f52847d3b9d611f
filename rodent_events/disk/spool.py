"""The folder of ``.pb`` files: batches that wait on disk, oldest first.

A file ``<UUIDv7>.pb`` holds batches one behind the other, which is one valid EventBatch for every
reader of protobuf. Names sort by age. Bytes that are damaged are kept in ``<UUIDv7>.damaged``, and
what Toggle refuses for good in ``quarantine/``.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from rodent_events import wire
from rodent_events.batch import Batch
from rodent_events.config import EventConfig
from rodent_events.disk.files import LOCK_FILE, lock_folder, write_atomically
from rodent_events.disk.segment import Damage, Segment, rewritten, stored_batch
from rodent_events.errors import SpoolError
from rodent_events.ids import new_id_after

logger = logging.getLogger("rodent_events")

SUFFIX = ".pb"


_READ_TRIES = 5
"""So often reading a file may fail before it is passed over until the next start."""

FORK_PREFIX = "fork-"
"""A forked child has its folder below its parent's; the parent takes over what is left there."""


class SpoolFullError(SpoolError):
    """The spool has reached the limit of its bytes or files."""


class Spool:
    """The batches on disk.

    Args:
        config: Folder and limits.
        lost: Called with the number of events that turn out to be lost.
        give_up_journal: Called when the journal's own file cannot be read, to have it closed.

    The worker's thread owns it; only :meth:`new_path`, :meth:`add` and :meth:`drop_oldest` may be
    called from others, for the journal.
    """

    def __init__(
        self,
        config: EventConfig,
        lost: Callable[[int], None],
        give_up_journal: Callable[[], None],
    ) -> None:
        self._config = config
        self._lost = lost
        self._give_up_journal = give_up_journal
        self.folder = config.events_dir
        self._segments: deque[Segment] = deque()
        self._list_lock = threading.RLock()
        self._last_name: str | None = None
        self._folder_lock: int | None = None

    def open(self) -> int:
        """Take the folder, and find what earlier processes left in it.

        Returns:
            The number of events that wait in it.

        Raises:
            SpoolError: The folder cannot be made or read, or another process uses it.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder_lock = lock_folder(self.folder)
            for below in self.folder.glob(f"{FORK_PREFIX}*"):
                _take_over(below, self.folder)
            names = {path.name: path for path in self.folder.iterdir()}
        except SpoolError:
            raise
        except OSError as error:
            self.close()
            raise SpoolError(f"cannot use {self.folder} for events: {error}") from error
        paths = [path for name, path in sorted(names.items()) if path.suffix == SUFFIX]
        self._segments = deque(filter(self._examine, map(Segment, paths)))
        self._remove_leftovers(names.values())
        self._last_name = paths[-1].stem if paths else None
        return sum(segment.count for segment in self._segments)

    def _remove_leftovers(self, paths: Iterable[Path]) -> None:
        """Delete what a crash has left: half-written files, and notes whose file is gone."""
        notes = {segment.progress_path for segment in self._segments}
        for path in paths:
            orphaned = path.suffix == ".ack" and not path.with_suffix(SUFFIX).exists()
            if path not in notes and (orphaned or path.suffix == ".tmp"):
                with suppress(OSError):
                    path.unlink()

    def close(self) -> None:
        """Leave the folder to others."""
        if self._folder_lock is not None:
            os.close(self._folder_lock)
            self._folder_lock = None

    # Writing

    def write(self, batches: Sequence[Batch], *, oldest: str | None = None) -> Path:
        """Write batches to a new file, whole or not at all.

        Args:
            batches: At least one batch.
            oldest: The name of the file, if the batches are older than all on disk: the id of the
                batch that they come from. Else the file gets a name of its own behind all others.

        Raises:
            SpoolFullError: The spool is full; a batch that is the oldest is written all the same.
            OSError: The file cannot be written; nothing is left of it.
        """
        data = b"".join(map(stored_batch, batches))
        if oldest is None:
            self.check_room(len(data))
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{oldest}{SUFFIX}" if oldest else self.new_path()
        write_atomically(path, data, sync=self._config.synced)
        count = sum(batch.count for batch in batches)
        segment = Segment(path, written=count, size=len(data), end=len(data))
        with self._list_lock:
            if oldest is None:
                self._segments.append(segment)
            else:
                self._segments.appendleft(segment)
        return path

    def new_path(self) -> Path:
        """The path of a new file, behind all others."""
        with self._list_lock:
            try:
                name = new_id_after(self._last_name and str(UUID(self._last_name)))
            except ValueError:  # a file of foreign name
                name = new_id_after(None)
            self._last_name = name
        return self.folder / f"{name}{SUFFIX}"

    def reserve(self, name: str) -> None:
        """Have all files to come sort behind a batch that may need one of its own name."""
        with self._list_lock:
            self._last_name = max(self._last_name or "", name)

    def add(self, segment: Segment) -> None:
        """Take a new segment of the journal in."""
        with self._list_lock:
            self._segments.append(segment)

    def check_room(self, size: int) -> None:
        """See whether so many bytes more, in a file of their own, are within the limits.

        Raises:
            SpoolFullError: They are not.
        """
        with self._list_lock:
            used = sum(segment.size for segment in self._segments)
            files = len(self._segments)
        limits = self._config
        if used + size > limits.spool_max_bytes or files >= limits.spool_max_files:
            reason = f"{used} bytes in {files} files wait in {self.folder}"
            raise SpoolFullError(errno.ENOSPC, reason)

    # Reading

    def first(self) -> Batch | None:
        """The oldest batch, or what is left of it. Files that hold nothing more are deleted.

        Raises:
            OSError: The oldest file cannot be read just now. After some tries it is passed over.
        """
        while self._segments:
            segment = self._segments[0]
            try:
                batch = segment.first()
                if batch is not None or segment.growing:
                    return batch
                if segment.first() is not None:  # it has grown for the last time in between
                    continue
            except OSError as error:
                logger.error("%s cannot be read: %s", segment.path, error)
                segment.failures += 1
                if segment.failures < _READ_TRIES and not isinstance(error, FileNotFoundError):
                    raise
                self._give_up_journal()
            self._finish(segment)
        return None

    def _finish(self, segment: Segment) -> None:
        with self._list_lock:
            self._segments.popleft()
        if segment.count:
            logger.error("%d events of %s are lost", segment.count, segment.path)
            self._lost(segment.count)
        if not segment.failures:
            self._remove(segment)

    def acknowledge(self, count: int) -> None:
        """Note that the first ``count`` events of the oldest batch need not be kept.

        Raises:
            OSError: The note cannot be written.
        """
        self._segments[0].acknowledge(count)

    def drop_oldest(self) -> list[wire.EventKind]:
        """Delete the oldest file but the first, of which a batch may be in flight.

        Returns:
            The kinds of its events; empty if there is no such file.
        """
        with self._list_lock:
            if len(self._segments) < 2 or self._segments[1].growing:
                return []
            segment = self._segments[1]
            self._segments.remove(segment)
        kinds = _kinds_of(segment)
        self._remove(segment)
        return kinds

    # Setting aside

    def quarantine(self, batch: Batch, reason: str) -> None:
        """Keep a batch that Toggle refuses, with the reason in a text file beside it.

        Raises:
            OSError: The files cannot be written.
        """
        folder = self.folder / "quarantine"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = reason.encode("utf-8", "replace") + b"\n"
        write_atomically(folder / f"{batch.id}.txt", text, sync=False)
        write_atomically(folder / f"{batch.id}{SUFFIX}", batch.data, sync=False)

    def _examine(self, segment: Segment) -> bool:
        """Whether a file that was found can be used."""
        try:
            damage = segment.examine()
            if damage is not None and self._rewrite(segment):
                damage = segment.examine()
            if damage is not None:
                self._keep_damage(segment, damage)
        except OSError as error:
            logger.error("%s cannot be read, and is left as it is: %s", segment.path, error)
            return False
        segment.close_batch(sync=self._config.synced)
        return True

    def _rewrite(self, segment: Segment) -> bool:
        """Write a batch of another encoding as we do, and keep what it was."""
        if segment.progress_path.exists():
            return False  # it could be read before
        original = segment.path.read_bytes()
        content = rewritten(original, segment.path.stem)
        if content is None:
            return False
        aside = segment.path.with_suffix(".original")
        write_atomically(aside, original, sync=False)
        write_atomically(segment.path, content, sync=self._config.synced)
        logger.warning(
            "%s has its fields in an unusual order; it was rewritten, and is kept as %s",
            segment.path,
            aside.name,
        )
        return True

    def _keep_damage(self, segment: Segment, damage: Damage) -> None:
        aside = segment.path.with_suffix(".damaged")
        write_atomically(aside, damage.content, sync=False)
        logger.error(
            "%s is damaged (%s); %d bytes are kept as %s, %d events can be read",
            segment.path,
            damage.reason,
            len(damage.content),
            aside.name,
            segment.count,
        )

    def _remove(self, segment: Segment) -> None:
        try:
            segment.remove()
        except OSError as error:
            # Its note says that all is acknowledged, so the next start deletes it.
            logger.error("%s cannot be deleted: %s", segment.path, error)


def _kinds_of(segment: Segment) -> list[wire.EventKind]:
    kinds: list[wire.EventKind] = []
    count = segment.count
    try:
        for batch in segment.batches():
            kinds.extend(map(wire.event_kind, batch.single_frames()))
    except OSError as error:
        logger.error("%s cannot be read: %s", segment.path, error)
    return kinds[:count] + [wire.UNKNOWN_KIND] * (count - len(kinds))


def _take_over(below: Path, folder: Path) -> None:
    """Move what a forked child has left into its parent's folder, unless the child still runs."""
    try:
        lock = lock_folder(below)
    except SpoolError:
        return
    try:
        # A file comes last of all, so that a note is never without its file for long.
        files = [path for path in below.rglob("*") if path.is_file() and path.name != LOCK_FILE]
        for path in sorted(files, key=lambda path: path.suffix == SUFFIX):
            target = folder / path.relative_to(below)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            path.replace(target)
        shutil.rmtree(below)
    except OSError as error:
        logger.error("%s cannot be emptied: %s", below, error)
    finally:
        os.close(lock)
