"""Strategies for bytes: other encodings of the same message, and bytes that are nearly one.

Protobuf lets a message be written in many ways (https://protobuf.dev/programming-guides/encoding):
fields in any order, a singular field more than once, a submessage in pieces, varints longer than
needed, repeated scalars packed or not, fields that nobody knows in between. A reader must take all
of them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from rodent_events import wire
from rodent_events.payload_types import schema_of
from toggle_mock.fields import put, set_fields
from toggle_mock.schema import is_map
from toggle_mock.strategies.messages import unknown_content
from toggle_mock.strategies.scalars import ScalarOptions, scalar

_FIXED32, _FIXED64 = 5, 1
_LONGEST_VARINT = 10

Draw = Callable[[st.SearchStrategy[Any]], Any]


def wire_encodings(message: Message) -> st.SearchStrategy[bytes]:
    """Encodings of a message, all of which must be read as that message.

    Args:
        message: A message without unknown fields.
    """

    @st.composite
    def encodings(draw: Draw) -> bytes:
        return _Encoder(draw).message(message)

    return encodings()


def corrupted(data: bytes) -> st.SearchStrategy[bytes]:
    """Bytes that are nearly these: cut off, with bits flipped, bytes lost, repeated or put in.

    They always differ from these. To no bytes at all, some are added.
    """
    places = st.integers(0, max(0, len(data) - 1))
    some = st.binary(min_size=1, max_size=4)
    near: list[st.SearchStrategy[bytes]] = [
        st.builds(lambda at, extra: data[:at] + extra + data[at:], places, some),
    ]
    if data:
        near += [
            st.builds(lambda at: data[:at], places),
            st.builds(
                lambda at, bit: data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :],
                places,
                st.integers(0, 7),
            ),
            st.builds(lambda at, size: data[:at] + data[at + size :], places, st.integers(1, 4)),
            st.builds(lambda at, size: data[: at + size] + data[at:], places, st.integers(1, 4)),
        ]
    if last := len(data.rstrip(b"\0")):  # zeros from somewhere before the last that is none
        before = st.integers(0, last - 1)
        near.append(st.builds(lambda at: data[:at] + bytes(len(data) - at), before))
    return st.one_of(near)


@dataclass
class _Encoder:
    draw: Draw

    def message(self, message: Message) -> bytes:
        """One encoding of a message."""
        descriptor = schema_of(message)
        # What belongs to one field, or to one oneof, keeps its order; all else may be mixed.
        lanes: dict[object, list[bytes]] = {}
        for field, value in set_fields(message):
            lane = field.containing_oneof.name if field.containing_oneof else field.number
            lanes[lane] = [*self._noise(field), *self._field(field, value)]
        if self.draw(st.booleans()):
            lanes["unknown"] = [self.draw(unknown_content(descriptor))]
        return b"".join(self._mixed(list(lanes.values())))

    def _mixed(self, lanes: list[list[bytes]]) -> list[bytes]:
        order = [index for index, lane in enumerate(lanes) for _ in lane]
        shuffled = self.draw(st.permutations(order))
        sources = [iter(lane) for lane in lanes]
        return [next(sources[index]) for index in shuffled]

    def _noise(self, field: FieldDescriptor) -> list[bytes]:
        """What is overwritten by what follows it: another value, another member of the oneof."""
        if field.is_repeated or not self.draw(st.booleans()):
            return []
        oneof = field.containing_oneof
        others = [one for one in oneof.fields if one is not field] if oneof else [field]
        scalars = [one for one in others if one.message_type is None]
        if not scalars:
            return []
        other = self.draw(st.sampled_from(scalars))
        value = self.draw(scalar(other, ScalarOptions(allow_nan=True, unknown_enum_values=False)))
        return [self._tagged(other, value)]

    def _field(self, field: FieldDescriptor, value: Any) -> list[bytes]:
        if is_map(field):
            return [self._entry(field, key, value[key]) for key in value]
        if not field.is_repeated:
            return self._single(field, value)
        if field.message_type is None and _is_packable(field):
            return self._packed_or_not(field, value)
        return [self._tagged(field, one) for one in value]

    def _single(self, field: FieldDescriptor, value: Any) -> list[bytes]:
        """A singular field; a message perhaps in two pieces, which a reader merges."""
        if not isinstance(value, Message) or not self.draw(st.booleans()):
            return [self._tagged(field, value)]
        first, second = type(value)(), type(value)()
        for inner, content in set_fields(value):
            # A field goes whole into one piece; of a oneof only one is set.
            piece = first if self.draw(st.booleans()) else second
            put(piece, inner, content)
        return [self._tagged(field, first), self._tagged(field, second)]

    def _packed_or_not(self, field: FieldDescriptor, values: Sequence[Any]) -> list[bytes]:
        pieces: list[bytes] = []
        rest = list(values)
        while rest:
            size = self.draw(st.integers(1, len(rest)))
            piece, rest = rest[:size], rest[size:]
            if self.draw(st.booleans()):
                content = b"".join(self._content(field, value) for value in piece)
                pieces.append(self._delimited(field.number, content))
            else:
                pieces += [self._tagged(field, value) for value in piece]
        return pieces

    def _entry(self, field: FieldDescriptor, key: Any, value: Any) -> bytes:
        entry = cast("Descriptor", field.message_type)
        parts = [
            self._tagged(entry.fields_by_name["key"], key),
            self._tagged(entry.fields_by_name["value"], value),
        ]
        return self._delimited(field.number, b"".join(self.draw(st.permutations(parts))))

    def _tagged(self, field: FieldDescriptor, value: Any) -> bytes:
        if field.type == FieldDescriptor.TYPE_GROUP:
            start, end = (self._tag(field.number, kind) for kind in (3, 4))
            return start + self.message(value) + end
        if field.message_type is not None:
            return self._delimited(field.number, self.message(value))
        if field.type in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}:
            raw: bytes = value.encode() if isinstance(value, str) else value
            return self._delimited(field.number, raw)
        kind = _FIXED_KINDS.get(field.type, wire.VARINT)
        return self._tag(field.number, kind) + self._content(field, value)

    def _content(self, field: FieldDescriptor, value: Any) -> bytes:
        """A number without its tag."""
        if field.type in _FORMATS:
            packed: bytes = struct.pack(_FORMATS[field.type], value)
            return packed
        if field.type in {FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_SINT64}:
            value = value << 1 ^ value >> 63
        return self._varint(value & (1 << 64) - 1)

    def _tag(self, number: int, kind: int) -> bytes:
        return wire.varint(number << 3 | kind)

    def _delimited(self, number: int, content: bytes) -> bytes:
        return self._tag(number, wire.LENGTH_DELIMITED) + wire.varint(len(content)) + content

    def _varint(self, number: int) -> bytes:
        """A number, perhaps in more bytes than it needs."""
        short = wire.varint(number)
        if not self.draw(st.booleans()):
            return short
        size: int = self.draw(st.integers(len(short), _LONGEST_VARINT))
        if size == len(short):
            return short
        return short[:-1] + bytes([short[-1] | 0x80]) + b"\x80" * (size - len(short) - 1) + b"\x00"


def _is_packable(field: FieldDescriptor) -> bool:
    return field.type not in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}


_FORMATS: Mapping[int, str] = {
    FieldDescriptor.TYPE_DOUBLE: "<d",
    FieldDescriptor.TYPE_FLOAT: "<f",
    FieldDescriptor.TYPE_FIXED32: "<I",
    FieldDescriptor.TYPE_SFIXED32: "<i",
    FieldDescriptor.TYPE_FIXED64: "<Q",
    FieldDescriptor.TYPE_SFIXED64: "<q",
}

_FIXED_KINDS: Mapping[int, int] = {
    kind: _FIXED32 if size == "4" else _FIXED64
    for kind, size in (
        (FieldDescriptor.TYPE_DOUBLE, "8"),
        (FieldDescriptor.TYPE_FLOAT, "4"),
        (FieldDescriptor.TYPE_FIXED32, "4"),
        (FieldDescriptor.TYPE_SFIXED32, "4"),
        (FieldDescriptor.TYPE_FIXED64, "8"),
        (FieldDescriptor.TYPE_SFIXED64, "8"),
    )
}
