"""The tables of a store, and how those of an earlier version become them: one step after another.

A step that has been published is never changed; a change is a step more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from psycopg import Connection

from toggle_mock.errors import StorageError

LOCK: Final = 0x746D  # "tm"
"""Of advisory locks: with 0 who changes tables or partitions has it, with its number each run that
is being written."""

WRITER_LOCK: Final = 0x746E
"""Of those that servers hold which share a run, each with its number as a writer."""

LETTERS_LOCK: Final = 0x746F
"""The same, by the connections over which they hear what is asked of their Rodents: such a one is
missed at once if it is lost, and one that is written to with the next entry."""

BOARD_LOCK: Final = 0x7470
"""The same, by those over which they hear what they have in common."""


def is_held(lock: int, number: str) -> str:
    """SQL: whether somebody holds an advisory lock now.

    Args:
        lock: One of those above.
        number: The column that has its number.
    """
    return f"""EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = {lock} AND objid = {number}::oid
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)"""  # noqa: S608 - ours


IS_RECORDED: Final = is_held(LOCK, "run")
"""Whether somebody writes to a row of ``runs`` now."""

CHANNEL: Final = "toggle_mock"
"""Where each commit to a run is notified, with the number of the run and its last place."""

_FIRST = """
CREATE SCHEMA toggle_mock;

CREATE TABLE toggle_mock.migrations (
    number integer PRIMARY KEY,
    applied timestamptz NOT NULL DEFAULT now()
);

-- A recording. Its rows are in the partition of the day on which it began.
CREATE TABLE toggle_mock.runs (
    run integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    day date NOT NULL,
    begun timestamptz NOT NULL DEFAULT now(),
    written timestamptz NOT NULL DEFAULT now(),
    place bigint NOT NULL DEFAULT 0,   -- that of the last entry
    calls bigint NOT NULL DEFAULT 0,
    events bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0    -- of messages
);

-- What happened, in its order: the same as in a recording's file.
CREATE TABLE toggle_mock.entries (
    day date NOT NULL,
    run integer NOT NULL,
    place bigint NOT NULL,
    call bigint NOT NULL,
    entry text NOT NULL,
    document json NOT NULL,
    raw bytea,
    PRIMARY KEY (day, run, place)
) PARTITION BY RANGE (day);
CREATE INDEX entries_by_call ON toggle_mock.entries (day, run, call);
CREATE INDEX entries_of_schema ON toggle_mock.entries (run) WHERE entry = 'schema';

-- What events are told apart by before they are looked at closely.
CREATE TABLE toggle_mock.kinds (
    run integer NOT NULL REFERENCES toggle_mock.runs ON DELETE CASCADE,
    kind integer NOT NULL,
    level integer NOT NULL,
    category integer NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (run, kind)
);

