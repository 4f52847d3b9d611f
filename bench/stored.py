"""A store with many events, put into its tables as they are: no server has to record them first."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from psycopg import Connection

from rodent_events import Event, wire
from rodent_events.batch import Batch
from rodent_events.ids import new_id
from rodent_events.payload_types import payload_types, schema_of
from toggle_mock.locust.pools import pool_of
from toggle_mock.recording.entries import AcceptEntry, CallEntry, EndEntry, Entry, MessageEntry
from toggle_mock.recording.records import Kind
from toggle_mock.recording.rows import row

BATCH_SIZE = 100
RODENTS = 5_000
BEGUN = 1_760_000_000_000
"""When the first event was, in milliseconds since the epoch; the next are a millisecond apart."""

_AT_A_TIME = 1_000
"""Batches in a COPY."""

ENTRY_COPY = (
    (
        "COPY toggle_mock.entries (day, run, place, call, entry, document, raw) "
        "FROM STDIN (FORMAT BINARY)"
    ),
    ["date", "int4", "int8", "int8", "text", "text", "bytea"],
)
EVENT_COPY = (
    (
        "COPY toggle_mock.events (day, run, place, position, call, kind, event_id, timestamp, "
        "rid, sub, peer, batch_id) FROM STDIN (FORMAT BINARY)"
    ),
    ["date", "int4", "int8", "int4", "int8", "int4", "text", "int8", *["text"] * 4],
)
"""Statements, with the types of their columns."""


@dataclass(frozen=True)
class Recorded:
    """A batch that was accepted, with what finds its events."""

    call: int
    rid: str
    batch_id: str
    raw: bytes
    events: Sequence[tuple[int, str, int]]
    """Of each the number of its kind, its id, its timestamp."""

    def entries(self) -> Iterator[Entry]:
        """What happened in its call."""
        claims = {"rid": self.rid, "sub": f"org-{self.call % 20}"}
        arrived = (BEGUN + self.call * BATCH_SIZE) / 1e3
        yield CallEntry(self.call, "SendEvents", PEER, arrived, (), claims)
        yield MessageEntry(self.call, sent=False, at=arrived, raw=self.raw)
        yield AcceptEntry(self.call)
        yield MessageEntry(self.call, sent=True, at=arrived, raw=b"\x08\x01")
        yield EndEntry(self.call, "OK", "")


PEER = "ipv4:10.0.0.7:51712"


class Batches:
    """Makes batches of events as storage nodes report them; the same each time, but for ids.

    Args:
        size: How many events a batch has.
    """

    def __init__(self, size: int = BATCH_SIZE) -> None:
        self._size = size
        self._draw = random.Random(0)
        self.kinds: dict[Kind, int] = {}

    @cached_property
    def _bodies(self) -> list[tuple[int, bytes]]:
        """Events without id and timestamp, each with the number of its kind."""
        places = payload_types(schema_of(Event()))
        found = []
        for sample in pool_of("usual", 0):
            place = places[schema_of(sample.payload).full_name]
            event = Event(level=sample.level, category=place.category, source=place.source)
            event.metadata.update(sample.metadata)
            wrapper = getattr(event, place.wrapper.name)
            getattr(wrapper, place.member.name).CopyFrom(sample.payload)
            kind = Kind(event.level, event.category, place.name)
            number = self.kinds.setdefault(kind, len(self.kinds))
            found.append((number, event.SerializeToString()))
        return found

    def make(self, count: int) -> Iterator[Recorded]:
        """So many batches, one after another."""
        for call in range(1, count + 1):
            events, frames = [], []
            for place, (kind, body) in enumerate(self._draw.choices(self._bodies, k=self._size)):
                event_id, at = new_id(), BEGUN + (call - 1) * self._size + place
                events.append((kind, event_id, at))
                own = wire.delimited(1, event_id.encode()) + b"\x28" + wire.varint(at)
                frames.append(wire.delimited(1, own + body))
            batch = Batch.of(frames, batch_id=new_id(), timestamp=at)
            rid = f"node-{self._draw.randrange(RODENTS)}"
            yield Recorded(call, rid, batch.id, batch.data, events)


def fill(connection: Connection, name: str, batches: int) -> None:
    """Put a run with so many batches into a store whose tables are there."""
    asked = "SELECT run, day FROM toggle_mock.begin_run(%s)"
    found = connection.execute(asked, (name,)).fetchone()
    assert found is not None
    run, day = found
    makes = Batches()
    place = size = 0
    entries: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    for batch in makes.make(batches):
        for entry in batch.entries():
            place += 1
            entries.append((day, run, place, *row(entry)))
            if isinstance(entry, AcceptEntry):
                arrival = (batch.rid, f"org-{batch.call % 20}", PEER, batch.batch_id)
                events += [
                    (day, run, place, position, batch.call, *event, *arrival)
                    for position, event in enumerate(batch.events)
                ]
        size += len(batch.raw) + 2
        if batch.call % _AT_A_TIME == 0 or batch.call == batches:
            copy(connection, *ENTRY_COPY, entries)
            copy(connection, *EVENT_COPY, events)
            entries.clear()
            events.clear()
    for kind, number in makes.kinds.items():
        connection.execute(
            "INSERT INTO toggle_mock.kinds VALUES (%s, %s, %s, %s, %s)", (run, number, *kind)
        )
    connection.execute(
        "UPDATE toggle_mock.runs SET place = %s, calls = %s, events = %s, bytes = %s "
        "WHERE run = %s",
        (place, batches, batches * BATCH_SIZE, size, run),
    )


def copy(
    connection: Connection, statement: str, types: list[str], rows: list[tuple[Any, ...]]
) -> None:
    """Put rows into a table."""
    with connection.cursor().copy(statement.encode()) as copying:
        copying.set_types(types)
        for one in rows:
            copying.write_row(one)
