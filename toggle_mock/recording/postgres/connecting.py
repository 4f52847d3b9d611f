"""Connections to a store, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import Connection, errors
from psycopg.conninfo import make_conninfo

from rodent_events.clock import monotonic
from toggle_mock.errors import StorageError
from toggle_mock.recording.postgres.migrations import check_version, is_current, version_of
from toggle_mock.recording.postgres.url import StoreUrl

_PATIENCE = 10
"""Seconds for a server to answer who connects, unless the URL says otherwise."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two tries to come back to a store; each is twice the one before."""

QUICKLY: Final[Mapping[str, str]] = {"connect_timeout": "2"}
"""What one comes back with who others wait for meanwhile."""

_DEFAULTS: Mapping[str, str] = {
    "application_name": "toggle-mock",
    "client_encoding": "UTF8",
    "connect_timeout": str(_PATIENCE),
    # A server that is gone without a word is noticed within seconds, not within minutes.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
"""What one connects with, by the names of libpq; what the URL says comes first."""

_ADVICE: Mapping[str, str] = {
    "Connection refused": "see that the server runs there",
    "No such file": "see that the server runs there",
    "timeout": "see that the server runs there, and that the network lets through",
    "translate host name": "see that the name of the host is right",
    "password": "give it in PGPASSWORD, in ~/.pgpass, or in the URL",
    'database "': "see that its name is right, or create it with createdb",
    "invalid connection option": "leave it out",
}
"""What helps, by what libpq says; the first that is in it."""

_ADVICE_BY_STATE: Mapping[type[psycopg.Error], str] = {
    errors.InsufficientPrivilege: "see docs/postgres.md for what its roles may",
    errors.DiskFull: "make room at the server",
}


def connect(url: StoreUrl, **parameters: str) -> Connection:
    """A connection in autocommit.

    Args:
        url: Where to.
        parameters: What comes before what the URL says, by the names of libpq.

    Raises:
        StorageError: There is none to be had.
    """
    given = {**_DEFAULTS, **url.parameters, **parameters}
    try:
        return psycopg.connect(make_conninfo(**given), autocommit=True)
    except psycopg.Error as error:
        text = one_line(error)
        advice = next((help_ for word, help_ in _ADVICE.items() if word in text), "")
        raise StorageError(
            f"{url.store} cannot be used: {text}{advice and f': {advice}'}"
        ) from None


@contextmanager
def reading(url: StoreUrl) -> Iterator[Connection]:
    """A connection to a store that has recordings, until the end of the block.

    Raises:
        StorageError: There is none to be had; or what is asked in the block fails.
    """
    with connect(url) as connection, telling(url):
        check_readable(connection, url)
        # It takes ten times what it saves: the planner takes what is asked for as dear.
        connection.execute("SET jit = off")
        yield connection


def check_readable(connection: Connection, url: StoreUrl) -> None:
    """See that a store has recordings of this version.

    Raises:
        StorageError: It has not.
    """
    version = version_of(connection)
    check_version(version, url.store)
    if not is_current(version):
        raise StorageError(
            f"{url.store} has no recordings of this version: see that the database is the "
            "right one, or prepare it with `toggle-mock recordings migrate --store URL`"
        )


@contextmanager
def telling(url: StoreUrl) -> Iterator[None]:
    """Have what the server refuses told with the name of the store.

    Raises:
        StorageError: It refuses something within the block.
    """
    try:
        yield
    except psycopg.Error as error:
        raise problem(url, error) from None


def problem(url: StoreUrl, error: psycopg.Error) -> StorageError:
    """What to raise of something that the server has refused."""
    advice = next((text for kind, text in _ADVICE_BY_STATE.items() if isinstance(error, kind)), "")
    return StorageError(f"{url.store}: {one_line(error)}{advice and f': {advice}'}")


def one_line(error: psycopg.Error) -> str:
    """What the server says, without its line breaks."""
    return " ".join(str(error).split())


class Absence:
    """How long a store is away by now, and when to try again to come back to it."""

    def __init__(self) -> None:
        self.pause: float | None = None
        """Seconds between two tries; None while the store is there."""
        self._due = 0.0

    @property
    def is_due(self) -> bool:
        """Whether it is time to try."""
        return self.pause is None or monotonic() >= self._due

    def go_on(self) -> bool:
        """It is away, still or from now on: try again later. Whether that is new."""
        is_new = self.pause is None
        self.pause = min(_LONGEST_PAUSE, 2 * self.pause if self.pause else _SHORTEST_PAUSE)
        self._due = monotonic() + self.pause
        return is_new

    def end(self) -> None:
        """It is there."""
        self.pause = None
