"""The runs of a store: which there are, what is in them, which are to be forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from psycopg import Connection

from toggle_mock.recording.postgres.connecting import connect, telling
from toggle_mock.recording.postgres.migrations import IS_RECORDED, migrate, version_of
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.records import Kind

_ALL = f"""
SELECT run, name, begun, written, calls, events, bytes, {IS_RECORDED}
FROM toggle_mock.runs ORDER BY run
"""  # noqa: S608 - ours
_COUNTS = """
SELECT level, category, payload, count(*) FROM toggle_mock.events
JOIN toggle_mock.kinds USING (run, kind) WHERE run = %s AND day = %s
GROUP BY level, category, payload
"""


@dataclass(frozen=True)
class StoredRun:
    """A run, as the store tells of it."""

    number: int
    name: str
    begun: datetime
    written: datetime
    """When something was added to it last."""
    calls: int
    events: int
    size: int
    """Bytes of its messages."""
    in_use: bool
    """Whether a server records to it now."""


def stored_runs(connection: Connection) -> list[StoredRun]:
    """All runs, the oldest first."""
    return [StoredRun(*row) for row in connection.execute(_ALL.encode())]


def kinds_of(connection: Connection, run: int, day: object) -> Counter[Kind]:
    """How many events of each kind a run has."""
    rows = connection.execute(_COUNTS, (run, day))
    return Counter({Kind(level, category, payload): n for level, category, payload, n in rows})


def expired(
    runs: Sequence[StoredRun],
    now: datetime,
    *,
    older_than: timedelta | None = None,
    keep: int | None = None,
    max_size: float | None = None,
) -> list[StoredRun]:
    """The runs that one of the limits lets go; never one that is in use.

    Args:
        runs: All of them, the oldest first.
        now: What age is counted from.
        older_than: Those go to which nothing was added for so long.
        keep: So many of the newest stay.
        max_size: So many bytes of messages stay, those of the newest.
    """
    newest_first = list(reversed(runs))
    sizes = accumulate(run.size for run in newest_first)
    return [
        run
        for place, (run, size) in enumerate(zip(newest_first, sizes, strict=True))
        if not run.in_use
        and (
            (older_than is not None and now - run.written > older_than)
            or (keep is not None and place >= keep)
            or (max_size is not None and size > max_size)
        )
    ][::-1]


def forget(connection: Connection, runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Delete runs, but for those that are in use by now; returns which."""
    numbers = [run.number for run in runs]
    found = connection.execute("SELECT toggle_mock.forget_runs(%s)", (numbers,)).fetchone()
    gone = set(found[0] if found else ())
    return [run for run in runs if run.number in gone]


def prepare(url: StoreUrl) -> int:
    """Make the tables of a store, or bring them up to date; returns their version.

    Raises:
        StorageError: The store cannot be used, or this role may not.
    """
    with connect(url) as connection, telling(url):
        migrate(connection, url.store)
        return version_of(connection)
