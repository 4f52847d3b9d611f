"""Messages of every type can be drawn, whatever schema it is of, and come back in each format."""

import math

import pytest
from google.protobuf import any_pb2, json_format, struct_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from opentelemetry.proto.trace.v1 import trace_pb2
from support.reach import reached, reaches
from support.schema_cases import compiled
from support.world.drawing import FORMATS, come_back, drawn_types, warm_up

from toggle_mock.fields import content_of, fields_of, set_fields
from toggle_mock.strategies import from_message

pytestmark = pytest.mark.slow

EDITION = compiled(
    "edition",
    """edition = "2023"; package e;
    message M {
      int32 implicit = 1 [features.field_presence = IMPLICIT];
      int32 required = 2 [features.field_presence = LEGACY_REQUIRED];
      M delimited = 3 [features.message_encoding = DELIMITED];
      repeated int32 packed = 4;
      repeated int32 expanded = 5 [features.repeated_field_encoding = EXPANDED];
      Closed closed = 6; repeated Open open = 7; Other other = 8;
      map<string, Open> enums = 9; map<int64, M> messages = 10;
      extensions 100 to max;
    }
    message Other { M back = 1; oneof which { Other a = 2; M b = 3; string c = 4; } }
    enum Closed { option features.enum_type = CLOSED; LEAST = -5; MOST = 2147483647; }
    enum Open { option allow_alias = true; ZERO = 0; NULL = 0; LOW = -1; }
    extend M { repeated M inner = 100; Open open = 101; }
    """,
)
PROTO2 = compiled(
    "proto2",
    """syntax = "proto2"; package p;
    message M {
      required string name = 1 [default = "x"];
      repeated group Part = 2 { required M.Leaf leaf = 1; optional Part part = 2; }
      message Leaf { optional double share = 1 [default = inf]; required E e = 2; }
      enum E { ONE = 1; TWO = 2; }
      extensions 10 to 20;
    }
    extend M { optional group Added = 10 { repeated float shares = 1; } repeated sint32 n = 11; }
    message None {} message Set { option message_set_wire_format = true; extensions 4 to max; }
    message InSet { extend Set { optional InSet in_set = 9; } optional int32 a = 1; }
    """,
)
NAMES = ("None", "class", "self", "SerializeToString", "DESCRIPTOR", "Extensions", "ListFields")


def _fields(kind: str, names) -> str:
    return " ".join(f"{kind} {name} = {number};" for number, name in enumerate(names, 1))


CLASHES = compiled(
    "clashes", f"message M {{ {_fields('repeated In', NAMES)} }} message In {{ int32 self = 1; }}"
)
WIDE = _fields("repeated Wide", [f"w{number}" for number in range(40)])
LARGE = compiled(
    "large",
    f"message M {{ {_fields('optional string', [f'f{number}' for number in range(1, 501)])} }}\n"
    f"message Wide {{ {WIDE} }}",
)
TYPES = {
    **{
        name: descriptor
        for schema in (EDITION, PROTO2, LARGE)
        for name, descriptor in drawn_types(schema).items()
        if not name.startswith("google.")
    },
    **{
        message.DESCRIPTOR.full_name: message.DESCRIPTOR
        for message in (
            any_pb2.Any,
            struct_pb2.Struct,
            struct_pb2.ListValue,
            struct_pb2.Value,
            FieldMask,
            Timestamp,
            Duration,
            FileDescriptorProto,
            error_details_pb2.ErrorInfo,
            trace_pb2.ResourceSpans,
        )
    },
}


@pytest.mark.parametrize("name", TYPES)
def test_each_type_comes_back_in_each_format(name):
    warm_up()
    for examples, is_json, back in FORMATS.values():
        come_back(TYPES[name], is_json, back, examples)


def test_names_that_clash_are_drawn():
    seen = set()

    @settings(max_examples=40, database=None, derandomize=True, phases=[Phase.generate])
    @given(from_message("t.M", schema=CLASHES))
    def see(message):
        again = type(message).FromString(type(message).SerializeToString(message))
        assert again == message
        seen.update(field.name for field, _ in set_fields(message))

    see()
    assert seen == set(NAMES)


