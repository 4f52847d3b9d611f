"""Files as the spool writes them: whole or not at all, synced if asked, in a folder under lock."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
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

TEMPORARY = ".tmp"
"""Behind the names of files that are not whole."""

# Bytes that are read of a lock file.
_LONGEST_CONTENT = 1000

# What flock answers where there is none.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


def write_atomically(path: Path, data: bytes, *, sync: bool) -> None:
    """Write a file of mode 0600 under a temporary name, then give it its name.

    Args:
        path: Its name.
        data: Its content.
        sync: Whether file and folder are synced, so that they outlast a loss of power.

    Raises:
        OSError: It cannot be written; nothing is left of it.
    """
    temporary = path.with_name(path.name + TEMPORARY)
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


class FolderLockedError(SpoolError):
    """Another bus, of this process or of another, has the folder."""

    def __init__(self, folder: Path, content: str) -> None:
        super().__init__(f"{folder} is in use")
        self.content = content
        """What its owner has written into the lock file."""


def lock_folder(folder: Path, content: str | None = None) -> int:
    """Keep other buses out of a folder, until the descriptor that is returned is closed.

    Args:
        folder: The folder.
        content: What others can read of us while we have it; None leaves it as it is.

    Raises:
        FolderLockedError: Somebody has it.
        SpoolError: Its file system has no locks.
        OSError: The lock file cannot be made.
    """
    path = folder / LOCK_FILE
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if content is not None:
            with suppress(OSError):  # a disk that is full or read-only can be read all the same
                path.write_text(content)
    except BlockingIOError as error:
        owner = os.pread(descriptor, _LONGEST_CONTENT, 0).decode(errors="replace")
        os.close(descriptor)
        raise FolderLockedError(folder, owner) from error
    except OSError as error:
        os.close(descriptor)
        if error.errno in _NO_LOCKS:
            raise SpoolError(
                f"the file system of {folder} has no locks ({os.strerror(error.errno)}), as some "
                f"network file systems: set events_dir to a folder on a local disk"
            ) from error
        raise
    return descriptor
