"""Batches in their decoded form: made once, kept within a limit."""

import threading

import pytest
from google.protobuf.message import DecodeError
from support.recorded import recorded_event

from rodent_events import EventBatch, StoragePoolPayload
from toggle_mock.recording.decoded import DecodedBatches
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.schema import load_schema

EVENT = recorded_event(StoragePoolPayload(pool_name="tank")).message


def batch(number: int, events: int = 1) -> bytes:
    return EventBatch(events=[EVENT] * events, batch_id=f"b{number}").SerializeToString()


def test_a_batch_is_decoded_once():
    decoded, raw = DecodedBatches(), batch(0)
    first = decoded.of(raw)
    assert decoded.of(raw) is first
    assert decoded.of(bytes(bytearray(raw))) is not first  # other bytes, though they are equal
    assert decoded.of(raw).message.batch_id == "b0"


def test_what_somebody_has_decoded_is_not_decoded_again():
    decoded, raw = DecodedBatches(), batch(0)
    message = EventBatch.FromString(raw)
    assert decoded.keep(raw, message).message is message
    assert decoded.of(raw).message is message
    assert decoded.keep(raw, EventBatch.FromString(raw)).message is message


def test_those_that_nobody_has_looked_at_for_longest_go_first():
    raws = [batch(number) for number in range(4)]
    decoded = DecodedBatches(max_bytes=3 * len(raws[0]))
    kept = [decoded.of(raw) for raw in raws[:3]]
    assert decoded.of(raws[0]) is kept[0]
    decoded.of(raws[3])
    assert decoded.of(raws[0]) is kept[0]
    assert decoded.of(raws[2]) is kept[2]
    assert decoded.of(raws[1]) is not kept[1]


def test_two_of_any_size_are_kept():
    decoded = DecodedBatches(max_bytes=0)
    raws = [batch(number) for number in range(3)]
    kept = [decoded.of(raw) for raw in raws]
    assert decoded.of(raws[1]) is kept[1]
    assert decoded.of(raws[2]) is kept[2]
    assert decoded.of(raws[0]) is not kept[0]


def test_a_clear_keeps_nothing():
    decoded, raw = DecodedBatches(), batch(0)
    first = decoded.of(raw)
    decoded.clear()
    assert decoded.of(raw) is not first
    assert first.events  # whoever has it goes on


def test_what_is_no_batch_is_not_kept():
    decoded = DecodedBatches()
    for _ in range(2):
        with pytest.raises(DecodeError):
            decoded.of(b"\xff")


def test_events_under_another_schema_are_decoded_once_too():
    recording = Recording()
    call = RecordedCall("SendEvents", "peer", ())
    recording.begin(call)
    recording.accept(call, batch(0, events=3), batch_id="b0", count=3)
    schema = load_schema("2025-12-09")
    (first, *_), (again, *_) = recording.events.under(schema), recording.events.under(schema)
    assert first.message is again.message
    assert type(first.message) is schema.event_class
    assert recording.events[0].message is recording.events[0].message
    assert type(recording.events[0].message) is not schema.event_class
    assert first.raw == EVENT.SerializeToString()


def test_many_threads_look_while_others_drop():
    raws = [batch(number) for number in range(20)]
    decoded = DecodedBatches(max_bytes=3 * len(raws[0]))
    wrong = []

    def look() -> None:
        for _ in range(100):
            wrong.extend(
                raw
                for number, raw in enumerate(raws)
                if decoded.of(raw).message.batch_id != f"b{number}"
            )

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        decoded.clear()
    for thread in threads:
        thread.join()
    assert wrong == []
