"""A run that several servers write to at once.

Each transaction takes its places at its begin, from the row of the run, which stays locked until it
is committed: so places are without gaps, and their order is that of commits. A follower that has
read up to some place has missed nothing before it. A sequence would cost no such lock, but a place
that is given earlier may be committed later, behind who has read on already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from msgspec import structs
from psycopg import Connection

from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import (
    AcceptEntry,
    EndEntry,
    Entry,
    MessageEntry,
    RefusalEntry,
    StreamEntry,
)
from toggle_mock.recording.postgres.backlog import WaitingEntry
from toggle_mock.recording.postgres.migrations import LOCK, WRITER_LOCK
from toggle_mock.recording.postgres.run import Placed, RunFile, RunRow, begun, locked
from toggle_mock.recording.postgres.url import StoreUrl

_TAKEN = """
WITH mine AS (
    UPDATE toggle_mock.writers SET written = %s WHERE run = %s AND writer = %s
)
UPDATE toggle_mock.runs SET place = place + %s WHERE run = %s RETURNING place, cleared
"""
_OF_WRITER = "WHERE run = %s AND writer = %s"


class SharedRunFile(RunFile):
    """A run that others write to as well; see :class:`RunFile`.

    A call has a negative number until it is written; the one that it has in the run is the place of
    its first entry there.

    Args:
        url: Which run; it begins unless the store has it.
        numbered: Told the number of each call before and after.

    Raises:
        StorageError: The store cannot be used, or a server has the run that does not share it.
    """

    def __init__(self, url: StoreUrl, numbered: Callable[[int, int], None]) -> None:
        self._numbered = numbered
        self._writer = 0
        self._numbers: dict[int, int] = {}
        """In the run, by the negative ones, of the calls under way."""
        self._own: dict[int, int] = {}
        """The other way round."""
        self._new: dict[int, int] = {}
        """As the first, of calls that are about to be written."""
        super().__init__(url)

    @property
    def run(self) -> int:
        """The number of the run."""
        return self._row.run

    @property
    def writer(self) -> int:
        """The number of who writes here."""
        return self._writer

    def _take(self, connection: Connection, *, is_new: bool) -> RunRow:  # noqa: ARG002 - never
        row = begun(connection, self._url)
        if not locked(connection, "pg_try_advisory_lock_shared", LOCK, row.run):
            raise StorageError(
                f"{self._url} is in use by a server that does not share it: have that share it too "
                "(record_shared=True, --record-shared), or record to another run"
            )
        asked = "INSERT INTO toggle_mock.writers (run) VALUES (%s) RETURNING writer"
        ((self._writer,),) = connection.execute(asked, (row.run,)).fetchall()
        locked(connection, "pg_try_advisory_lock", WRITER_LOCK, self._writer)
        return row

    def _lock(self, connection: Connection, run: int) -> bool:
        return locked(connection, "pg_try_advisory_lock_shared", LOCK, run) and locked(
            connection, "pg_try_advisory_lock", WRITER_LOCK, self._writer
        )

    def _standing(self, connection: Connection, row: RunRow) -> int:
        asked = f"SELECT written FROM toggle_mock.writers {_OF_WRITER}"  # noqa: S608 - ours
        found = connection.execute(asked.encode(), (row.run, self._writer)).fetchone()
        return int(found[0]) if found else 0

    def _waiting(self, entry: Entry) -> WaitingEntry:
        if isinstance(entry, StreamEntry):
            entry = structs.replace(entry, server=self._writer)
        if isinstance(entry, MessageEntry | StreamEntry | AcceptEntry | EndEntry | RefusalEntry):
            entry = structs.replace(entry, call=self._own.get(entry.call, entry.call))
        return super()._waiting(entry)

    def _placed(
        self, connection: Connection, entries: Sequence[WaitingEntry]
    ) -> tuple[int, Sequence[Placed]]:
        run, count = self._row.run, len(entries)
        taken = (entries[-1].place, run, self._writer, count, run)
        ((last, cleared),) = connection.execute(_TAKEN, taken).fetchall()
        self._new = {}
        placed = []
        for place, one in enumerate(entries, last - count + 1):
            own, kind, _, _ = one.row
            if kind == "call":
                self._new[own] = place
            elif one.clears:
                cleared = place
            number = own if own >= 0 else self._new.get(own) or self._numbers.get(own, 0)
            # What is told of a call that was cleared stays, so that no place lacks its entry, and
            # is skipped by who reads; its events are not to be found.
            kept = one if number > cleared else replace(one, events=())
            placed.append(Placed(place, number, kept))
        return last, placed

    def _settle(self, written: int) -> None:
        if written > self._written:
            self._number([one for one in self._backlog.entries if one.place <= written])
        super()._settle(written)

    def _number(self, entries: Sequence[WaitingEntry]) -> None:
        """Calls have their numbers now; those that have ended are not heard of any more."""
        for own, number in self._new.items():
            self._numbers[own], self._own[number] = number, own
            self._numbered(own, number)
        for own in [one.row[0] for one in entries if one.row[1] == "end"]:
            self._own.pop(self._numbers.pop(own, 0), None)
        self._new = {}

    def _end(self, connection: Connection) -> None:
        asked = f"DELETE FROM toggle_mock.writers {_OF_WRITER}"  # noqa: S608 - ours
        connection.execute(asked.encode(), (self._row.run, self._writer))
