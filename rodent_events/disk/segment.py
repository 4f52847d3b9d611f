"""One spool file: batches one behind the other, the last of them maybe still being written.

A file is read once when the folder is opened, to count and check what is in it; from then on in
pieces, from its progress on. In ``<name>.ack`` beside it stands the progress: the offset of the
first batch that is not wholly acknowledged, how many of its events are, and into how small parts
what follows was cut.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from google.protobuf.message import DecodeError

from rodent_events import wire
from rodent_events.batch import Batch, derived_id, time_of
from rodent_events.codes import logger
from rodent_events.disk.files import read_at, write_all
from rodent_events.disk.format import CHECKSUM, Reading, Section, read_sections, stored_trailer
from rodent_events.pb.base_pb2 import EventBatch

_LARGEST_FOREIGN_BATCH = 64 << 20
"""Bytes; what is larger and cannot be read is damaged."""

_LONGEST_ID = 100
"""Characters of a batch's id, beyond which it is something else."""

_PIECE = 1 << 20
"""Bytes that are read at once, unless a batch is larger."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is acknowledged."""

    offset: int = 0
    """Where the first batch that is not wholly acknowledged starts."""
    events: int = 0
    """How many of its events are acknowledged."""
    part: int = 0
    """How many of its events the next part has, if what is left was cut further; it may have been
    sent."""


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
    recovered: bool = False
    """Whether a process that has ended has left it."""
    failures: int = 0
    """How often reading it has failed."""
    _progress: Progress = field(default_factory=Progress)
    _next: int = 0
    _open_start: int = 0
    _waiting: deque[_Stored] = field(default_factory=deque)

    @property
    def count(self) -> int:
        """Events that wait."""
        return self.written - self.acknowledged

    @cached_property
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

    def batches(self) -> Iterator[Batch]:
        """All batches that wait, once; for looking at a file, not for delivering it.

        Raises:
            OSError: The file cannot be read.
        """
        while self._waiting or self._next < self.end:
            while self._waiting:
                yield self._waiting.popleft().batch
            if self._next < self.end:
                self._read_piece()

    def acknowledge(self, count: int) -> None:
        """Note that the first ``count`` events of the first batch need not be kept.

        Raises:
            OSError: The note cannot be written; it holds for this process all the same.
        """
        stored = self._waiting.popleft()
        self.acknowledged += count
        if count < stored.batch.count:
            rest = stored.batch.after(count)
            self._waiting.extendleft(reversed(list(_placed(rest, stored, stored.done + count))))
        if count == stored.batch.count and stored.end:
            self._progress = Progress(stored.end)
        else:
            self._progress = Progress(stored.start, stored.done + count)
        self._write_progress()

    def split(self) -> None:
        """Put the halves of the first batch into its place.

        Raises:
            OSError: That cannot be noted; it holds for this process all the same.
        """
        stored = self._waiting.popleft()
        halves = stored.batch.halves()
        self._waiting.extendleft(reversed(list(_placed(halves, stored, stored.done))))
        self._progress = Progress(stored.start, stored.done, halves[0].count)
        self._write_progress()

    def _read_piece(self) -> None:
        """Read the next batches; where the file is damaged, pass on."""
        size = _PIECE
        while True:
            wanted = min(size, self.end - self._next)
            data = read_at(self.path, self._next, wanted)
            reading = read_sections(data)
            at_end = self._next + wanted >= self.end or len(data) < wanted
            if reading.sections or at_end:
                break
            size *= 2
        sections = reading.sections
        if not sections and reading.open_ends:
            # Frames that were never closed, and could not be when the folder was opened.
            sections = [_closed(reading, time_of(self.path.stem))]
        for section in sections:
            self._waiting.extend(self._parts(data, section))
        self._next = self._next + sections[-1].end if sections else self.end

    def _parts(self, data: bytes, section: Section) -> Iterator[_Stored]:
        start, end = self._next + section.start, self._next + section.end
        sound = _salvage(data, section)
        if not sound.count:
            return
        batch_id = section.batch_id
        if sound.damaged or not _USABLE_ID.fullmatch(batch_id):
            batch_id = derived_id(self.path.stem, str(start))
        whole = Batch(batch_id, section.timestamp, sound.frames, sound.count)
        progress = self._progress if self._progress.offset == start else Progress(start)
        place = _Stored(whole, start, 0, end)
        yield from _placed(_left_of(whole, progress), place, progress.events)

    # Opening

    def examine(self, *, trust_progress: bool = True) -> Damage | None:
        """Count what waits in the file, and check it. Nothing is written.

        Args:
            trust_progress: Whether to begin at the progress that is noted beside it.

        Returns:
            What is wrong with the file, if anything is.

        Raises:
            OSError: The file cannot be read.
        """
        self.size = self.end = self._open_start = self.path.stat().st_size
        self._progress = self._read_progress() if trust_progress else Progress()
        self._next = offset = self._progress.offset
        self.written = 0
        reasons: list[str] = []
        damaged = b""
        piece = _PIECE
        while offset < self.size:
            data = read_at(self.path, offset, piece)
            reading = read_sections(data)
            if offset and offset == self._progress.offset and not _makes_sense(reading):
                logger.warning("%s does not fit its file and is ignored", self.progress_path)
                return self.examine(trust_progress=False)
            for section in reading.sections:
                sound = _salvage(data, section)
                self._count(sound.count, offset + section.start)
                if sound.damaged:
                    reasons.append(f"{sound.reason} at byte {offset + section.start}")
                    damaged += sound.damaged
            if offset + len(data) >= self.size:
                stop = reading.open_ends[-1] if reading.open_ends else reading.open_start
                self.end = offset + stop
                self._open_start = offset + reading.open_start
                sound = _salvage(data, _open_section(reading, stop))
                self._count(sound.count, self._open_start)
                if sound.damaged:
                    reasons.append(f"{sound.reason} at byte {self._open_start}")
                    damaged += sound.damaged
                    self._open_start = self.end  # no checksum may say that these are sound
                if reading.error is not None:
                    reasons.append(f"{reading.error.reason} at byte {self.end}")
                    damaged += data[stop:]
                break
            offset += reading.open_start
            piece = _PIECE if reading.sections else piece * 2
        return Damage("; ".join(reasons), damaged) if reasons else None

    def _count(self, events: int, start: int) -> None:
        done = self._progress.events if self._progress.offset == start else 0
        self.written += max(0, events - done)

    def close_batch(self, *, sync: bool) -> None:
        """Give the frames at the end that have no trailer one, so that their batch is frozen.

        Its id and timestamp follow from the file's name and its place, as in :meth:`first`, which
        does without the trailer if that cannot be written: the batch may have been sent before.

        Args:
            sync: Whether the file is synced then.
        """
        if self._open_start >= self.end:
            return
        try:
            frames = read_at(self.path, self._open_start, self.end - self._open_start)
            batch_id = derived_id(self.path.stem, str(self._open_start))
            timestamp = time_of(self.path.stem)
            trailer = stored_trailer(batch_id, timestamp, zlib.crc32(frames))
            descriptor = os.open(self.path, os.O_WRONLY)
            try:
                os.ftruncate(descriptor, self.end)
                os.lseek(descriptor, self.end, os.SEEK_SET)
                write_all(descriptor, trailer)
                if sync:
                    os.fsync(descriptor)
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
            offset, events, *parts = map(int, self.progress_path.read_text("ascii").split())
            (part,) = parts or [0]  # older versions wrote none
        except FileNotFoundError:
            return Progress()
        except (OSError, ValueError):
            offset = events = part = -1
        if 0 <= offset <= self.size and events >= 0 and part >= 0:
            return Progress(offset, events, part)
        logger.warning("%s is unreadable and is ignored", self.progress_path)
        return Progress()

    def _write_progress(self) -> None:
        """In one write over the last note, which has the same length."""
        descriptor = os.open(self.progress_path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            progress = self._progress
            note = b"%020d %010d %010d\n" % (progress.offset, progress.events, progress.part)
            os.pwrite(descriptor, note, 0)
        finally:
            os.close(descriptor)


def stored_batch(batch: Batch) -> bytes:
    """A batch as it stands in a file."""
    checksum = zlib.crc32(batch.frames)
    return batch.frames + stored_trailer(batch.id, batch.timestamp, checksum)


def rewritten(content: bytes, name: str) -> bytes | None:
    """A batch that somebody else has encoded in another way than we do, as it stands in a file.

    Protobuf lets fields stand in any order; Segment reads them in the order in which every known
    writer puts them.

    Args:
        content: The bytes of a file that Segment cannot read.
        name: The file's name, from which an id follows if the batch has none.

    Returns:
        None if it is no such batch: of our own files, what cannot be read is damaged.
    """
    if len(content) > _LARGEST_FOREIGN_BATCH:
        return None
    try:
        batch = EventBatch.FromString(content)
        is_ours = any(field.number == CHECKSUM for field in wire.fields(content))
    except (DecodeError, wire.WireError):
        return None
    if is_ours or not batch.events:
        return None
    frames = b"".join(wire.delimited(1, event.SerializeToString()) for event in batch.events)
    sane = 0 < len(batch.batch_id) <= _LONGEST_ID and batch.batch_id.isprintable()
    batch_id = batch.batch_id if sane else derived_id(name, "0")
    return stored_batch(Batch(batch_id, batch.batch_timestamp, frames, len(batch.events)))


# An id is a name of files too, and stands in requests and logs.
_USABLE_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


_WRONG_CHECKSUM = "wrong checksum"


@dataclass(frozen=True, slots=True)
class _Sound:
    """What can be used of a section."""

    frames: bytes
    count: int
    damaged: bytes = b""
    reason: str = ""


def _open_section(reading: Reading, end: int) -> Section:
    """The frames at the end that have no trailer."""
    return Section(reading.open_start, end, end, len(reading.open_ends), "", 0, None)


def _salvage(data: bytes, section: Section) -> _Sound:
    """What is sound of a section, and what is to be set aside of it."""
    sound = _sound_frames(data, section)
    if sound.reason == _WRONG_CHECKSUM or _may_be_an_id(section.batch_id):
        return sound
    # Damage may have made an id of an event's frame, or have it reach into the event behind it.
    trailer = data[section.frames_end : section.end]
    reasons = filter(None, (sound.reason, "an id that is none"))
    return replace(sound, damaged=sound.damaged + trailer, reason=", ".join(reasons))


def _sound_frames(data: bytes, section: Section) -> _Sound:
    """The frames of a section that are sound.

    With a checksum it is all or nothing. Without one, as in the files of a Go Rodent, a frame is
    sound if protobuf can read it.
    """
    frames = data[section.start : section.frames_end]
    if section.checksum is not None:
        if zlib.crc32(frames) == section.checksum:
            return _Sound(frames, section.count)
        return _Sound(b"", 0, data[section.start : section.end], _WRONG_CHECKSUM)
    if _is_readable(frames):
        return _Sound(frames, section.count)
    single = Batch("", 0, frames, section.count).single_frames()
    good = [frame for frame in single if _is_readable(frame)]
    bad = [frame for frame in single if not _is_readable(frame)]
    return _Sound(b"".join(good), len(good), b"".join(bad), f"{len(bad)} unreadable events")


def _may_be_an_id(text: str) -> bool:
    return text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in text


def _is_readable(frames: bytes) -> bool:
    try:
        EventBatch.FromString(frames)
    except DecodeError:
        return False
    return True


def _makes_sense(reading: Reading) -> bool:
    return bool(reading.sections or reading.open_ends)


def _left_of(whole: Batch, progress: Progress) -> list[Batch]:
    """The parts of a batch that are not acknowledged, cut as they were."""
    parts = whole.after(progress.events)
    while parts and 0 < progress.part < parts[0].count:
        parts[:1] = parts[0].halves()
    return parts


def _placed(parts: Sequence[Batch], whole: _Stored, done: int) -> Iterator[_Stored]:
    """Parts of a stored batch, the last of which has its end."""
    for part in parts:
        yield _Stored(part, whole.start, done, whole.end if part is parts[-1] else 0)
        done += part.count


def _closed(reading: Reading, timestamp: int) -> Section:
    start, end = reading.open_start, reading.open_ends[-1]
    return Section(start, end, end, len(reading.open_ends), "", timestamp, None)


def now() -> int:
    """Milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000
