"""A connection for what is asked of a store now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg import Connection

from toggle_mock.errors import StorageError
from toggle_mock.recording.postgres.connecting import QUICKLY, Absence, connect, telling
from toggle_mock.recording.postgres.url import StoreUrl

T = TypeVar("T")


class Errands:
    """Runs errands, one at a time, over a connection in autocommit. For any number of threads.

    Args:
        url: Where the store is.
    """

    def __init__(self, url: StoreUrl) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._absence = Absence()

    @property
    def is_resting(self) -> bool:
        """Whether the store is away, and it is too early to try again."""
        return not self._absence.is_due

    def do_once(self, errand: Callable[[Connection], T]) -> T:
        """Run an errand that is not to be done twice, so it is begun once.

        Raises:
            StorageError: The store is away, or refuses it.
        """
        with self._lock, telling(self._url):
            connection = self._connection
            if connection is None or not _is_there(connection):
                connection = self._connected()
            return errand(connection)

    def do(self, errand: Callable[[Connection], T]) -> T:
        """Run one that may be done twice: if the connection is lost, it is begun anew over another.

        Raises:
            StorageError: The store is away, or refuses it.
        """
        with self._lock, telling(self._url):
            if (connection := self._connection) is not None:
                try:
                    return errand(connection)
                except psycopg.Error:
                    if not connection.closed:
                        raise
            return errand(self._connected())

    def close(self) -> None:
        """End the connection, for now."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _connected(self) -> Connection:
        self._connection = None
        try:
            self._connection = connect(self._url, **QUICKLY)
        except StorageError:
            self._absence.go_on()
            raise
        self._absence.end()
        return self._connection


def _is_there(connection: Connection) -> bool:
    """Whether a connection is there still: a moment later it will be, most likely."""
    try:
        connection.execute("SELECT")
    except psycopg.Error:
        connection.close()
        return False
    return True
