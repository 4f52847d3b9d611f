"""Files as the spool writes them: whole or not at all, synced if asked, in a folder under lock."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from rodent_events.errors import SpoolError


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, in as many writes as it takes.

    Raises:
        OSError: A part may have been written.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder.

    Raises:
        OSError: It cannot be synced.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_at(path: Path, offset: int, size: int) -> bytes:
    """So many bytes of a file, from an offset on; fewer at its end.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read(size)


LOCK_FILE = ".lock"


def write_atomically(path: Path, data: bytes, *, sync: bool) -> None:
    """Write a file of mode 0600 under a temporary name, then give it its name.

    Args:
        path: Its name.
        data: Its content.
        sync: Whether file and folder are synced, so that they outlast a loss of power.

    Raises:
        OSError: It cannot be written; nothing is left of it.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(descriptor, data)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
        if sync:
            sync_folder(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def lock_folder(folder: Path) -> int:
    """Keep other buses out of a folder, until the descriptor that is returned is closed.

    Raises:
        SpoolError: Another bus, of this process or of another, has it.
        OSError: The lock file cannot be made.
    """
    descriptor = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise SpoolError(
            f"another bus, of this process or of another, keeps its events in {folder}: "
            f"set events_dir to another folder"
        ) from error
    return descriptor
