"""A run: a recording that is written to a store while it goes on, and read from it again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import psycopg
from psycopg import Connection

from rodent_events.clock import monotonic
from toggle_mock.codes import logger
from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import Entry
from toggle_mock.recording.playback import Player
from toggle_mock.recording.postgres.backlog import Backlog, WaitingEntry
from toggle_mock.recording.postgres.connecting import (
    QUICKLY,
    Absence,
    connect,
    one_line,
    problem,
    reading,
    telling,
)
from toggle_mock.recording.postgres.event_rows import EventRows
from toggle_mock.recording.postgres.migrations import CHANNEL, LOCK, migrate
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import Kind
from toggle_mock.recording.rows import entry_of, row
from toggle_mock.wording import did_you_mean

LAST_TRIES = 5.0
"""Seconds in which it is tried still when the recording ends."""

_ENTRIES = (
    "COPY toggle_mock.entries (day, run, place, call, entry, document, raw) "
    "FROM STDIN (FORMAT BINARY)"
)
# As json is on the wire: text.
_ENTRY_TYPES = ("date", "int4", "int8", "int8", "text", "text", "bytea")
_EVENTS = (
    "COPY toggle_mock.events (day, run, place, position, call, kind, event_id, timestamp, rid, sub,"
    " peer, batch_id) FROM STDIN (FORMAT BINARY)"
)
_EVENT_TYPES = ("date", "int4", "int8", "int4", "int8", "int4", "text", "int8", *["text"] * 4)
_KINDS = "INSERT INTO toggle_mock.kinds VALUES (%s, %s, %s, %s, %s)"
# With the news for who follows: once for each commit, and with it.
_GROWN = f"""
WITH grown AS (
    UPDATE toggle_mock.runs SET written = now(), place = %s, calls = calls + %s,
    events = events + %s, bytes = bytes + %s WHERE run = %s RETURNING run, place
)
SELECT pg_notify('{CHANNEL}', run || ' ' || place) FROM grown
"""  # noqa: S608 - of this module alone
_EMPTIED = """
UPDATE toggle_mock.runs SET calls = 0, events = 0, bytes = 0, cleared = %s WHERE run = %s
"""


class RunRow(NamedTuple):
    """What a store knows of a run."""

    run: int
    day: Any
    place: int


class Placed(NamedTuple):
    """An entry with its place in the run, and the number that its call has there."""

    place: int
    call: int
    entry: WaitingEntry


class _Away(StorageError):  # noqa: N818 - a state, which is over at some time
    """The store cannot be reached now."""


class RunFile:
    """A run that entries are added to; see :class:`RecordingFile`.

    While the store is away, entries wait in memory, as much as the URL says; each is written once,
    even if the connection breaks as it is told of that.

    Args:
        url: Which run; it begins unless the store has it.
        is_new: Whether the store must not have it.

    Raises:
        StorageError: The store cannot be used, or another server writes to the run.
        FileExistsError: The store has it.
    """

    def __init__(self, url: StoreUrl, *, is_new: bool = False) -> None:
        self._url = url
        self._backlog = Backlog(url.max_waiting_mb << 20)
        self._absence = Absence()
        self._ended = False
        connection = connect(url)
        try:
            with telling(url):
                migrate(connection, url.store)
                self._row = self._take(connection, is_new=is_new)
                self._written = self._last_place = self._standing(connection, self._row)
        except BaseException:
            connection.close()
            raise
        self._connection: Connection | None = connection
        self._kinds: dict[Kind, int] = {}
        """Those that were seen, with the numbers that they have here."""
        self._kind_numbers: list[int] = []
        """The numbers that they have in the run."""
        self._known_kinds = 0
        self._event_rows = EventRows(self._kinds)

    @property
    def retry_in(self) -> float | None:
        """See :attr:`RecordingFile.retry_in`."""
        return None if self._ended else self._absence.pause

    def write(self, entries: Sequence[Entry]) -> None:
        """See :meth:`RecordingFile.write`; without entries, it comes back to the store if it can.

        Raises:
            StorageError: The store takes no more, or more would have to wait than may.
        """
        added = list(map(self._waiting, entries))
        if not self._backlog.add(added):
            raise StorageError(
                f"the store is away, and {len(self._backlog)} entries wait already: more than "
                f"buffer_mb={self._url.max_waiting_mb} has room for"
            )
        if self._connection is not None or self._absence.is_due:
            try:
                self._catch_up()
            except StorageError:
                self._ended = True
                self._backlog.take_back(added)
                raise

    def close(self) -> None:
        """See :meth:`RecordingFile.close`; tries to write what waits still, for five seconds."""
        until = monotonic() + LAST_TRIES
        while self._backlog and not self._ended and monotonic() < until:
            threading.Event().wait(min(self.retry_in or 0.0, 0.5))
            with suppress(StorageError):
                self._catch_up()
        if self._backlog:
            logger.error("%s lacks %d entries that waited for it", self._url, len(self._backlog))
        if self._connection is not None:
            with suppress(psycopg.Error):  # a connection that has broken just now
                self._end(self._connection)
            self._connection.close()

    def _waiting(self, entry: Entry) -> WaitingEntry:
        self._last_place += 1
        return WaitingEntry(self._last_place, row(entry), self._event_rows.of(entry))

    def _catch_up(self) -> None:
        """Write what waits, if the store is there.

        Raises:
            StorageError: It takes no more.
        """
        try:
            if self._connection is None:
                self._connection = self._come_back()
            self._flush(self._connection)
        except _Away as away:
            self._leave(str(away))
        else:
            self._absence.end()

    def _leave(self, why: str) -> None:
        """Try again later."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._absence.go_on():
            logger.warning(
                "%s is away: what is recorded waits for it, up to %d MB: %s",
                self._url,
                self._url.max_waiting_mb,
                why,
            )

    def _come_back(self) -> Connection:
        try:
            connection = connect(self._url, **QUICKLY)
        except StorageError as error:
            raise _Away(str(error)) from None
        try:
            self._go_on(connection)
        except psycopg.Error as error:
            connection.close()
            raise _Away(str(error)) from None
        except BaseException:
            connection.close()
            raise
        logger.info("%s is back: %d entries have waited", self._url, len(self._backlog))
        return connection

    def _go_on(self, connection: Connection) -> None:
        """Take the run again as it was left: what it has of the entries that wait is forgotten.

        Raises:
            _Away: The server has not noticed yet that the old connection is gone.
            StorageError: The run is another one.
        """
        if not self._lock(connection, self._row.run):
            raise _Away("the run is still locked by the connection that was lost")
        found = begun(connection, self._url)
        standing = self._standing(connection, found)
        if found.run != self._row.run or not self._written <= standing <= self._last_place:
            raise StorageError(
                f"{self._url} is not as it was left, with entry {self._written} as its last: it "
                f"has {standing}; record to another run"
            )
        self._row = found
        self._settle(standing)

    def _flush(self, connection: Connection) -> None:
        entries = self._backlog.entries
        if not entries:
            return
        try:
            with connection.transaction():
                self._write(connection, entries)
        except psycopg.Error as error:
            if connection.closed:
                raise _Away(one_line(error)) from None
            raise problem(self._url, error) from None
        self._known_kinds = len(self._kinds)
        self._settle(entries[-1].place)

    def _write(self, connection: Connection, entries: Sequence[WaitingEntry]) -> None:
        """Write all in one transaction; what is cleared by one of them is not written at all.

        What clears is the first that the run has then: so who follows it learns of that.
        """
        run, day, _ = self._row
        last_place, placed = self._placed(connection, entries)
        last_clear = max((at for at, one in enumerate(placed) if one.entry.clears), default=-1)
        if last_clear >= 0:
            for table in ("entries", "events"):
                connection.execute(
                    f"DELETE FROM toggle_mock.{table} WHERE day = %s AND run = %s",  # noqa: S608 - ours
                    (day, run),
                )
            connection.execute(_EMPTIED, (placed[last_clear].place, run))
        kept = placed[max(0, last_clear) :]
        if len(self._kinds) > self._known_kinds:
            self._kind_numbers = _numbered(connection, run, self._kinds)
        rows = [(day, run, place, call, *one.row[1:]) for place, call, one in kept]
        events = [
            (day, run, place, event.position, call, self._kind_numbers[event.kind], *event[3:])
            for place, call, one in kept
            for event in one.events
        ]
        _copy(connection, _ENTRIES, _ENTRY_TYPES, rows)
        _copy(connection, _EVENTS, _EVENT_TYPES, events)
        calls = Counter(kind for *_, kind, _document, _raw in rows)["call"]
        size = sum(len(raw or b"") for *_, raw in rows)
        connection.execute(_GROWN, (last_place, calls, len(events), size, run))

    # What is otherwise where others write too

    def _take(self, connection: Connection, *, is_new: bool) -> RunRow:
        """The run, begun unless there is one, for this connection alone."""
        asked = "SELECT FROM toggle_mock.runs WHERE name = %s"
        if is_new and connection.execute(asked, (self._url.run,)).fetchone() is not None:
            raise FileExistsError(f"{self._url} exists")
        if not self._lock(connection, begun(connection, self._url).run):
            raise StorageError(f"{self._url} is in use by another server")
        return begun(connection, self._url)  # it may have grown until then

    def _lock(self, connection: Connection, run: int) -> bool:
        """Lock a run, as long as the connection lasts; whether that could be."""
        return locked(connection, "pg_try_advisory_lock", LOCK, run)

    def _standing(self, _connection: Connection, row: RunRow) -> int:
        """How many entries the run has of those that this has made, and of before."""
        return row.place

    def _placed(
        self, _connection: Connection, entries: Sequence[WaitingEntry]
    ) -> tuple[int, Sequence[Placed]]:
        """The last place that is taken, and entries with what is theirs in the run."""
        return entries[-1].place, [Placed(one.place, one.row[0], one) for one in entries]

    def _settle(self, written: int) -> None:
        """Forget what the run has: up to some entry of this."""
        self._written = written
        self._backlog.forget(written)

    def _end(self, connection: Connection) -> None:
        """Nothing more comes, and the run has all."""