-- The events of accepted batches, to find them by. Texts are those of the events up to some length.
CREATE TABLE toggle_mock.events (
    day date NOT NULL,
    run integer NOT NULL,
    place bigint NOT NULL,             -- that of the entry that accepted its batch
    position integer NOT NULL,         -- in the batch
    call bigint NOT NULL,
    kind integer NOT NULL,
    event_id text NOT NULL,
    "timestamp" bigint NOT NULL,
    rid text NOT NULL,
    sub text NOT NULL,
    peer text NOT NULL,
    batch_id text NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX events_by_kind ON toggle_mock.events (run, kind);
CREATE INDEX events_by_id ON toggle_mock.events (run, event_id);
CREATE INDEX events_by_time ON toggle_mock.events (run, "timestamp");
CREATE INDEX events_by_rid ON toggle_mock.events (run, rid);
CREATE INDEX events_by_batch ON toggle_mock.events (run, batch_id);

-- For writers, who own no table: the run of a name, which begins unless there is one.
CREATE FUNCTION toggle_mock.begin_run(wanted text) RETURNS toggle_mock.runs
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    parent text;
    part text;
    it toggle_mock.runs;
BEGIN
    SELECT * INTO it FROM toggle_mock.runs WHERE name = wanted;
    IF FOUND THEN
        RETURN it;
    END IF;
    PERFORM pg_advisory_xact_lock(29805, 0);
    FOREACH parent IN ARRAY ARRAY['entries', 'events'] LOOP
        part := parent || to_char(today, '_YYYYMMDD');
        IF to_regclass(format('toggle_mock.%I', part)) IS NULL THEN
            -- Attached, as one that is created in its place would wait for all who read.
            EXECUTE format('CREATE TABLE toggle_mock.%I (LIKE toggle_mock.%I)', part, parent);
            EXECUTE format(
                'ALTER TABLE toggle_mock.%I ATTACH PARTITION toggle_mock.%I '
                'FOR VALUES FROM (%L) TO (%L)', parent, part, today, today + 1
            );
        END IF;
    END LOOP;
    INSERT INTO toggle_mock.runs (name, day) VALUES (wanted, today)
        ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING * INTO it;
    RETURN it;
END $$;

-- Forgets runs, but for those that are being written; returns which. Partitions that lose their
-- last run go as a whole.
CREATE FUNCTION toggle_mock.forget_runs(unwanted integer[]) RETURNS integer[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone integer[];
    emptied date;
    part text;
BEGIN
    PERFORM pg_advisory_xact_lock(29805, 0);
    SELECT array_agg(run) INTO gone FROM toggle_mock.runs
        WHERE run = ANY (unwanted) AND pg_try_advisory_xact_lock(29805, run);
    FOR emptied IN
        SELECT day FROM toggle_mock.runs GROUP BY day HAVING bool_and(run = ANY (gone))
    LOOP
        FOREACH part IN ARRAY ARRAY['entries', 'events'] LOOP
            part := part || to_char(emptied, '_YYYYMMDD');
            EXECUTE format('DROP TABLE IF EXISTS toggle_mock.%I', part);
        END LOOP;
    END LOOP;
    DELETE FROM toggle_mock.entries WHERE run = ANY (gone);
    DELETE FROM toggle_mock.events WHERE run = ANY (gone);
    DELETE FROM toggle_mock.runs WHERE run = ANY (gone);
    RETURN coalesce(gone, '{}');
END $$;

REVOKE ALL ON FUNCTION toggle_mock.begin_run(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION toggle_mock.forget_runs(integer[]) FROM PUBLIC;
"""

_SHARED = """
-- The place of the last entry that all before it was forgotten with; 0 without one.
ALTER TABLE toggle_mock.runs ADD COLUMN cleared bigint NOT NULL DEFAULT 0;

-- The servers that share a run; one that has ended as it should has none.
CREATE TABLE toggle_mock.writers (
    run integer NOT NULL REFERENCES toggle_mock.runs ON DELETE CASCADE,
    writer integer GENERATED ALWAYS AS IDENTITY,
    written bigint NOT NULL DEFAULT 0,  -- entries of it that the run has, or has cleared
    PRIMARY KEY (run, writer)
);
"""

_PLACES = """
-- By place too, so that the latest of many that match are found without the others; and where
-- events came from of the first of each batch alone, as all of a batch came from there.
DROP INDEX toggle_mock.events_by_kind, toggle_mock.events_by_rid, toggle_mock.events_by_batch;
CREATE INDEX events_by_kind ON toggle_mock.events (run, kind, place);
CREATE INDEX events_by_place ON toggle_mock.events (run, place);
-- Tells which parts of a run have nothing of a time, in a few pages.
CREATE INDEX events_by_moment ON toggle_mock.events USING brin (run, place, "timestamp")
    WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX batches_by_place ON toggle_mock.events (run, place) WHERE position = 0;
CREATE INDEX batches_by_id ON toggle_mock.events (run, batch_id) WHERE position = 0;
CREATE INDEX batches_by_rid ON toggle_mock.events (run, rid, place) WHERE position = 0;
CREATE INDEX batches_by_sub ON toggle_mock.events (run, sub, place) WHERE position = 0;
CREATE INDEX batches_by_peer ON toggle_mock.events (run, peer, place) WHERE position = 0;
"""

_BOARD = """
-- What the servers that share a run have in common now: how often it was changed, and up to which
-- change each has taken it up; nothing if it does not take part.
CREATE TABLE toggle_mock.boards (
    run integer PRIMARY KEY REFERENCES toggle_mock.runs ON DELETE CASCADE,
    version bigint NOT NULL DEFAULT 0
);
ALTER TABLE toggle_mock.writers ADD COLUMN board bigint;

-- Faults that are in force, or happen once at each.
CREATE TABLE toggle_mock.faults (
    run integer NOT NULL REFERENCES toggle_mock.runs ON DELETE CASCADE,
    fault bigint NOT NULL,             -- the version of the board that has it first
    writer integer NOT NULL,           -- who was asked for it
    spec json NOT NULL,
    rid text,
    sub text,
    session text,
    is_over_at_once boolean NOT NULL,
    taken bigint NOT NULL DEFAULT 0,   -- counted outcomes that calls have met
    PRIMARY KEY (run, fault)
);

CREATE TABLE toggle_mock.sessions (
    run integer NOT NULL REFERENCES toggle_mock.runs ON DELETE CASCADE,
    session text NOT NULL,
    rid text,
    sub text,
    lease float8,                      -- seconds; without one it stays
    ends timestamptz,
    PRIMARY KEY (run, session)
);
"""

_LETTERS = """
-- What servers that share a run ask of Rodents whose streams are at another of them. They vanish
-- with the one that asks.
CREATE TABLE toggle_mock.letters (
    run integer NOT NULL,
    name text NOT NULL,
    asker integer NOT NULL,            -- the server that has written it
    letter json NOT NULL,
    holds timestamptz NOT NULL,        -- until when it may be taken
    taker integer,                     -- the server that does what it says
    answer json,
    PRIMARY KEY (run, name),
    FOREIGN KEY (run, asker) REFERENCES toggle_mock.writers ON DELETE CASCADE
);
CREATE INDEX letters_by_asker ON toggle_mock.letters (run, asker);
"""

MIGRATIONS: Final[Sequence[str]] = (_FIRST, _SHARED, _PLACES, _BOARD, _LETTERS)
"""Each makes of what the one before has left what this version, or one before it, wants."""


def version_of(connection: Connection) -> int:
    """How many of the steps a database has been through; 0 if it has no recordings."""
    found = connection.execute("SELECT to_regclass('toggle_mock.migrations')").fetchone()
    if found is None or found[0] is None:
        return 0
    newest = connection.execute("SELECT max(number) FROM toggle_mock.migrations").fetchone()
    return int(newest[0]) if newest and newest[0] else 0


def is_current(version: int) -> bool:
    """Whether a database of a version is as this version wants it."""
    return version == len(MIGRATIONS)


def migrate(connection: Connection, shown: str) -> None:
    """Bring a database to this version; nothing is done to one that is there.

    Args:
        connection: To the database, in autocommit.
        shown: What the store is called.

    Raises:
        StorageError: It is of a later version, or cannot hold all texts.
        psycopg.Error: This role may not, for example.
    """
    if is_current(version_of(connection)):
        return
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StorageError(
            f"{shown} has the encoding {encoding}: create a database with ENCODING 'UTF8'"
        )
    # Before the transaction, at whose begin alone the server notices what another has made.
    connection.execute("SELECT pg_advisory_lock(%s, 0)", (LOCK,))
    try:
        with connection.transaction():
            _go_through(connection, shown)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s, 0)", (LOCK,))


def _go_through(connection: Connection, shown: str) -> None:
    version = version_of(connection)
    check_version(version, shown)
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        connection.execute(step.encode())
        connection.execute("INSERT INTO toggle_mock.migrations VALUES (%s)", (number,))


def check_version(version: int, shown: str) -> None:
    """See that a store is of no later version than this.

    Raises:
        StorageError: It is.
    """
    if version > len(MIGRATIONS):
        raise StorageError(
            f"{shown} is of version {version}, and this knows {len(MIGRATIONS)}: upgrade "
            "rodent-events"
        )
