"""Recordings that are large, made without sending anything."""

from __future__ import annotations

import time

from bench.data import by_protobuf, metadata
from rodent_events import wire
from rodent_events.batch import Batch
from rodent_events.ids import new_id
from toggle_mock.recording.recorder import Recording, unlimited
from toggle_mock.recording.records import RecordedCall

BATCH_SIZE = 100


def recorded(batches: int) -> Recording:
    """A recording of the same events in so many batches, which all have an id of their own."""
    recording = unlimited()
    frames = [wire.delimited(1, by_protobuf(one)) for one in metadata(BATCH_SIZE)]
    for _ in range(batches):
        batch_id = new_id()
        raw = Batch.of(frames, batch_id=batch_id, timestamp=time.time_ns() // 1_000_000).data
        call = RecordedCall("SendEvents", "peer", ())
        recording.begin(call)
        recording.message(call, raw, sent=False)
        recording.accept(call, raw, batch_id=batch_id, count=BATCH_SIZE)
        recording.end(call, "OK")
    return recording
