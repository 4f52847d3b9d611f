"""Bytes taken apart and put together."""

import pytest
from support.payloads import PLACES, filled

from rodent_events import EventBatch, wire
from rodent_events.batch import Batch, derived_id
from rodent_events.disk.format import read_sections, stored_trailer


def frame(number: int, size: int = 0) -> bytes:
    return wire.delimited(1, wire.delimited(1, b"%d" % number) + wire.delimited(4, b"s" * size))


FRAMES = [frame(number, number) for number in range(10)]
BATCH = Batch.of(FRAMES, batch_id="batch-1", timestamp=1_700_000_000_000).data


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**31 - 1, 2**63 - 1, -1, -(2**63)])
def test_a_varint_makes_the_round_trip(number):
    encoded = wire.varint(number)
    decoded, end = wire.read_varint(encoded, 0)
    assert end == len(encoded)
    assert decoded == number % 2**64


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated varint"),
        (b"\x80", "truncated varint"),
        (b"\x80" * 10 + b"\x01", "varint of more than ten bytes"),
    ],
)
def test_bad_varints_are_told(data, reason):
    with pytest.raises(wire.WireError, match=reason):
        wire.read_varint(data, 0)


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        (b"\x00\x01", "field number 0", 0),
        (b"\x0a\x05abc", "truncated field", 0),
        (BATCH + b"\x0a\x7fabc", "truncated field", len(BATCH)),
        (BATCH + b"\x0b", "wire type 3", len(BATCH)),
        (b"\x0d\x01\x02", "truncated field", 0),
    ],
)
def test_bad_fields_name_the_place(data, reason, offset):
    with pytest.raises(wire.WireError, match=reason) as caught:
        list(wire.fields(data))
    assert caught.value.offset == offset


def test_a_batch_is_frames_and_a_trailer():
    message = EventBatch.FromString(BATCH)
    assert [event.event_id for event in message.events] == [str(n) for n in range(10)]
    assert (message.batch_id, message.batch_timestamp) == ("batch-1", 1_700_000_000_000)


def test_batches_behind_each_other_are_one_valid_batch_and_are_found_again():
    second = b"".join(FRAMES[:3]) + stored_trailer("batch-2", 5, 0xDEADBEEF)
    data = BATCH + second + wire.batch_trailer("batch-3", 6)
    assert len(EventBatch.FromString(data).events) == 13
    reading = read_sections(data)
    assert [(s.batch_id, s.count, s.timestamp, s.checksum) for s in reading.sections] == [
        ("batch-1", 10, 1_700_000_000_000, None),
        ("batch-2", 3, 5, 0xDEADBEEF),
        ("batch-3", 0, 6, None),
    ]
    assert [data[s.start : s.end] for s in reading.sections[:2]] == [BATCH, second]
    assert (reading.open_start, reading.open_ends, reading.error) == (len(data), [], None)


def test_frames_without_a_trailer_are_an_open_batch():
    data = BATCH + b"".join(FRAMES)
    reading = read_sections(data)
    assert [s.batch_id for s in reading.sections] == ["batch-1"]
    assert reading.open_start == len(BATCH)
    assert (len(reading.open_ends), reading.open_ends[-1]) == (10, len(data))
    assert reading.error is None


def test_a_torn_tail_costs_nothing_before_it():
    boundaries = wire.frame_ends(BATCH)
    for cut in range(1, len(BATCH)):
        reading = read_sections(BATCH + BATCH[:cut])
        assert [section.count for section in reading.sections] == [10], cut
        assert reading.open_ends == [len(BATCH) + end for end in boundaries if end <= cut], cut
        assert (reading.error is None) == (cut in boundaries), cut


def test_event_head_is_read_without_decoding():
    template = wire.EventTemplate.of(level=4, category=10, source="s", wrapper=19, member=1)
    data = wire.event_frame(template, b"id", 1, {"k": "v"}, b"")
    assert wire.event_kind(data) == wire.EventKind(4, 10)
    assert wire.event_kind(wire.delimited(1, b"")) == wire.EventKind(0, 0)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_event_frame_is_what_protobuf_makes(place):
    payload = filled(place)
    template = wire.EventTemplate.of(
        level=1,
        category=place.category,
        source=place.source,
        wrapper=place.wrapper.number,
        member=place.member.number,
    )
    data = wire.event_frame(
        template, b"id-1", 1_700_000_000_123, {"key": "välue"}, payload.SerializeToString()
    )
    expected = EventBatch()
    event = expected.events.add(
        event_id="id-1",
        level=1,
        category=place.category,
        source=place.source,
        timestamp=1_700_000_000_123,
        metadata={"key": "välue"},
    )
    getattr(getattr(event, place.wrapper.name), place.member.name).CopyFrom(payload)
    assert data == expected.SerializeToString()


def batch_of(count: int) -> Batch:
    frames = [frame(number) for number in range(count)]
    return Batch.of(frames, batch_id="01890000-0000-7000-8000-000000000000", timestamp=7)


def test_halves_hold_the_events_in_order_under_ids_that_follow_from_the_whole():
    batch = batch_of(5)
    left, right = batch.halves()
    assert (left.count, right.count) == (2, 3)
    assert left.frames + right.frames == batch.frames
    assert len({batch.id, left.id, right.id}) == 3
    assert batch.halves() == (left, right)
    assert all(
        part.id.startswith("01890000-0000-7") and len(part.id) == 36 for part in (left, right)
    )
    assert all(part.timestamp == 7 for part in (left, right))


def test_one_event_cannot_be_halved():
    with pytest.raises(ValueError, match="cannot be halved"):
        batch_of(1).halves()


@pytest.mark.parametrize("count", [1, 2, 7, 8, 100])
def test_what_is_left_after_a_part_was_delivered_is_made_of_halves(count):
    batch = batch_of(count)
    nodes = {batch.id: batch}
    todo = [batch]
    while todo:
        node = todo.pop()
        nodes[node.id] = node
        todo += node.halves() if node.count > 1 else ()
    for done in range(count + 1):
        rest = batch.after(done)
        assert sum(part.count for part in rest) == count - done
        assert all(nodes[part.id] == part for part in rest)
        assert b"".join(part.frames for part in rest) == b"".join(batch.single_frames()[done:])


def test_a_derived_id_is_a_uuid7_even_of_a_foreign_id():
    from uuid import UUID

    assert UUID(derived_id("not-a-uuid", "left")).version == 7
    assert UUID(derived_id("01890000-0000-7000-8000-000000000000", "left")).version == 7


def test_a_derived_id_is_the_same_in_every_version():
    """A half that was sent before an update is not to be another one after it."""
    whole = "0189ffff-ffff-7fff-bfff-ffffffffffff"
    assert derived_id(whole, "left") == "0189ffff-ffff-746b-96f2-caaad5b2c748"
    assert derived_id(whole, "right") == "0189ffff-ffff-7e52-8fdd-9e4d657a0ea0"
    assert derived_id("not-a-uuid", "left") == "00000000-0000-7451-8f65-f530dbcab001"
