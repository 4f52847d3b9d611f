"""What tests write to a run of a store, entry by entry, and have go wrong there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from toggle_mock.recording.entries import CallEntry
from toggle_mock.recording.postgres.run import RunFile


def begun(number: int) -> CallEntry:
    """The begin of a call of this number."""
    return CallEntry(number, "Connect", "p", 1.0, (), {})


def caught_up(file: RunFile, wait_until: Callable[[Callable[[], bool]], object]) -> None:
    """Have a file write what waits."""

    def has_caught_up() -> bool:
        file.write([])
        return file.retry_in is None

    wait_until(has_caught_up)


@contextmanager
def deaf_to_commits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Meanwhile connections break after a commit, and before the client hears of it."""
    inner = psycopg.Connection.transaction

    @contextmanager
    def deaf(connection, *arguments):
        with inner(connection, *arguments):
            yield
        connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(psycopg.Connection, "transaction", deaf)
        yield
