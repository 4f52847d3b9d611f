"""A run that is read while it is recorded: what it has, then each commit as it is notified."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from typing import Final

import psycopg
from psycopg import Connection, Notify

from rodent_events.clock import monotonic
from toggle_mock.codes import logger
from toggle_mock.errors import StorageError
from toggle_mock.recording.playback import Player
from toggle_mock.recording.postgres.connecting import (
    Absence,
    check_readable,
    connect,
    one_line,
    problem,
)
from toggle_mock.recording.postgres.migrations import CHANNEL, IS_RECORDED
from toggle_mock.recording.postgres.run import play_row, run_of
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.recorder import Recording

POLL = 5.0
"""Seconds after which it is looked at unasked: servers of before may write, which notify nobody."""

_PORTION = 1 << 20
"""Bytes that are played before who reads gets to look at them."""

_ROW_BYTES = 500
"""What a row takes besides its bytes, about."""

_NEW = """
COPY (
    SELECT place, call, entry, document, raw FROM toggle_mock.entries
    WHERE day = %s AND run = %s AND place > %s ORDER BY place
) TO STDOUT (FORMAT BINARY)
"""
_STATE = f"SELECT {IS_RECORDED} FROM toggle_mock.runs WHERE run = %s"  # noqa: S608 - ours


class RunFollower:
    """Plays a run into a recording, and what is added to it. For one thread.

    A connection that is lost is told of; once there is one again, it goes on behind the last entry
    that it has played.

    Args:
        url: Which run.
        recording: Where it is played.
        keeps_schema: Whether that goes on to be read under its own schema, whatever the run says.
        takes_part: Whether who reads records to it too; so it is never recorded by nobody, though
            it may seem so while no connection is there that was lost and is not missed yet.

    Raises:
        StorageError: The store cannot be used, or has no such run.
    """

    def __init__(
        self,
        url: StoreUrl,
        recording: Recording,
        *,
        keeps_schema: bool = False,
        takes_part: bool = False,
    ) -> None:
        self.place: int = 0
        """That of the last entry that was played."""
        self._url: Final = url
        self._takes_part = takes_part
        self._player = Player(recording, keeps_schema=keeps_schema)
        self._absence = Absence()
        self._has_news = True
        self._look_at = 0.0
        connection = self._connected()
        try:
            self._run = run_of(connection, url)
        except BaseException:
            connection.close()
            raise
        self._connection: Connection | None = connection

    def read(self) -> Iterator[None]:
        """Play all that there is, with a pause after each megabyte of it.

        Raises:
            StorageError: The run is there no more, or something else is in it.
        """
        connection, is_due = self._connection, self._has_news or monotonic() >= self._look_at
        if connection is None or not is_due:
            return
        try:
            self._has_news = False
            yield from self._play_new(connection)
            if monotonic() >= self._look_at:
                self._look(connection)
        except psycopg.Error as error:
            if not connection.closed:
                raise problem(self._url, error) from None
            self._leave(one_line(error))

    def wait(self, seconds: float) -> None:
        """Wait until there may be something to read, so many seconds at the most."""
        if self._connection is None:
            self._wait_for_store(seconds)
            return
        poll = select.poll()
        poll.register(self._connection.fileno(), select.POLLIN)
        rest = max(0.0, min(seconds, self._look_at - monotonic()))
        if not self._has_news and poll.poll(rest * 1000):
            self._hear(self._connection)

    @property
    def run(self) -> int:
        """The number of the run."""
        return self._run.run

    def open(self) -> None:
        """Go on behind the last entry that was played, after :meth:`close`.

        Raises:
            StorageError: The store cannot be used.
        """
        if self._connection is None:
            self._connection = self._connected()
            self._has_news, self._look_at = True, 0.0

    def close(self) -> None:
        """Follow no more."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def is_away(self) -> bool:
        """Whether the store cannot be reached now."""
        return self._connection is None

    def _connected(self) -> Connection:
        connection = connect(self._url)
        try:
            check_readable(connection, self._url)
            connection.execute(f"LISTEN {CHANNEL}")  # before the first look: what comes is heard
        except BaseException:
            connection.close()
            raise
        connection.add_notify_handler(self._take)
        return connection

    def _hear(self, connection: Connection) -> None:
        """Take what the server has to say, which may be of other runs."""
        try:
            connection.pgconn.consume_input()
            while told := connection.pgconn.notifies():
                self._take(Notify(told.relname.decode(), told.extra.decode(), told.be_pid))
        except psycopg.Error as error:
            self._leave(one_line(error))

    def _take(self, told: Notify) -> None:
        run, _, place = told.payload.partition(" ")
        if run == str(self._run.run) and place != str(self.place):
            self._has_news = True

    def _play_new(self, connection: Connection) -> Iterator[None]:
        run, day, _ = self._run
        size = 0
        with connection.cursor().copy(_NEW, (day, run, self.place)) as copy:
            copy.set_types(["int8", "int8", "text", "text", "bytea"])
            for place, *row in copy.rows():
                play_row(self._url, place, row, self._player)
                self.place = place
                size += _ROW_BYTES + len(row[-1] or b"")
                if size >= _PORTION:
                    size = 0
                    yield
        if size:
            yield

    def _look(self, connection: Connection) -> None:
        """See whether the run is there still, and whether anybody records it."""
        found = connection.execute(_STATE.encode(), (self._run.run,)).fetchone()
        if found is None:
            raise StorageError(f"{self._url} is there no more: it was deleted")
        (is_recorded,) = found
        if not (is_recorded or self._takes_part):
            self._player.end()
        self._look_at = monotonic() + POLL

    def _leave(self, why: str) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._absence.go_on():
            logger.warning(
                "%s is away: what is recorded there is read once it is back: %s", self._url, why
            )

    def _wait_for_store(self, seconds: float) -> None:
        if not self._absence.is_due:
            threading.Event().wait(min(seconds, self._absence.pause or 0.0))
            return
        try:
            self._connection = self._connected()
        except (StorageError, psycopg.Error) as error:
            self._leave(str(error))
            return
        self._absence.end()
        self._has_news, self._look_at = True, 0.0
        logger.info("%s is back: it is read on behind entry %d", self._url, self.place)
