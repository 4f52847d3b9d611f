"""The board of a run in its store: each change is committed, notified, and waited for."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from psycopg import Connection
from psycopg.types.json import Json

from rodent_events.clock import monotonic
from toggle_mock.codes import logger
from toggle_mock.errors import StorageError
from toggle_mock.recording.board import (
    Board,
    BoardState,
    Listener,
    PostedFault,
    PostedSession,
    changes,
)
from toggle_mock.recording.postgres.errands import Errands
from toggle_mock.recording.postgres.hearing import Hearing
from toggle_mock.recording.postgres.migrations import BOARD_LOCK, is_held
from toggle_mock.recording.postgres.run import locked
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.scope import Scope

PATIENCE = 10.0
"""Seconds in which the servers that are alive are to take up a change."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05
"""Seconds between two looks whether they have."""

_SAID = """
SELECT version, (
    SELECT json_agg(json_build_object(
        'number', fault, 'writer', writer, 'spec', spec, 'rid', rid, 'sub', sub,
        'session', session, 'is_over_at_once', is_over_at_once, 'taken', taken
    )) FROM toggle_mock.faults WHERE run = board.run
), (
    SELECT json_agg(json_build_object(
        'name', session, 'rid', rid, 'sub', sub, 'lease', lease,
        'left', extract(epoch FROM ends - clock_timestamp())
    )) FROM toggle_mock.sessions WHERE run = board.run
) FROM toggle_mock.boards board WHERE run = %s
"""
"""One statement, so that all of it is of one moment."""

