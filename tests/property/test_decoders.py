"""Every decoder of the project takes all encodings of a message, and survives what is none."""

import tempfile
from pathlib import Path

from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from support.comparing import canonical
from support.reach import reached, reaches

from rodent_events import Event, EventBatch, EventBuffer, EventConfig, wire
from toggle_mock.errors import StorageError
from toggle_mock.recording.files import load
from toggle_mock.recording.playback import accept
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.strategies import batches, corrupted, wire_encodings


def parsed(raw: bytes) -> EventBatch | None:
    """What protobuf's own parser makes of it; None if it refuses."""
    try:
        return EventBatch.FromString(raw)
    except DecodeError:
        return None


def accepted(raw: bytes) -> Recording:
    recording, call = Recording(), RecordedCall("SendEvents", "peer", ())
    recording.begin(call)
    accept(recording, call, raw)
    return recording


def messages(events) -> list[bytes]:
    return [canonical(event) for event in events]


def several_corrupted(raw: bytes) -> st.SearchStrategy[list[bytes]]:
    """Most of what is corrupted is refused; of several, some may not be."""
    return st.lists(corrupted(raw), min_size=8, max_size=8)


@reaches(refused=0.3, taken=0.15)
@given(data=st.data(), batch=batches(max_size=3))
def test_the_mock(data, batch):
    recording = accepted(data.draw(wire_encodings(batch)))
    assert [event.event_id for event in recording.events] == [e.event_id for e in batch.events]
    assert recording.batches[0].batch_id == batch.batch_id
    for bad in data.draw(several_corrupted(batch.SerializeToString())):
        try:
            recording = accepted(bad)
        except StorageError:
            reached("refused")
            assert parsed(bad) is None
        else:
            reached("taken")
            (recorded,) = recording.batches
            assert recorded.raw == bad
            assert messages(e.message for e in recording.events) == messages(parsed(bad).events)


def frames(raw: bytes) -> list[bytes]:
    """The bytes of a batch's events."""
    return [
        raw[field.content : field.end]
        for field in wire.fields(raw)
        if (field.number, field.wire_type) == (1, 2)
    ]


def spooled(content: bytes) -> tuple[list[bytes], list[bytes]]:
    """What a buffer delivers of a spool file, event by event, and the files that it leaves."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "0192d3c1-0000-7000-8000-000000000000.pb").write_bytes(content)
        buffer = EventBuffer(EventConfig(events_dir=folder, batch_size=2))
        buffer.open()
        read = []
        while (part := buffer.next_batch(partial=True)) is not None:
            read += frames(part.data)
            buffer.acknowledge()
        buffer.close()
        return read, [path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()]


@reaches(damaged=0.2, touched_nothing_of_an_event=0.1)
@given(data=st.data(), batch=batches(max_size=3))
def test_a_spool_file(data, batch):
    """As a Go Rodent, or anybody, might have written it; what damage has left whole is not lost."""
    raw = data.draw(wire_encodings(batch))
    read = EventBatch(events=map(Event.FromString, spooled(raw)[0]))
    read.DiscardUnknownFields()
    assert messages(read.events) == messages(batch.events)
    bad = data.draw(corrupted(raw))
    delivered, kept = spooled(bad)
    for event in delivered:
        Event.FromString(event)
    if parsed(bad) is None:
        reached("damaged")
        assert any(kept)
    for frame in frames(raw):
        if frame in bad:
            reached("touched_nothing_of_an_event")
            assert frame in delivered or any(
                frame in file or cuts(bad, file, frame) for file in kept
            )


def cuts(bad: bytes, rest: bytes, frame: bytes) -> bool:
    """Whether that rest begins within a frame: damage before it had another event end there."""
    start, cut = bad.index(frame), len(bad) - len(rest)
    return bad.endswith(rest) and start < cut < start + len(frame)


def test_what_another_event_has_eaten_into_is_kept_from_there_on():
    """A tag that stands twice: the length of the event is the beginning of another's content."""
    event = Event(event_id="0174876e-8000-7000-8000-000000000000", source="x" * 272)
    raw = EventBatch(events=[event]).SerializeToString()
    bad = raw[:1] + raw
    delivered, kept = spooled(bad)
    assert (delivered, max(kept, key=len)) == ([bad[2:12]], bad[12:])
    assert cuts(bad, bad[12:], event.SerializeToString())


def is_torn(content: bytes) -> bool:
    """Whether a length, or what it announces, goes beyond the end."""
    try:
        size, start = wire.read_varint(content, 0)
    except wire.WireError:
        return True
    return start + size > len(content)


@reaches(refused=0.1, taken=0.1)
@given(data=st.data(), batch=batches(max_size=3))
def test_a_recording_of_batches(data, batch):
    raw = data.draw(wire_encodings(batch))
    framed = wire.varint(len(raw)) + raw
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.pb"
        path.write_bytes(framed * 2)
        assert [e.event_id for e in load(path).events] == [e.event_id for e in batch.events] * 2
        bad = data.draw(corrupted(framed))
        path.write_bytes(bad)
        try:
            found = load(path).batches
        except StorageError:
            reached("refused")
        else:
            reached("taken")
            assert all(parsed(one.raw) is not None for one in found)
            whole = b"".join(wire.varint(len(one.raw)) + one.raw for one in found)
            assert bad.startswith(whole)
            assert bad == whole or is_torn(bad[len(whole) :])


@reaches(read=0.2)
@settings(max_examples=200)
@given(batch=batches(max_size=3), data=st.data())
def test_the_wire_module_reads_what_protobuf_reads(batch, data):
    raw = batch.SerializeToString()
    assert frames(raw) == [event.SerializeToString() for event in batch.events]
    for bad in data.draw(several_corrupted(raw)):
        if (read := parsed(bad)) is not None:
            reached("read")
            try:
                found = frames(bad)
            except wire.WireError as error:
                # Groups, which proto3 has not; what stands behind an id cut short may be one.
                if error.reason != "wire type 3":
                    raise
            else:
                assert messages(map(Event.FromString, found)) == messages(read.events)
