"""The hand-made bytes against protobuf's own encoder and decoder."""

from hypothesis import given
from hypothesis import strategies as st
from support.reach import reached, reaches

from rodent_events import Event, EventBatch, wire
from rodent_events.batch import Batch
from rodent_events.disk.format import read_sections
from rodent_events.ids import new_id

texts = st.text(st.characters(exclude_categories=["Cs"]))
int64s = st.integers(-(2**63), 2**63 - 1)
metadata = st.dictionaries(texts, texts, max_size=5)


@given(st.integers(0, 7), st.integers(0, 10), texts, int64s, metadata, st.binary(max_size=300))
def test_event_frame_against_protobuf(level, category, source, timestamp, labels, payload):
    template = wire.EventTemplate.of(
        level=level, category=category, source=source, wrapper=18, member=3
    )
    frame = wire.event_frame(template, b"an-id", timestamp, labels, payload)

    (event,) = _parse_with_opaque_payload(frame)
    assert event == Event(
        event_id="an-id",
        level=level,
        category=category,
        source=source,
        timestamp=timestamp,
        metadata=labels,
    )
    assert frame.endswith(payload)
    assert wire.event_kind(frame) == wire.EventKind(level, category)


def _parse_with_opaque_payload(frame: bytes) -> list[Event]:
    """The events of some frames, without the wrapper, whose content here is any bytes."""
    events = []
    for outer in wire.fields(frame):
        kept = [
            frame[field.start : field.end]
            for field in wire.fields(frame, outer.content, outer.end)
            if field.number < 10
        ]
        events.append(Event.FromString(b"".join(kept)))
    return events


events = st.builds(
    Event,
    event_id=texts,
    level=st.integers(0, 7),
    source=texts,
    timestamp=int64s,
    metadata=metadata,
)


@given(st.lists(events, max_size=20), st.integers(0, 2**63 - 1))
def test_batch_against_protobuf(messages, timestamp):
    frames = [wire.delimited(1, message.SerializeToString()) for message in messages]
    batch_id = new_id()
    expected = EventBatch(events=messages, batch_timestamp=timestamp, batch_id=batch_id)
    ours = Batch.of(frames, batch_id=batch_id, timestamp=timestamp).data
    assert EventBatch.FromString(ours) == expected
    assert wire.frame_ends(ours) == [len(b"".join(frames[: n + 1])) for n in range(len(frames))]


@reaches(whole_batches=0.03, open_batch=0.04, torn=0.1)
@given(st.lists(events, min_size=1, max_size=8), st.integers(1, 4), st.data())
def test_what_is_read_of_a_truncated_file_is_a_prefix(messages, batch_size, data):
    frames = [wire.delimited(1, message.SerializeToString()) for message in messages]
    groups = [frames[n : n + batch_size] for n in range(0, len(frames), batch_size)]
    content = b"".join(Batch.of(group, batch_id=new_id(), timestamp=1).data for group in groups)
    lost = st.integers(0, len(content))  # of small numbers there are more than of great ones
    cut = data.draw(lost | lost.map(lambda size: len(content) - size))
    reading = read_sections(content[:cut])
    for point, is_there in {
        "whole_batches": reading.sections,
        "open_batch": reading.open_ends,
        "torn": reading.error,
    }.items():
        if is_there:
            reached(point)
    found = [
        frame
        for section in reading.sections
        for frame in Batch(
            "x", 0, content[section.start : section.frames_end], section.count
        ).single_frames()
    ]
    start = reading.open_start
    for end in reading.open_ends:
        found.append(content[start:end])
        start = end
    assert found == frames[: len(found)]
    whole = len(b"".join(frames[: len(found) + 1]))
    assert len(found) == len(frames) or cut < whole + len(groups) * wire.TRAILER_BYTES


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(content):
    reading = read_sections(content)
    end = reading.open_ends[-1] if reading.open_ends else reading.open_start
    assert (reading.error is None) == (end == len(content))
    starts = [s.start for s in reading.sections] + [reading.open_start]
    assert starts == [0] + [s.end for s in reading.sections]


@given(int64s)
def test_varint_against_protobuf(number):
    expected = EventBatch(batch_timestamp=number).SerializeToString()
    ours = b"\x10" + wire.varint(number)
    assert ours == (expected or b"\x10\x00")


@given(st.lists(events, min_size=2, max_size=40), st.data())
def test_halves_of_halves_keep_events_and_order(messages, data):
    frames = [wire.delimited(1, message.SerializeToString()) for message in messages]
    batch = Batch.of(frames, batch_id=new_id(), timestamp=1)
    done = data.draw(st.integers(0, len(frames)))
    rest = batch.after(done)
    assert b"".join(part.frames for part in rest) == b"".join(frames[done:])
    assert len({part.id for part in rest}) == len(rest)
