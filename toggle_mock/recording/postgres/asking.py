"""Events of a run that may match, found by the columns of the store, without loading the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from psycopg import Connection

from toggle_mock.recording.playback import Player
from toggle_mock.recording.postgres.bounds import (
    AllOf,
    Bound,
    Clause,
    KindIs,
    arms_of,
    clause_of,
    is_of_few,
)
from toggle_mock.recording.postgres.run import RunRow, play_rows
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.records import Kind

_OF_RUN = "day = %s AND run = %s"
_SCHEMAS = f"""
SELECT call, entry, document::text, raw FROM toggle_mock.entries
WHERE {_OF_RUN} AND entry = 'schema' ORDER BY place
"""  # noqa: S608 - of this module alone
_MATCHING = (
    "SELECT place, call, count(*) FROM ({}) AS matching GROUP BY place, call ORDER BY place DESC"
)
_PART = "SELECT place, call, position FROM toggle_mock.events WHERE {} AND ({})"
# All that have the batch id of one that may match, so that it is told which only repeats; but for
# those without events, which the store has no ids of.
_REPEATED = f"""
SELECT call FROM toggle_mock.events WHERE {_OF_RUN} AND position = 0 AND batch_id IN (
    SELECT batch_id FROM toggle_mock.events
    WHERE {_OF_RUN} AND position = 0 AND place = ANY (%s) AND batch_id <> ''
)
"""  # noqa: S608 - of this module alone
# Call by call: what is not analyzed yet would be read as a whole otherwise.
_CALLS = f"""
COPY (
    SELECT call, entry, document, raw FROM unnest(%s::bigint[]) AS wanted (one) CROSS JOIN LATERAL (
        SELECT * FROM toggle_mock.entries WHERE {_OF_RUN} AND call = one OFFSET 0
    ) AS found ORDER BY place
) TO STDOUT (FORMAT BINARY)
"""  # noqa: S608 - of this module alone

FIRST_PLACES, MORE_PLACES, MOST_PLACES = 1_000, 2, 8_000
"""Places at the end of a run that are searched first, how many times as many follow, and how many
at most, if not all of the run is wanted."""

FIRST_CALLS, MORE_CALLS = 4, 4
"""Likewise of the calls that were found, which are played."""


@dataclass(frozen=True)
class Found:
    """A call with events that may match."""

    place: int
    """Of the entry that accepted its batch."""
    call: int
    events: int
    """That may match, as far as the store can tell."""


def play_schemas(connection: Connection, url: StoreUrl, run: RunRow, player: Player) -> None:
    """Play what a run says of the schema that its events are read under."""
    play_rows(url, connection.execute(_SCHEMAS, (run.day, run.run)), player)


def kinds_that(
    connection: Connection, run: RunRow, may_match: Callable[[Kind], bool]
) -> Bound | None:
    """The bound that some kinds of events are, of those which a run has; None if it has none.

    Args:
        connection: To the store.
        run: Where to search.
        may_match: Whether events of a kind may match.
    """
    asked = "SELECT kind, level, category, payload FROM toggle_mock.kinds WHERE run = %s"
    kinds = [(number, Kind(*kind)) for number, *kind in connection.execute(asked, (run.run,))]
    wanted = tuple(number for number, kind in kinds if may_match(kind))
    if not wanted:
        return None
    return KindIs(wanted) if len(wanted) < len(kinds) else AllOf()


def matching(
    connection: Connection, run: RunRow, bound: Bound, limit: int | None
) -> Iterator[list[Found]]:
    """The calls with events that may match, the latest first, a part after another.

    Args:
        connection: To the store.
        run: Where to search.
        bound: What holds of all that match.
        limit: How many events are wanted; a part has no more calls than are enough for that, if all
            that may match do. None for all, in one part.
    """
    if limit is None:
        yield _matching(connection, run, bound, None)
        return
    size = FIRST_CALLS
    for window in _windows(run, bound):
        found = _matching(connection, run, bound, window)
        while found:
            sums = accumulate(one.events for one in found)
            count = next((at for at, events in enumerate(sums, 1) if events >= limit), len(found))
            yield found[: min(count, size)]
            found = found[min(count, size) :]
            size *= MORE_CALLS


def _windows(run: RunRow, bound: Bound) -> Iterator[tuple[int, int] | None]:
    """Places between which to search, the latest first; None for all."""
    if is_of_few(bound):
        yield None
        return
    end, size = run.place, FIRST_PLACES
    while end > 0:
        yield end - size, end
        end -= size
        size = min(size * MORE_PLACES, MOST_PLACES)


def _matching(
    connection: Connection, run: RunRow, bound: Bound, window: tuple[int, int] | None
) -> list[Found]:
    among: Clause = (_OF_RUN, [run.day, run.run])
    if window is not None:
        among = (f"{_OF_RUN} AND place > %s AND place <= %s", [run.day, run.run, *window])
    within, own = among
    parts = [clause_of(arm, among) for arm in arms_of(bound)]
    # One after another, as each has an index of its own.
    asked = _MATCHING.format(" UNION ".join(_PART.format(within, text) for text, _ in parts))
    values = [value for _, of_part in parts for value in (*own, *of_part)]
    return [Found(*row) for row in connection.execute(asked.encode(), values)]


def play_calls(
    connection: Connection, url: StoreUrl, run: RunRow, player: Player, found: Sequence[Found]
) -> None:
    """Play calls, with those that have repeated their batches or were repeated by them.

    Args:
        connection: To the store.
        url: What it is called in errors.
        run: Where they are.
        player: What plays them.
        found: The calls.
    """
    of_run = [run.day, run.run]
    repeated = connection.execute(_REPEATED, [*of_run, *of_run, [one.place for one in found]])
    calls = {one.call for one in found} | {call for (call,) in repeated}
    with connection.cursor().copy(_CALLS, [sorted(calls), *of_run]) as copy:
        copy.set_types(["int8", "text", "text", "bytea"])
        play_rows(url, copy.rows(), player)
