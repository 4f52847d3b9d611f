"""Recordings in files: written while they go on, read back, exported.

The suffix says the format:

- ``.ndjson``: one JSON object a line, an *entry*: a call, a message of it, its end, …
- ``.sqlite``: the same in tables;
- ``.pb``: the accepted batches alone, each an EventBatch behind its length as a varint.
"""

from __future__ import annotations

import base64
import fcntl
import json
import logging
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from rodent_events import wire
from rodent_events.disk.files import write_all
from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import Entry, EntrySink, Player, accept, entries_of
from toggle_mock.recording.recorder import Recording, Sink
from toggle_mock.recording.records import RecordedBatch, RecordedCall, RecordedMessage

logger = logging.getLogger("toggle_mock")


def load(path: Path, recording: Recording | None = None) -> Recording:
    """Read a recording from a file, which stays as it is.

    A last entry that was not written whole is left out.

    Args:
        path: The file.
        recording: Where it goes; None for a new one without limits that matter.

    Raises:
        StorageError: It is no recording, or of an unknown format.
        OSError: It cannot be read.
    """
    recording = recording or Recording(max_bytes=1 << 62, max_calls=1 << 62)
    _format(path).load(path, recording)
    return recording


def save(recording: Recording, path: Path) -> None:
    """Write a recording to a new file.

    Raises:
        StorageError: The format is unknown.
        OSError: It exists, or cannot be written.
    """
    sink = _format(path)
    if path.exists():
        raise FileExistsError(f"{path} exists")
    os.close(_locked(path))
    writer = sink(path)
    copy = Recording(max_bytes=1 << 62, max_calls=1 << 62)
    copy.sinks.append(writer)
    player = Player(copy)
    for entry in entries_of(recording):
        player.play(entry)
    writer.close()


def open_sink(path: Path, recording: Recording | None) -> Sink:
    """Write a recording to a file while it goes on.

    A last entry that was not written whole is moved to ``FILE.torn``.

    Args:
        path: The file.
        recording: Where what the file has already is read to; None if it is there.

    Raises:
        StorageError: The file is no recording, of an unknown format, or in use by another server.
        OSError: It cannot be used.
    """
    kind = _format(path)
    lock = _locked(path)
    try:
        if path.stat().st_size:
            end = kind.load(path, recording or Recording())
            if end is not None:
                _cut(path, end)
        sink = kind(path)
    except BaseException:
        os.close(lock)
        raise
    sink.lock = lock
    return sink


