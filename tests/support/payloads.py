"""Payload messages with every field set, with none, and with the largest values."""

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from rodent_events import Event
from rodent_events.payload_types import PayloadType, message_of, payload_types

PLACES: list[PayloadType] = list(payload_types(Event.DESCRIPTOR).values())

_T = FieldDescriptor
_PLAIN = {
    _T.TYPE_STRING: "tank/datä",
    _T.TYPE_BYTES: b"\0\xff",
    _T.TYPE_BOOL: True,
    _T.TYPE_FLOAT: 0.5,
    _T.TYPE_DOUBLE: 0.1,
}
_LARGEST = {
    _T.TYPE_STRING: "\U0010ffff" * 1000,
    _T.TYPE_BYTES: b"\xff" * 1000,
    _T.TYPE_BOOL: True,
    _T.TYPE_FLOAT: 3.4028234663852886e38,
    _T.TYPE_DOUBLE: 1.7976931348623157e308,
    **dict.fromkeys([_T.TYPE_INT32, _T.TYPE_SINT32, _T.TYPE_SFIXED32], 2**31 - 1),
    **dict.fromkeys([_T.TYPE_INT64, _T.TYPE_SINT64, _T.TYPE_SFIXED64], 2**63 - 1),
    **dict.fromkeys([_T.TYPE_UINT32, _T.TYPE_FIXED32], 2**32 - 1),
    **dict.fromkeys([_T.TYPE_UINT64, _T.TYPE_FIXED64], 2**64 - 1),
}


def empty(place: PayloadType) -> Message:
    """No field is set."""
    return GetMessageClass(place.descriptor)()


def filled(place: PayloadType) -> Message:
    """Every field is set, each number to another one."""
    return _fill(empty(place), lambda field: _PLAIN.get(field.type, 1000 + field.number))


def largest(place: PayloadType) -> Message:
    """Every field has the largest value of its type."""
    return _fill(empty(place), lambda field: _LARGEST[field.type])


def _fill(message: Message, value_of: Callable[[FieldDescriptor], Any]) -> Message:
    for field in message.DESCRIPTOR.fields:
        _set(message, field, value_of)
    found = {field.name for field, _ in message.ListFields()}
    unset = [field for field in message.DESCRIPTOR.fields if field.name not in found]
    assert all(field.containing_oneof for field in unset)
    return message


def _set(message: Message, field: FieldDescriptor, value_of) -> None:
    content = getattr(message, field.name)
    if field.message_type is None:
        value = max(field.enum_type.values_by_number) if field.enum_type else value_of(field)
        if field.is_repeated:
            content.extend([value] * 3)
        else:
            setattr(message, field.name, value)
    elif field.message_type.GetOptions().map_entry:
        entry = _fill(GetMessageClass(message_of(field))(), value_of)
        message.MergeFrom(type(message)(**{field.name: {entry.key: entry.value}}))
    else:
        _fill(content.add() if field.is_repeated else content, value_of)
