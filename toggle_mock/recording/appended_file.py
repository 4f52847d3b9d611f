"""A file that is only appended to, and has nothing half-written in it."""

from __future__ import annotations

import os
from pathlib import Path

from rodent_events.disk.files import write_all


class AppendedFile:
    """A file that is only appended to.

    Args:
        path: The file, which exists.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        self._size = os.fstat(self._descriptor).st_size

    def ends_with_newline(self) -> bool:
        """Whether its last line is whole, or there is none."""
        return self._size == 0 or os.pread(self._descriptor, 1, self._size - 1) == b"\n"

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
