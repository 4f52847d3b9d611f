"""The compiled descriptors against the published tables, row by row."""

import csv
from pathlib import Path

import pytest
from google.protobuf.descriptor import FieldDescriptor

from rodent_events.pb import POOL, base_pb2
from rodent_events.pb.events import event_messages_pb2

TABLES = Path(__file__).parent / "wire" / "2025-09-17"
FILES = (base_pb2.DESCRIPTOR, event_messages_pb2.DESCRIPTOR)
SCALARS = {
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_STRING: "string",
}


def table(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def type_name(field: FieldDescriptor) -> str:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        key, value = (type_name(message.fields_by_name[part]) for part in ("key", "value"))
        return f"map<{key},{value}>"
    named = message or field.enum_type
    return named.full_name if named is not None else SCALARS[field.type]


def rows_of_message(message) -> list[dict[str, str]]:
    reserved = [
        {"field": "(reserved)", "number": f"{bounds.start}-{bounds.end - 1}"}
        | {"label": "", "type": "", "oneof": ""}
        for bounds in proto_of(message).reserved_range
    ]
    fields = [
        {
            "field": field.name,
            "number": str(field.number),
            "label": "repeated" if field.is_repeated and "map<" not in type_name(field) else "",
            "type": type_name(field),
            "oneof": field.containing_oneof.name if field.containing_oneof else "",
        }
        for field in message.fields
    ]
    return [{"message": message.full_name, **row} for row in fields + reserved]


def proto_of(descriptor):
    from google.protobuf.descriptor_pb2 import DescriptorProto

    proto = DescriptorProto()
    descriptor.CopyToProto(proto)
    return proto


def messages(containers):
    for message in containers:
        if not message.GetOptions().map_entry:
            yield message
            yield from messages(message.nested_types)


ALL_MESSAGES = [m for file in FILES for m in messages(file.message_types_by_name.values())]
COMPILED_FIELDS = [row for message in ALL_MESSAGES for row in rows_of_message(message)]
ALL_ENUMS = [enum for file in FILES for enum in file.enum_types_by_name.values()] + [
    enum for message in ALL_MESSAGES for enum in message.enum_types
]
COMPILED_ENUMS = [
    {"enum": enum.full_name, "value": value.name, "number": str(value.number)}
    for enum in ALL_ENUMS
    for value in enum.values
]


@pytest.mark.parametrize(
    "row", table("fields.csv"), ids=lambda row: f"{row['message']}.{row['field']}"
)
def test_field(row):
    assert row in COMPILED_FIELDS


@pytest.mark.parametrize("row", table("enums.csv"), ids=lambda row: row["value"])
def test_enum_value(row):
    assert row in COMPILED_ENUMS


def test_nothing_beyond_the_tables():
    assert len(COMPILED_FIELDS) == len(table("fields.csv"))
    assert len(COMPILED_ENUMS) == len(table("enums.csv"))


def test_rpcs():
    service = base_pb2.DESCRIPTOR.services_by_name["RodentService"]
    compiled = [
        {
            "service": service.full_name,
            "method": method.name,
            "request": "stream " * method.client_streaming + method.input_type.full_name,
            "response": "stream " * method.server_streaming + method.output_type.full_name,
        }
        for method in service.methods
    ]
    assert compiled == table("rpcs.csv")


def test_implicit_presence_everywhere():
    for row in table("fields.csv"):
        if row["field"] != "(reserved)":
            field = POOL.FindMessageTypeByName(row["message"]).fields_by_name[row["field"]]
            is_single_message = field.message_type is not None and not field.is_repeated
            assert field.has_presence == bool(row["oneof"] or is_single_message), row
