"""A server's part in a run that several share: what it adds, its copy of what all have added."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from psycopg import Connection

from toggle_mock.codes import logger
from toggle_mock.errors import StorageError
from toggle_mock.recording.outbox import Outbox
from toggle_mock.recording.postgres.board import StoredBoard
from toggle_mock.recording.postgres.errands import Errands
from toggle_mock.recording.postgres.following import RunFollower
from toggle_mock.recording.postgres.letters import RunLetters
from toggle_mock.recording.postgres.shared_run import SharedRunFile
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.writer import FileWriter

_PATIENCE = 5.0
"""Seconds for what is in the run to be in the copy; so long it takes only where much has come."""

_LOOK = 0.2
"""Seconds between two looks whether to end."""


class Sharing:
    """Adds to a run what an outbox tells, and has a recording be a copy of the run.

    Args:
        url: Which run; it begins unless the store has it.
        recording: Where the copy is.
        outbox: Who tells what is to be added.
    """

    def __init__(self, url: StoreUrl, recording: Recording, outbox: Outbox) -> None:
        self.outbox: Final = outbox
        """Who tells what is to be added."""
        self.board: Final = StoredBoard(url)
        """What it has in common with those who share the run."""
        self._url, self._recording = url, recording
        self._copy: RunCopy | None = None
        self._file: SharedRunFile | None = None
        self._writer: FileWriter | None = None

    def start(self) -> None:
        """Take part: all that the run has is copied when this returns.

        Raises:
            StorageError: The store cannot be used, or a server writes to the run that does not
                share it.
        """
        file = SharedRunFile(self._url, self.outbox.numbered)
        try:
            if self._copy is None:
                self._copy = RunCopy(self._url, self._recording, self._fail)
            self._copy.start()
            try:
                self.board.start(file.run, file.writer)
            except BaseException:
                self._copy.stop()
                raise
        except BaseException:
            file.close()
            raise
        self._file = file
        self._writer = FileWriter(file, None, str(self._url))
        self.outbox.sinks.append(self._writer)

    def letters(self) -> RunLetters:
        """The letters of the servers that take part; this one's part ends with :meth:`stop`."""
        assert self._file is not None  # it has started
        return RunLetters(self._url, self._file.run, self._file.writer)

    def catch_up(self) -> None:
        """Wait until all is copied that has come here or is in the run; not while that is away."""
        if self._copy is not None and self._writer is not None:
            written = threading.Event()
            self._writer.when_written(written.set)
            written.wait(_PATIENCE)
            self._copy.catch_up()

    def _fail(self, why: str) -> None:
        """The copy cannot go on: so what is added here could be seen by nobody here."""
        if self._writer is not None:
            self._writer.failure = why

    def stop(self) -> None:
        """Take part no more; what the run has by then stays in the copy."""
        self.board.stop()
        writer, self._writer = self._writer, None
        if writer is not None and self._copy is not None:
            self.outbox.sinks.remove(writer)
            writer.close()
            self._copy.catch_up()
            self._copy.stop()


class RunCopy:
    """Has a recording follow a run, on a thread of its own.

    Args:
        url: Which run.
        recording: Where it is played.
        on_failure: Told why it follows no more, if it cannot.
    """

    def __init__(
        self, url: StoreUrl, recording: Recording, on_failure: Callable[[str], None]
    ) -> None:
        self._url: Final = url
        self._on_failure = on_failure
        self._has_failed = False
        self._follower = RunFollower(url, recording, takes_part=True)
        self._errands = Errands(url)
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Copy what there is, and then what comes.

        Raises:
            StorageError: The store cannot be used, or something else is in the run.
        """
        self._follower.open()
        for _ in self._follower.read():
            pass
        self._stopping = self._has_failed = False
        self._thread = threading.Thread(target=self._run, name="toggle-copy", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Copy no more."""
        self._stopping = True
        if self._thread is not None:
            self._thread.join()
        self._follower.close()
        self._errands.close()

    def catch_up(self) -> None:
        """Wait until it is where the run is now; not while the store is away."""
        if self._follower.is_away:
            return
        with suppress(StorageError):  # it is away, as the follower is about to notice
            for (place,) in self._errands.do(self._asked):
                self._wait_for(place)

    def _asked(self, connection: Connection) -> list[tuple[int]]:
        """The last place of the run, if it is there still."""
        asked = "SELECT place FROM toggle_mock.runs WHERE run = %s"
        return connection.execute(asked, (self._follower.run,)).fetchall()

    def _wait_for(self, place: int) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._follower.place >= place or not self._is_following, _PATIENCE
            )

    @property
    def _is_following(self) -> bool:
        is_alive = self._thread is not None and self._thread.is_alive()
        return is_alive and not self._has_failed and not self._follower.is_away

    def _run(self) -> None:
        try:
            while not self._stopping:
                for _ in self._follower.read():
                    self._tell()
                self._tell()
                self._follower.wait(_LOOK)
        except Exception as error:  # whatever it is, who waits is told
            logger.exception("%s is followed no more", self._url)
            self._has_failed = True
            self._on_failure(f"{self._url} is followed no more: {error}")
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
