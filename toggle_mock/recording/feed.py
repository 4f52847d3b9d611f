"""Entries for one reader: those of what is recorded, then of what is added."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from toggle_mock.recording.entries import Entry, EntrySink, entries_of
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedBatch, RecordedCall, RecordedMessage


class EntryFeed(EntrySink):
    """Entries for one reader: those of what is recorded, then of what is added.

    Args:
        covers: Whether a call is of the reader's.
    """

    def __init__(self, covers: Callable[[RecordedCall], bool]) -> None:
        super().__init__(self.put)
        self._covers = covers
        self.name = secrets.token_hex(8)
        """What it is called."""
        self._queue: SimpleQueue[Entry] = SimpleQueue()

    def attach(self, recording: Recording) -> None:
        """Begin."""
        with recording.locked():
            for entry in entries_of(recording, self._covers):
                self.put(entry)
            recording.sinks.append(self)

    def detach(self, recording: Recording) -> None:
        """End."""
        with recording.locked():
            if self in recording.sinks:
                recording.sinks.remove(self)

    def call(self, call: RecordedCall) -> None:
        """See :meth:`Sink.call`."""
        if self._covers(call):
            super().call(call)

    def message(self, call: RecordedCall, message: RecordedMessage) -> None:
        """See :meth:`Sink.message`."""
        if self._covers(call):
            super().message(call, message)

    def accept(self, batch: RecordedBatch) -> None:
        """See :meth:`Sink.accept`."""
        if self._covers(batch.call):
            super().accept(batch)

    def end(self, call: RecordedCall) -> None:
        """See :meth:`Sink.end`."""
        if self._covers(call):
            super().end(call)

    def put(self, entry: Entry) -> None:
        """Add an entry."""
        self._queue.put(entry)

    def take(self, timeout: float) -> list[Entry]:
        """The entries that have come; waits for the first, so many seconds at most."""
        taken: list[Entry] = []
        with suppress(Empty):
            taken.append(self._queue.get(timeout=timeout))
            while True:
                taken.append(self._queue.get_nowait())
        return taken
