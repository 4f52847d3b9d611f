"""Recordings in files, or in a store: written while they go on, read back, exported.

A store is a database of PostgreSQL, ``postgresql://HOST/DATABASE?run=NAME``. Of a file, the suffix
says the format:

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
from typing import TYPE_CHECKING, TypeAlias

from toggle_mock.codes import logger
from toggle_mock.errors import StorageError
from toggle_mock.extras import extras
from toggle_mock.recording.batches import BatchFile
from toggle_mock.recording.entries import sliced
from toggle_mock.recording.ndjson import NdjsonFile
from toggle_mock.recording.outbox import Outbox
from toggle_mock.recording.postgres.url import StoreUrl, is_store_url
from toggle_mock.recording.recorder import Recording, unlimited
from toggle_mock.recording.sqlite import SqliteFile
from toggle_mock.recording.writer import FileFormat, FileWriter, RecordingFile

if TYPE_CHECKING:
    from toggle_mock.recording.postgres.sharing import Sharing

Place: TypeAlias = Path | StoreUrl
"""Where a recording is: in a file, or in a store."""


def place_of(given: Place | str) -> Place:
    """Where a recording is, by a name of a file or the URL of a store.

    Raises:
        StorageError: It has the look of such a URL, and is none.
    """
    if isinstance(given, StoreUrl):
        return given
    if not is_store_url(str(given)):
        return Path(given)
    if isinstance(given, Path):  # which has lost a slash of it
        raise StorageError("the URL of a store was made a Path: give it as text")
    try:
        return StoreUrl.of(given)
    except ValueError as error:
        raise StorageError(str(error)) from None


def name_of(place: Place) -> str:
    """What a recording is called: the name of the file, or of the run."""
    return place.name if isinstance(place, Path) else place.run or str(place)


def load(place: Place | str, recording: Recording | None = None) -> Recording:
    """Read a recording from a file or a store, which stays as it is.

    A last entry that was not written whole is left out.

    Args:
        place: The file, or ``postgresql://HOST/DATABASE?run=NAME``.
        recording: Where it goes; None for a new one without limits that matter.

    Raises:
        StorageError: It is no recording, or of an unknown format; or the store cannot be used.
        OSError: It cannot be read.
        MissingExtraError: A store needs the extra ``postgres``.
    """
    place = place_of(place)
    recording = recording or unlimited()
    if isinstance(place, StoreUrl):
        with extras():  # loaded only where it is asked for
            from toggle_mock.recording.postgres.run import load_run  # noqa: PLC0415

        load_run(place, recording)
    else:
        _format(place).load(place, recording)
    return recording


def save(recording: Recording, place: Place | str) -> None:
    """Write a recording, as it is now, to a new file, or to a new run of a store.

    Args:
        recording: The recording.
        place: The file, or ``postgresql://HOST/DATABASE?run=NAME``.

    Raises:
        StorageError: The format is unknown; or the store cannot be used.
        OSError: It exists, or cannot be written.
        MissingExtraError: A store needs the extra ``postgres``.
    """
    place = place_of(place)
    if isinstance(place, StoreUrl):
        if place.run is None:
            raise StorageError(f"{place} says no run: give ?run=NAME")
        _save_to(_run_file(place, is_new=True), recording)
        return
    kind = _format(place)
    if place.exists():
        raise FileExistsError(f"{place} exists")
    lock = _locked(place)
    try:
        _save_to(kind(place), recording)
    finally:
        os.close(lock)


def _save_to(open_file: RecordingFile, recording: Recording) -> None:
    with closing(open_file) as file:
        for entries in sliced(recording.snapshot().entries()):
            file.write(entries)


def open_writer(place: Place, recording: Recording | None) -> FileWriter:
    """Write a recording to a file, or to a run of a store, while it goes on.

    A last entry that was not written whole is moved to ``FILE.torn``.

    Args:
        place: The file, or the run.
        recording: Where what it has already is read to; None if it is there.

    Raises:
        StorageError: The file is no recording, of an unknown format, or in use by another server;
            or the store cannot be used.
        OSError: It cannot be used.
        MissingExtraError: A store needs the extra ``postgres``.
    """
    if isinstance(place, StoreUrl):
        return _open_run(place, recording)
    kind = _format(place)
    lock = _locked(place)
    try:
        if place.stat().st_size:
            end = kind.load(place, recording or Recording())
            if end is not None:
                _cut(place, end)
        return FileWriter(kind(place), lock, str(place))
    except BaseException:
        os.close(lock)
        raise


def _open_run(url: StoreUrl, recording: Recording | None) -> FileWriter:
    run = _run_file(url)
    try:
        if recording is not None:
            load(url, recording)
    except BaseException:
        run.close()
        raise
    return FileWriter(run, None, str(url))


def share(url: StoreUrl, recording: Recording, outbox: Outbox) -> Sharing:
    """A part in a run that several servers share; see :class:`Sharing`.

    Raises:
        MissingExtraError: A store needs the extra ``postgres``.
    """
    with extras():  # loaded only where it is asked for
        from toggle_mock.recording.postgres.sharing import Sharing  # noqa: PLC0415

    return Sharing(url, recording, outbox)


def _run_file(url: StoreUrl, *, is_new: bool = False) -> RecordingFile:
    with extras():  # loaded only where it is asked for
        from toggle_mock.recording.postgres.run import RunFile  # noqa: PLC0415

    return RunFile(url, is_new=is_new)


_FORMATS: Mapping[str, type[FileFormat]] = {
    ".ndjson": NdjsonFile,
    ".pb": BatchFile,
    ".sqlite": SqliteFile,
}


def _format(path: Path) -> type[FileFormat]:
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
