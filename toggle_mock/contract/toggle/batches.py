"""Events and batches of a case, each known again by its mark and its number."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from rodent_events import wire
from rodent_events.ids import new_id
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.pb.events.event_messages_pb2 import EVENT_LEVEL_INFO, Event, StoragePoolPayload
from toggle_mock.contract.filling import PLACES, filled, now_ms

MARK = "suite_mark"
"""The key of the metadata that says of which case an event is."""

NUMBER = "suite_number"
"""The key of the metadata with an event's number among those of its case."""

_F = FieldDescriptor
_VALUES: Mapping[int, Any] = {
    _F.TYPE_STRING: "tank/datä ☃",
    _F.TYPE_BYTES: b"\x00\xff",
    _F.TYPE_BOOL: True,
    _F.TYPE_FLOAT: 0.5,
    _F.TYPE_DOUBLE: 0.1,
    **dict.fromkeys([_F.TYPE_INT64, _F.TYPE_SINT64, _F.TYPE_SFIXED64], 2**63 - 1),
    **dict.fromkeys([_F.TYPE_UINT64, _F.TYPE_FIXED64], 2**64 - 1),
}
"""What fields of a type are set to; others to 1000 and their number."""


class Batches:
    """Makes the events of a case.

    Args:
        mark: What its events are known by, which no other case has.
    """

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self._numbers = itertools.count(1)

    def event(self, payload: Message | None = None, **fields: Any) -> Event:
        """An event as a Rodent sends it.

        Args:
            payload: What it is about; None for a pool.
            fields: Of the event, instead of the usual.
        """
        if payload is None:
            payload = StoragePoolPayload(pool_name="tank", size_bytes=1 << 40)
        place = PLACES[payload.DESCRIPTOR.name]
        usual: dict[str, Any] = {
            "event_id": new_id(),
            "level": EVENT_LEVEL_INFO,
            "category": place.category,
            "source": place.source,
            "timestamp": now_ms(),
        }
        event = Event(**(usual | fields))
        event.metadata.update({MARK: self.mark, NUMBER: str(next(self._numbers))})
        getattr(getattr(event, place.wrapper.name), place.member.name).CopyFrom(payload)
        return event

    def events(self, count: int) -> list[Event]:
        """So many of them."""
        return [self.event() for _ in range(count)]

    def alike(self, count: int) -> list[Event]:
        """So many events that are the same but for their ids, made fast."""
        one = self.event()
        made = []
        for _ in range(count):
            other = Event()
            other.CopyFrom(one)
            other.event_id = new_id()
            made.append(other)
        return made

    def batch(self, events: int | Iterable[Event] = 1) -> EventBatch:
        """A batch of these events, or of so many."""
        chosen = self.events(events) if isinstance(events, int) else list(events)
        return EventBatch(events=chosen, batch_timestamp=now_ms(), batch_id=new_id())

    def batch_of_size(self, size: int) -> EventBatch:
        """A batch of exactly so many bytes, most of them in one event's metadata."""
        batch = self.batch()
        fill = batch.events[0].metadata
        fill["fill"] = ""
        while missing := size - batch.ByteSize():
            left = len(fill["fill"]) + missing
            if left < 0:
                raise ValueError(f"no batch of one event has {size} bytes")
            fill["fill"] = "x" * left
        return batch

    def filled(self) -> list[Event]:
        """An event of each payload type, with all of its fields set."""
        return [self.event(filled(payload, _value_of)) for payload in PLACES]


def _value_of(field: FieldDescriptor) -> Any:
    return _VALUES.get(field.type, 1000 + field.number)


UNKNOWN_FIELD = 1999
"""A number that no field of the schema has."""

UNKNOWN_VALUE = 421_337

_UNKNOWN = wire.tag(UNKNOWN_FIELD, wire.VARINT) + wire.varint(UNKNOWN_VALUE)


def with_unknown_fields(message: Message) -> bytes:
    """A message, serialized, with a field of a later schema in it and in each message within."""
    return message.SerializeToString() + _UNKNOWN


def batch_with_unknown_fields(batch: EventBatch) -> bytes:
    """A batch, serialized, with a field of a later schema in it, in its events and payloads."""
    events = b"".join(
        wire.delimited(1, _event_with_unknown_fields(event)) for event in batch.events
    )
    rest = EventBatch(batch_timestamp=batch.batch_timestamp, batch_id=batch.batch_id)
    return events + with_unknown_fields(rest)


def _event_with_unknown_fields(event: Event) -> bytes:
    changed = Event.FromString(event.SerializeToString())
    wrapper = getattr(changed, changed.WhichOneof("event_payload") or "")
    wrapper.MergeFromString(with_unknown_fields(wrapper))
    payload = getattr(wrapper, wrapper.WhichOneof("event_type"))
    payload.MergeFromString(_UNKNOWN)
    return with_unknown_fields(changed)


def split(events: Sequence[Event], size: int) -> list[Sequence[Event]]:
    """The same events, so many at a time."""
    return [events[start : start + size] for start in range(0, len(events), size)]
