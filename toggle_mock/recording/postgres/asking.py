"""Events of a run that may match, found by the columns of the store, without loading the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from psycopg import Connection

from toggle_mock.recording.playback import Player
from toggle_mock.recording.postgres.event_rows import findable
from toggle_mock.recording.postgres.run import RunRow, play_rows
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.records import Kind

OF_ARRIVAL = frozenset({"rid", "sub", "peer", "batch_id"})
"""The columns that tell where an event came from, whatever the schema that it is read under."""

TEXTS = OF_ARRIVAL | {"event_id"}
"""The columns that are found by their text."""


@dataclass(frozen=True)
class TextIs:
    """A column has a text."""

    column: str
    text: str


@dataclass(frozen=True)
class TimeIs:
    """The event is from after a time, or before it: ``>`` or ``<`` milliseconds since the epoch."""

    sign: str
    milliseconds: int


@dataclass(frozen=True)
class AllOf:
    """All parts hold; so without any, always."""

    parts: tuple[Bound, ...] = ()


@dataclass(frozen=True)
class OneOf:
    """One part holds."""

    parts: tuple[Bound, ...]


Bound: TypeAlias = TextIs | TimeIs | AllOf | OneOf
"""What holds of all events that match, and perhaps of others."""

Clause: TypeAlias = tuple[str, list[Any]]
"""Text of SQL, and the values in it."""

_INT64 = 1 << 63


def clause_of(bound: Bound) -> Clause:
    """The condition on a row of events that a bound is."""
    match bound:
        case TextIs(column, text):
            return f"{column} = %s", [findable(text)]
        case TimeIs(sign, milliseconds):
            return f'"timestamp" {sign} %s', [max(-_INT64, min(_INT64 - 1, milliseconds))]
        case AllOf(parts):
            return _joined(" AND ", parts, empty="true")
        case OneOf(parts):
            return _joined(" OR ", parts, empty="false")


def _joined(word: str, parts: Sequence[Bound], *, empty: str) -> Clause:
    clauses = list(map(clause_of, parts))
    text = word.join(f"({text})" for text, _ in clauses)
    return text or empty, [value for _, values in clauses for value in values]


_OF_RUN = "day = %s AND run = %s"
_SCHEMAS = f"""
SELECT call, entry, document::text, raw FROM toggle_mock.entries
WHERE {_OF_RUN} AND entry = 'schema' ORDER BY place
"""  # noqa: S608 - of this module alone
# With all that have the batch id of one that may match, so that it is told which only repeats; but
# for those without events, which the store has no ids of.
_FOUND = f"""
WITH found AS MATERIALIZED (
    SELECT DISTINCT call, batch_id FROM toggle_mock.events WHERE {_OF_RUN} AND (BOUND)
)
SELECT call FROM found UNION SELECT call FROM toggle_mock.events
WHERE {_OF_RUN} AND batch_id IN (SELECT batch_id FROM found WHERE batch_id <> '')
"""  # noqa: S608 - of this module alone
# Call by call: what is not analyzed yet would be read as a whole otherwise.
_CALLS = f"""
COPY (
    SELECT call, entry, document, raw FROM unnest(%s::bigint[]) AS wanted (one) CROSS JOIN LATERAL (
        SELECT * FROM toggle_mock.entries WHERE {_OF_RUN} AND call = one OFFSET 0
    ) AS found ORDER BY place
) TO STDOUT (FORMAT BINARY)
"""  # noqa: S608 - of this module alone


def play_schemas(connection: Connection, url: StoreUrl, run: RunRow, player: Player) -> None:
    """Play what a run says of the schema that its events are read under."""
    play_rows(url, connection.execute(_SCHEMAS, (run.day, run.run)), player)


def play_matching(
    connection: Connection,
    url: StoreUrl,
    run: RunRow,
    player: Player,
    bound: Bound,
    *,
    may_match: Callable[[Kind], bool] | None = None,
) -> None:
    """Play the calls with events that may match.

    Args:
        connection: To the store.
        url: What it is called in errors.
        run: Where to search.
        player: What plays them.
        bound: What holds of all that match.
        may_match: Whether events of a kind may match; None if that is not asked.
    """
    text, values = clause_of(bound)
    if may_match is not None:
        kinds = _kinds(connection, run)
        wanted = [number for number, kind in kinds if may_match(kind)]
        if not wanted:
            return
        if len(wanted) < len(kinds):
            text, values = f"({text}) AND kind = ANY (%s)", [*values, wanted]
    of_run = [run.day, run.run]
    asked = _FOUND.replace("BOUND", text).encode()
    calls = [call for (call,) in connection.execute(asked, [*of_run, *values, *of_run])]
    with connection.cursor().copy(_CALLS, [calls, *of_run]) as copy:
        copy.set_types(["int8", "text", "text", "bytea"])
        play_rows(url, copy.rows(), player)


def _kinds(connection: Connection, run: RunRow) -> list[tuple[int, Kind]]:
    asked = "SELECT kind, level, category, payload FROM toggle_mock.kinds WHERE run = %s"
    return [(number, Kind(*kind)) for number, *kind in connection.execute(asked, (run.run,))]