_TAKEN_UP = "UPDATE toggle_mock.writers SET board = %s WHERE run = %s AND writer = %s"
_OTHERS = f"""
SELECT count(*) FROM toggle_mock.writers
WHERE run = %s AND writer <> %s AND board < %s AND {is_held(BOARD_LOCK, "writer")}
"""  # noqa: S608 - ours
_LOCKED = "SELECT version FROM toggle_mock.boards WHERE run = %s FOR UPDATE"
_CHANGED = """
WITH changed AS (UPDATE toggle_mock.boards SET version = %s WHERE run = %s)
SELECT pg_notify(%s, '')
"""
_BEGUN = """
INSERT INTO toggle_mock.faults (run, fault, writer, spec, rid, sub, session, is_over_at_once)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_CLAIMED = """
UPDATE toggle_mock.faults SET taken = taken + 1 WHERE run = %s AND fault = %s AND taken < %s
RETURNING taken
"""
_OPENED = """
INSERT INTO toggle_mock.sessions (run, session, rid, sub, lease, ends)
VALUES (%s, %s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s))
"""
_LEFT = """
SELECT extract(epoch FROM ends - clock_timestamp())::float8
FROM toggle_mock.sessions WHERE run = %s AND session = %s
"""

Change = Callable[[Connection, int], int]
"""Makes a change, which is to be of some version; returns how many rows are others now."""


class StoredBoard(Board):
    """The board of a run; see :class:`Board`.

    Args:
        url: Which run.
    """

    def __init__(self, url: StoreUrl) -> None:
        self._url = url
        self._run = self._writer = 0
        self._turn = threading.RLock()
        self._state: BoardState | None = None
        self._listeners: list[Listener] = []
        self._errands, self._claims = Errands(url), Errands(url)
        self._hearing: Hearing | None = None
        self._holder: Connection | None = None
        """The connection by whose lock others see that this server is alive."""

    # Taking part

    def start(self, run: int, writer: int) -> None:
        """Take part; the first of all servers finds nothing of those of before.

        Args:
            run: The number of the run.
            writer: That of this server.

        Raises:
            StorageError: The store cannot be used.
        """
        self._run, self._writer = run, writer
        try:
            self._errands.do_once(self._join)
            self._hearing = Hearing(self._url, self._channel, self._look_and_live)
            self._hearing.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Take part no more: nothing of it holds here from now on."""
        if self._hearing is not None:
            self._hearing.stop()
            self._hearing = None
            with suppress(StorageError):  # whose connection has ended is waited for by nobody
                self._errands.do(self._leave)
        self._errands.close()
        self._claims.close()
        with self._turn:
            if self._state is not None:
                self._tell(BoardState(self._state.version))
            self._state = None

    @property
    def writer(self) -> int:
        """See :attr:`Board.writer`."""
        return self._writer

    def follow(self, listener: Listener, /) -> Callable[[], None]:
        """See :meth:`Board.follow`."""
        with self._turn:
            self._listeners.append(listener)
            if self._state is not None:
                listener(self._state, changes(None, self._state))
        return partial(self._unfollow, listener)

    def _unfollow(self, listener: Listener) -> None:
        with self._turn:
            self._listeners.remove(listener)

    def look(self) -> None:
        """See :meth:`Board.look`."""
        if self._takes_part:
            with suppress(StorageError):
                self._errands.do(self._look)

    @property
    def _takes_part(self) -> bool:
        """Whether it runs; nothing holds here otherwise."""
        return self._hearing is not None

    @property
    def _channel(self) -> str:
        return f"toggle_mock_board_{self._run}"

    def _join(self, connection: Connection) -> None:
        one = (self._run,)
        begin = "INSERT INTO toggle_mock.boards (run) VALUES (%s) ON CONFLICT DO NOTHING"
        with connection.transaction():
            connection.execute(begin, one)
            ((version,),) = connection.execute(_LOCKED, one).fetchall()
            others = (self._run, self._writer, math.inf)
            if connection.execute(_OTHERS.encode(), others).fetchall() == [(0,)]:
                version += 1
                connection.execute("DELETE FROM toggle_mock.faults WHERE run = %s", one)
                connection.execute("DELETE FROM toggle_mock.sessions WHERE run = %s", one)
                connection.execute(_CHANGED, (version, self._run, self._channel))
            # From here on others see that it takes part, and wait for it.
            connection.execute(_TAKEN_UP, (version, self._run, self._writer))

    def _leave(self, connection: Connection) -> None:
        connection.execute(_TAKEN_UP, (None, self._run, self._writer))

    def _look_and_live(self, connection: Connection) -> None:
        is_held = connection is self._holder
        if is_held or locked(connection, "pg_try_advisory_lock", BOARD_LOCK, self._writer):
            self._holder = connection
        self._look(connection)

    def _look(self, connection: Connection) -> None:
        with self._turn:
            found = connection.execute(_SAID, (self._run,)).fetchone()
            if found is None:
                return  # the run was deleted, which is told where it is copied
            before, state = self._state, _state_of(*found)
            self._tell(state)
            if before is None or before.version != state.version:
                connection.execute(_TAKEN_UP, (state.version, self._run, self._writer))

    def _tell(self, state: BoardState) -> None:
        before, self._state = self._state, state
        for listener in self._listeners:
            listener(state, changes(before, state))

    # Changing it

    def _change(self, change: Change) -> int:
        """Make a change, and wait until all have taken it up; returns of which version it is.

        Raises:
            RuntimeError: It does not run.
            StorageError: The store is away.
        """
        if not self._takes_part:
            raise RuntimeError("faults and sessions are those of servers that run: start it first")
        version = self._errands.do_once(partial(self._changed, change))
        self._wait_for_others(version)
        return version

    def _changed(self, change: Change, connection: Connection) -> int:
        with connection.transaction():
            found = connection.execute(_LOCKED, (self._run,)).fetchone()
            if found is None:
                raise StorageError(f"{self._url} is there no more: it was deleted")
            version = int(found[0])
            if change(connection, version + 1):
                version += 1
                connection.execute(_CHANGED, (version, self._run, self._channel))
        self._look(connection)
        return version

    def _wait_for_others(self, version: int) -> None:
        try:
            lag = self._lag(version)
        except StorageError as error:
            lag = str(error)
        if lag:
            logger.warning(
                "%s: not each server that shares it is known to have taken up what was asked for "
                "here: %s",
                self._url,
                lag,
            )

    def _lag(self, version: int) -> str:
        """Wait until all others have taken up a version; returns what is to be said if not."""
        until, pause = monotonic() + PATIENCE, _FIRST_PAUSE
        asked = partial(_count, _OTHERS, (self._run, self._writer, version))
        while behind := self._errands.do(asked):
            if monotonic() >= until:
                return f"{behind} have not after {PATIENCE:g} s"
            threading.Event().wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        return ""

    def put_up(
        self,
        spec: Mapping[str, Any],
        scope: Scope,
        session: str | None,
        /,
        *,
        is_over_at_once: bool,
    ) -> int:
        """See :meth:`Board.put_up`."""
        about = (self._writer, Json(spec), scope.rid, scope.sub, session, is_over_at_once)

        def begin(connection: Connection, version: int) -> int:
            return connection.execute(_BEGUN, (self._run, version, *about)).rowcount

        number = self._change(begin)
        if is_over_at_once:  # and has happened: who comes later has nothing to see
            self._errands.do_once(lambda connection: self._deleted(connection, fault=number))
        return number

    def take_down(self, number: int, /) -> None:
        """See :meth:`Board.take_down`."""
        self._end_faults(fault=number)

    def clear(self, session: str | None, /) -> None:
        """See :meth:`Board.clear`."""
        which = {} if session is None else {"session": session}
        self._end_faults(**which)

    def _end_faults(self, **which: object) -> None:
        if self._takes_part:
            self._change(lambda connection, _: self._deleted(connection, **which))

    def _deleted(self, connection: Connection, **which: object) -> int:
        return _delete(connection, "faults", run=self._run, **which)

    def claim(self, number: int, most: int, /) -> int | None:
        """See :meth:`Board.claim`."""
        if self._claims.is_resting:
            raise StorageError(f"{self._url} is away")
        asked = (self._run, number, most)
        found = self._claims.do_once(lambda one: one.execute(_CLAIMED, asked).fetchone())
        return int(found[0]) - 1 if found else None

    # Sessions

    def open_session(self, name: str, scope: Scope, lease: float, /) -> None:
        """See :meth:`Board.open_session`."""
        lasts = lease if math.isfinite(lease) else None
        row = (self._run, name, scope.rid, scope.sub, lasts, lasts)
        self._change(lambda connection, _: connection.execute(_OPENED, row).rowcount)

    def end_session(self, name: str, /) -> None:
        """See :meth:`Board.end_session`."""
        self._change(lambda connection, _: self._ended(connection, name))

    def end_overdue_session(self, name: str, /) -> float | None:
        """See :meth:`Board.end_overdue_session`."""
        left: float | None = None

        def end(connection: Connection, _version: int) -> int:
            nonlocal left
            found = connection.execute(_LEFT, (self._run, name)).fetchone()
            left = 0.0 if found is None else math.inf if found[0] is None else float(found[0])
            if found is None or left > 0:
                return 0
            left = None
            return self._ended(connection, name)

        self._change(end)
        return left

    def _ended(self, connection: Connection, name: str) -> int:
        self._deleted(connection, session=name)
        return _delete(connection, "sessions", run=self._run, session=name)

    def renew_session(self, name: str, seconds: float, /) -> None:
        """See :meth:`Board.renew_session`."""
        self._errands.do_once(lambda connection: self._let_last(connection, name, seconds, "%s"))

    def shorten_session(self, name: str, seconds: float, /) -> None:
        """See :meth:`Board.shorten_session`."""
        self._change(
            lambda connection, _: self._let_last(connection, name, seconds, "LEAST(ends, %s)")
        )

    def _let_last(self, connection: Connection, name: str, seconds: float, until: str) -> int:
        then = until % "clock_timestamp() + make_interval(secs => %s)"
        asked = f"UPDATE toggle_mock.sessions SET ends = {then} WHERE run = %s AND session = %s"  # noqa: S608 - ours
        return connection.execute(asked.encode(), (seconds, self._run, name)).rowcount


