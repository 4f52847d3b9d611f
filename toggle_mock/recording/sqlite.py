"""Recordings as .sqlite: entries as rows, and the bytes of messages as blobs beside.

The table is ``entries(call, entry, document, raw)``: ``document`` is JSON with the rest of the
entry.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import ClearEntry, Entry
from toggle_mock.recording.playback import Player
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.rows import entry_of, row


class SqliteFile:
    """Entries as rows; see :class:`RecordingFile`."""

    retry_in = None
    """See :attr:`RecordingFile.retry_in`."""

    def __init__(self, path: Path) -> None:
        # One thread uses it at a time: who opens it, the writer's, who closes it.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS entries "
                "(call INTEGER, entry TEXT NOT NULL, document TEXT NOT NULL, raw BLOB)"
            )
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise StorageError(f"{path}: {error}") from None

    def write(self, entries: Sequence[Entry]) -> None:
        """See :meth:`RecordingFile.write`."""
        connection = self._connection
        connection.execute("BEGIN")
        try:
            for entry in entries:
                if isinstance(entry, ClearEntry):
                    connection.execute("DELETE FROM entries")
                else:
                    connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", row(entry))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """See :meth:`RecordingFile.close`."""
        self._connection.close()

    @staticmethod
    def load(path: Path, recording: Recording) -> int | None:
        """See :meth:`FileFormat.load`; nothing in it is ever torn."""
        player = Player(recording)
        uri = f"{path.absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                rows = connection.execute(
                    "SELECT call, entry, document, raw FROM entries ORDER BY rowid"
                )
                for one in rows:
                    player.play(entry_of(*one))
        except (StorageError, sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise StorageError(f"{path}: {error}") from None
        player.end()
        return None
