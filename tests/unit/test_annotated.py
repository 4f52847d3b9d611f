"""A message's bytes, field by field: each byte is a field's, and each value is what it says."""

import pytest
from hypothesis import given

from rodent_events import Event, StorageEvent, StoragePoolPayload, UsageThresholdPayload, wire
from rodent_events.payload_types import schema_of
from toggle_mock.recording.annotated import annotated
from toggle_mock.strategies import events

EVENT = schema_of(Event())


def pool_event() -> Event:
    pool = StoragePoolPayload(
        pool_name="tank",
        devices=["sda", "sdb"],
        used_bytes=-1,
        operation=StoragePoolPayload.STORAGE_POOL_OPERATION_DELETED,
    )
    return Event(metadata={"a": "b"}, storage_event=StorageEvent(pool_event=pool))


def found(raw: bytes):
    return [(one.depth, one.name, one.type, one.value) for one in annotated(raw, EVENT)]


def test_each_field_has_its_name_type_and_value():
    assert found(pool_event().SerializeToString()) == [
        (0, "metadata", "map entry", ""),
        (1, "key", "string", "a"),
        (1, "value", "string", "b"),
        (0, "storage_event", "StorageEvent", ""),
        (1, "pool_event", "StoragePoolPayload", ""),
        (2, "pool_name", "string", "tank"),
        (2, "devices", "repeated string", "sda"),
        (2, "devices", "repeated string", "sdb"),
        (2, "used_bytes", "int64", "-1"),
        (2, "operation", "StoragePoolOperation", "STORAGE_POOL_OPERATION_DELETED (2)"),
    ]


def test_its_bytes_are_those_that_it_takes():
    raw = pool_event().SerializeToString()
    name = next(one for one in annotated(raw, EVENT) if one.name == "pool_name")
    assert raw[name.start : name.end] == b"\x0a\x04tank"
    assert raw[name.content : name.end] == b"tank"


def test_what_the_schema_does_not_have_is_told_with_its_number():
    raw = wire.delimited(1000, b"\x01\x02") + wire.tag(1001, wire.VARINT) + wire.varint(7)
    assert found(raw) == [(0, "", "bytes", "01 02"), (0, "", "varint", "7")]
    assert [one.number for one in annotated(raw, EVENT)] == [1000, 1001]
    # Of the right number, but of another wire type, it is not known either.
    assert found(wire.delimited(2, b"x")) == [(0, "", "bytes", "78")]


def test_a_double_an_unknown_value_of_an_enum_and_broken_text_are_shown():
    threshold = UsageThresholdPayload(current_value=0.5)
    fields = list(annotated(threshold.SerializeToString(), schema_of(threshold)))
    assert [(one.name, one.value) for one in fields] == [("current_value", "0.5")]
    assert found(wire.tag(2, wire.VARINT) + b"\x63")[0][3] == "99"
    assert found(wire.delimited(4, b"\xff!"))[0][3] == "\\xff!"


def test_what_is_no_message_is_told_behind_what_is():
    fields = annotated(wire.delimited(4, b"x") + b"\x22\x7f", EVENT)
    assert next(fields).value == "x"
    with pytest.raises(wire.WireError, match="truncated field at byte 3"):
        next(fields)


@given(events())
def test_the_fields_of_any_event_take_all_of_its_bytes_without_gaps(event):
    raw = event.SerializeToString()
    offset = 0
    for one in annotated(raw, EVENT):
        if one.depth == 0:
            assert one.start == offset
            offset = one.end
        assert one.start < one.content <= one.end <= len(raw)
    assert offset == len(raw)