class NdjsonFile(EntrySink):
    """Entries, one a line."""

    def __init__(self, path: Path) -> None:
        super().__init__(self._append)
        self._file = _Appended(path)
        self.lock = -1
        content = path.read_bytes()[-1:]
        if content not in {b"", b"\n"}:  # the last line is whole but for its end
            self._file.append(b"\n")

    def _append(self, entry: Entry) -> None:
        self._file.append(json.dumps(entry, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """See :meth:`Sink.close`."""
        self._file.close()
        _unlock(self.lock)

    @classmethod
    def load(cls, path: Path, recording: Recording) -> int | None:
        """Read a file; returns where what is whole ends, if something torn stands behind it."""
        player = Player(recording)
        end = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    player.play(json.loads(line))
                except (ValueError, TypeError, RecursionError) as error:
                    if not line.endswith(b"\n"):
                        break
                    raise StorageError(f"{path}, line {number}: {error}") from None
                end += len(line)
        player.end()
        return end if end < path.stat().st_size else None


class BatchFile(Sink):
    """Accepted batches, each behind its length."""

    def __init__(self, path: Path) -> None:
        self._file = _Appended(path)
        self.lock = -1

    def call(self, call: RecordedCall) -> None:
        """Not kept."""

    def message(self, call: RecordedCall, message: RecordedMessage) -> None:
        """Not kept."""

    def accept(self, batch: RecordedBatch) -> None:
        """Append it."""
        self._file.append(wire.varint(len(batch.raw)) + batch.raw)

    def end(self, call: RecordedCall) -> None:
        """Not kept."""

    def clear(self) -> None:
        """Empty the file."""
        self._file.empty()

    def close(self) -> None:
        """See :meth:`Sink.close`."""
        self._file.close()
        _unlock(self.lock)

    @classmethod
    def load(cls, path: Path, recording: Recording) -> int | None:
        """Read a file; returns where what is whole ends, if something torn stands behind it."""
        data, start = path.read_bytes(), 0
        while start < len(data):
            try:
                length, content = wire.read_varint(data, start)
            except wire.WireError:
                return start
            if content + length > len(data):
                return start
            raw = data[content : content + length]
            call = RecordedCall("SendEvents", f"file:{path.name}", ())
            recording.begin(call)
            recording.message(call, raw, sent=False)
            try:
                accept(recording, call, raw)
            except StorageError as error:
                raise StorageError(f"{path}, byte {start}: {error}") from None
            recording.end(call, "OK")
            start = content + length
        return None


class SqliteFile(EntrySink):
    """Entries as rows: ``entries(call, entry, at, document)``; messages as blobs beside."""

    def __init__(self, path: Path) -> None:
        super().__init__(self._append)
        self._connection = _database(path)
        self.lock = -1

    def _append(self, entry: Entry) -> None:
        if entry["entry"] == "clear":
            self._connection.execute("DELETE FROM entries")
            return
        rest = dict(entry)
        kind, call = rest.pop("entry"), rest.pop("call")
        raw = base64.b64decode(rest.pop("raw")) if "raw" in rest else None
        self._connection.execute(
            "INSERT INTO entries (call, entry, document, raw) VALUES (?, ?, ?, ?)",
            (call, kind, json.dumps(rest), raw),
        )

    def close(self) -> None:
        """See :meth:`Sink.close`."""
        self._connection.close()
        _unlock(self.lock)

    @classmethod
    def load(cls, path: Path, recording: Recording) -> None:
        """Read a file."""
        player = Player(recording)
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            rows = connection.execute(
                "SELECT call, entry, document, raw FROM entries ORDER BY rowid"
            )
            for call, kind, document, raw in rows:
                entry = {"entry": kind, "call": call, **dict(json.loads(document))}
                if raw is not None:
                    entry["raw"] = base64.b64encode(raw)
                player.play(entry)
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise StorageError(f"{path}: {error}") from None
        finally:
            connection.close()
        player.end()


_FORMATS: Mapping[str, type[NdjsonFile | BatchFile | SqliteFile]] = {
    ".ndjson": NdjsonFile,
    ".pb": BatchFile,
    ".sqlite": SqliteFile,
}


def _format(path: Path) -> type[NdjsonFile | BatchFile | SqliteFile]:
    kind = _FORMATS.get(path.suffix)
    if kind is None:
        raise StorageError(f"{path} has no suffix of a recording: give {', '.join(_FORMATS)}")
    return kind


class _Appended:
    """A file that is only appended to, and has nothing half-written in it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._size = os.fstat(self._descriptor).st_size

    def append(self, data: bytes) -> None:
        """Append all of it, or nothing.

        Raises:
            OSError: There is no room, for example.
        """
        try:
            write_all(self._descriptor, data)
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)

    def empty(self) -> None:
        """Take all away."""
        os.ftruncate(self._descriptor, 0)
        self._size = 0

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)


def _locked(path: Path) -> int:
    """A descriptor that keeps other servers off the file, which only its owner may read."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StorageError(f"{path} is in use by another server") from None
    return descriptor


def _unlock(lock: int) -> None:
    if lock >= 0:
        os.close(lock)


def _database(path: Path) -> sqlite3.Connection:
    # The recording's lock makes sure that only one thread uses it at a time.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS entries "
            "(call INTEGER, entry TEXT NOT NULL, document TEXT NOT NULL, raw BLOB)"
        )
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StorageError(f"{path}: {error}") from None
    return connection


def _cut(path: Path, end: int) -> None:
    """Move what stands behind to ``FILE.torn``, so that what is appended can be read."""
    content = path.read_bytes()
    path.with_name(f"{path.name}.torn").write_bytes(content[end:])
    os.truncate(path, end)
    logger.warning("%s: %d bytes at its end were moved to .torn", path, len(content) - end)
