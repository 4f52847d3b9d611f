"""One spool file: batches one behind the other, the last of them maybe still being written.

A file is read once when the folder is opened, to count and check what is in it; from then on in
pieces, from its progress on. In ``<name>.ack`` beside it stands the progress: the offset of the
first batch that is not wholly acknowledged, and how many of its events are.
"""

from __future__ import annotations

import logging
import os
import time
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rodent_events import wire
from rodent_events.batch import Batch, derived_id
from rodent_events.ids import new_id

logger = logging.getLogger("rodent_events")

_PIECE = 1 << 20
"""Bytes that are read at once, unless a batch is larger."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is acknowledged."""

    offset: int = 0
    """Where the first batch that is not wholly acknowledged starts."""
    events: int = 0
    """How many of its events are acknowledged."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A batch, or a part of one, and the progress once it is acknowledged."""

    batch: Batch
    start: int
    """Where its section starts."""
    done: int
    """Events of the section that precede it."""
    end: int
    """Where its section ends; 0 if parts of the section follow."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a file."""

    reason: str
    content: bytes
    """The damaged bytes."""


@dataclass
class Segment:
    """A file and what waits in it."""

    path: Path
    written: int = 0
    """Events in it, less those that were acknowledged when the folder was opened."""
    acknowledged: int = 0
    """Of these, the events that are acknowledged."""
    size: int = 0
    """Bytes of the file."""
    end: int = 0
    """Where what may be sent ends: everything before is closed batches, and synced if need be."""
    growing: bool = False
    """Whether more will be written to it."""
    _progress: Progress = field(default_factory=Progress)
    _next: int = 0
    _open_start: int = 0
    _waiting: deque[_Stored] = field(default_factory=deque)

    @property
    def count(self) -> int:
        """Events that wait."""
        return self.written - self.acknowledged

    @property
    def progress_path(self) -> Path:
        """Where the progress stands."""
        return self.path.with_suffix(".ack")

    # Reading

    def first(self) -> Batch | None:
        """The first batch that waits, or what is left of it; None if all is acknowledged so far.

        Raises:
            OSError: The file cannot be read.
        """
        while not self._waiting and self._next < self.end:
            self._read_piece()
        return self._waiting[0].batch if self._waiting else None

    def acknowledge(self, count: int) -> None:
        """Note that the first ``count`` events of the first batch need not be kept.

        Raises:
            OSError: The note cannot be written; it holds for this process all the same.
        """
        stored = self._waiting[0]
        self.acknowledged += count
        done = self._progress.events if self._progress.offset == stored.start else 0
        self._progress = Progress(stored.start, max(done, stored.done) + count)
        if self._progress.events == stored.done + stored.batch.count:
            self._waiting.popleft()
            if stored.end:
                self._progress = Progress(stored.end)
        self._write_progress()

    def _read_piece(self) -> None:
        """Read the next batches; where the file is damaged, pass on."""
        size = _PIECE
        while True:
            data = _read(self.path, self._next, min(size, self.end - self._next))
            reading = wire.read_sections(data)
            if reading.sections or self._next + len(data) >= self.end:
                break
            size *= 2
        base, rest = self._next, reading.open_start
        for section in reading.sections:
            if section.count and _is_sound(data, section):
                self._waiting.extend(self._parts(data, section, base))
        if not reading.sections and reading.open_ends:
            # Frames that were never closed, and could not be when the folder was opened.
            section = _closed(reading, derived_id(self.path.stem, str(base)))
            self._waiting.extend(self._parts(data, section, base))
            rest = len(data)
        self._next = base + rest if rest else self.end

    def _parts(self, data: bytes, section: wire.Section, base: int) -> Iterator[_Stored]:
        frames = data[section.start : section.frames_end]
        whole = Batch(section.batch_id, section.timestamp, frames, section.count)
        start, end = base + section.start, base + section.end
        done = self._progress.events if self._progress.offset == start else 0
        parts = whole.after(done)
        for part in parts:
            yield _Stored(part, start, done, end if part is parts[-1] else 0)
            done += part.count

    # Opening

    def examine(self) -> Damage | None:
        """Count what waits in the file, and check it.

        Returns:
            What is wrong with the file, if anything is.

        Raises:
            OSError: The file cannot be read.
        """
        self.size = self.end = self.path.stat().st_size
        self._progress = self._read_progress()
        self._next = offset = self._progress.offset
        reasons: list[str] = []
        damaged = b""
        piece = _PIECE
        while offset < self.size:
            data = _read(self.path, offset, piece)
            reading = wire.read_sections(data)
            for section in reading.sections:
                if _is_sound(data, section):
                    self._count(section.count, offset + section.start)
                else:
                    reasons.append(f"wrong checksum at byte {offset + section.start}")
                    damaged += data[section.start : section.end]
            if offset + len(data) >= self.size:
                sound = reading.open_ends[-1] if reading.open_ends else reading.open_start
                self._count(len(reading.open_ends), offset + reading.open_start)
                self.end = offset + sound
                if reading.error is not None:
                    reasons.append(f"{reading.error.reason} at byte {self.end}")
                    damaged += data[sound:]
                self._open_start = offset + reading.open_start
                break
            offset += reading.open_start
            piece = _PIECE if reading.sections else piece * 2
        return Damage("; ".join(reasons), damaged) if reasons else None

    def _count(self, events: int, start: int) -> None:
        done = self._progress.events if self._progress.offset == start else 0
        self.written += max(0, events - done)

    def close_batch(self) -> None:
        """Give the frames at the end that have no trailer one, so that their batch is frozen.

        If that fails, reading gives them an id that follows from the file's name and their place.
        """
        if self._open_start >= self.end:
            return
        try:
            frames = _read(self.path, self._open_start, self.end - self._open_start)
            trailer = wire.stored_trailer(new_id(), now(), zlib.crc32(frames))
            descriptor = os.open(self.path, os.O_WRONLY)
            try:
                os.ftruncate(descriptor, self.end)
                os.lseek(descriptor, self.end, os.SEEK_SET)
                write_all(descriptor, trailer)
            finally:
                os.close(descriptor)
        except OSError as error:
            logger.warning("%s cannot be written to: %s", self.path, error)
        else:
            self.end = self.size = self.end + len(trailer)

    def remove(self) -> None:
        """Delete the file, then its note: a crash in between loses nothing."""
        self.path.unlink(missing_ok=True)
        self.progress_path.unlink(missing_ok=True)

    def _read_progress(self) -> Progress:
        try:
            offset, events = map(int, self.progress_path.read_text("ascii").split())
        except (FileNotFoundError, ValueError):
            return Progress()
        return Progress(offset, events) if 0 <= offset <= self.size and events >= 0 else Progress()

    def _write_progress(self) -> None:
        """In one write over the last note, which has the same length."""
        descriptor = os.open(self.progress_path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            note = b"%020d %010d\n" % (self._progress.offset, self._progress.events)
            os.pwrite(descriptor, note, 0)
        finally:
            os.close(descriptor)


def stored_batch(batch: Batch) -> bytes:
    """A batch as it stands in a file."""
    checksum = zlib.crc32(batch.frames)
    return batch.frames + wire.stored_trailer(batch.id, batch.timestamp, checksum)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, in as many writes as it takes.

    Raises:
        OSError: A part may have been written.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder.

    Raises:
        OSError: It cannot be synced.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_sound(data: bytes, section: wire.Section) -> bool:
    if section.checksum is None:
        return True
    return zlib.crc32(data[section.start : section.frames_end]) == section.checksum


def _closed(reading: wire.Reading, batch_id: str) -> wire.Section:
    end = reading.open_ends[-1]
    return wire.Section(reading.open_start, end, end, len(reading.open_ends), batch_id, 0, None)


def _read(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read(size)


def now() -> int:
    """Milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000
