"""The folder of ``.pb`` files: batches that wait on disk, oldest first.

A file ``<UUIDv7>.pb`` holds frozen batches one behind the other, which is one valid EventBatch for
every reader of protobuf. Names sort by age. Beside a file that is delivered in part stands
``<UUIDv7>.ack`` with the number of bytes that Toggle has acknowledged. A file that is damaged is
renamed to ``.damaged`` when its sound part is delivered. What Toggle refuses for good goes to
``quarantine/``.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from rodent_events import wire
from rodent_events.batch import Batch, derived_id
from rodent_events.errors import SpoolError
from rodent_events.ids import new_id_after

logger = logging.getLogger("rodent_events")

SUFFIX = ".pb"


@dataclass(slots=True)
class SpoolFile:
    """A file of the spool, and how many of its events still wait."""

    path: Path
    count: int

    @property
    def progress_path(self) -> Path:
        """Where the number of acknowledged bytes stands."""
        return self.path.with_suffix(".ack")

    def read_progress(self) -> int:
        """Bytes that were acknowledged; 0 if none were or the note is unreadable."""
        try:
            return int(self.progress_path.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return 0

    def write_progress(self, offset: int) -> None:
        """Note so many bytes as acknowledged, in one write over the last note."""
        descriptor = os.open(self.progress_path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, b"%020d\n" % offset, 0)
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A batch and its place in the file."""

    batch: Batch
    start: int
    end: int
    """The file's progress once the whole batch is acknowledged."""


@dataclass(slots=True)
class _Opened:
    """The oldest file, read: its batches that still wait, and what is wrong behind them."""

    file: SpoolFile
    waiting: deque[_Stored]
    damage: wire.WireError | None
    acknowledged: int = 0
    """Events of the first waiting batch that are delivered."""


@dataclass
class Spool:
    """The batches on disk.

    Not for several threads at once: the bus's worker owns it.
    """

    folder: Path
    max_events: int
    """Events in a batch that is cut from frames which were never frozen."""
    max_bytes: int
    """Bytes in such a batch."""
    _files: deque[SpoolFile] = field(default_factory=deque)
    _opened: _Opened | None = None
    _lock: int | None = None

    def open(self) -> int:
        """Take the folder, and find what earlier processes left in it.

        Returns:
            The number of events that wait in it.

        Raises:
            SpoolError: The folder cannot be made or read, or another process uses it.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _lock_folder(self.folder)
            paths = sorted(self.folder.glob(f"*{SUFFIX}"))
            self._files = deque(SpoolFile(path, 0) for path in paths)
            for file in self._files:
                file.count = sum(stored.batch.count for stored in self._read(file).waiting)
            for note in set(self.folder.glob("*.ack")) - {f.progress_path for f in self._files}:
                note.unlink()  # its file was deleted just before a crash
        except OSError as error:
            self.close()
            if isinstance(error, SpoolError):
                raise
            raise SpoolError(f"cannot use {self.folder} for events: {error}") from error
        return self.count

    def close(self) -> None:
        """Leave the folder to others."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def count(self) -> int:
        """Events that wait on disk."""
        return sum(file.count for file in self._files)

    def write(self, batches: Sequence[Batch], *, oldest: str | None = None) -> Path:
        """Write batches to a new file, whole or not at all.

        Args:
            batches: At least one batch.
            oldest: The name of the file, if the batches are older than all on disk: the id of the
                batch that they come from. Else the file gets a name of its own behind all others.

        Raises:
            OSError: The file cannot be written; nothing is left of it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{oldest or self._next_name()}{SUFFIX}"
        write_atomically(path, (batch.data for batch in batches))
        file = SpoolFile(path, sum(batch.count for batch in batches))
        if oldest is None:
            self._files.append(file)
        else:
            self._files.appendleft(file)
            self._opened = None
        return path

    def first(self) -> Batch | None:
        """The oldest batch, or what is left of it.

        Raises:
            OSError: The oldest file cannot be read.
        """
        while self._files:
            if self._opened is None:
                self._opened = self._read(self._files[0])
            if self._opened.waiting:
                return self._opened.waiting[0].batch
            self._finish()
        return None

    def acknowledge(self, count: int) -> None:
        """Note that the first ``count`` events of the oldest batch need not be kept.

        Raises:
            OSError: The note cannot be written.
        """
        opened = self._opened
        assert opened is not None, "acknowledge needs a batch from first()"
        stored = opened.waiting[0]
        opened.acknowledged += count
        opened.file.count -= count
        offset = stored.end
        if opened.acknowledged < stored.batch.count:
            ends = wire.frame_ends(stored.batch.frames, limit=opened.acknowledged)
            offset = stored.start + ends[-1]
        else:
            opened.waiting.popleft()
            opened.acknowledged = 0
        if opened.waiting:
            opened.file.write_progress(offset)
        else:
            self._finish()

    def skip_file(self) -> int:
        """Pass over the oldest file, which cannot be read, until the next start.

        Returns:
            The number of its events.
        """
        self._opened = None
        return self._files.popleft().count

    def quarantine(self, batch: Batch, reason: str) -> None:
        """Keep a batch that Toggle refuses, with the reason in a text file beside it.

        Raises:
            OSError: The files cannot be written.
        """
        folder = self.folder / "quarantine"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(folder / f"{batch.id}.txt", [reason.encode("utf-8", "replace") + b"\n"])
        write_atomically(folder / f"{batch.id}{SUFFIX}", [batch.data])

    def _next_name(self) -> str:
        last = self._files[-1].path.stem if self._files else None
        try:
            return new_id_after(last and str(UUID(last)))
        except ValueError:  # a file of foreign name
            return new_id_after(None)

    def _read(self, file: SpoolFile) -> _Opened:
        data = file.path.read_bytes()
        sections, damage = wire.read_sections(
            data, max_events=self.max_events, max_bytes=self.max_bytes
        )
        progress = file.read_progress()
        waiting = deque(_unacknowledged(file.path.stem, data, sections, progress))
        return _Opened(file, waiting, damage)

    def _finish(self) -> None:
        opened, self._opened = self._opened, None
        assert opened is not None
        file = self._files.popleft()
        if opened.damage is None:
            file.path.unlink(missing_ok=True)
        else:
            aside = file.path.with_suffix(".damaged")
            file.path.replace(aside)
            logger.error(
                "%s is damaged (%s) and was set aside as %s", file.path, opened.damage, aside.name
            )
        file.progress_path.unlink(missing_ok=True)


def _unacknowledged(
    stem: str, data: bytes, sections: Iterable[wire.Section], progress: int
) -> Iterator[_Stored]:
    for section in sections:
        if section.count == 0 or section.end <= progress:
            continue
        whole = Batch(
            section.batch_id or derived_id(stem, f"{section.start}-{section.frames_end}"),
            section.timestamp,
            data[section.start : section.frames_end],
            section.count,
        )
        done = sum(section.start + end <= progress for end in wire.frame_ends(whole.frames))
        parts = whole.after(done)
        start = section.frames_end - sum(len(part.frames) for part in parts)
        for part in parts:
            last = part is parts[-1]
            end = start + len(part.frames)
            yield _Stored(part, start, section.end if last else end)
            start = end


def write_atomically(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file of mode 0600 under a temporary name, then give it its name.

    It is not synced: after the loss of power it may be gone, as what was in memory would be.

    Raises:
        OSError: It cannot be written; nothing is left of it.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write_all(descriptor, b"".join(parts))
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _lock_folder(folder: Path) -> int:
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise SpoolError(
            f"another process keeps its events in {folder}: set events_dir to another folder"
        ) from error
    return descriptor
