"""Recordings in files: written while they go on, read back, exported.

The suffix says the format:

- ``.ndjson``: one JSON object a line, an *entry*: a call, a message of it, its end, …
- ``.sqlite``: the same in tables;
- ``.pb``: the accepted batches alone, each an EventBatch behind its length as a varint.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from toggle_mock.codes import logger
from toggle_mock.errors import StorageError
from toggle_mock.recording.batches import BatchFile
from toggle_mock.recording.entries import sliced
from toggle_mock.recording.ndjson import NdjsonFile
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.sqlite import SqliteFile
from toggle_mock.recording.writer import FileWriter, RecordingFile


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
    """Write a recording, as it is now, to a new file.

    Raises:
        StorageError: The format is unknown.
        OSError: It exists, or cannot be written.
    """
    kind = _format(path)
    if path.exists():
        raise FileExistsError(f"{path} exists")
    lock = _locked(path)
    try:
        with closing(kind(path)) as file:
            for entries in sliced(recording.snapshot().entries()):
                file.write(entries)
    finally:
        os.close(lock)


def open_writer(path: Path, recording: Recording | None) -> FileWriter:
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
        return FileWriter(kind(path), lock, str(path))
    except BaseException:
        os.close(lock)
        raise


_FORMATS: Mapping[str, type[RecordingFile]] = {
    ".ndjson": NdjsonFile,
    ".pb": BatchFile,
    ".sqlite": SqliteFile,
}


def _format(path: Path) -> type[RecordingFile]:
    kind = _FORMATS.get(path.suffix)
    if kind is None:
        raise StorageError(f"{path} has no suffix of a recording: give {', '.join(_FORMATS)}")
    return kind


def _locked(path: Path) -> int:
    """A descriptor that keeps other servers off the file, which only its owner may read."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StorageError(f"{path} is in use by another server") from None
    return descriptor


def _cut(path: Path, end: int) -> None:
    """Move what stands behind to ``FILE.torn``, so that what is appended can be read."""
    content = path.read_bytes()
    path.with_name(f"{path.name}.torn").write_bytes(content[end:])
    os.truncate(path, end)
    logger.warning("%s: %d bytes at its end were moved to .torn", path, len(content) - end)
