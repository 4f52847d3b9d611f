"""Recordings as .sqlite: entries as rows, and the bytes of messages as blobs beside.

The table is ``entries(call, entry, document, raw)``: ``document`` is JSON with the rest of the
entry.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import (
    ClearEntry,
    Entry,
    FeedLine,
    MessageEntry,
    convert,
    encode,
)
from toggle_mock.recording.playback import Player
from toggle_mock.recording.recorder import Recording


class SqliteFile:
    """Entries as rows; see :class:`RecordingFile`."""

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
        """See :meth:`RecordingFile.load`; nothing in it is ever torn."""
        player = Player(recording)
        uri = f"{path.absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                rows = connection.execute(
                    "SELECT call, entry, document, raw FROM entries ORDER BY rowid"
                )
                for row in rows:
                    player.play(_entry(*row))
        except (StorageError, sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise StorageError(f"{path}: {error}") from None
        player.end()
        return None


def row(entry: Entry) -> tuple[int, str, str, bytes | None]:
    """An entry as a row: its call, its kind, what it says, its bytes."""
    document: dict[str, Any] = msgspec.to_builtins(entry, builtin_types=(bytes,))
    kind, call = document.pop("entry"), document.pop("call", 0)
    raw = document.pop("raw", None)
    return call, kind, encode(document).decode(), raw


def _entry(call: int, kind: str, document: str, raw: bytes | None) -> FeedLine:
    # The bytes are put in place of none afterwards, as in JSON they would be base64.
    entry = convert({**json.loads(document), "entry": kind, "call": call, "raw": ""})
    if isinstance(entry, MessageEntry) and raw is not None:
        return msgspec.structs.replace(entry, raw=raw)
    return entry
