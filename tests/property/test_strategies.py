"""The strategies, judged by protobuf's own parser, on our schemas and on generated ones."""

import math

import pytest
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, NoSuchExample
from support.comparing import assert_survives_json, canonical
from support.distribution import draw
from support.reach import reached, reaches
from support.schema_cases import compiled
from support.schemas import schemas

from rodent_events import (
    Event,
    EventBatch,
    RegisterRequest,
    StoragePoolPayload,
    StorageTransferPayload,
)
from rodent_events.payload_types import payload_types
from toggle_mock.schema import REVISIONS, load_schema
from toggle_mock.strategies import (
    batches,
    corrupted,
    events,
    from_message,
    messages,
    payloads,
    wire_encodings,
)

PLACES = [
    pytest.param(revision, name, id=f"{revision}-{name.rpartition('.')[2]}")
    for revision in REVISIONS
    for name in load_schema(revision).payload_types
]


def again(message):
    return type(message).FromString(message.SerializeToString())


@pytest.mark.parametrize(("revision", "name"), PLACES)
@settings(max_examples=20)
@given(data=st.data())
def test_every_payload_of_every_revision_makes_the_round_trip(revision, name, data):
    schema = load_schema(revision)
    message = data.draw(from_message(name, schema=schema))
    assert canonical(again(message)) == canonical(message)
    text = json_format.MessageToJson(message, preserving_proto_field_name=True)
    assert_survives_json(message, text, lambda text: json_format.Parse(text, type(message)()))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), schema=schemas())
def test_any_schema(data, schema):
    name = data.draw(st.sampled_from(["g.M0", "g.M1", "g.M2"]))
    unknown = data.draw(st.booleans())
    message = data.draw(
        from_message(name, schema=schema, unknown_fields=unknown, unknown_enum_values=unknown)
    )
    assert isinstance(message, schema.message_class(name))
    assert canonical(again(message)) == canonical(message)
    assert depth(message) <= 6


def depth(message) -> int:
    inner = [
        one
        for field, value in message.ListFields()
        if field.message_type is not None and not field.message_type.GetOptions().map_entry
        for one in (value if field.is_repeated else [value])
    ]
    return 1 + max(map(depth, inner), default=0)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), schema=schemas())
def test_all_encodings_are_read_as_the_same_message(data, schema):
    message = data.draw(from_message("g.M0", schema=schema, max_depth=2))
    raw = data.draw(wire_encodings(message))
    read = type(message).FromString(raw)
    read.DiscardUnknownFields()
    assert canonical(read) == canonical(message)


@given(data=st.data())
def test_encodings_of_batches(data):
    batch = data.draw(batches(max_size=3))
    read = EventBatch.FromString(data.draw(wire_encodings(batch)))
    read.DiscardUnknownFields()
    assert canonical(read) == canonical(batch)


def test_encodings_do_differ():
    event = Event(event_id="e", level=1, metadata={"a": "b"}, timestamp=300)
    seen = set()

    @settings(max_examples=200, database=None)
    @given(wire_encodings(event))
    def collect(raw):
        seen.add(raw)

    collect()
    assert len(seen) > 100


@given(st.binary(max_size=30).flatmap(lambda raw: st.tuples(st.just(raw), corrupted(raw))))
def test_corrupted_is_near_but_not_the_same(both):
    raw, near = both
    assert near != raw
    assert abs(len(near) - len(raw)) <= max(4, len(raw))


@pytest.mark.parametrize("raw", [b"", b"\0", b"\0\0\0", b"a\0\0", b"\0a", b"aaaa"])
def test_corrupted_is_never_the_same(raw):
    with pytest.raises(NoSuchExample):
        find(corrupted(raw), raw.__eq__, settings=settings(max_examples=500, database=None))


# What is drawn


