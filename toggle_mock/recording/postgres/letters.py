"""Letters in a store: a table that servers write to, and take from, and notify each other of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from psycopg import Connection

from toggle_mock.recording.letters import Answer, Letter, StoredLetter
from toggle_mock.recording.postgres.errands import Errands
from toggle_mock.recording.postgres.hearing import Hearing
from toggle_mock.recording.postgres.migrations import LETTERS_LOCK, WRITER_LOCK, is_held
from toggle_mock.recording.postgres.run import locked
from toggle_mock.recording.postgres.url import StoreUrl

_WRITE = """
WITH written AS (
    INSERT INTO toggle_mock.letters (run, name, asker, letter, holds)
    VALUES (%s, %s, %s, %s, now() + %s * interval '1 second')
    ON CONFLICT DO NOTHING RETURNING run
)
SELECT pg_notify(%s, '') FROM written
"""
_TAKE = """
WITH taken AS (
    UPDATE toggle_mock.letters SET taker = %s WHERE run = %s AND name = %s
    AND (taker = %s OR (taker IS NULL AND holds > now())) RETURNING run
)
SELECT pg_notify(%s, '') FROM taken
"""
_ANSWER = """
WITH answered AS (
    UPDATE toggle_mock.letters SET answer = %s
    WHERE run = %s AND name = %s AND taker = %s AND answer IS NULL RETURNING run
)
SELECT pg_notify(%s, '') FROM answered
"""
# Nobody need hear of one that is answered, or that nobody does anything about.
_WITHDRAW = """
WITH withdrawn AS (
    DELETE FROM toggle_mock.letters WHERE run = %s AND name = %s AND (taker IS NULL OR %s)
    RETURNING taker, answer
)
SELECT (SELECT pg_notify(%s, '') WHERE taker IS NOT NULL AND answer IS NULL) FROM withdrawn
"""
_STANDING = """
SELECT name, asker, letter::text, taker, answer::text FROM toggle_mock.letters
WHERE run = %s AND (asker = %s OR taker = %s OR (taker IS NULL AND holds > now()))
"""
_SILENT = f"""
SELECT writer FROM toggle_mock.writers WHERE run = %s
AND NOT {is_held(WRITER_LOCK, "writer")} AND NOT {is_held(LETTERS_LOCK, "writer")}
"""  # noqa: S608 - ours

_letters: msgspec.json.Decoder[Letter] = msgspec.json.Decoder(Letter)
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


class RunLetters:
    """The letters of the servers that share a run; whatever is done may be done twice.

    For any number of threads.

    Args:
        url: Where the store is.
        run: The number of the run.
        server: The number of this server in the run.
    """

    def __init__(self, url: StoreUrl, run: int, server: int) -> None:
        self.server: Final = server
        """The number of this server in the run."""
        self._url, self._run = url, run
        self._channel = f"toggle_mock_letters_{run}"
        self._errands = Errands(url)
        self._heard: Callable[[Sequence[StoredLetter], frozenset[int]], None]
        self._hearing = Hearing(url, self._channel, self._look)
        self._locked_by: Connection | None = None

    def __str__(self) -> str:
        return str(self._url)

    def start(self, heard: Callable[[Sequence[StoredLetter], frozenset[int]], None]) -> None:
        """Hear of letters.

        Args:
            heard: Told, on a thread of its own, of those that are of concern here, each time that
                some may have changed; and the numbers of servers whose locks nobody holds.

        Raises:
            StorageError: The store cannot be used.
        """
        self._heard = heard
        self._hearing.start()

    def stop(self) -> None:
        """Hear no more."""
        self._hearing.stop()

    def close(self) -> None:
        """Write no more."""
        self._errands.close()

    def write(self, name: str, letter: Letter, seconds: float) -> None:
        """Write a letter that may be taken for so many seconds.

        Raises:
            StorageError: The store cannot be used.
        """
        text = msgspec.json.encode(letter).decode()
        self._ask(_WRITE, self._run, name, self.server, text, seconds, self._channel)

    def take(self, name: str) -> bool:
        """Take a letter; whether it is this server's now.

        Raises:
            StorageError: The store cannot be used.
        """
        return self._ask(_TAKE, self.server, self._run, name, self.server, self._channel)

    def answer(self, name: str, answer: Answer) -> None:
        """Answer a letter that was taken here.

        Raises:
            StorageError: The store cannot be used.
        """
        text = msgspec.json.encode(answer).decode()
        self._ask(_ANSWER, text, self._run, name, self.server, self._channel)

    def withdraw(self, name: str, *, also_taken: bool) -> bool:
        """Have a letter be no more; whether it was there.

        Args:
            name: Which one.
            also_taken: Whether it goes also if somebody has taken it.

        Raises:
            StorageError: The store cannot be used.
        """
        return self._ask(_WITHDRAW, self._run, name, also_taken, self._channel)

    def _ask(self, statement: str, *values: Any) -> bool:
        """Whether there was something to do."""
        return self._errands.do(
            lambda one: bool(one.execute(statement.encode(), values).fetchall())
        )

    def _look(self, connection: Connection) -> None:
        if connection is not self._locked_by:
            self._lock_by(connection)
        asked = (self._run, self.server, self.server)
        standing = [_stored(*row) for row in connection.execute(_STANDING, asked)]
        silent = connection.execute(_SILENT.encode(), (self._run,))
        self._heard(standing, frozenset(writer for (writer,) in silent))

    def _lock_by(self, connection: Connection) -> None:
        """Hold the lock by which others see that this server is there, and tell them to look."""
        # The store may not have noticed that the connection of before is lost, which has it still.
        if locked(connection, "pg_try_advisory_lock", LETTERS_LOCK, self.server):
            self._locked_by = connection
            connection.execute("SELECT pg_notify(%s, '')", (self._channel,))


def _stored(
    name: str, asker: int, letter: str, taker: int | None, answer: str | None
) -> StoredLetter:
    done = None if answer is None else _answers.decode(answer)
    return StoredLetter(name, asker, _letters.decode(letter), taker, done)