def load_run(url: StoreUrl, recording: Recording) -> None:
    """Read a run into a recording.

    Raises:
        StorageError: The store cannot be used, has no such run, or something else in it.
    """
    player = Player(recording)
    with reading(url) as connection:
        found = run_of(connection, url)
        copying = (
            "COPY (SELECT call, entry, document, raw FROM toggle_mock.entries "
            "WHERE day = %s AND run = %s ORDER BY place) TO STDOUT (FORMAT BINARY)"
        )
        with connection.cursor().copy(copying, (found.day, found.run)) as copy:
            copy.set_types(["int8", "text", "text", "bytea"])
            play_rows(url, copy.rows(), player)
    player.end()


def play_rows(url: StoreUrl, rows: Iterable[tuple[Any, ...]], player: Player) -> None:
    """Play the entries of some rows.

    Raises:
        StorageError: One is no entry.
    """
    for number, one in enumerate(rows, 1):
        play_row(url, number, one, player)


def play_row(url: StoreUrl, number: int, one: Sequence[Any], player: Player) -> None:
    """Play an entry, of some number.

    Raises:
        StorageError: It is none.
    """
    try:
        player.play(entry_of(*one))
    except (ValueError, TypeError) as error:
        raise StorageError(f"{url}, entry {number}: {error}") from None