@given(events())
def test_events_hang_together(event):
    (wrapper, inner) = next(
        (field, value) for field, value in event.ListFields() if field.name.endswith("_event")
    )
    member = inner.WhichOneof("event_type")
    place = {p.path: p for p in payload_types(Event.DESCRIPTOR).values()}[
        f"{wrapper.name}.{member}"
    ]
    assert event.category == place.category
    assert event.event_id[14] == "7"
    assert int(event.event_id.replace("-", "")[:12], 16) == event.timestamp


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_payload_type_is_drawn(revision):
    missing = set(load_schema(revision).payload_types)

    def see(payload):
        missing.discard(payload.DESCRIPTOR.full_name)
        return not missing

    draw(payloads(schema=revision), see, examples=2_000)
    assert not missing


# That there is an example is enough: it need not be a small one.
FOUND = settings(max_examples=5_000, database=None, phases=[Phase.generate])

EDGES = {
    "int64": (StoragePoolPayload, lambda m: m.size_bytes in {2**63 - 1, -(2**63)}),
    "int32": (StorageTransferPayload, lambda m: m.progress_percent == -(2**31)),
    "every enum value": (StoragePoolPayload, lambda m: m.operation == 7),
    "text beyond the BMP": (StoragePoolPayload, lambda m: any(c > "\uffff" for c in m.pool_name)),
    "a NUL in text": (StoragePoolPayload, lambda m: "\0" in m.pool_name),
    "an empty list": (StoragePoolPayload, lambda m: m.pool_name and not m.devices),
}


@pytest.mark.parametrize("edge", EDGES)
def test_edges_are_reached(edge):
    message_type, is_reached = EDGES[edge]
    find(from_message(message_type), is_reached, settings=FOUND)


@pytest.mark.parametrize(
    "is_reached",
    [math.isnan, math.isinf, lambda value: value == 0 and math.copysign(1, value) < 0],
    ids=["NaN", "infinity", "negative zero"],
)
def test_edges_of_floats(is_reached):
    find(
        from_message(RegisterRequest),
        lambda m: is_reached(m.system_info.cpu_usage),
        settings=FOUND,
    )


def test_they_shrink_to_small_examples():
    smallest = find(
        events(),
        lambda event: event.storage_event.pool_event.size_bytes > 5,
        settings=settings(max_examples=5_000, database=None, phases=[Phase.generate, Phase.shrink]),
    )
    pool = smallest.storage_event.pool_event
    assert pool == StoragePoolPayload(size_bytes=6)
    assert smallest.metadata == {}


# Options


@reaches(pool=0.02)
@given(
    from_message(
        Event,
        overrides={
            "level": st.just(3),
            "storage_event.pool_event.pool_name": st.just("tank"),
            "storage_event": {"pool_event.size_bytes": st.integers(1, 9)},
        },
    )
)
def test_overrides(event):
    assert event.level == 3
    if event.storage_event.HasField("pool_event"):
        reached("pool")
        assert event.storage_event.pool_event.pool_name == "tank"
        assert event.storage_event.pool_event.size_bytes in range(1, 10)


@given(from_message(Event, overrides={"storage_event": st.none()}))
def test_an_override_may_leave_a_field_unset(event):
    assert event.WhichOneof("event_payload") is None


@reaches(unknown_value=0.03, unknown_field=0.1)
@given(from_message(StoragePoolPayload, unknown_enum_values=True, unknown_fields=True))
def test_unknown_values_come_when_asked_for(payload):
    if payload.operation > 7:
        reached("unknown_value")
    if len(UnknownFieldSet(payload)) > 0:
        reached("unknown_field")
    assert canonical(again(payload)) == canonical(payload)


