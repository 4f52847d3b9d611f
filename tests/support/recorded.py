"""Recorded events without a server."""

import time

from rodent_events import Event, EventBatch
from rodent_events.payload_types import payload_types
from toggle_mock.recording.records import RecordedBatch, RecordedCall


def recorded_event(payload=None, *, level=1, source="test", metadata=None, rid="r1", **fields):
    """An event as it stands in a recording."""
    event = Event(event_id="e1", level=level, source=source, metadata=metadata or {}, **fields)
    event.timestamp = event.timestamp or int(time.time() * 1000)
    if payload is not None:
        place = payload_types(payload.DESCRIPTOR)[payload.DESCRIPTOR.full_name]
        event.category = place.category
        getattr(getattr(event, place.wrapper.name), place.member.name).CopyFrom(payload)
    call = RecordedCall(
        "SendEvents", "ipv4:127.0.0.1:5", (), claims={"rid": rid, "sub": "o1"}, number=1
    )
    raw = EventBatch(events=[event], batch_id="b1").SerializeToString()
    return RecordedBatch(call, raw, 1).events[0]
