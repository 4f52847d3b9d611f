"""The folder of ``.pb`` files: batches that wait on disk, oldest first.

A file ``<UUIDv7>.pb`` holds batches one behind the other, which is one valid EventBatch for every
reader of protobuf. Names sort by age. Bytes that are damaged are kept in ``<UUIDv7>.damaged``, and
what Toggle refuses for good in ``quarantine/``.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from rodent_events import real_threads, wire
from rodent_events.batch import Batch, time_of
from rodent_events.codes import logger
from rodent_events.config import EventConfig
from rodent_events.disk.files import TEMPORARY, write_atomically
from rodent_events.disk.folder import SUFFIX, Folder
from rodent_events.disk.segment import Damage, Segment, rewritten, stored_batch
from rodent_events.errors import SpoolError
from rodent_events.ids import new_id_after

_READ_TRIES = 5
"""So often reading a file may fail before it is passed over until the next start."""

_RESERVE = 10
"""One part in so many of each limit is kept for what is in memory at the end of the process."""


class SpoolFullError(SpoolError):
    """The spool has reached the limit of its bytes or files."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was in a file that was deleted to make room."""

    recovered: bool
    """Whether it was of a process that has ended."""
    kinds: list[wire.EventKind]
    """What each of its events was."""


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
        self._folder = Folder(config.events_dir, config.target, synced=config.synced)
        self._segments: deque[Segment] = deque()
        self._list_lock = real_threads.new_rlock()
        self._last_name: str | None = None
        self._in_flight: Segment | None = None
        self._uses_reserve = False

    @property
    def is_open(self) -> bool:
        """Whether there is a folder."""
        return self._folder.path is not None

    @property
    def folder(self) -> Path:
        """Where the files are.

        Raises:
            SpoolError: There is no folder.
        """
        if self._folder.path is None:
            raise SpoolError(f"{self._folder.root} cannot be used")
        return self._folder.path

    def take_folder(self) -> None:
        """Take a folder, and leave what is in it alone.

        Raises:
            SpoolError: None can be used.
        """
        self._folder.open()

    def open(self) -> int:
        """Take a folder, and find what earlier processes have left in it and beside it.

        Returns:
            The number of events that wait in it.

        Raises:
            SpoolError: The folder cannot be made, read or locked, or is another Toggle's.
        """
        self.take_folder()
        try:
            self._folder.take_over(lambda _size, _count, _is_first: True)
            names = {path.name: path for path in self.folder.iterdir()}
        except OSError as error:
            self._folder.abandon()
            self._folder.path = None
            raise SpoolError(f"cannot use {self._folder.root} for events: {error}") from error
        paths = [path for name, path in sorted(names.items()) if path.suffix == SUFFIX]
        self._segments = deque(filter(self._examine, map(_found, paths)))
        self._remove_leftovers(names.values())
        self._last_name = paths[-1].stem if paths else None
        return sum(segment.count for segment in self._segments)

    def take_over(self) -> int:
        """Take over what processes that have ended have left, as far as there is room.

        Returns:
            The number of events.

        Raises:
            SpoolError: Our folder is gone, and none can be used.
        """
        self._leave_what_is_gone()
        paths = self._folder.take_over(
            lambda size, count, is_first: (
                (is_first and not self._segments) or self._has_room(size, count)
            )
        )
        segments = list(filter(self._examine, map(_found, paths)))
        with self._list_lock:  # before all that is ours: they are older than most of it
            self._segments.extendleft(reversed(segments))
            for path in paths:
                with suppress(ValueError):  # a file of foreign name
                    self.reserve(str(UUID(path.stem)))
        return sum(segment.count for segment in segments)

    def _remove_leftovers(self, paths: Iterable[Path]) -> None:
        """Delete what a crash has left: half-written files, and notes whose file is gone."""
        notes = {segment.progress_path for segment in self._segments}
        for path in paths:
            orphaned = path.suffix == ".ack" and not path.with_suffix(SUFFIX).exists()
            if path not in notes and (orphaned or path.suffix == TEMPORARY):
                with suppress(OSError):
                    path.unlink()

    def close(self) -> None:
        """Leave the folder to others."""
        self._folder.close()

    def abandon(self) -> None:
        """In a forked child: close the parent's lock here, and touch nothing else."""
        self._folder.abandon()

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
        self._leave_what_is_gone()
        self.folder.mkdir(mode=0o700, exist_ok=True)  # an event that comes after the end
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

    def replace_folder(self) -> None:
        """Take a folder anew if somebody has removed ours.

        Raises:
            SpoolError: None can be used.
        """
        self._folder.replace()

    def _leave_what_is_gone(self) -> None:
        """If somebody has removed our folder, write no more to what was in it."""
        if self._folder.is_gone:
            self._give_up_journal()
            self.replace_folder()

    def new_path(self) -> Path:
        """The path of a new file, behind all others.

        Raises:
            SpoolError: There is no folder.
        """
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

    @contextmanager
    def with_reserve(self) -> Iterator[None]:
        """Meanwhile the limits are what the settings say: the process ends."""
        before, self._uses_reserve = self._uses_reserve, True
        try:
            yield
        finally:
            self._uses_reserve = before

    def check_room(self, size: int) -> None:
        """See whether so many bytes more, in a file of their own, are within the limits.

        Raises:
            SpoolFullError: They are not.
        """
        if not self._has_room(size, 1):
            used, files = self.use
            reason = f"{used} bytes in {files} files wait in {self.folder}"
            raise SpoolFullError(errno.ENOSPC, reason)

    def _has_room(self, size: int, count: int) -> bool:
        used, files = self.use
        most_bytes, most_files = self._limits
        return used + size <= most_bytes and files + count <= most_files

    @property
    def _limits(self) -> tuple[int, int]:
        """Bytes and files at the most; one file fits in any case."""
        config = self._config
        most_bytes, most_files = config.spool_max_bytes, config.spool_max_files
        if self._uses_reserve:
            return most_bytes, most_files
        return (
            max(config.max_file_size, most_bytes - most_bytes // _RESERVE),
            max(1, most_files - max(1, most_files // _RESERVE)),
        )

    @property
    def use(self) -> tuple[int, int]:
        """Bytes and files."""
        with self._list_lock:
            return sum(segment.size for segment in self._segments), len(self._segments)

    @property
    def oldest(self) -> int:
        """Milliseconds since the Unix epoch, when the oldest file was begun; 0 if there is none."""
        with self._list_lock:
            waiting = (segment.path.stem for segment in self._segments if segment.count)
            return next((time_of(stem) for stem in waiting), 0)

    def try_disk(self) -> None:
        """Write a file, and delete it.

        Raises:
            SpoolFullError: The spool is full.
            OSError: It cannot be written.
        """
        self.check_room(1)
        path = self.folder / f"try{TEMPORARY}"
        path.write_bytes(b"x")
        path.unlink()

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
                    self._in_flight = segment
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
        """Note that the first ``count`` events of the batch that :meth:`first` has returned need
        not be kept.

        Raises:
            OSError: The note cannot be written.
        """
        if self._in_flight is not None:
            self._in_flight.acknowledge(count)

    def split(self) -> None:
        """Put the halves of the batch that :meth:`first` has returned into its place.

        Raises:
            OSError: That cannot be noted.
        """
        if self._in_flight is not None:
            self._in_flight.split()

    def drop_oldest(self) -> Dropped | None:
        """Delete the oldest file of which no batch may be in flight, if there is one."""
        with self._list_lock:
            # The worker may be reading the first one at this moment.
            behind = islice(self._segments, 1, None)
            segment = next((each for each in behind if each is not self._in_flight), None)
            if segment is None or segment.growing:
                return None
            self._segments.remove(segment)
        dropped = Dropped(segment.recovered, _kinds_of(segment))
        self._remove(segment)
        return dropped

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


def _found(path: Path) -> Segment:
    return Segment(path, recovered=True)


def _kinds_of(segment: Segment) -> list[wire.EventKind]:
    kinds: list[wire.EventKind] = []
    count = segment.count
    try:
        for batch in segment.batches():
            kinds.extend(map(wire.event_kind, batch.single_frames()))
    except OSError as error:
        logger.error("%s cannot be read: %s", segment.path, error)
    return kinds[:count] + [wire.UNKNOWN_KIND] * (count - len(kinds))
