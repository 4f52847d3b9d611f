"""A serialized message, field by field, with the bytes that each of them takes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from rodent_events import wire
from toggle_mock.fields import field_by_number, label_of
from toggle_mock.schema import is_map, known_as

_DEEPEST = 32
"""Messages within each other that are taken apart."""

_SIGN = 1 << 63
_WIRE_TYPES: Mapping[int, str] = {0: "varint", 1: "64 bits", 2: "bytes", 5: "32 bits"}


@dataclass(frozen=True)
class Annotated:
    """A field as it stands in a message's bytes: ``raw[start:end]``."""

    depth: int
    """Messages that it is in, besides the outermost."""
    number: int
    name: str
    """As the schema has it; empty if it has none of this number."""
    known_as: str
    """Of one that the schema does not have, ``REVISION: NAME``, the newest that has it."""
    type: str
    """As in a .proto, such as ``int64``; of an unknown one, how it is encoded."""
    value: str
    """As people read it; empty for a message."""
    start: int
    content: int
    """Where its content begins, behind its tag and length."""
    end: int


def annotated(raw: bytes, message: Descriptor) -> Iterator[Annotated]:
    """The fields of a serialized message and of those within it, in the order of the bytes.

    Args:
        raw: The bytes.
        message: What they are to be.

    Raises:
        WireError: They are no message; what stands before was given out.
    """
    return _within(raw, 0, len(raw), message, 0)


def _within(
    raw: bytes, start: int, end: int, message: Descriptor, depth: int
) -> Iterator[Annotated]:
    for one in wire.fields(raw, start, end):
        field = field_by_number(message, one.number)
        content = raw[one.content : one.end]
        if field is None or not _fits(field, one.wire_type):
            yield _unknown(one, content, message, depth)
            continue
        inner = field.message_type
        value = "" if inner is not None else _text(field, one.wire_type, content)
        name = label_of(field)
        yield Annotated(
            depth, one.number, name, "", type_name(field), value, one.start, one.content, one.end
        )
        if inner is not None and depth < _DEEPEST:
            yield from _within(raw, one.content, one.end, inner, depth + 1)


def _unknown(one: wire.Field, content: bytes, message: Descriptor, depth: int) -> Annotated:
    name, revision = known_as(message.full_name, one.number)
    known = f"{revision}: {name}" if name else ""
    kind = _WIRE_TYPES[one.wire_type]
    value = str(_varints(content)[0]) if one.wire_type == wire.VARINT else content.hex(" ")
    return Annotated(depth, one.number, "", known, kind, value, one.start, one.content, one.end)


def _fits(field: FieldDescriptor, wire_type: int) -> bool:
    """Whether a field can be encoded so; a repeated number may be packed."""
    packed = field.is_repeated and field.type not in _DELIMITED
    return wire_type == _wire_type(field) or (packed and wire_type == wire.LENGTH_DELIMITED)


def _wire_type(field: FieldDescriptor) -> int:
    if field.type in _DELIMITED:
        return wire.LENGTH_DELIMITED
    return _FIXED[field.type][0] if field.type in _FIXED else wire.VARINT


def type_name(field: FieldDescriptor) -> str:
    """The type of a field as in a .proto, such as ``repeated string``."""
    if is_map(field):
        return "map entry"
    named = field.message_type or field.enum_type
    name = named.name if named is not None else _NAMES[field.type]
    return f"repeated {name}" if field.is_repeated else name


def _text(field: FieldDescriptor, wire_type: int, content: bytes) -> str:
    if field.type == FieldDescriptor.TYPE_STRING:
        return content.decode(errors="backslashreplace")
    if field.type == FieldDescriptor.TYPE_BYTES:
        return content.hex(" ")
    if field.type in _FIXED:
        layout = _FIXED[field.type][1]
        whole = len(content) - len(content) % struct.calcsize(layout)
        return ", ".join(str(one) for (one,) in struct.iter_unpack(layout, content[:whole]))
    show = _enum_text(field) if field.enum_type is not None else _VARINTS[field.type]
    values = _varints(content)
    return ", ".join(map(show, values if wire_type == wire.LENGTH_DELIMITED else values[:1]))


def _varints(content: bytes) -> list[int]:
    values, offset = [], 0
    while offset < len(content):
        value, offset = wire.read_varint(content, offset)
        values.append(value)
    return values


def _enum_text(field: FieldDescriptor) -> Callable[[int], str]:
    enum = field.enum_type
    assert enum is not None

    def show(number: int) -> str:
        known = enum.values_by_number.get(_signed(number))
        return f"{known.name} ({known.number})" if known else str(_signed(number))

    return show


def _signed(number: int) -> int:
    return number - (1 << 64) if number & _SIGN else number


def _zigzag(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


_DELIMITED = frozenset(
    {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_MESSAGE}
)

# The wire type and layout of numbers that take the same room whatever they are.
_FIXED: Mapping[int, tuple[int, str]] = {
    FieldDescriptor.TYPE_DOUBLE: (1, "<d"),
    FieldDescriptor.TYPE_FIXED64: (1, "<Q"),
    FieldDescriptor.TYPE_SFIXED64: (1, "<q"),
    FieldDescriptor.TYPE_FLOAT: (5, "<f"),
    FieldDescriptor.TYPE_FIXED32: (5, "<I"),
    FieldDescriptor.TYPE_SFIXED32: (5, "<i"),
}

_VARINTS: Mapping[int, Callable[[int], str]] = {
    FieldDescriptor.TYPE_INT64: lambda number: str(_signed(number)),
    FieldDescriptor.TYPE_INT32: lambda number: str(_signed(number)),
    FieldDescriptor.TYPE_UINT64: str,
    FieldDescriptor.TYPE_UINT32: str,
    FieldDescriptor.TYPE_SINT64: lambda number: str(_zigzag(number)),
    FieldDescriptor.TYPE_SINT32: lambda number: str(_zigzag(number)),
    FieldDescriptor.TYPE_BOOL: lambda number: str(bool(number)).lower(),
}

_NAMES: Mapping[int, str] = {
    value: name.removeprefix("TYPE_").lower()
    for name, value in vars(FieldDescriptor).items()
    if name.startswith("TYPE_")
}