def test_unknown_values_are_really_drawn():
    strategy = from_message(StoragePoolPayload, unknown_enum_values=True)
    find(strategy, lambda p: p.operation > 7, settings=FOUND)
    strategy = from_message(StoragePoolPayload, unknown_fields=True)
    find(strategy, lambda p: len(UnknownFieldSet(p)) > 0, settings=FOUND)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: from_message(5), "takes a message class"),
        (lambda: from_message("rodent.events.Event"), "a name needs schema="),
        (lambda: from_message("x.Y", schema="2025-10-03"), r"has no message x\.Y"),
        (
            lambda: from_message(Event, overrides={"levle": st.just(1)}),
            "has no field levle; it has",
        ),
        (lambda: from_message(Event, overrides={"level": 3}), "give a strategy, such as"),
        (lambda: from_message(Event, overrides={"level.x": st.just(3)}), "is no message"),
        (lambda: payloads(types=["Nope"]), "Nope is no payload type; there are"),
        (lambda: payloads(types=[]), "types is empty"),
    ],
)
def test_mistakes_are_told_when_it_is_drawn_from(make, problem):
    strategy = make()

    @settings(database=None)
    @given(strategy)
    def draw(_value):
        pass

    with pytest.raises((InvalidArgument, ValueError), match=problem):
        draw()


@given(data=st.data())
def test_from_type(data):
    for message_type in (Event, EventBatch, StoragePoolPayload, RegisterRequest):
        assert isinstance(data.draw(st.from_type(message_type)), message_type)


@given(st.one_of(map(from_message, (Timestamp, Duration, Struct, Value))))
def test_well_known_types_of_others(message):
    assert canonical(again(message)) == canonical(message)
    if isinstance(message, Timestamp | Duration):
        assert json_format.Parse(json_format.MessageToJson(message), type(message)()) == message


# What is made once


def drawn(strategy) -> list:
    """Some of what a strategy draws, the same each time."""
    found = []

    @settings(max_examples=20, database=None, derandomize=True, phases=[Phase.generate])
    @given(strategy)
    def collect(one):
        found.append(one)

    collect()
    return found


ALIKE = [
    lambda: from_message(StoragePoolPayload),
    lambda: from_message("rodent.events.Event", schema="2025-12-09"),
    lambda: payloads(realistic=True),
    events,
    lambda: batches(schema="2025-12-09", realistic=True),
]


@pytest.mark.parametrize("ask", ALIKE)
def test_a_strategy_is_made_once_however_often_it_is_asked_for(ask, monkeypatch):
    made = []
    anew = messages._Builder.anew
    monkeypatch.setattr(messages._Builder, "anew", lambda *a: made.append(a[1:]) or anew(*a))
    for _ in range(2):
        drawn(ask())
    descriptors = [(id(descriptor), depth) for descriptor, depth, _ in made]
    assert len(descriptors) == len(set(descriptors))


@pytest.mark.parametrize("ask", ALIKE)
def test_a_strategy_is_short_to_print(ask):
    strategy = ask()
    drawn(strategy)
    assert len(repr(strategy)) < 100


def test_messages_of_one_name_are_those_of_their_schema():
    name = "rodent.events.DataTransferTransferPayload"
    for revision in (*REVISIONS, *REVISIONS):
        descriptor = load_schema(revision).descriptor(name)
        assert {one.DESCRIPTOR for one in drawn(from_message(name, schema=revision))} == {
            descriptor
        }


def test_options_and_overrides_are_not_mixed_up():
    def names(**options) -> set[str]:
        return {one.pool_name for one in drawn(from_message(StoragePoolPayload, **options))}

    usual = names()
    assert names(overrides={"pool_name": st.just("tank")}) == {"tank"}
    assert names(overrides={"pool_name": st.just("fast")}) == {"fast"}
    assert names() == usual != {"fast"}
    deep, flat = (drawn(from_message(Event, max_depth=depth)) for depth in (4, 0))
    assert any(one.WhichOneof("event_payload") for one in deep)
    assert not any(one.WhichOneof("event_payload") for one in flat)


# Realistic


