"""Entries for one reader: those of what is recorded, then of what is added."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from queue import SimpleQueue
from typing import Final

from toggle_mock.recording.entries import Entry, FeedEntry, FeedLine, MarkEntry, sliced, waiting
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.sinks import Sink


class EntryFeed(Sink):
    """Entries for one reader: its name, those of what is recorded, then of what is added.

    Args:
        covers: Whether a call or a refusal is of the reader's.
    """

    def __init__(self, covers: Callable[[RecordedCall | Refusal], bool]) -> None:
        self._covers = covers
        self.name: Final = secrets.token_hex(8)
        """What it is called."""
        self._recorded: Iterator[list[FeedLine]] = iter(())
        self._added: SimpleQueue[FeedLine] = SimpleQueue()

    def attach(self, recording: Recording) -> None:
        """Begin."""
        recorded = recording.snapshot(self).entries(self._covers)
        self._recorded = sliced(chain([FeedEntry(self.name)], recorded))

    def write(self, entry: Entry, about: RecordedCall | Refusal | None) -> None:
        """See :meth:`Sink.write`."""
        if about is None or self._covers(about):
            self._added.put(entry)

    def mark(self, mark: object) -> None:
        """Add a mark, behind all that is recorded so far."""
        self._added.put(MarkEntry(mark))

    def take(self, timeout: float) -> Sequence[FeedLine]:
        """Some of the entries that have come; waits for the first, so many seconds at most."""
        return next(self._recorded, None) or waiting(self._added, timeout)

    def close(self) -> None:
        """See :meth:`Sink.close`."""
