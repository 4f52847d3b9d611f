"""A recording's way into a file: a thread of its own, so that nobody else waits for the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol, TypeAlias

from toggle_mock.codes import logger
from toggle_mock.recording.entries import Entry, waiting
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.sinks import Sink


class RecordingFile(Protocol):
    """Something open which entries are added to: a file of some format, or a run in a store."""

    @property
    def retry_in(self) -> float | None:
        """Seconds until it wants to be written to again, even nothing; None if it need not."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Add entries: all of them, or none.

        Raises:
            OSError: There is no room, for example.
            StorageError: The same, in a store.
        """

    def close(self) -> None:
        """Nothing more comes."""


class FileFormat(RecordingFile, Protocol):
    """An open file of some format.

    Args:
        path: The file, which exists.

    Raises:
        StorageError: It is none of this format.
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None: ...

    @staticmethod
    def load(path: Path, recording: Recording) -> int | None:
        """Read a file into a recording.

        Returns:
            Where what is whole ends, if something torn stands behind it.

        Raises:
            StorageError: It is no recording of this format.
        """


_Told: TypeAlias = Entry | Callable[[], None] | None
"""What the thread is told: an entry, whom to call back once those before it are written, to end."""


class FileWriter(Sink):
    """Writes entries to a file in their order. Once that fails, it takes no more.

    Args:
        file: The file.
        lock: A descriptor that keeps others off it, closed at the end; None if it does so itself.
        name: What the file is called.
    """

    def __init__(self, file: RecordingFile, lock: int | None, name: str) -> None:
        self._file = file
        self._lock = lock
        self._name = name
        self.failure: str | None = None
        self._told: SimpleQueue[_Told] = SimpleQueue()
        self._entries_told = self._entries_written = 0
        self._entries_refused = self._entries_missing = 0
        self._thread = threading.Thread(target=self._run, name="toggle-recording", daemon=True)
        self._thread.start()

    def write(self, entry: Entry, _about: RecordedCall | Refusal | None) -> None:
        """See :meth:`Sink.write`."""
        if self.failure is None:
            self._entries_told += 1
            self._told.put(entry)
        else:
            self._entries_refused += 1

    @property
    def behind(self) -> bool:
        """See :attr:`Sink.behind`; never where there is no thread, in a process that was forked."""
        return self._entries_told != self._entries_written and self._thread.is_alive()

    def when_written(self, then: Callable[[], None]) -> None:
        """See :meth:`Sink.when_written`."""
        if not self.behind:
            then()
            return
        self._told.put(then)
        if not self._thread.is_alive():  # it has ended just now
            self._call_back(waiting(self._told, 0.0))

    def close(self) -> None:
        """Write what is left, and close the file."""
        self._told.put(None)
        self._thread.join()
        self._call_back(waiting(self._told, 0.0))
        self._file.close()
        if self._lock is not None:
            os.close(self._lock)
        if missing := self._entries_missing + self._entries_refused:
            logger.error("%s lacks %d entries: it could be written to no more", self._name, missing)

    def _run(self) -> None:
        told: list[_Told] = []
        while None not in told:
            told = waiting(self._told, self._file.retry_in)
            entries = [item for item in told if isinstance(item, Entry)]
            fresh = entries if self.failure is None else []
            self._entries_missing += len(entries) - len(fresh)
            if fresh or self._file.retry_in is not None:
                self._write(fresh)
            self._entries_written += len(entries)
            self._call_back(told)

    @staticmethod
    def _call_back(told: Sequence[_Told]) -> None:
        for item in told:
            if callable(item):
                item()

    def _write(self, entries: Sequence[Entry]) -> None:
        try:
            self._file.write(entries)
        except Exception as error:  # whatever it is, calls are answered
            self._entries_missing += len(entries)
            logger.exception("the recording is written to %s no more", self._name)
            self.failure = f"the recording is written to {self._name} no more: {error}"