# Those with fields that have a form of their own; of all 26 some hardly occur in a run.
FORMED = [
    "StoragePoolPayload",
    "StorageDatasetPayload",
    "StorageSnapshotPayload",
    "StorageTransferPayload",
    "NetworkInterfacePayload",
    "NetworkConnectionPayload",
]


@reaches(pool_name=0.1, snapshot_name=0.05, dataset_name=0.1, ip=0.1, progress=0.01)
@settings(max_examples=300)
@given(events(realistic=True, types=FORMED))
def test_realistic_events_are_what_zfs_and_networks_accept(event):
    import ipaddress
    import re

    for field, value in event.ListFields():
        if not field.name.endswith("_event"):
            continue
        payload = getattr(value, value.WhichOneof("event_type"))
        for inner, content in payload.ListFields():
            if inner.name == "pool_name":
                reached("pool_name")
                assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_.:-]*", content)
                assert not content.startswith(("mirror", "raidz", "draid", "spare", "log"))
            elif inner.name == "snapshot_name":
                reached("snapshot_name")
                assert content.count("@") == 1
                assert len(content) < 256
            elif inner.name == "dataset_name":
                reached("dataset_name")
                assert "@" not in content
                assert "/" in content
            elif inner.name == "mac_address":
                assert re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", content)
            elif inner.name.endswith(("_ip", "ip_address")):
                reached("ip")
                ipaddress.ip_address(content)
            elif inner.name == "progress_percent":
                reached("progress")
                assert 0 <= content <= 100


# Extensions


EXTENDED = compiled(
    "extended",
    'syntax = "proto2"; package x; message M { optional string host = 1; extensions 100 to 199; '
    "  message Inner { extend M { repeated Inner inners = 103; } optional int32 n = 1; } } "
    "extend M { optional sint32 retries = 101; repeated string notes = 102; "
    "optional M next = 104; }",
)
EXTENSIONS = {"x.retries", "x.notes", "x.next", "x.M.Inner.inners"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_extensions_make_the_round_trip_in_all_formats(data):
    message = data.draw(from_message("x.M", schema=EXTENDED, max_depth=2))
    message_class = type(message)
    assert canonical(again(message)) == canonical(message)
    text = json_format.MessageToJson(message)
    # protobuf 6.31 names lists so that it does not read them, not "[x.notes]".
    if '"notes"' not in text and '"inners"' not in text:
        assert canonical(json_format.Parse(text, message_class())) == canonical(message)
    read = message_class.FromString(data.draw(wire_encodings(message)))
    read.DiscardUnknownFields()
    assert canonical(read) == canonical(message)


def test_all_extensions_are_drawn_unless_they_are_not_wanted():
    seen = set()

    def see(message):
        seen.update(field.full_name for field, _ in message.ListFields() if field.is_extension)
        return seen == EXTENSIONS

    draw(from_message("x.M", schema=EXTENDED), see, examples=500)
    assert seen == EXTENSIONS
    with pytest.raises(NoSuchExample):
        find(
            from_message("x.M", schema=EXTENDED, extensions=False),
            lambda message: any(field.is_extension for field, _ in message.ListFields()),
            settings=settings(max_examples=50, database=None),
        )


def test_extensions_are_overridden_by_their_full_names():
    overrides = {"[x.retries]": st.just(5), "[x.next].[x.retries]": st.just(6), "host": st.just("")}

    @settings(max_examples=20)
    @given(from_message("x.M", schema=EXTENDED, overrides=overrides))
    def drawn(message):
        retries, following = (
            EXTENDED.pool.FindExtensionByName(f"x.{name}") for name in ("retries", "next")
        )
        assert message.Extensions[retries] == 5
        if message.HasExtension(following):
            assert message.Extensions[following].Extensions[retries] == 6

    drawn()
    with pytest.raises(InvalidArgument, match=r"has no field \[x.retry\]; it has .*\[x.retries\]"):
        find(from_message("x.M", schema=EXTENDED, overrides={"[x.retry]": st.just(1)}), bool)