def _state_of(
    version: int, faults: Sequence[Any] | None, sessions: Sequence[Any] | None
) -> BoardState:
    posted = [_fault_of(**row) for row in faults or ()]
    opened = [_session_of(**row) for row in sessions or ()]
    return BoardState(
        version, {one.number: one for one in posted}, {one.name: one for one in opened}
    )


def _fault_of(rid: str | None, sub: str | None, **others: Any) -> PostedFault:
    return PostedFault(scope=Scope(rid, sub), **others)


def _session_of(
    name: str, rid: str | None, sub: str | None, lease: float | None, left: float | None
) -> PostedSession:
    lasts, rest = (math.inf if one is None else float(one) for one in (lease, left))
    return PostedSession(name, Scope(rid, sub), lasts, rest)


def _count(asked: str, values: Sequence[object], connection: Connection) -> int:
    ((count,),) = connection.execute(asked.encode(), values).fetchall()
    return int(count)


def _delete(connection: Connection, table: str, **which: object) -> int:
    """Delete the rows of a table that are so; returns how many there were."""
    where = " AND ".join(f"{column} = %s" for column in which)
    asked = f"DELETE FROM toggle_mock.{table} WHERE {where}"  # noqa: S608 - ours
    return connection.execute(asked.encode(), [*which.values()]).rowcount
