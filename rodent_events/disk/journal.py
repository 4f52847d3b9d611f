"""The segment that is being written: each event is appended before emit returns.

Frames are appended as they come, and a trailer behind each full batch, so a batch is frozen, id and
bytes, by the one who completes it. May be called from any thread.
"""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rodent_events import real_threads, wire
from rodent_events.config import EventConfig
from rodent_events.disk.files import sync_folder, write_all
from rodent_events.disk.format import read_sections, stored_trailer
from rodent_events.disk.segment import Segment, now
from rodent_events.ids import new_id


class Journal:
    """Appends frames to segments.

    Args:
        config: Limits of batches and files, and when to sync.
        new_path: Makes the path of the next segment.
        opened: Called, under the journal's lock, with each new segment.
    """

    def __init__(
        self, config: EventConfig, new_path: Callable[[], Path], opened: Callable[[Segment], None]
    ) -> None:
        self._config = config
        self._syncs = config.synced
        self._new_path = new_path
        self._opened = opened
        self.lock: Final = real_threads.new_rlock()
        self._sync_lock = real_threads.new_rlock()
        self._segment: Segment | None = None
        self._descriptor = -1
        self._retired: deque[tuple[Segment, int]] = deque()
        self._appending = False
        self._unwritten: deque[bytes] = deque()
        self._open = _OpenBatch()
        self._sealed = 0
        self._synced = 0
        self._appended_before = 0

    @property
    def appended(self) -> int:
        """Events that were appended since the start."""
        with self.lock:
            return self._appended_before + (self._segment.written if self._segment else 0)

    @property
    def unsealed(self) -> int:
        """Events in the batch that is not complete."""
        return self._open.events

    @property
    def growing(self) -> bool:
        """Whether a file is open for more."""
        return self._segment is not None

    @property
    def unsynced(self) -> bool:
        """Whether there is something that is to be synced."""
        if not self._syncs:
            return False
        segment = self._segment
        return bool(self._retired) or (segment is not None and segment.size > self._synced)

    def append(self, frame: bytes) -> None:
        """Append a frame.

        Raises:
            OSError: It cannot be written, or one that came meanwhile; :meth:`take_unwritten` has
                all that were not.
        """
        with self.lock:
            self._unwritten.append(frame)
            if self._appending:
                return  # by a signal handler or a finalizer amid the loop below, which comes to it
            self._appending = True
            try:
                while self._unwritten:
                    self._append(self._unwritten[0])
                    self._unwritten.popleft()
            except OSError:
                raise
            except BaseException:
                if self._unwritten and self._unwritten[0] is frame:
                    self._unwritten.popleft()  # its emitter knows that it may be lost
                self._recover()
                raise
            finally:
                self._appending = False

    def take_unwritten(self) -> list[bytes]:
        """Frames that could not be written; nothing of them is left on disk."""
        frames = []
        while self._unwritten:
            frames.append(self._unwritten.popleft())
        return frames

    def seal(self) -> None:
        """Complete the open batch, and sync it unless ``fsync`` is ``"never"``.

        Raises:
            OSError: The trailer cannot be written, and the batch stays open; or syncing failed.
        """
        with self.lock:
            self._seal()
        if self._syncs:
            self.sync()

    def sync(self) -> None:
        """Sync all that was appended until now. One call serves all threads that wait for it.

        Raises:
            OSError: It cannot be synced. It may be sent all the same: to wait for a disk that is
                broken would help nobody.
        """
        with self.lock:
            wanted, position = self._segment, self._segment.size if self._segment else 0
        with self._sync_lock:
            with self.lock:
                segment, descriptor = self._segment, self._descriptor
                size, sealed = (segment.size, self._sealed) if segment else (0, 0)
                retired = list(self._retired)
            if wanted is segment and self._synced >= position and not retired:
                return
            # A segment that is retired meanwhile is closed under this lock only, hence not yet.
            try:
                for _, finished in retired:
                    os.fsync(finished)
                if segment is not None:
                    os.fsync(descriptor)
            finally:
                for _ in retired:
                    _close(*self._retired.popleft())
                if segment is not None:
                    segment.end = max(segment.end, sealed)
            if segment is not None:
                self._synced = size

    def close(self) -> None:
        """Complete the open batch and close the segment; a later append begins a new one.

        Raises:
            OSError: The trailer cannot be written; the next start completes the batch.
        """
        with self._sync_lock, self.lock:
            try:
                self._seal()
            finally:
                self.give_up()

    def give_up(self) -> None:
        """Close the segment as it is; a later append begins a new one.

        Raises:
            OSError: It cannot be synced; it is closed all the same.
        """
        with self._sync_lock, self.lock:
            self._retire()
            if self._retired:
                self.sync()

    def abandon(self) -> None:
        """In a forked child: close the parent's files here, and touch nothing else."""
        for descriptor in (self._descriptor, *(retired for _, retired in self._retired)):
            if descriptor >= 0:
                os.close(descriptor)

    # Under the lock

    def _append(self, frame: bytes) -> None:
        limits = self._config
        if self._open.size + len(frame) > limits.max_batch_bytes - wire.TRAILER_BYTES:
            self._seal()
        if self._segment is not None and self._segment.size >= limits.max_file_size:
            self._seal()
            self._retire()
        segment = self._segment or self._begin()
        grown = self._open.with_frame(frame)
        if grown.events == limits.batch_size:
            self._write(segment, frame + grown.trailer())
            self._open, self._sealed = _OpenBatch(), segment.size
        else:
            self._write(segment, frame)
            self._open = grown
        segment.written += 1
        self._release(segment)

    def _recover(self) -> None:
        """After an exception out of nowhere, as of a signal handler: see what was written."""
        segment = self._segment
        if segment is None:
            return
        reading = read_sections(segment.path.read_bytes())
        sound = reading.open_ends[-1] if reading.open_ends else reading.open_start
        os.ftruncate(self._descriptor, sound)
        sealed = sum(section.count for section in reading.sections)
        segment.size, segment.written = sound, sealed + len(reading.open_ends)
        self._retire()

    def _seal(self) -> None:
        segment = self._segment
        if segment is not None and self._open.events:
            self._write(segment, self._open.trailer())
            self._open, self._sealed = _OpenBatch(), segment.size
            self._release(segment)

    def _release(self, segment: Segment) -> None:
        if not self._syncs:
            segment.end = self._sealed

    def _begin(self) -> Segment:
        path = self._new_path()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._descriptor = os.open(path, flags, 0o600)
        try:
            if self._syncs:
                sync_folder(path.parent)
        except OSError:
            os.close(self._descriptor)
            path.unlink(missing_ok=True)
            raise
        self._segment = Segment(path, growing=True)
        self._sealed = self._synced = 0
        self._opened(self._segment)
        return self._segment

    def _retire(self) -> None:
        """Write no more to the segment; it is closed once it is synced, if it must be."""
        segment = self._segment
        if segment is None:
            return
        self._retired.append((segment, self._descriptor))
        appended = self._appended_before + segment.written
        self._segment, self._appended_before = None, appended
        self._descriptor, self._open = -1, _OpenBatch()
        if not self._syncs:
            _close(*self._retired.popleft())

    def _write(self, segment: Segment, data: bytes) -> None:
        try:
            write_all(self._descriptor, data)
        except OSError:
            try:
                os.ftruncate(self._descriptor, segment.size)
            except OSError:
                self._retire()  # what was written in part stays, and nothing may follow it
            raise
        segment.size += len(data)


@dataclass(frozen=True, slots=True)
class _OpenBatch:
    """The batch that is not complete: what its trailer will need."""

    events: int = 0
    size: int = 0
    checksum: int = 0

    def with_frame(self, frame: bytes) -> _OpenBatch:
        return _OpenBatch(self.events + 1, self.size + len(frame), zlib.crc32(frame, self.checksum))

    def trailer(self) -> bytes:
        return stored_trailer(new_id(), now(), self.checksum)


def _close(segment: Segment, descriptor: int) -> None:
    """Close a segment's file; all that is whole in it may be sent."""
    os.close(descriptor)
    segment.end = segment.size
    segment.growing = False
