"""Recordings of any size, made without sending anything."""

import time

from rodent_events import Event, EventBatch, wire
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall


def record_batch(recording: Recording, events: list[Event], batch_id: str, rid="node-1") -> None:
    """Record a call of SendEvents whose batch was accepted."""
    raw = EventBatch(events=events, batch_id=batch_id).SerializeToString()
    record_raw(recording, raw, len(events), batch_id, rid)


def record_raw(
    recording: Recording,
    raw: bytes,
    count: int,
    batch_id: str,
    rid="node-1",
    at: float | None = None,
) -> None:
    """The same, of bytes, which have arrived then, if not now."""
    at = time.time() if at is None else at
    claims = {"rid": rid, "sub": "org-1"}
    call = RecordedCall("SendEvents", "ipv4:127.0.0.1:1", (), arrived=at, claims=claims)
    recording.begin(call)
    recording.message(call, raw, sent=False, at=at)
    recording.accept(call, raw, batch_id=batch_id, count=count)
    recording.end(call, "OK", at=at)


def record_many(recording: Recording, batches: int, events: list[Event]) -> None:
    """Record batches of the same events, each with an id of its own."""
    same = EventBatch(events=events).SerializeToString()
    for number in range(batches):
        batch_id = f"batch-{number}"
        raw = same + wire.batch_trailer(batch_id, 1)
        record_raw(recording, raw, len(events), batch_id)