FOUND = settings(max_examples=3_000, database=None, derandomize=True, phases=[Phase.generate])


@pytest.mark.parametrize("number", [1, 250, 500])
def test_each_field_of_a_large_message_is_drawn_and_left_out(number):
    (field,) = [one for one in LARGE.descriptor("t.M").fields if one.number == number]
    for wanted in (True, False):
        find(
            from_message("t.M", schema=LARGE),
            lambda message, wanted=wanted: (
                bool(set_fields(message)) and type(message).HasField(message, field.name) is wanted
            ),
            settings=FOUND,
        )


def test_overridden_and_required_fields_of_a_large_message_are_always_set():
    @settings(max_examples=20, database=None, phases=[Phase.generate])
    @given(from_message("t.M", schema=LARGE, overrides={"f499": st.just("x")}))
    def see(message):
        assert message.f499 == "x"

    see()


# protobuf's own types


@given(from_message(struct_pb2.Value))
def test_a_value_has_a_kind_and_its_number_is_finite(value):
    assert value.WhichOneof("kind")
    assert math.isfinite(value.number_value)
    json_format.MessageToJson(value)


@pytest.mark.parametrize(
    ("message_type", "edges"),
    [
        (Timestamp, ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]),
        (Duration, ["-315576000000s", "315576000000s"]),
    ],
)
def test_times_reach_their_limits(message_type, edges):
    for edge in edges:
        limit = json_format.Parse(f'"{edge}"', message_type())
        find(
            from_message(message_type), lambda m, at=limit: m.seconds == at.seconds, settings=FOUND
        )


@reaches(several=0.1)
@given(from_message(FieldMask))
def test_a_field_mask_has_paths_that_json_can_hold(mask):
    if len(mask.paths) > 1:
        reached("several")
    assert all(mask.paths)
    assert FieldMask(paths=mask.paths) == mask
    text = json_format.MessageToJson(mask)
    assert json_format.Parse(text, FieldMask()) == mask


HELD = {"empty": "", "known": "google.protobuf.Timestamp", "unknown": "unknown.to.this.Pool"}


@pytest.mark.parametrize("kind", HELD)
def test_an_any_holds_types_that_its_pool_knows_and_others(kind):
    wanted = HELD[kind]
    find(
        from_message(any_pb2.Any),
        lambda held: held.type_url.rpartition("/")[2] == wanted,
        settings=FOUND,
    )


def test_an_any_holds_what_is_asked_for():
    @settings(max_examples=30, database=None, derandomize=True, phases=[Phase.generate])
    @given(from_message(any_pb2.Any, any_types=["e.Other"], schema=EDITION, json=True))
    def see(held):
        assert held.type_url in {"", "type.googleapis.com/e.Other"}
        EDITION.message_class("e.Other").FromString(held.value)

    see()


def test_what_their_comments_forbid_is_drawn_when_it_is_asked_for():
    find(
        from_message(Timestamp, well_known=False),
        lambda time: time.nanos < 0 or time.seconds > 253_402_300_799,
        settings=FOUND,
    )
    find(
        from_message(struct_pb2.Value, well_known=False),
        lambda value: value.WhichOneof("kind") is None,
        settings=FOUND,
    )


@pytest.mark.parametrize("bad", [{"unknown_fields": True}, {"well_known": False}])
def test_json_is_told_what_it_cannot_hold(bad):
    with pytest.raises(InvalidArgument, match=f"JSON cannot hold what {next(iter(bad))}="):
        from_message(Timestamp, json=True, **bad)


@given(from_message("p.M.Leaf", schema=PROTO2, json=True))
def test_json_has_one_nan_and_no_negative_zero(leaf):
    share = content_of(leaf, fields_of(type(leaf).DESCRIPTOR)[0])
    assert math.isnan(share) or math.copysign(1, share) == 1 or share < 0
