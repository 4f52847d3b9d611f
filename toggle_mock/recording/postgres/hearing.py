"""Hears what is notified on a channel of a store, on a thread of its own."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable

import psycopg
from psycopg import Connection

from toggle_mock.codes import logger
from toggle_mock.errors import StorageError
from toggle_mock.recording.postgres.connecting import (
    QUICKLY,
    Absence,
    connect,
    one_line,
    telling,
)
from toggle_mock.recording.postgres.url import StoreUrl

POLL = 5.0
"""Seconds after which it is looked at unasked: a server that is killed notifies nobody."""


class Hearing:
    """Hears what is notified on a channel of a store, on a thread of its own.

    What it is about is in tables: a notification says that they are to be looked at, no more.

    Args:
        url: Where the store is.
        channel: The channel's name.
        look: Looks at the tables over a connection in autocommit: at the start; after one
            notification or several; when a connection that was lost is there again; and each
            :data:`POLL` seconds. What it raises is logged, and ends nothing.
    """

    def __init__(self, url: StoreUrl, channel: str, look: Callable[[Connection], None]) -> None:
        self._url, self._channel, self._look = url, channel, look
        self._absence = Absence()
        self._connection: Connection | None = None
        self._has_news = False
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._wake: socket.socket
        self._woken: socket.socket

    def start(self) -> None:
        """Listen, and look for the first time before this returns.

        Raises:
            StorageError: The store cannot be used.
        """
        connection = self._connected()
        try:
            with telling(self._url):
                self._look(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._stopping = connection, False
        self._absence.end()
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="toggle-hearing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hear no more; what was notified by now may go unheard. It may be started again."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping = True
        self._wake.send(b"!")
        thread.join()
        self._wake.close()
        self._woken.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def is_away(self) -> bool:
        """Whether the store cannot be reached now."""
        return self._connection is None

    def _run(self) -> None:
        while not self._stopping:
            try:
                if self._connection is None:
                    self._come_back()
                else:
                    self._hear(self._connection)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look may do
                self._note(error)

    def _hear(self, connection: Connection) -> None:
        """Wait until there is something to look at, or to stop; look."""
        if not self._has_news:
            readable = self._readable(POLL, connection)
            if self._stopping:
                return
            if readable:
                connection.pgconn.consume_input()
                # What the server says besides, of its settings, is nothing to look at.
                while connection.pgconn.notifies():
                    self._has_news = True
            else:
                self._has_news = True
        if self._has_news:
            self._has_news = False
            self._look(connection)

    def _readable(self, seconds: float, connection: Connection | None = None) -> bool:
        """Whether there is something to read within so many seconds; it ends at once to stop."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        if connection is not None:
            poll.register(connection.fileno(), select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _note(self, error: Exception) -> None:
        if isinstance(error, psycopg.Error) and (not self._connection or self._connection.closed):
            self._leave(one_line(error))
            return
        logger.error(
            "what was notified on %s of %s could not be taken up",
            self._channel,
            self._url,
            exc_info=error,
        )

    def _leave(self, why: str) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._absence.go_on():
            logger.warning(
                "%s is away: what is notified there on %s is looked at once it is back: %s",
                self._url,
                self._channel,
                why,
            )

    def _come_back(self) -> None:
        if not self._absence.is_due:
            self._readable(self._absence.pause or 0.0)
            return
        try:
            connection = self._connected(**QUICKLY)
        except (StorageError, psycopg.Error) as error:
            self._leave(str(error))
            return
        self._absence.end()
        self._has_news, self._connection = True, connection
        logger.info("%s is back: %s is heard again", self._url, self._channel)

    def _connected(self, **parameters: str) -> Connection:
        connection = connect(self._url, **parameters)
        try:
            with telling(self._url):
                connection.execute(f'LISTEN "{self._channel}"'.encode())  # before the first look
        except BaseException:
            connection.close()
            raise
        connection.add_notify_handler(self._take)
        return connection

    def _take(self, _told: object) -> None:
        """Something was notified while it was looked at: look once more."""
        self._has_news = True