def run_of(connection: Connection, url: StoreUrl) -> RunRow:
    """What the store knows of a run.

    Raises:
        StorageError: It has none of this name; the text names the nearest, or the newest.
    """
    if url.run is not None:
        asked = "SELECT run, day, place FROM toggle_mock.runs WHERE name = %s"
        if found := connection.execute(asked, (url.run,)).fetchone():
            return RunRow(*found)
    newest = connection.execute("SELECT name FROM toggle_mock.runs ORDER BY run DESC LIMIT 1000")
    names = [name for (name,) in newest]
    if not names:
        raise StorageError(f"{url.store} has no run yet: record one to it")
    some = f"; the newest are {', '.join(names[:3])}" if len(names) > 1 else f"; it has {names[0]}"
    if url.run is None:
        raise StorageError(f"{url} says no run: give ?run=NAME{some}")
    near = did_you_mean([url.run], names)
    raise StorageError(f"{url.store} has no run {url.run!r}{near or some}")


def begun(connection: Connection, url: StoreUrl) -> RunRow:
    """The run of a name, which begins unless there is one."""
    asked = "SELECT run, day, place FROM toggle_mock.begin_run(%s)"
    found = connection.execute(asked, (url.run,)).fetchone()
    assert found is not None  # the function makes one
    return RunRow(*found)


def locked(connection: Connection, how: str, first: int, second: int) -> bool:
    """Whether a connection has an advisory lock from here on, as long as it lasts."""
    found = connection.execute(f"SELECT {how}(%s, %s)".encode(), (first, second)).fetchone()
    return found is not None and bool(found[0])


def _numbered(connection: Connection, run: int, kinds: Iterable[Kind]) -> list[int]:
    """The numbers that kinds have in a run, which those get that have none."""
    rows = connection.execute(
        "SELECT kind, level, category, payload FROM toggle_mock.kinds WHERE run = %s", (run,)
    )
    known = {Kind(*kind): number for number, *kind in rows}
    for kind in kinds:
        if kind not in known:
            known[kind] = len(known)
            connection.execute(_KINDS, (run, known[kind], *kind))
    return [known[kind] for kind in kinds]


def _copy(
    connection: Connection, statement: str, types: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    if rows:
        with connection.cursor().copy(statement) as copy:
            copy.set_types(types)
            for one in rows:
                copy.write_row(one)
