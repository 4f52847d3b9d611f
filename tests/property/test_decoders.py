"""Every decoder of the project takes all encodings of a message, and survives what is none."""

import contextlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rodent_events import EventBatch, EventBuffer, EventConfig, wire
from toggle_mock.errors import StorageError
from toggle_mock.recording.files import load
from toggle_mock.recording.playback import accept
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedBatch, RecordedCall
from toggle_mock.strategies import batches, corrupted, wire_encodings


def ids(events) -> list[str]:
    return [event.event_id for event in events]


def recorded(raw: bytes) -> RecordedBatch:
    return RecordedBatch(RecordedCall("SendEvents", "peer", ()), raw, 0)


@given(data=st.data(), batch=batches(max_size=3))
def test_the_mock(data, batch):
    raw = data.draw(wire_encodings(batch))
    recording = Recording()
    call = RecordedCall("SendEvents", "peer", ())
    recording.begin(call)
    accept(recording, call, raw)
    assert ids(recording.events) == ids(batch.events)
    assert recording.batches[0].batch_id == batch.batch_id
    bad = data.draw(corrupted(raw))
    with contextlib.suppress(StorageError):
        accept(recording, call, bad)
        for event in recording.events:
            assert event.payload_type is not None


@given(data=st.data(), batch=batches(max_size=3))
def test_a_spool_file(data, batch):
    """As a Go Rodent, or anybody, might have written it; what is none is survived."""
    raw = data.draw(wire_encodings(batch))
    for content in (raw, data.draw(corrupted(raw))):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "0192d3c1-0000-7000-8000-000000000000.pb"
            path.write_bytes(content)
            buffer = EventBuffer(EventConfig(events_dir=folder, batch_size=2))
            buffer.open()
            read = []
            while (part := buffer.next_batch(partial=True)) is not None:
                read += ids(EventBatch.FromString(part.data).events)
                buffer.acknowledge()
            buffer.close()
            if content == raw:
                assert read == ids(batch.events)


@given(data=st.data(), batch=batches(max_size=3))
def test_a_recording_of_batches(data, batch):
    raw = data.draw(wire_encodings(batch))
    framed = wire.varint(len(raw)) + raw
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.pb"
        path.write_bytes(framed * 2)
        assert ids(load(path).events) == ids(batch.events) * 2
        path.write_bytes(data.draw(corrupted(framed)))
        with contextlib.suppress(StorageError):
            load(path)


@settings(max_examples=200)
@given(batch=batches(max_size=3), data=st.data())
def test_the_wire_module_reads_what_protobuf_writes(batch, data):
    raw = batch.SerializeToString()
    found = [raw[f.content : f.end] for f in wire.fields(raw) if f.number == 1]
    assert found == [event.SerializeToString() for event in batch.events]
    with contextlib.suppress(wire.WireError):
        list(wire.fields(data.draw(corrupted(raw))))
