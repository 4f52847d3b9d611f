"""What waits to be written while a store is away, in its order and within a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toggle_mock.recording.postgres.event_rows import EventRow
from toggle_mock.recording.rows import CLEAR, Row

_ROW_BYTES = 500
"""What a row takes in memory besides its bytes and its document, about."""


@dataclass(frozen=True)
class WaitingEntry:
    """An entry, as it is to be written."""

    place: int
    """In the run, from 1 on."""
    row: Row
    events: Sequence[EventRow]
    """What it has accepted."""

    @property
    def clears(self) -> bool:
        """Whether it clears the run."""
        _, kind, _, _ = self.row
        return kind == CLEAR

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        _, _, document, raw = self.row
        return len(document) + len(raw or b"") + _ROW_BYTES * (1 + len(self.events))


class Backlog:
    """Entries that wait.

    Args:
        max_bytes: How much of them there may be, in bytes.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: list[WaitingEntry] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> Sequence[WaitingEntry]:
        """Those that wait, the oldest first."""
        return self._entries

    def add(self, entries: Sequence[WaitingEntry]) -> bool:
        """Have entries wait, all of them or none; False if they would be too much."""
        size = sum(entry.size for entry in entries)
        if self._entries and self._bytes + size > self._max_bytes:
            return False
        self._entries += entries
        self._bytes += size
        return True

    def forget(self, up_to: int) -> None:
        """Forget those that are written: up to some place."""
        self._keep([entry for entry in self._entries if entry.place > up_to])

    def take_back(self, entries: Sequence[WaitingEntry]) -> None:
        """Forget the last that were added."""
        self._keep(self._entries[: len(self._entries) - len(entries)])

    def _keep(self, entries: list[WaitingEntry]) -> None:
        self._entries = entries
        self._bytes = sum(entry.size for entry in entries)
